// The button that puts a product into the cart, and the number beside it.
import { api } from "../api.js";
import { flush } from "../events.js";
import { el, newId } from "./dom.js";
import { say } from "./notice.js";
import { cartIs, visitor } from "./visitor.js";

export function refusal(fault) {
  const left = fault.errors?.find((e) => "left" in e)?.left;
  if (fault.code === "insufficient_stock") return left ? `Only ${left} of it are left.` : "There is not so much of it left.";
  if (fault.code === "currency_mismatch") return "The cart holds products of another currency. Order or empty it first.";
  if (fault.code === "not_for_sale") return "This product is not for sale any more.";
  return fault.message;
}

/** n is what was in the cart before: putting in adds to it. */
export function buyButton(product, from) {
  const id = newId("quantity");
  const number = el("input", { id, type: "number", min: 1, max: 99, value: 1, inputmode: "numeric" });
  const button = el("button.button.main", { type: "submit" }, "Add to cart");
  return el("form.buy", { onsubmit: async (e) => {
    e.preventDefault();
    const more = Math.min(Math.max(Math.round(number.valueAsNumber) || 1, 1), 99);
    const there = visitor.cart?.items.find((i) => i.id === product.id)?.quantity ?? 0;
    button.disabled = true;
    try {
      await flush();
      cartIs(await api.putInCart(product.id, { quantity: there + more, recommendation_id: from?.recommendation_id }));
      say(`${product.title ?? product.id} is in the cart.`, { href: "/cart", text: "See the cart" });
    } catch (fault) {
      say(refusal(fault));
    }
    button.disabled = false;
  } }, el("label", { for: id }, "Quantity"), number, button);
}
