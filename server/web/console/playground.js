// Any question for recommendations, its answer, how long it took, and the same for a terminal.
import { api } from "./ask.js";
import { namesOf, reasons } from "./reasons.js";
import { short } from "./plot.js";
import { itemHref, table } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { leaf, price } from "../parts/format.js";
import { failed, say } from "../parts/notice.js";

const EXAMPLES = [
  ["For nobody in particular", { limit: 10, explain: true }], ["For a person", { user: "u1", limit: 10, explain: true }], ["For a cart", { items: ["p1", "p2"], limit: 10, explain: true }],
  ["Of a category, up to a price", { user: "u1", category: "Home", price_max: 5000, limit: 10, explain: true }],
];

/* The line that asks the same in a terminal; a quote within is closed, escaped and opened again. */
function curl(body) {
  return `curl -H 'Content-Type: application/json' -d '${JSON.stringify(body).replaceAll("'", "'\\''")}' ${location.origin}/v1/recommendations`;
}

function answerOf(answer, ms, body, names) {
  const line = curl(body);
  return [el("p", {}, `${answer.items.length} products by ${answer.strategy} of model ${answer.model_version}: ${short(answer.took_ms)} ms in the server, ${short(ms)} ms seen from here.`),
    table("What is recommended", [["#", (r) => String(r.at)], ["Product", (r) => el("a", { href: itemHref(r.p.id) }, r.p.title ?? r.p.id)], ["Category", (r) => (r.p.category ? leaf(r.p.category) : "–")],
      ["Price", (r) => price(r.p.price, r.p.currency), "right"], ["Score", (r) => short(r.p.score), "right"], ["Why", (r) => reasons(r.p, names)]], answer.items.map((p, i) => ({ p, at: i + 1 })), { empty: "Nothing fits." }),
    el("h3", {}, "In a terminal"), el("pre.code", { tabindex: "0" }, line),
    el("button.button.quiet", { type: "button", onclick: () => navigator.clipboard.writeText(line).then(() => say("Copied."), () => say("This browser does not copy here.")) }, "Copy"),
    el("details", {}, el("summary", {}, "The whole answer"), el("pre.code", { tabindex: "0" }, JSON.stringify(answer, null, 2)))];
}

export default function playground(filter) {
  const given = filter.get("ask"), place = el("div", { "aria-live": "polite" });
  const text = el("textarea", { id: "ask", rows: 10, spellcheck: "false", "aria-describedby": "ask-about" });
  text.value = given ?? JSON.stringify(EXAMPLES[0][1], null, 2);
  const wrong = el("p.about", { id: "ask-about", role: "alert" });
  const ask = async (keep) => {
    let body;
    text.removeAttribute("aria-invalid");
    fill(wrong);
    try {
      body = JSON.parse(text.value);
    } catch (fault) {
      text.setAttribute("aria-invalid", "true");
      wrong.textContent = fault.message;
      return text.focus();
    }
    if (keep) history.replaceState(null, "", "/console/playground?ask=" + encodeURIComponent(text.value));
    const start = performance.now();
    try {
      const answer = await api.recommend(body);
      const ms = performance.now() - start;
      fill(place, answerOf(answer, ms, body, await namesOf(answer.items)));
    } catch (fault) {
      fill(place, failed(fault, () => ask(keep)), fault.errors?.length ? el("ul", {}, fault.errors.map((e) => el("li", {}, el("code", {}, e.pointer), " ", e.message))) : null);
    }
  };
  if (given) ask(false);
  return el("div.two.asking", {}, el("section", {}, el("form.form", { onsubmit: (e) => {
    e.preventDefault();
    ask(true);
  } }, el("label", { for: "ask" }, "POST /v1/recommendations"), text, wrong, el("button.button.main", { type: "submit" }, "Ask")),
  el("h2", {}, "Examples"), el("ul.plainlist", {}, EXAMPLES.map(([title, body]) => el("li", {}, el("a", { href: "/console/playground?ask=" + encodeURIComponent(JSON.stringify(body, null, 2)) }, title))))),
  el("section", { "aria-label": "Answer" }, place));
}
