// The visitor's orders, newest first.
import { api } from "../api.js";
import { el, fill } from "../parts/dom.js";
import { count, day, price } from "../parts/format.js";
import { failed, into, nothing } from "../parts/notice.js";
import { heading } from "../router.js";

export const STATES = { pending: "Waiting for payment", paid: "Paid", shipped: "On its way", delivered: "Delivered", cancelled: "Cancelled" };
export const state = (order) => el(`span.state.${order.state}`, {}, STATES[order.state] ?? order.state);

function line(order) {
  const what = order.items.map((i) => i.title ?? i.id);
  return el("li", {}, el("div.what", {}, el("h2", {}, el("a", { href: `/orders/${encodeURIComponent(order.id)}` }, `Order of ${day(order.created)}`)),
    el("p.small", {}, `${count(order.items.length, "product")}: ${what.slice(0, 3).join(", ")}${what.length > 3 ? " …" : ""}`)),
  state(order), el("p.price", {}, price(order.total, order.currency)));
}

export default function orders() {
  const place = el("div", {});
  into(place, () => api.orders(), (page) => {
    if (!page.items.length) return nothing("No orders yet", "What you order is listed here.", { href: "/", text: "Look around" });
    const lines = el("ul.lines", {}, page.items.map(line)), more = el("div.more", {});
    const button = (next) => fill(more, next ? el("button.button", { type: "button", onclick: () => api.orders(next).then((p) => {
      lines.append(...p.items.map(line));
      button(p.next);
    }, (fault) => fill(more, failed(fault, () => button(next)))) }, "Show more") : null);
    button(page.next);
    return [lines, more];
  }, el("p.small", {}, "Looking for your orders …"));
  return { title: "Your orders", node: [heading("Your orders"), place] };
}
