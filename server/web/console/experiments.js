// What came of recommendations, and experiments: who gets what, how it went so far, and changing it.
import { api } from "./ask.js";
import { experimentForm, SURFACES } from "./experiment_form.js";
import { short } from "./plot.js";
import { number, table, when } from "./table.js";
import { el, fill, svg } from "../parts/dom.js";
import { price } from "../parts/format.js";
import { into, say } from "../parts/notice.js";

const GROUPS = [["strategy", "Strategy"], ["model", "Model"], ["scenario", "Scenario"], ["variant", "Variant"], ["day", "Day"]];

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

const STATES = { planned: "◷ planned", running: "… runs", ended: "– has ended" };

function gets(v) {
  const set = [v.model && `model ${v.model}`, v.strategy && `strategy ${v.strategy}`, v.scenario && `scenario ${v.scenario}`, v.diversity !== undefined && `diversity ${short(v.diversity)}`].filter(Boolean);
  return [set.join(", ") || "what serves", v.unavailable ? el("span.wrong", {}, ` ✕ Its ${v.unavailable} is gone: answered as without.`) : null];
}

function about(e) {
  const surfaces = e.surfaces.map((s) => SURFACES.find(([name]) => name === s)?.[1].toLowerCase() ?? s).join(", ");
  const times = [e.from && `from ${when(e.from)}`, e.until && `until ${when(e.until)}`].filter(Boolean).join(" ");
  return [STATES[e.state] ?? e.state, `${share(e.share)} of people`, surfaces + (e.scenarios ? ` in ${e.scenarios.join(", ")}` : ""), times, `results since ${when(e.created)}`].filter(Boolean).join(" · ");
}

function one(e, { change, remove }) {
  const rates = e.variants.map((v) => v.results), click = Math.max(...rates.map((r) => r.click_rate.high)), bought = Math.max(...rates.map((r) => r.purchase_rate.high));
  const chance = (p) => (p === undefined ? "the first, to compare with" : `${short(p)}${p <= 0.05 ? " ✓ differs" : ""}`);
  return el("section", {}, el("h3", {}, e.name), el("p.small", {}, about(e)), table(`Variants of ${e.name}`, [
    ["Variant", (v) => v.name], ["Gets", gets], ["Weight", (v) => short(v.weight), "right"], ["People", (v) => number(v.results.people), "right"],
    ["Opened something", (v) => [whisker(v.results.click_rate, click), interval(v.results.click_rate)]], ["By chance, p", (v) => chance(v.results.click_p)],
    ["Bought", (v) => [whisker(v.results.purchase_rate, bought), interval(v.results.purchase_rate)]], ["By chance, p", (v) => chance(v.results.purchase_p)]], e.variants),
  actions(e, { change, remove }));
}

/* Removing asks once more: the results go, too. */
function actions(e, { change, remove }) {
  const place = el("p.actions", {});
  const button = (kind, words, about, onclick) => el(`button.button${kind}`, { type: "button", "aria-label": about, onclick }, words);
  const first = () => fill(place, button("", "Change", `Change ${e.name}`, () => change(e)), button(".quiet", "Remove", `Remove ${e.name}`, () => {
    fill(place, button("", "Remove it with its results", `Remove ${e.name} with its results`, () => remove(e)), button(".quiet", "Keep it", `Keep ${e.name}`, () => first().lastChild.focus()));
    place.firstChild.focus();
  }));
  return first();
}

const CONFLICT = "Somebody has changed the experiments meanwhile. Theirs stand above now, and what you entered is still here: look at both, then save again.";

/* found: what the API has said last. Who is changed or added goes into that as a whole, and only if it is still what there is. */
function editor(found, choices) {
  const list = el("div", {}), place = el("section", {}), heading = el("h2", { tabindex: "-1" }, "Experiments");
  const draw = (now) => {
    found = now;
    fill(list, found.experiments.length ? found.experiments.map((e) => one(e, { change: edit, remove })) : el("p.small", {}, "No experiment runs."));
  };
  const put = async (experiments) => {
    try {
      draw(await api.putExperiments(found.version, { experiments }));
    } catch (fault) {
      if (fault.code === "version_conflict") draw(await api.experiments());
      throw fault;
    }
  };
  const save = async (before, e) => {
    const at = found.experiments.findIndex((x) => x.name === before?.name);
    try {
      await put(at < 0 ? [...found.experiments, e] : found.experiments.map((x, i) => (i === at ? e : x)));
    } catch (fault) {
      throw hold(fault, at < 0 ? found.experiments.length : at);
    }
    edit(null);
    heading.focus();
    say(`“${e.name}” is in effect.`);
  };
  const remove = async (e) => {
    try {
      await put(found.experiments.filter((x) => x.name !== e.name));
      say(`“${e.name}” is gone.`);
    } catch (fault) {
      say(fault.code === "version_conflict" ? "Somebody has changed the experiments meanwhile. Look at what there is now, then remove it again." : fault.message);
    }
    heading.focus();
  };
  const edit = (e) => {
    const title = el("h2", { tabindex: "-1" }, e ? `Change “${e.name}”` : "Add an experiment");
    fill(place, title, experimentForm(e, choices, (now) => save(e, now), { cancel: e ? () => { edit(null); heading.focus(); } : null, words: { version_conflict: CONFLICT } }));
    if (e) title.focus();
  };
  draw(found);
  edit(null);
  return [el("section", {}, heading, el("p.small", {}, "The intervals hold however often one looks."), list), place];
}

/* What is wrong with another experiment of the list stands beside no field of this one: its name is said. */
function hold(fault, at) {
  for (const e of fault.errors ?? []) {
    const [, , of, ...rest] = e.pointer.split("/");
    if (rest.length && Number(of) !== at) Object.assign(e, { pointer: "", message: `another experiment, number ${Number(of) + 1} (${rest.join("/")}): ${e.message}` });
  }
  return fault;
}

/* All answers at once, so that nothing moves when the last one comes. */
export default function experiments() {
  const page = el("div", {});
  into(page, () => Promise.all([api.outcomes({ group: GROUPS[0][0] }), api.experiments(), api.models(), api.scenarios()]), ([came, found, models, scenarios]) => {
    const names = [...scenarios.scenarios, ...scenarios.built_in].map((s) => s.name);
    return [outcomes(came), editor(found, { models: models.items.map((m) => m.version), scenarios: [...new Set(names)] })];
  });
  return page;
}
