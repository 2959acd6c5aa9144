// The last step: what is bought, at what total, and where to write to.
import { api } from "../api.js";
import { refusal } from "../parts/buy.js";
import { el } from "../parts/dom.js";
import { price } from "../parts/format.js";
import { field, form } from "../parts/form.js";
import { into, nothing, say } from "../parts/notice.js";
import { randomId } from "../parts/random.js";
import { cartIs, visitor, who } from "../parts/visitor.js";
import { go, heading } from "../router.js";
import { changes } from "./cart.js";

export default function checkout() {
  const place = el("div", {});
  const look = () => into(place, async () => {
    await who();
    return cartIs(await api.cart());
  }, show, el("p.small", {}, "Adding up …"));

  const show = (cart) => {
    if (!cart.items.length) return nothing("The cart is empty", "There is nothing to order.", { href: "/", text: "Look around" });
    const bought = cart.items.filter((i) => i.available), key = randomId(); // the same key for every try at this very order
    const order = async ({ email }) => {
      try {
        const placed = await api.order({ ...(email ? { email } : {}), total: cart.total, version: cart.version }, key);
        cartIs({ ...cart, items: [], count: 0, total: 0, changes: [], version: cart.version + 1 });
        say("Thank you. Your order is placed.");
        await go(`/orders/${encodeURIComponent(placed.id)}`, { replace: true, state: { placed: true } });
      } catch (fault) {
        if (!["price_changed", "version_conflict", "insufficient_stock", "not_for_sale", "currency_mismatch"].includes(fault.code)) throw fault;
        await look();
        say(fault.code === "price_changed" || fault.code === "version_conflict" ? "The cart has changed. Please look at it again." : refusal(fault));
      }
    };
    const gone = cart.items.length > bought.length;
    return [changes(cart), el("div.basket", {},
      el("section", { "aria-label": "What you order" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Product"), el("th", { scope: "col" }, "Quantity"), el("th.right", { scope: "col" }, "Price"))),
        el("tbody", {}, cart.items.map((i) => el("tr", {}, el("td", {}, i.title ?? i.id, i.available ? null : el("strong.gone", {}, " not available")), el("td", {}, i.quantity), el("td.right", {}, i.total === null ? "" : price(i.total, i.currency))))),
        el("tfoot", {}, el("tr", {}, el("th", { scope: "row", colspan: 2 }, "Total"), el("td.right.price", {}, cart.total === null ? "" : price(cart.total, cart.currency)))))),
      el("aside.sum", {}, gone ? [el("p", {}, "Take out what is not available first."), el("a.button", { href: "/cart" }, "Back to the cart")]
        : form([visitor.user ? el("p", {}, "The order is sent to ", el("strong", {}, visitor.user.email), ".")
          : field("email", "Email", { type: "email", required: true, autocomplete: "email", maxlength: 254 }, { hint: "For the order's confirmation." })],
        `Order for ${price(cart.total, cart.currency)}`, order),
        visitor.user ? null : el("p.small", {}, "You have an account? ", el("a", { href: "/login?next=/checkout" }, "Sign in"), " first.")))];
  };
  look();
  return { title: "Checkout", node: [heading("Checkout"), place] };
}
