// What the visitor wishes for, newest first.
import { api } from "../api.js";
import { card } from "../parts/card.js";
import { el, fill } from "../parts/dom.js";
import { failed, into, nothing, say } from "../parts/notice.js";
import { productOf } from "../parts/products.js";
import { row } from "../parts/row.js";
import { heading } from "../router.js";

function wish(product) {
  const node = el("li", {}, card(product, { level: 2 }), el("button.button.quiet", { type: "button", "aria-label": `Remove ${product.title ?? product.id}`, onclick: async () => {
    try {
      await api.unwish(product.id);
      const near = (node.nextElementSibling ?? node.previousElementSibling)?.querySelector("a");
      node.remove();
      (near ?? document.querySelector("h1")).focus();
      say("It is off your wishlist.");
    } catch (fault) {
      say(fault.message);
    }
  } }, "Remove"));
  return node;
}

/* A page of the list with what is known of its products; one that is gone since is left out. */
async function page(cursor) {
  const { items, next } = await api.wishes(cursor);
  return { products: (await Promise.all(items.map((w) => productOf(w.item)))).filter(Boolean), next };
}

export default function wishlist() {
  const place = el("div", {});
  into(place, () => page(), (first) => {
    if (!first.products.length) return [nothing("Nothing on it yet", "The heart on a product's page puts it here. Guests have a wishlist, too.", { href: "/", text: "Look around" }),
      row("Picked for you", () => api.recommend({ limit: 12 }))];
    const grid = el("ul.grid", {}, first.products.map(wish)), more = el("div.more", {});
    const button = (next) => fill(more, next ? el("button.button", { type: "button", onclick: () => page(next).then((p) => {
      grid.append(...p.products.map(wish));
      button(p.next);
    }, (fault) => fill(more, failed(fault, () => button(next)))) }, "Show more") : null);
    button(first.next);
    return [grid, more];
  }, el("p.small", {}, "Looking for your wishes …"));
  return { title: "Wishlist", node: [heading("Wishlist"), place] };
}
