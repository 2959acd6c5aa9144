// What the model has learned, to look at: the most popular products on the two principal axes of their factors. Categories
// differ by shape and colour; one of them, or one product, can be brought out.
import { api } from "./ask.js";
import { itemHref, number } from "./table.js";
import { el, fill, svg } from "../parts/dom.js";
import { percent } from "../parts/format.js";
import { into } from "../parts/notice.js";

const SIDE = 720, EDGE = 18, MOST = 12;
/* In a square of 2 around 0. */
const SHAPES = [
  "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0z", "M-.9-.9H.9V.9H-.9z", "M0-1.1L1.05.8H-1.05z", "M0-1.2L1.2 0L0 1.2L-1.2 0z", "M0 1.1L-1.05-.8H1.05z", "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35z",
  "M-1-.55L-.55-1L0-.45L.55-1L1-.55L.45 0L1 .55L.55 1L0 .45L-.55 1L-1 .55L-.45 0z", "M0-1.2L.35-.35L1.2 0L.35.35L0 1.2L-.35.35L-1.2 0L-.35-.35z", "M-.6-1H.6L1 0L.6 1H-.6L-1 0z", "M-1-.5H1V.5H-1z", "M-.5-1H.5V1H-.5z", "M-1 .6A1 1 0 0 1 1 .6z",
];

/* Categories by how many points they have; the first that fits the room gets a sign of its own, the rest share the last. */
function groups(items) {
  const of = (p) => (p.category ?? "No category").split(" > ")[0], counts = new Map();
  for (const p of items) counts.set(of(p), (counts.get(of(p)) ?? 0) + 1);
  const names = [...counts.entries()].sort((a, b) => b[1] - a[1]).map(([name]) => name), signs = new Map();
  names.forEach((name, i) => signs.set(name, Math.min(i, MOST - 1)));
  return { of, counts, names, signs };
}

/* All points within the square, the axes to the same scale, so that distances are what they are. */
function scale(items) {
  const xs = items.map((p) => p.x), ys = items.map((p) => p.y), mid = (v) => (Math.min(...v) + Math.max(...v)) / 2;
  const half = Math.max(Math.max(...xs) - mid(xs), Math.max(...ys) - mid(ys)) || 1, unit = (SIDE / 2 - EDGE) / half;
  return (p) => [SIDE / 2 + (p.x - mid(xs)) * unit, SIDE / 2 - (p.y - mid(ys)) * unit];
}

function nearest(items, p, n) {
  return items.filter((q) => q !== p).map((q) => [q, Math.hypot(q.x - p.x, q.y - p.y)]).sort((a, b) => a[1] - b[1]).slice(0, n).map(([q]) => q);
}

function draw({ items, shares, model_version }) {
  if (!items.length) return el("p", {}, "The serving model has no factors to look at.");
  const g = groups(items), at = scale(items), nodes = new Map(), told = el("div", { role: "status" });
  let only = null, chosen = null;
  const largest = Math.sqrt(Math.max(...items.map((p) => p.popularity))) || 1;
  for (const p of [...items].reverse()) { // the most popular on top
    const [x, y] = at(p), sign = g.signs.get(g.of(p));
    nodes.set(p, svg("path", { d: SHAPES[sign], class: `point k${sign}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${(3 + 4 * Math.sqrt(p.popularity) / largest).toFixed(2)})`,
      onclick: () => choose(p) }, svg("title", {}, `${p.title ?? p.id} · ${p.category ?? "no category"}`)));
  }
  const show = () => {
    for (const [p, node] of nodes) {
      node.classList.toggle("faint", only !== null && g.of(p) !== only);
      node.classList.toggle("chosen", p === chosen);
    }
  };
  const choose = (p) => {
    chosen = p;
    show();
    fill(told, el("h2", {}, el("a", { href: itemHref(p.id) }, p.title ?? p.id)), el("p.small", {}, p.category ?? "No category"), el("h3", {}, "Nearest on the map"),
      el("ol.plainlist", {}, nearest(items, p, 8).map((q) => el("li", {}, el("button.link", { type: "button", onclick: () => choose(q) }, q.title ?? q.id), el("span.small", {}, ` ${q.category?.split(" > ").at(-1) ?? ""}`)))));
  };
  const input = el("input", { type: "search", id: "find", autocomplete: "off", placeholder: "Title or id", onchange: () => {
    const text = input.value.trim().toLowerCase(), p = items.find((q) => q.id === input.value.trim()) ?? items.find((q) => (q.title ?? "").toLowerCase().includes(text));
    if (text && p) choose(p);
    else if (text) fill(told, el("p", {}, "No such product on the map."));
  } });
  const legend = el("ul.legend.signs", { "aria-label": "Categories" }, g.names.map((name) => el("li", {}, el("button.link", { type: "button", "aria-pressed": "false", onclick: (e) => {
    only = only === name ? null : name;
    for (const b of legend.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b === e.currentTarget && only !== null));
    show();
  } }, svg("svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": "true" }, svg("path", { d: SHAPES[g.signs.get(name)], class: `point k${g.signs.get(name)}` })), name, el("span.small", {}, ` ${number(g.counts.get(name))}`)))));
  return [el("p.small", {}, `${number(items.length)} products of model ${model_version}. The axes show ${percent(shares[0])} and ${percent(shares[1])} of how their factors differ; larger signs are more popular. Products that are taken alike lie close.`),
    el("div.mapped", {}, el("figure.map", {}, svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": `Map of ${items.length} products in ${g.names.length} categories` },
      svg("path", { d: `M${SIDE / 2} 4V${SIDE - 4}M4 ${SIDE / 2}H${SIDE - 4}`, class: "rule" }), [...nodes.values()])),
    el("div.beside", {}, el("label", { for: "find" }, "Find a product"), input, el("h2", {}, "Categories"), el("p.small", {}, "Press one to see it alone."), legend, told))];
}

export default function map() {
  const place = el("div", {});
  into(place, api.map, draw, el("p.small", {}, "Looking at the factors …"));
  return place;
}
