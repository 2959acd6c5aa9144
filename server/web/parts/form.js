// Forms whose errors stand beside their fields, are read out, and take the focus.
import { el, fill, newId } from "./dom.js";

/** A labelled field. attributes are those of the input; hint stands below it; options make it a choice. */
export function field(name, label, attributes = {}, { hint, options, rows } = {}) {
  const id = newId(name), about = `${id}-about`;
  const tag = options ? "select" : rows ? "textarea" : "input";
  const input = el(tag, { id, name, "aria-describedby": about, rows, ...attributes },
    options?.map(([value, words]) => el("option", { value, selected: value === attributes.value }, words)));
  return el("div.field", { "data-field": name }, el("label", { for: id }, label, attributes.required ? null : el("span.small", {}, " (optional)")),
    input, el("p.about", { id: about, "data-hint": hint ?? "" }, hint ?? ""));
}

function mark(form, name, message) {
  const place = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  if (!place) return false;
  const about = place.querySelector(".about"), input = place.querySelector("input, select, textarea");
  input?.setAttribute("aria-invalid", String(Boolean(message)));
  about.classList.toggle("wrong", Boolean(message));
  about.textContent = message || about.dataset.hint;
  return true;
}

/* "/a/0/b" may be a field "a/0/b", "0/b" or "b". */
const tails = (pointer) => pointer.replace("?", "").split("/").slice(1).map((_, i, all) => all.slice(i).join("/")).concat(pointer.split("/").at(-1).replace("?", ""));

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");

/** A form that calls send(values) and shows what the API refuses; words: {code: text} says it better than the API can. */
export function form(fields, button, send, words = {}) {
  const error = el("div.formerror", { role: "alert" });
  const submit = el("button.button.main", { type: "submit" }, button);
  const node = el("form.form", { novalidate: true, onsubmit: async (e) => {
    e.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    fill(error);
    const values = Object.fromEntries(new FormData(node));
    let first;
    for (const place of node.querySelectorAll("[data-field]")) { // one input, or a group of them
      const wrong = [...place.querySelectorAll("input, select, textarea")].find((input) => !input.validity.valid);
      mark(node, place.dataset.field, wrong?.validationMessage);
      first ??= wrong;
    }
    if (first) return first.focus();
    submit.setAttribute("aria-disabled", "true");
    try {
      await send(values);
    } catch (fault) {
      refuse(fault);
    }
    submit.removeAttribute("aria-disabled");
  } }, error, fields, submit);

  const refuse = (fault) => {
    const left = (fault.errors ?? []).filter((e) => !tails(e.pointer).some((name) => mark(node, name, sentence(e.message))));
    if (!fault.errors?.length || left.length)
      fill(error, el("p", {}, words[fault.code] ?? (left.length ? left.map((e) => sentence(e.message)).join(" ") : fault.message)));
    node.querySelector("[aria-invalid=true]")?.focus();
  };
  return node;
}

/** What stands in no form is no answer: an empty text is null. */
export const orNull = (values) => Object.fromEntries(Object.entries(values).map(([k, v]) => [k, v.trim() === "" ? null : v.trim()]));

/** Where to go after signing in: a path of this shop, never another site's. */
export function nextHref(filter) {
  const next = filter.get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
