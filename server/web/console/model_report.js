// One version of the model beside another: what was measured, how the training went, what it was made of, what the file holds.
import { api } from "./ask.js";
import { bar, lines, short } from "./plot.js";
import { compare, curves } from "./model_compare.js";
import { number, size, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { into } from "../parts/notice.js";

export const reportHref = (version, against) => `/console/models?version=${version}` + (against ? `&against=${against}` : "");

/* Numbers with names, of one version. less: the smaller is the better; null: neither is. */
function measures(m, report) {
  const t = report.training ?? {}, held = report.held_out, data = m.meta?.data ?? {};
  return [["NDCG@10, people held out", held?.value, false], ["People held out", held?.people, null], ["NDCG@20, validation part", t.validation_ndcg, false], ["Loss", t.loss, null], ["Iterations", t.iterations, null],
    ["People", data.users, null], ["Products", data.items, null], ["Pairs", data.pairs, null], ["Bytes of the file", report.bytes, null]];
}

/* What differs says which way, in words: no colour is needed. */
function difference(a, b, less) {
  if (a === undefined || b === undefined || a === null || b === null) return "–";
  const d = a - b;
  if (d === 0) return "the same";
  return `${d > 0 ? "+" : "−"}${short(Math.abs(d))}` + (less === null ? "" : (d < 0) === less ? " better" : " worse");
}

function sideBySide([m, other]) {
  const theirs = other ? measures(other.model, other.report) : [];
  const rows = measures(m.model, m.report).map(([name, value, less], i) => ({ name, value, less, other: theirs[i]?.[1] })).filter((r) => Number.isFinite(r.value ?? NaN) || Number.isFinite(r.other ?? NaN));
  return table("Measures side by side", [["Measure", (r) => r.name], [`Version ${m.model.version}`, (r) => short(r.value), "right"],
    ...(other ? [[`Version ${other.model.version}`, (r) => short(r.other), "right"], ["Difference", (r) => difference(r.value, r.other, r.less), "right"]] : [])], rows);
}

const VERDICTS = { true: "✕ Worse than what served then, and not by chance", false: "✓ Not worse, as far as it is known" };

function verdict({ report: { gate, held_out } }) {
  const against = held_out?.against, interval = against?.difference;
  return el("section", {}, el("h3", {}, "The gate's verdict"), el("p", {}, el("strong", {}, VERDICTS[gate.worse])), el("p", {}, gate.why + "."),
    interval ? el("p.small", {}, `Against version ${against.version}: ${short(interval.value)}, 95 % interval ${short(interval.low)} to ${short(interval.high)}.`) : null,
    el("p.small", {}, gate.set === "off" ? "No gate is set: trainings leave nobody out (aisle serve --gate warn or refuse)." : gate.set === "refuse" ? "A worse version is refused." : "A worse version is complained about, and serves."));
}

function made({ model, report }) {
  const data = model.meta?.data ?? {}, facts = [["Made", when(model.created)], ["By", model.meta?.engine], ["On", model.meta?.backend], ["People", number(data.users)], ["Products", number(data.items)], ["Pairs of both", number(data.pairs)],
    ["Left out to measure", report.held_out ? `the newest item of ${number(report.held_out.people)} people, one in ${report.held_out.one_in}` : "nothing"], ["File", size(report.bytes)], ["State", model.current ? "✓ serves" : model.pinned ? "pinned" : "does not serve"]];
  return el("section", {}, el("h3", {}, "What it was made of"), el("dl.facts", {}, facts.filter(([, v]) => v !== undefined).map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])));
}

function sections([m, other]) {
  const rows = [...m.report.sections].sort((a, b) => b.bytes - a.bytes), theirs = new Map(other?.report.sections.map((s) => [s.name, s.bytes]));
  return el("section", {}, el("h3", {}, "Sections of the file"), table("Sections of the file, the largest first", [["Section", (s) => el("code", {}, s.name)], ["Type", (s) => s.type], ["Rows", (s) => number(s.rows), "right"], ["Columns", (s) => number(s.columns), "right"],
    ["Size", (s) => size(s.bytes), "right"], ...(other ? [[`In version ${other.model.version}`, (s) => (theirs.has(s.name) ? size(theirs.get(s.name)) : "none"), "right"]] : []),
    ["Of the file", (s) => bar(s.bytes / m.report.bytes, `${short((100 * s.bytes) / m.report.bytes)} %`)]], rows));
}

/* The points of both lines, for who does not see them. */
function points(found, of, caption) {
  const all = [...new Set(found.flatMap((s) => s[of].map(([i]) => i)))].sort((a, b) => a - b), at = found.map((s) => new Map(s[of]));
  return el("details", {}, el("summary", {}, `${caption} as a table`), table(caption, [["Iteration", (i) => number(i), "right"], ...found.map((s, k) => [s.name, (i) => short(at[k].get(i)), "right"])], all));
}

function plots(pair) {
  const found = curves(pair), quality = found.filter((s) => s.quality.length);
  if (!found.length) return el("section", {}, el("h3", {}, "The training"), el("p.small", {}, "No curve is kept of these versions: they have no factors, or were made elsewhere."));
  return el("section", {}, el("h3", {}, "Loss by iteration"), lines(found, { label: "Loss by iteration", x: "iteration", y: "loss" }), points(found, "points", "Loss by iteration"),
    quality.length ? [el("h3", {}, "NDCG on the validation part"), lines(quality.map((s) => ({ name: s.name, points: s.quality })), { label: "Validation NDCG by iteration", x: "iteration", y: "ndcg" }), points(quality, "quality", "NDCG on the validation part")] : null);
}

export function modelReport(version, against) {
  const place = el("div.stack", {}), beside = el("div.stack", {});
  const ask = async (other) => {
    const { items } = await api.models(), wanted = [version, other].filter(Boolean);
    const pair = wanted.map((v) => items.find((m) => m.version === v)).filter(Boolean);
    const reports = await Promise.all(wanted.map((v) => api.modelReport(v)));
    return { items, pair: pair.map((model, i) => ({ model, report: reports[i] })) };
  };
  const show = ({ pair }) => [el("section", {}, el("h3", {}, "Measures"), sideBySide(pair)), el("div.two", {}, verdict(pair[0]), made(pair[0])), plots(pair), sections(pair),
    el("section", {}, el("h3", {}, "Settings"), compare(pair.map((p) => p.model)))];
  /* The choice stays, and keeps the focus: arrow keys go through it one by one. */
  const change = (other) => {
    history.replaceState(null, "", reportHref(version, other));
    into(beside, () => ask(other), show);
  };
  into(place, () => ask(against), (found) => {
    const others = found.items.filter((m) => m.version !== version && m.meta);
    const choose = el("select", { onchange: (e) => change(Number(e.target.value)) }, el("option", { value: "0" }, "none"),
      others.map((m) => el("option", { value: String(m.version), selected: m.version === against }, `version ${m.version}${m.current ? ", serves" : ""}`)));
    return [el("div.find", {}, el("label", {}, "Beside it ", choose)), fill(beside, show(found))];
  });
  return [el("p", {}, el("a", { href: "/console/models" }, "All versions")), el("h2", {}, `Version ${version}`), place];
}
