// Tables of the console, and how times, sizes and names stand in them.
import { el } from "../parts/dom.js";

/** columns: [[title, cell(row), "right"?]]; a table as wide as it must be, that scrolls by itself. */
export function table(caption, columns, rows, { empty = "Nothing yet." } = {}) {
  if (!rows.length) return el("p.small", {}, empty);
  return el("div.scroll", { tabindex: "0", role: "region", "aria-label": caption }, el("table", {}, el("caption.hide", {}, caption),
    el("thead", {}, el("tr", {}, columns.map(([title, , side]) => el(side ? `th.${side}` : "th", { scope: "col" }, title)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, columns.map(([, cell, side], i) => el((i ? "td" : "th") + (side ? `.${side}` : ""), i ? {} : { scope: "row" }, cell(row))))))));
}

export const when = (time) => (time ? new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "–");

export function age(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]])
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}${seconds >= 2 * size ? "s" : ""}`;
  return `${Math.floor(seconds)} seconds`;
}

export function size(bytes) {
  for (const [unit, n] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) if (bytes >= n) return `${(bytes / n).toFixed(1)} ${unit}`;
  return `${bytes} B`;
}

export const number = (n) => (n === null || n === undefined ? "–" : n.toLocaleString());
export const state = (name) => el(`span.state.${name}`, {}, { succeeded: "✓ ", failed: "✕ ", refused: "✕ ", running: "… ", canceled: "– " }[name] ?? "", name);
export const personHref = (id) => "/console/users?user=" + encodeURIComponent(id);
export const itemHref = (id) => "/console/catalogue?product=" + encodeURIComponent(id);
