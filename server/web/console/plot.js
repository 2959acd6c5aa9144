// Plots as plain SVG. Lines differ by their dashes and carry their names, points by their shapes, so that none needs its colour.
import { el, svg } from "../parts/dom.js";

const WIDTH = 640, HEIGHT = 240, LEFT = 64, RIGHT = 16, TOP = 12, BOTTOM = 34;
export const DASHES = ["", "7 4", "2 4", "10 3 2 3", "4 2", "1 3"];

/** Steps of 1, 2 or 5 that cover low..high in about n parts. */
export function ticks(low, high, n = 4) {
  if (!(high > low)) return [low];
  const raw = (high - low) / n, ten = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].map((s) => s * ten).find((s) => s >= raw);
  const all = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) all.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return all;
}

export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e4) return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  return Number(value.toPrecision(size >= 100 ? 4 : 3)).toString();
}

function named(series) {
  return series.length > 1 ? el("ul.legend", {}, series.map((s, i) => el("li", {}, svg("svg", { viewBox: "0 0 30 8", class: `line c${i % 6}`, "aria-hidden": "true" },
    svg("polyline", { points: "0,4 30,4", "stroke-dasharray": DASHES[i % 6] || null })), s.name))) : null;
}

/** series: [{name, points: [[x, y]]}]; label: what is said of the whole; x, y: names of the axes. */
export function lines(series, { label, x, y, zero = false }) {
  const all = series.flatMap((s) => s.points).filter(([, v]) => Number.isFinite(v)), legend = named(series);
  if (all.length === 0) return el("figure.plot", {}, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${label}: nothing yet` }, // the room is there already
    svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM, class: "rule" }), svg("text", { x: WIDTH / 2, y: HEIGHT / 2, class: "mid" }, "Nothing yet")), legend);
  const xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)], low = zero ? Math.min(0, ...ys) : Math.min(...ys), high = Math.max(...ys);
  const room = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 1, y0 = zero && low === 0 ? 0 : low - room, y1 = high + room;
  const atX = (v) => LEFT + (x1 > x0 ? (v - x0) / (x1 - x0) : 0.5) * (WIDTH - LEFT - RIGHT), atY = (v) => HEIGHT - BOTTOM - ((v - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const grid = ticks(y0, y1).map((v) => [svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: atY(v), y2: atY(v), class: "rule" }), svg("text", { x: LEFT - 6, y: atY(v) + 4, class: "end" }, short(v))]);
  const below = ticks(x0, x1, 6).map((v) => svg("text", { x: atX(v), y: HEIGHT - BOTTOM + 16, class: "mid" }, short(v)));
  const drawn = series.map((s, i) => {
    const points = s.points.filter(([, v]) => Number.isFinite(v));
    return svg("g", { class: `line c${i % 6}` }, svg("polyline", { points: points.map(([a, b]) => `${atX(a).toFixed(1)},${atY(b).toFixed(1)}`).join(" "), "stroke-dasharray": DASHES[i % 6] || null }),
      points.length <= 60 ? points.map(([a, b]) => svg("circle", { cx: atX(a), cy: atY(b), r: 2.4 }, svg("title", {}, `${s.name}: ${short(b)} at ${short(a)}`))) : null);
  });
  return el("figure.plot", {}, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${label}: ${series.map((s) => `${s.name} from ${short(s.points[0]?.[1])} to ${short(s.points.at(-1)?.[1])}`).join("; ")}` },
    grid, below, svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 4, class: "end" }, x), svg("text", { x: 4, y: TOP, class: "start" }, y), drawn), legend);
}

/** A share as a bar with its number. */
export function bar(share, text) {
  const full = el("span", {});
  full.style.width = `${Math.round(Math.min(Math.max(share, 0), 1) * 100)}%`;
  return el("span.meter", {}, el("span.track", { "aria-hidden": "true" }, full), el("span", {}, text));
}
