// The top of every page: search, the visitor, the cart, the categories.
import { api } from "../api.js";
import { el, fill } from "./dom.js";
import { categoryHref, count } from "./format.js";
import { icon } from "./icons.js";
import { searchbox } from "./searchbox.js";
import { onVisitor, who } from "./visitor.js";

function me(v) {
  const link = (href, name, text, extra) => el("a", { href, "aria-label": extra?.label }, icon(name), el("span", {}, text), extra?.badge ?? null);
  const n = v?.cart?.count ?? 0;
  const badge = n ? el("b.badge", {}, n > 99 ? "99+" : n) : null;
  return [
    v?.user ? link("/account", "person", v.user.name?.split(" ")[0] || "Account", { label: "Your account" }) : link("/login", "person", "Sign in"),
    link("/wishlist", "heart", "Wishlist"),
    link("/cart", "bag", "Cart", { badge, label: `Cart, ${n ? count(n, "item") : "empty"}` }),
  ];
}

export function header() {
  const place = document.getElementById("me"), aisles = document.getElementById("aisles");
  searchbox(document.getElementById("search"));
  fill(place, me(null));
  onVisitor((v) => fill(place, me(v)));
  who().catch(() => {}); // the page itself says what is wrong
  api.categories().then(({ items }) => {
    fill(aisles, el("ul", {}, items.map((c) => el("li", {}, el("a", { href: categoryHref(c.path) }, c.name)))));
  }, () => { aisles.hidden = true; });
}
