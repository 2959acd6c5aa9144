// The cart: numbers, what has changed since, the sum.
import { api } from "../api.js";
import { refusal } from "../parts/buy.js";
import { el, fill, newId } from "../parts/dom.js";
import { count, price, productHref } from "../parts/format.js";
import { into, nothing, say } from "../parts/notice.js";
import { picture } from "../parts/picture.js";
import { row } from "../parts/row.js";
import { productOf } from "../parts/products.js";
import { cartIs } from "../parts/visitor.js";
import { heading } from "../router.js";

/** What is not as the visitor saw it last, in words. */
export function changes(cart) {
  if (!cart.changes.length) return null;
  const titles = new Map(cart.items.map((i) => [i.id, i.title ?? i.id]));
  const words = (c) => ({
    price_changed: `now costs ${price(c.to, cart.currency)} instead of ${price(c.from, cart.currency)}.`,
    not_for_sale: "is not for sale any more.",
    insufficient_stock: c.to ? `is short: ${c.to} left of the ${c.from} here.` : "is sold out.",
    currency_mismatch: "is sold in another currency now.",
  })[c.code];
  return el("section.notice.left", { role: "alert" }, el("h2", {}, "Something has changed"),
    el("ul", {}, cart.changes.map((c) => el("li", {}, el("strong", {}, titles.get(c.item) ?? c.item), " ", words(c)))));
}

function line(item, act) {
  const id = newId("quantity"), title = item.title ?? item.id;
  const number = el("input", { id, type: "number", min: 1, max: 99, value: item.quantity, inputmode: "numeric",
    onchange: () => act(() => api.putInCart(item.id, { quantity: Math.min(Math.max(Math.round(number.valueAsNumber) || 1, 1), 99) }), `Quantity of ${title} changed.`) });
  const drawn = el("div", {}, picture(item));
  productOf(item.id).then((p) => p && fill(drawn, picture(p)));
  return el("li", {}, drawn, el("div.what", {}, el("h2", {}, el("a", { href: productHref(item.id) }, title)),
    el("p.small", {}, item.available ? `${price(item.price, item.currency)} each` : "Not available in this quantity")),
  el("div.number", {}, el("label.hide", { for: id }, `Quantity of ${title}`), number,
    el("button.button.quiet", { type: "button", "aria-label": `Remove ${title}`, onclick: () => act(() => api.takeFromCart(item.id), `${title} removed.`) }, "Remove")),
  el("p.price", {}, item.total === null ? "" : price(item.total, item.currency)));
}

export default function cart() {
  const place = el("div", {});
  const show = (c) => {
    if (!c.items.length) return [nothing("The cart is empty", "What you put into it waits here.", { href: "/", text: "Look around" }),
      row("Picked for you", () => api.recommend({ limit: 12 }))];
    const act = async (ask, done) => {
      try {
        cartIs(await ask());
        say(done);
      } catch (fault) {
        say(refusal(fault));
      }
      fill(place, show(cartIs(await api.cart())));
      place.querySelector("input, a")?.focus();
    };
    return [changes(c), el("div.basket", {}, el("ul.lines", {}, c.items.map((i) => line(i, act))),
      el("aside.sum", { "aria-label": "Sum" }, el("p", {}, count(c.count, "item")), el("p.price.large", {}, c.total === null ? "" : price(c.total, c.currency)),
        el("a.button.main", { href: "/checkout" }, "Checkout"))),
    row("Goes with your cart", () => api.recommend({ items: c.items.map((i) => i.id).slice(0, 100), limit: 12 }))];
  };
  into(place, async () => cartIs(await api.cart()), show, el("p.small", {}, "Looking into the cart …"));
  return { title: "Cart", node: [heading("Cart"), place] };
}
