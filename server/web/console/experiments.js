// What came of recommendations, and experiments: who gets what, how it went so far, and changing it.
import { api } from "./ask.js";
import { short } from "./plot.js";
import { number, table, when } from "./table.js";
import { el, fill, svg } from "../parts/dom.js";
import { price } from "../parts/format.js";
import { into, say } from "../parts/notice.js";

const GROUPS = [["strategy", "Strategy"], ["model", "Model"], ["scenario", "Scenario"], ["variant", "Variant"], ["day", "Day"]];
const EXAMPLE = { name: "personal", share: 0.2, variants: [{ name: "as-ever" }, { name: "popular", strategy: "popular" }] };

/* Counts come as plain numbers: four digits after the point are enough for shares. */
const share = (v) => `${(100 * v).toFixed(2)} %`;
const interval = (i) => (i ? `${share(i.value)} (${share(i.low)} to ${share(i.high)})` : "–");

/* An interval as a line with its value as a mark, on one scale for all that are compared. */
function whisker(i, most) {
  const x = (v) => 4 + (192 * v) / (most || 1);
  return svg("svg", { viewBox: "0 0 200 16", class: "whisker", role: "img", "aria-label": interval(i) }, svg("path", { d: `M${x(i.low)} 8H${x(i.high)}M${x(i.low)} 4v8M${x(i.high)} 4v8` }), svg("circle", { cx: x(i.value), cy: 8, r: 4 }));
}

/* first: the answer that the page came with. */
function outcomes(first) {
  const place = el("div", {}), select = el("select", { onchange: () => load() }, GROUPS.map(([value, words]) => el("option", { value }, words)));
  const name = (row) => String(row[select.value] ?? "–");
  const show = ({ from, to, items }) => {
    const most = Math.max(0, ...items.map((r) => r.click_rate?.high ?? 0));
    return [el("p.small", {}, `Answers of ${from} to ${to}; what came within 7 days.`), table("What came of recommendations", [
      [GROUPS.find(([v]) => v === select.value)[1], (r) => (r.experiment ? `${r.experiment}: ${name(r)}` : name(r))], ["Shown", (r) => number(r.impressions), "right"], ["Opened", (r) => number(r.clicks), "right"],
      ["Into carts", (r) => number(r.carts), "right"], ["Bought", (r) => number(r.purchases), "right"], ["Opened of shown", (r) => (r.click_rate ? [whisker(r.click_rate, most), interval(r.click_rate)] : "–")],
      ["Revenue", (r) => r.revenue.map((v) => price(v.total, v.currency)).join(", ") || "–", "right"]], items, { empty: "Nothing came of recommendations yet: it needs events that name them." })];
  };
  const load = () => into(place, () => api.outcomes({ group: select.value }), show);
  fill(place, show(first));
  return el("section", {}, el("h2", {}, "What came of recommendations"), el("label", {}, "By ", select), place);
}

function one(e) {
  const rates = e.variants.map((v) => v.results), click = Math.max(...rates.map((r) => r.click_rate.high)), bought = Math.max(...rates.map((r) => r.purchase_rate.high));
  const chance = (p) => (p === undefined ? "the first, to compare with" : `${short(p)}${p <= 0.05 ? " ✓ differs" : ""}`);
  return el("section", {}, el("h3", {}, e.name), el("p.small", {}, `${share(e.share)} of people, since ${when(e.created)}`), table(`Variants of ${e.name}`, [
    ["Variant", (v) => v.name], ["Gets", (v) => (v.model ? `model ${v.model}` : v.strategy ?? "what serves")], ["Weight", (v) => short(v.weight), "right"], ["People", (v) => number(v.results.people), "right"],
    ["Opened something", (v) => [whisker(v.results.click_rate, click), interval(v.results.click_rate)]], ["By chance, p", (v) => chance(v.results.click_p)],
    ["Bought", (v) => [whisker(v.results.purchase_rate, bought), interval(v.results.purchase_rate)]], ["By chance, p", (v) => chance(v.results.purchase_p)]], e.variants));
}

/* The settings alone: what the answer adds need not be sent back. */
const settingsOf = ({ experiments }) => experiments.map(({ created, variants, ...e }) => ({ ...e, variants: variants.map(({ results, ...v }) => v) }));

function editor(found, saved) {
  const text = el("textarea", { id: "settings", rows: 14, spellcheck: "false", "aria-describedby": "settings-about" }), wrong = el("div.formerror", { id: "settings-about", role: "alert" });
  text.value = JSON.stringify(settingsOf(found), null, 2);
  const read = () => {
    const experiments = JSON.parse(text.value);
    if (!Array.isArray(experiments)) throw new SyntaxError("A list of experiments is wanted.");
    return experiments;
  };
  const refuse = (fault) => {
    text.setAttribute("aria-invalid", "true");
    fill(wrong, fault.errors?.length ? fault.errors.map((e) => el("p", {}, el("code", {}, e.pointer), " ", e.message)) : el("p", {}, fault.message));
    text.focus();
  };
  return el("form.form", { onsubmit: async (e) => {
    e.preventDefault();
    text.removeAttribute("aria-invalid");
    fill(wrong);
    try {
      saved(await api.putExperiments({ experiments: read() }));
      say("They are in effect.");
    } catch (fault) {
      refuse(fault);
    }
  } }, el("label", { for: "settings" }, "All experiments, in the order in which they take people"), text, wrong, el("p.actions", {}, el("button.button.main", { type: "submit" }, "Save"),
    el("button.button.quiet", { type: "button", onclick: () => {
      try {
        text.value = JSON.stringify([...read(), EXAMPLE], null, 2);
      } catch (fault) {
        refuse(fault);
      }
    } }, "Add an example")));
}

/* Both answers at once, so that nothing moves when the second comes. */
export default function experiments() {
  const page = el("div", {}), place = el("div", {});
  const show = (found) => [found.experiments.length ? found.experiments.map(one) : el("p.small", {}, "No experiment runs."), el("section", {}, el("h3", {}, "Change them"), editor(found, (now) => fill(place, show(now))))];
  into(page, () => Promise.all([api.outcomes({ group: GROUPS[0][0] }), api.experiments()]), ([came, found]) => {
    fill(place, show(found));
    return [outcomes(came), el("section", {}, el("h2", {}, "Experiments"), el("p.small", {}, "The intervals hold however often one looks."), place)];
  });
  return page;
}
