// One order, with the way to take it back while it is not on its way.
import { api } from "../api.js";
import { el, fill } from "../parts/dom.js";
import { day, price, productHref } from "../parts/format.js";
import { into, say } from "../parts/notice.js";
import { row } from "../parts/row.js";
import { visitor } from "../parts/visitor.js";
import { heading } from "../router.js";
import { state } from "./orders.js";

export default function order(id, _filter, { placed }) {
  const place = el("div", {});
  const show = (o) => [
    el("p", {}, state(o), " ", `ordered on ${day(o.created)}`, o.email ? `, for ${o.email}` : ""),
    el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Product"), el("th", { scope: "col" }, "Quantity"), el("th.right", { scope: "col" }, "Price"))),
      el("tbody", {}, o.items.map((i) => el("tr", {}, el("td", {}, el("a", { href: productHref(i.id) }, i.title ?? i.id)), el("td", {}, i.quantity), el("td.right", {}, price(i.total, o.currency))))),
      el("tfoot", {}, el("tr", {}, el("th", { scope: "row", colspan: 2 }, "Total"), el("td.right.price", {}, price(o.total, o.currency))))),
    ["pending", "paid"].includes(o.state) ? el("p", {}, el("button.button.quiet", { type: "button", onclick: async () => {
      try {
        fill(place, show(await api.cancelOrder(o.id)));
        say("The order is cancelled.");
      } catch (fault) {
        say(fault.message);
      }
    } }, "Cancel this order")) : null,
    placed && !visitor.user ? el("p.small", {}, el("a", { href: "/register" }, "Make an account"), ", and the order is kept in it.") : null,
  ];
  into(place, () => api.oneOrder(id), show, el("p.small", {}, "Looking for the order …"));
  return { title: "Order", node: [el("nav.crumbs", { "aria-label": "Where you are" }, el("ol", {}, el("li", {}, el("a", { href: "/orders" }, "Your orders")))),
    heading(placed ? "Thank you for your order" : "Order"), place, placed ? row("You may also like", () => api.recommend({ limit: 12 })) : null] };
}
