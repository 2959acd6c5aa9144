// A titled row of products that scrolls sideways. Its room is there before its products are.
import { el, fill, newId, pause } from "./dom.js";
import { card, ghosts } from "./card.js";
import { failed, into } from "./notice.js";

const AT_ONCE = 3; // as many as a phone shows, and a few are built in a task without anybody noticing

/* The first cards at once, the others behind them, a few a task. */
async function append(list, cards) {
  list.append(...cards.splice(0, AT_ONCE).map((card) => card()));
  if (!cards.length) return;
  list.setAttribute("aria-busy", "true");
  while (cards.length) {
    await pause();
    list.append(...cards.splice(0, AT_ONCE).map((card) => card()));
  }
  list.removeAttribute("aria-busy");
}

/**
 * ask() resolves to {items, recommendation_id}, or to null where there is nothing to show: then the row goes. reasons: why the
 * products are here, for those that come without reasons of their own.
 */
export function row(title, ask, { note, eager, reasons } = {}) {
  const id = newId("row");
  const strip = el("div.strip", {});
  const node = el("section.row", { "aria-labelledby": id }, el("h2", { id }, title), note ? el("p.small", {}, note) : null, strip);
  const load = () => into(strip, () => pause().then(ask), (found) => {
    if (!found?.items.length) {
      node.hidden = true;
      return [];
    }
    const list = el("ul", { tabindex: "-1" });
    append(list, found.items.map((product, i) => () => el("li", {}, card(reasons ? { reasons, ...product } : product, {
      eager: eager && i < 6, from: { recommendation_id: found.recommendation_id, position: i + 1 } })))).catch((fault) => fill(strip, failed(fault, load)));
    return list;
  }, fill(el("div.ghosts"), ghosts(6)));
  load();
  return node;
}
