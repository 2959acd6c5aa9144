// What models and reports of them share: all that the meta says, side by side, and the curves of trainings.
import { short } from "./plot.js";
import { table } from "./table.js";
import { el } from "../parts/dom.js";

/** {"settings": {"factors": 8}} as [["settings.factors", 8]]. */
function flat(object, before = "") {
  return Object.entries(object ?? {}).flatMap(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value) ? flat(value, before + name + ".") : [[before + name, value]]);
}

export const text = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? short(value) : String(value));

/** All that is known of the versions, side by side: what differs, marked by a sign, and folded away what does not. */
export function compare(chosen) {
  const columns = chosen.map((m) => new Map(flat(m.meta)));
  const names = [...new Set(columns.flatMap((c) => [...c.keys()]))].filter((n) => n !== "created");
  const rows = names.map((name) => ({ name, values: columns.map((c) => c.get(name)) })).map((r) => ({ ...r, differs: new Set(r.values.map((v) => JSON.stringify(v ?? null))).size > 1 }));
  const show = (caption, some) => table(caption, [["Setting", (r) => (r.differs ? el("strong", {}, "≠ ", r.name) : r.name)],
    ...chosen.map((m, i) => [`Version ${m.version}`, (r) => (r.differs ? el("strong", {}, text(r.values[i])) : text(r.values[i])), "right"])], some);
  const other = rows.filter((r) => r.differs), same = rows.filter((r) => !r.differs);
  if (chosen.length < 2) return show("All that is known of the version", rows);
  return el("div", {}, other.length ? show("The chosen versions side by side", other) : el("p.small", {}, "Nothing differs."),
    el("details", {}, el("summary", {}, `What is the same: ${same.length} settings`), show("What is the same", same)));
}

/** chosen: [{report}]; as series of plot.js: loss in `points`, the metric on the validation part in `quality`. Those without a curve are left out. */
export function curves(chosen) {
  return chosen.filter(({ report }) => report.curve).map(({ report: { version, curve } }) => ({ name: `version ${version}`, points: curve.train.map((p) => [p.iteration, p.loss]),
    quality: curve.search.filter((p) => p.ndcg !== null).map((p) => [p.iteration, p.ndcg]) }));
}
