// Search with suggestions while one types: an ARIA combobox with a list box. Works as a plain form without suggestions.
import { api } from "../api.js";
import { el, fill } from "./dom.js";
import { categoryHref, leaf, price, productHref } from "./format.js";
import { icon } from "./icons.js";
import { marked } from "./marks.js";
import { go } from "../router.js";

const WAIT_MS = 120;

function options(found) {
  return [
    ...found.completions.map((text) => ({ href: "/search?q=" + encodeURIComponent(text), text, label: text })),
    ...found.categories.map((c) => ({ href: categoryHref(c.category), label: leaf(c.category), small: `in ${c.category}` })),
    ...found.brands.map((b) => ({ href: `/search?q=${encodeURIComponent(b.brand)}&brand=${encodeURIComponent(b.brand)}`, label: b.brand, small: "Brand" })),
    ...found.products.map((p) => ({ href: productHref(p.id), label: p.highlight ? marked(p.highlight) : p.title ?? p.id, small: price(p.price, p.currency) })),
  ];
}

export function searchbox(form) {
  const input = el("input", {
    type: "search", name: "q", id: "q", placeholder: "Search the shop", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 200,
    enterkeyhint: "search", role: "combobox", "aria-label": "Search the shop", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list",
  });
  const list = el("ul.suggestions", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: true });
  let timer = 0, asked = 0, shown = [], at = -1, typed = "";

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  };
  const mark = (to) => {
    at = to;
    list.querySelectorAll("[role=option]").forEach((o, i) => o.setAttribute("aria-selected", String(i === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", `suggestion-${at}`);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const choose = (option) => {
    if (option.text) input.value = option.text;
    leave();
    go(option.href);
  };
  const leave = () => {
    clearTimeout(timer);
    asked++;
    close();
  };
  const suggest = async () => {
    const mine = ++asked, text = input.value;
    if (!text.trim()) return close();
    const found = await api.suggest(text).catch(() => null); // the box works without
    if (mine !== asked || !found) return;
    shown = options(found);
    fill(list, shown.map((o, i) => el("li", { role: "option", id: `suggestion-${i}`, "aria-selected": "false",
      onmousedown: (e) => e.preventDefault(), onclick: () => choose(o) }, el("span", {}, o.label), o.small ? el("span.small", {}, o.small) : null)));
    list.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(-1);
  };

  input.addEventListener("input", () => {
    typed = input.value;
    clearTimeout(timer);
    timer = setTimeout(suggest, WAIT_MS);
  });
  input.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if (e.key === "Escape" && !list.hidden) {
      e.preventDefault();
      input.value = typed;
      close();
    } else if ((e.key === "ArrowDown" || e.key === "ArrowUp") && shown.length) {
      e.preventDefault();
      if (list.hidden) return suggest();
      const n = shown.length + 1; // one step is the text as it was typed
      mark(((at + 1 + (e.key === "ArrowDown" ? 1 : n - 1)) % n) - 1);
      input.value = at >= 0 && shown[at].text ? shown[at].text : typed;
    } else if (e.key === "Enter" && at >= 0 && !list.hidden) {
      e.preventDefault();
      choose(shown[at]);
    }
  });
  input.addEventListener("blur", close);
  document.addEventListener("shown", () => { // the box says what the page shows
    if (document.activeElement !== input || location.pathname === "/search") input.value = location.pathname === "/search" ? new URLSearchParams(location.search).get("q") ?? "" : "";
  });
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const text = input.value.trim();
    leave();
    if (text) go("/search?q=" + encodeURIComponent(text));
  });
  fill(form, input, el("button", { type: "submit", "aria-label": "Search" }, icon("lens")), list);
}
