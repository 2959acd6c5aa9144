// What `aisle tune` found: the metric over the trials and against each setting, and a way to train with the settings of one.
import { api } from "./ask.js";
import { more } from "./more.js";
import { short } from "./plot.js";
import { scatter } from "./scatter.js";
import { number, table, when } from "./table.js";
import { withSettings } from "./training.js";
import { el, fill } from "../parts/dom.js";
import { into } from "../parts/notice.js";

const MOST = 5000, ROWS = 30;
/* Kinds that a training makes, alone or as parts of a hybrid; others are for comparing alone. */
const TRAINED = { als: "als", "als-content": "hybrid", hybrid: "hybrid", "item-knn": "hybrid", ease: "hybrid", content: "hybrid", popular: "hybrid", trending: "hybrid", demographic: "hybrid" };

const metricOf = (t) => (t.k ? `${t.metric}@${t.k}` : t.metric);
const valueText = (v) => (v === null ? "failed" : v.toPrecision(5));
const words = (settings) => Object.entries(settings).map(([name, v]) => `${name} ${typeof v === "number" ? short(v) : v}`).join(", ");
const effort = (look, full) => (look.full ? "full" : `1/${3 ** (full - look.rung)}`);

const command = () => el("p.small", {}, "The command line makes them: ", el("code", {}, "aisle tune --data FOLDER --model als --split time --trials 60"), ". The shop keeps the newest 50.");

function trainLink(t, settings, text) {
  return TRAINED[t.model] ? el("a.button.quiet", { href: withSettings({ model: TRAINED[t.model], ...t.given, ...settings }) }, text) : null;
}

/* All looks, page by page. */
async function looksOf(id) {
  const all = [];
  for (let cursor; all.length < MOST;) {
    const page = await api.trials(id, { limit: 100, cursor });
    all.push(...page.items);
    cursor = page.next;
    if (!cursor) break;
  }
  return all;
}

/* Of each trial its last look; those with the most effort and the best value first, as the search itself decides. */
function ranked(t, looks) {
  const last = new Map(looks.map((l) => [l.trial, l]));
  const side = t.less ? 1 : -1;
  return [...last.values()].sort((a, b) => (a.value === null) - (b.value === null) || b.rung - a.rung || side * (a.value - b.value) || a.trial - b.trial);
}

/* The best value of a full look so far, look by look. */
function bestSoFar(t, looks) {
  const points = [];
  let best = null;
  looks.forEach((l, i) => {
    if (l.full && l.value !== null && (best === null || (t.less ? l.value < best : l.value > best))) best = l.value;
    if (points.length && points.at(-1)[1] !== best) points.push([i + 1, points.at(-1)[1]]); // it steps
    if (best !== null) points.push([i + 1, best]);
  });
  return points;
}

function plots(t, looks) {
  const metric = metricOf(t), isBest = (l) => l.full === t.best.full && l.trial === t.best.trial && l.value === t.best.value;
  const point = (l, x) => ({ x, y: l.value ?? NaN, full: l.full, best: isBest(l), words: `trial ${l.trial}: ${valueText(l.value)}; ${words(l.settings)}` });
  return [el("section", {}, el("h3", {}, `${metric} over the looks`), el("p.small", {}, "A filled point had the full effort, a hollow one less; the best has a ring. The line is the best of the full looks so far."),
    scatter(looks.map((l, i) => point(l, i + 1)), { label: `${metric} over the looks`, x: "look", y: metric, line: bestSoFar(t, looks) })),
  el("section", {}, el("h3", {}, `${metric} against each setting`), el("div.grid", {}, t.ranges.map((r) => scatter(looks.map((l) => point(l, r.choices ? l.settings[r.setting] : Number(l.settings[r.setting]))),
    { label: `${metric} against ${r.setting}`, x: r.setting, y: metric, log: r.log, choices: r.choices }))))];
}

function trials(t, looks) {
  const full = Math.max(...looks.map((l) => l.rung)), all = ranked(t, looks), body = el("div", {}), other = el("div.more", {});
  const show = (rows, caption) => table(caption, [["Trial", (l) => (l.trial ? number(l.trial) : "0, as it was"), "right"], [metricOf(t), (l) => valueText(l.value), "right"], ["Effort", (l) => effort(l, full)],
    ...t.ranges.map((r) => [r.setting, (l) => (typeof l.settings[r.setting] === "number" ? short(l.settings[r.setting]) : String(l.settings[r.setting])), "right"]),
    ["Seconds", (l) => short(l.seconds), "right"], ["Train", (l) => trainLink(t, l.settings, `Use trial ${l.trial}`)]], rows);
  const button = () => fill(other, all.length > ROWS ? el("button.button", { type: "button", onclick: () => {
    body.append(show(all.slice(ROWS), "More trials"));
    fill(other);
  } }, `Show the other ${number(all.length - ROWS)}`) : null);
  fill(body, show(all.slice(0, ROWS), "Trials, the best first"));
  button();
  return el("section", {}, el("h3", {}, "Trials"), body, other);
}

function one(id) {
  const place = el("div.stack", {});
  into(place, () => Promise.all([api.tuning(id), looksOf(id)]), ([t, looks]) => [
    el("section", {}, el("h2", {}, `Search ${t.id}: ${t.model}`), el("dl.facts", {}, [["Ended", when(t.ended)], ["Looks", `${number(looks.length)}, of ${number(t.trials)} trials, ${short(t.seconds)} s${t.complete ? "" : "; the time was over"}`],
      ["Set aside, never looked at", t.split === "none" ? "nothing" : `a ${t.split} split`], ["Validation part", `${t.inner}, ${short(100 * t.inner_fraction)} %: ${number(t.data.validation_pairs)} pairs`],
      ["Trained on", `${number(t.data.users)} people, ${number(t.data.items)} products, ${number(t.data.train_pairs)} pairs`], ["Best", `trial ${t.best.trial}: ${metricOf(t)} ${valueText(t.best.value)}`],
      ["Its settings", words(t.best.settings)], Object.keys(t.given).length ? ["Beside them", JSON.stringify(t.given)] : null].filter(Boolean).map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])),
    el("p", {}, trainLink(t, t.best.settings, "Train with these settings") ?? "A training does not make this kind of model: it is there to compare with.")),
    looks.length ? [plots(t, looks), trials(t, looks)] : el("p.small", {}, "No look has ended.")]);
  return [el("p", {}, el("a", { href: "/console/tuning" }, "All searches")), place];
}

const listed = (items) => table("Searches, newest first", [["Search", (t) => el("a", { href: `/console/tuning?id=${t.id}` }, `Search ${t.id}`)], ["Ended", (t) => when(t.ended)], ["Model", (t) => t.model],
  ["Trials", (t) => number(t.trials), "right"], ["Metric", (t) => metricOf(t)], ["Best", (t) => valueText(t.best.value), "right"], ["Settings", (t) => el("code", {}, words(t.best.settings))], ["Seconds", (t) => short(t.seconds), "right"]], items);

export default function tuning(filter) {
  if (Number(filter.get("id"))) return one(Number(filter.get("id")));
  const body = el("div", {}), later = el("div.more", {});
  into(body, () => api.tunings({}), (page) => {
    more(later, page.next, (cursor) => api.tunings({ cursor }), (items) => body.append(listed(items)));
    return page.items.length ? listed(page.items) : el("p", {}, "No search yet.");
  });
  return [el("p", {}, "A search tries settings of one kind of model on a validation part of the events, many with little effort, the best with more."), command(), body, later];
}
