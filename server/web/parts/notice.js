// What is said when something went well, went wrong, or is not there.
import { el, fill } from "./dom.js";

let timer = 0;

/** A line that screen readers read out and that goes away by itself. link: {href, text}, or nothing. */
export function say(text, link) {
  const place = document.getElementById("said");
  clearTimeout(timer);
  fill(place, el("p", {}, text, link ? [" ", el("a", { href: link.href }, link.text)] : null));
  timer = setTimeout(() => fill(place), 6000);
}

const WORDS = {
  unreachable: "The shop cannot be reached",
  model_not_ready: "Recommendations are being prepared",
  overloaded: "The shop is very busy",
  storage_unavailable: "The shop is very busy",
  rate_limited: "That was a lot at once",
  not_found: "There is nothing here",
};

/** A failure where content would be; again: what its button does. Its title is the page's where there is no other. */
export function failed(fault, again, title = "h2") {
  return el("section.notice", { role: "alert" }, el(title, {}, WORDS[fault.code] ?? "Something went wrong"), el("p", {}, fault.message),
    again ? el("button.button", { type: "button", onclick: again }, "Try again") : el("a.button", { href: "/" }, "To the start page"));
}

export function nothing(title, text, link) {
  return el("section.notice", {}, el("h2", {}, title), text ? el("p", {}, text) : null,
    link ? el("a.button", { href: link.href }, link.text) : null);
}

const turns = new WeakMap();

/**
 * Shows `waiting` in place, then what the promise brings, or its failure with a button that does it again. Of several at the
 * same place the last one counts.
 */
export async function into(place, ask, build, waiting) {
  const turn = (turns.get(place) ?? 0) + 1;
  turns.set(place, turn);
  if (waiting) fill(place, waiting);
  place.setAttribute("aria-busy", "true");
  let content;
  try {
    const found = await ask();
    if (turn !== turns.get(place)) return;
    content = build(found);
  } catch (fault) {
    if (turn !== turns.get(place)) return;
    const title = document.querySelector("main h1") ? "h2" : "h1";
    content = failed(fault, fault.status === 404 ? null : () => into(place, ask, build, waiting), title);
  }
  fill(place, content);
  place.removeAttribute("aria-busy");
}
