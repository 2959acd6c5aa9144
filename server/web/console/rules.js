// What the shop keeper says of recommendations: products pinned to a place, hidden, or moved up and down; where and when.
import { api } from "./ask.js";
import { short } from "./plot.js";
import { itemHref, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { field, form } from "../parts/form.js";
import { into, say } from "../parts/notice.js";

const words = (filter) => Object.entries(filter).map(([k, v]) => `${k.replaceAll("_", " ")} ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ") || "everything";

function what(rule) {
  if (rule.pin) return ["Pinned: ", el("a", { href: itemHref(rule.pin.product) }, rule.pin.product), ` at place ${rule.pin.position}`];
  if (rule.hide) return `✕ Hidden: ${words(rule.hide)}`;
  if (rule.boost) return `${rule.boost.by >= 1 ? "▲" : "▼"} Times ${short(rule.boost.by)}: ${words(rule.boost.filter)}`;
  return "–";
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, v]) => v !== "" && v !== undefined));

/* The fields as a rule. Prices of the form are minor units, as the API has them. */
function ruleOf(v) {
  const filter = filled({ category: v.in_category, brand: v.brand, price_min: v.price_min && Number(v.price_min), price_max: v.price_max && Number(v.price_max) });
  const rule = filled({ name: v.name, category: v.category, from: v.from && new Date(v.from).toISOString(), until: v.until && new Date(v.until).toISOString() });
  if (v.scenarios) rule.scenarios = v.scenarios.split(",").map((s) => s.trim()).filter(Boolean);
  if (v.kind === "pin") rule.pin = { product: v.product, position: Number(v.position) };
  if (v.kind === "hide") rule.hide = filter;
  if (v.kind === "boost") rule.boost = { filter, by: Number(v.by) };
  return rule;
}

export default function rules() {
  const place = el("div", {});
  const put = async (found, list, done) => {
    const now = await api.putRules({ version: found.version, rules: list }); // another's change in between is refused, not lost
    fill(place, show(now));
    say(done);
  };
  const remove = (found, rule) => put(found, found.rules.filter((r) => r !== rule), `“${rule.name}” is gone.`).catch((fault) => say(fault.message));
  const add = (found) => {
    const parts = { pin: el("div.fields", {}, field("product", "Product", {}, { hint: "Its id." }), field("position", "Place", { type: "number", min: 1, max: 100, value: 1 })),
      filter: el("div.fields", {}, field("in_category", "Category", {}, { hint: "Home > Kitchen" }), field("brand", "Brand"), field("price_min", "Price from", { type: "number", min: 0 }, { hint: "In minor units: cents." }), field("price_max", "Price to", { type: "number", min: 0 })),
      by: field("by", "Times", { type: "number", min: 0.01, max: 100, step: "any", value: 1.5 }, { hint: "Above 1 moves up, below 1 down." }) };
    const kind = field("kind", "What it does", { value: "pin", onchange: (e) => choose(e.target.value) }, { options: [["pin", "Pin a product to a place"], ["hide", "Hide products"], ["boost", "Move products up or down"]] });
    const choose = (k) => {
      parts.pin.hidden = k !== "pin";
      parts.filter.hidden = k === "pin";
      parts.by.hidden = k !== "boost";
    };
    choose("pin");
    return form([field("name", "Name", { required: true, maxlength: 100 }), kind, parts.pin, parts.filter, parts.by, el("details", {}, el("summary", {}, "Where and when"), el("div.fields", {},
      field("scenarios", "Lists", {}, { hint: "home, related; empty: all." }), field("category", "On pages of", {}, { hint: "Home > Kitchen" }), field("from", "From", { type: "datetime-local" }), field("until", "Until", { type: "datetime-local" })))],
    "Add the rule", (values) => put(found, [...found.rules, ruleOf(values)], "The rule is in effect."), { version_conflict: "Somebody has changed the rules meanwhile. Load the page anew." });
  };
  const show = (found) => [table("Rules, in their order", [["Name", (r) => r.name], ["What", what], ["Where", (r) => [r.scenarios?.join(", "), r.category].filter(Boolean).join("; ") || "everywhere"],
    ["When", (r) => (r.from || r.until ? `${when(r.from)} to ${when(r.until)}` : "always")], ["Remove it", (r) => el("button.button.quiet", { type: "button", "aria-label": `Remove ${r.name}`, onclick: () => remove(found, r) }, "Remove")]], found.rules, { empty: "No rule: the model alone decides." }),
  el("section", {}, el("h2", {}, "Add a rule"), add(found))];
  into(place, api.rules, show);
  return place;
}
