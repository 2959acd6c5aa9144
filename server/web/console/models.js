// The versions of the model: which one serves, how they differ, how they were trained; promote and roll back.
import { api, follow } from "./ask.js";
import { lines, short } from "./plot.js";
import { number, size, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { into, nothing, say } from "../parts/notice.js";

/** {"settings": {"factors": 8}} as [["settings.factors", 8]]. */
function flat(object, before = "") {
  return Object.entries(object ?? {}).flatMap(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value) ? flat(value, before + name + ".") : [[before + name, value]]);
}

const text = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? short(value) : String(value));

/* All that is known of the chosen versions, side by side; what differs is marked by a sign, too. */
function compare(chosen) {
  const columns = chosen.map((m) => new Map(flat(m.meta)));
  const names = [...new Set(columns.flatMap((c) => [...c.keys()]))].filter((n) => n !== "created");
  const rows = names.map((name) => ({ name, values: columns.map((c) => c.get(name)) })).map((r) => ({ ...r, differs: new Set(r.values.map((v) => JSON.stringify(v ?? null))).size > 1 }));
  rows.sort((a, b) => b.differs - a.differs);
  return table("The chosen versions side by side", [["Setting", (r) => (r.differs ? el("strong", {}, "≠ ", r.name) : r.name)],
    ...chosen.map((m, i) => [`Version ${m.version}`, (r) => (r.differs ? el("strong", {}, text(r.values[i])) : text(r.values[i])), "right"])], rows);
}

/* Of the trainings that the server still remembers, by the version that each made. */
async function curves(versions, left) {
  const { items } = await api.jobs(100);
  const found = [];
  for (const job of items.filter((j) => j.kind === "training" && ["succeeded", "refused"].includes(j.state) && versions.includes(j.result?.version))) {
    const series = { name: `version ${job.result.version}`, points: [], quality: [] };
    await follow(job.id, (line) => {
      if (line.event !== "iteration") return;
      if (line.phase === "train") series.points.push([line.iteration, line.loss]);
      if (line.ndcg !== null) series.quality.push([line.iteration, line.ndcg]);
    }, left);
    if (series.points.length) found.push(series);
  }
  return found.reverse();
}

export default function models(_, left) {
  const place = el("div", {}), side = el("div", {}), plots = el("div", {});
  const load = () => into(place, api.models, show, el("p.small", {}, "Opening every version …"));

  const act = async (ask, done) => {
    try {
      await ask();
      say(done);
    } catch (fault) {
      say(fault.message);
    }
    await load();
    place.querySelector("button")?.focus();
  };
  const serve = (m, current) => act(() => api.activate(m.version), m.version > current ? `Version ${m.version} is promoted: it serves now.` : `Rolled back: version ${m.version} serves now.`);
  const pin = (m) => (m.pinned ? act(() => api.unpin(m.version), "Trainings may replace it again.") : act(() => api.pin(m.version), `Version ${m.version} is pinned: no training replaces it.`));

  const show = ({ items }) => {
    if (!items.length) return nothing("No model yet", "Train one, and it serves as soon as it is done.", { href: "/console/training", text: "Train a model" });
    const current = items.find((m) => m.current)?.version ?? 0, good = items.filter((m) => m.meta);
    const chosen = new Set(good.slice(0, 2).map((m) => m.version));
    const compared = async () => {
      const list = good.filter((m) => chosen.has(m.version));
      fill(side, list.length ? compare(list) : el("p.small", {}, "Choose versions above."));
      if (!plots.firstChild) fill(plots, el("h3", {}, "Loss by iteration"), lines([], { label: "Loss by iteration" }), el("p.small", {}, "\u00a0"));
      const found = await curves([...chosen], left).catch(() => []);
      if (left.aborted) return;
      const quality = found.filter((s) => s.quality.length).map((s) => ({ name: s.name, points: s.quality }));
      fill(plots, el("h3", {}, "Loss by iteration"), lines(found, { label: "Loss by iteration", x: "iteration", y: "loss" }),
        el("p.small", {}, found.length ? "\u00a0" : "The server remembers no training of these versions: it keeps the newest 32 until it stops."),
        quality.length ? [el("h3", {}, "NDCG on the validation part"), lines(quality, { label: "Validation NDCG by iteration", x: "iteration", y: "ndcg" })] : null);
    };
    compared();
    return [table("Model versions, newest first", [
      ["Version", (m) => [String(m.version), " ", m.current ? el("span.state.succeeded", {}, "✓ serves") : null]],
      ["Compare", (m) => m.meta ? el("input", { type: "checkbox", checked: chosen.has(m.version), "aria-label": `Compare version ${m.version}`, onchange: (e) => {
        chosen[e.target.checked ? "add" : "delete"](m.version);
        compared();
      } }) : null],
      ["Made", (m) => when(m.created)],
      ["Kind", (m) => m.fault ? el("span.wrong", {}, m.fault) : m.meta?.settings?.model ?? "–"],
      ["People", (m) => number(m.meta?.data?.users), "right"], ["Products", (m) => number(m.meta?.data?.items), "right"],
      ["Factors", (m) => number(m.meta?.settings?.factors), "right"], ["Iterations", (m) => number(m.meta?.training?.iterations), "right"],
      ["Loss", (m) => text(m.meta?.training?.loss), "right"], ["NDCG", (m) => text(m.meta?.training?.validation_ndcg), "right"], ["Size", (m) => size(m.bytes), "right"],
      ["Pin it", (m) => (m.fault || !(m.current || m.pinned) ? null : el("button.button.quiet", { type: "button", "aria-pressed": String(m.pinned), "aria-label": `${m.pinned ? "Unpin" : "Pin"} version ${m.version}`, onclick: () => pin(m) }, m.pinned ? "Unpin" : "Pin"))],
      ["Serve it", (m) => (m.current || m.fault ? null : el("button.button.quiet", { type: "button", "aria-label": `${m.version > current ? "Promote" : "Roll back to"} version ${m.version}`, onclick: () => serve(m, current) }, m.version > current ? "Promote" : "Roll back"))],
    ], items), el("section", {}, el("h2", {}, "Side by side"), plots, side)];
  };
  load();
  return place;
}
