// The top of every page: search, the visitor, the cart, the categories.
import { api } from "../api.js";
import { el, fill } from "./dom.js";
import { categoryHref, count } from "./format.js";
import { icon } from "./icons.js";
import { searchbox } from "./searchbox.js";
import { onVisitor, who } from "./visitor.js";

/* more: what is said to those who do not see the rest. */
function link(href, name, text, more, badge) {
  return el("a", { href }, icon(name), el("span", {}, text), more ? el("span.hide", {}, more) : null, badge ?? null);
}

function me(v) {
  const n = v?.cart?.count ?? 0;
  return [
    v?.user ? link("/account", "person", v.user.name?.split(" ")[0] || "Account", ", your account") : link("/login", "person", "Sign in"),
    link("/wishlist", "heart", "Wishlist"),
    link("/cart", "bag", "Cart", n ? `, ${count(n, "item")}` : ", empty", n ? el("b.badge", { "aria-hidden": "true" }, n > 99 ? "99+" : n) : null),
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
