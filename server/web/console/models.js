// The versions of the model: which one serves, how they differ, how they were trained; promote and roll back.
import { api } from "./ask.js";
import { compare, curves, text } from "./model_compare.js";
import { modelReport, reportHref } from "./model_report.js";
import { lines } from "./plot.js";
import { number, size, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { into, nothing, say } from "../parts/notice.js";

export default function models(filter, left) {
  if (Number(filter.get("version"))) return modelReport(Number(filter.get("version")), Number(filter.get("against")));
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
    let turn = 0; // of several choices in a row the last one counts
    const compared = async () => {
      const mine = ++turn;
      const list = good.filter((m) => chosen.has(m.version));
      fill(side, list.length ? compare(list) : el("p.small", {}, "Choose versions above."));
      if (!plots.firstChild) fill(plots, el("h3", {}, "Loss by iteration"), lines([], { label: "Loss by iteration" }), el("p.small", {}, "\u00a0"));
      const found = curves((await Promise.allSettled(list.map((m) => api.modelReport(m.version)))).filter((r) => r.value).map((r) => ({ report: r.value })));
      if (left.aborted || mine !== turn) return;
      const quality = found.filter((s) => s.quality.length).map((s) => ({ name: s.name, points: s.quality }));
      fill(plots, el("h3", {}, "Loss by iteration"), lines(found, { label: "Loss by iteration", x: "iteration", y: "loss" }),
        el("p.small", {}, found.length ? "\u00a0" : "No curve is kept of these versions: they have no factors, or were made elsewhere."),
        quality.length ? [el("h3", {}, "NDCG on the validation part"), lines(quality, { label: "Validation NDCG by iteration", x: "iteration", y: "ndcg" })] : null);
    };
    compared();
    return [table("Model versions, newest first", [
      ["Version", (m) => [m.meta ? el("a", { href: reportHref(m.version, m.version === current ? items.find((o) => o.meta && o.version !== current)?.version : current) }, `Version ${m.version}`) : `Version ${m.version}`, " ", m.current ? el("span.state.succeeded", {}, "✓ serves") : null]],
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
