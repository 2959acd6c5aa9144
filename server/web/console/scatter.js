// One measure against one setting, as plain SVG: a filled point had the full effort, a hollow one less, the best has a ring.
import { short, ticks } from "./plot.js";
import { el, svg } from "../parts/dom.js";

const WIDTH = 420, HEIGHT = 240, LEFT = 56, RIGHT = 16, TOP = 22, BOTTOM = 40;

/* 1, 10, 100 of a logarithmic scale; with 2 and 5 between where these are few. */
function powers(low, high) {
  const some = (steps) => {
    const all = [];
    for (let ten = Math.floor(Math.log10(low)); ten <= Math.ceil(Math.log10(high)); ten++)
      for (const s of steps) if (s * 10 ** ten >= low * 0.999 && s * 10 ** ten <= high * 1.001) all.push(s * 10 ** ten);
    return all;
  };
  return some([1]).length > 2 ? some([1]) : some([1, 2, 5]);
}

/** How a value of the setting lies between 0 and 1, and what stands below the axis. */
function scale(values, { log, choices }) {
  if (choices) return { at: (v) => (choices.indexOf(v) + 0.5) / choices.length, marks: choices.map((c) => [c, c]) };
  const low = Math.min(...values), high = Math.max(...values), of = log ? Math.log : (v) => v;
  const at = (v) => (high > low ? 0.04 + (0.92 * (of(v) - of(low))) / (of(high) - of(low)) : 0.5);
  return { at, marks: (log ? powers(low, high) : ticks(low, high, 5)).map((v) => [v, short(v)]) };
}

/** points: [{x, y, full, best, words}]; x: a number, or one of choices. Points that have no place on the scale are left out.
 * line: [[x, y]] of a line that goes along. */
export function scatter(points, { label, x, y, log = false, choices = null, line = null }) {
  const shown = points.filter((p) => Number.isFinite(p.y) && (choices ? choices.includes(p.x) : Number.isFinite(p.x) && !(log && p.x <= 0)));
  if (!shown.length) return el("p.small", {}, `${label}: nothing to show.`);
  const across = scale(shown.map((p) => p.x), { log, choices }), ys = shown.map((p) => p.y);
  const room = (Math.max(...ys) - Math.min(...ys)) * 0.08 || Math.abs(ys[0]) * 0.1 || 1, low = Math.min(...ys) - room, high = Math.max(...ys) + room;
  const atX = (v) => LEFT + across.at(v) * (WIDTH - LEFT - RIGHT), atY = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const best = shown.find((p) => p.best);
  return el("figure.plot.dots", {}, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${label}: ${shown.length} points${best ? `; the best has ${short(best.y)} at ${choices ? best.x : short(best.x)}` : ""}` },
    ticks(low, high).map((v) => [svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: atY(v), y2: atY(v), class: "rule" }), svg("text", { x: LEFT - 6, y: atY(v) + 4, class: "end" }, short(v))]),
    across.marks.map(([v, words]) => svg("text", { x: atX(v), y: HEIGHT - BOTTOM + 16, class: "mid" }, words)),
    svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, class: "end" }, log ? `${x} (logarithmic)` : x), svg("text", { x: 4, y: 12 }, y),
    line ? svg("g", { class: "line" }, svg("polyline", { points: line.map(([a, b]) => `${atX(a).toFixed(1)},${atY(b).toFixed(1)}`).join(" ") })) : null,
    shown.map((p) => svg("circle", { cx: atX(p.x).toFixed(1), cy: atY(p.y).toFixed(1), r: 4, class: p.full ? "dot full" : "dot" }, svg("title", {}, p.words))),
    best ? svg("circle", { cx: atX(best.x).toFixed(1), cy: atY(best.y).toFixed(1), r: 8, class: "ring" }) : null));
}
