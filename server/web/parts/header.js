// The top of every page: search, the visitor, the cart, the categories.
import { api } from "../api.js";
import { el, fill, svg } from "./dom.js";
import { categoryHref, count } from "./format.js";
import { searchbox } from "./searchbox.js";
import { onVisitor, who } from "./visitor.js";

const ICONS = {
  person: "M12 12a4 4 0 1 0-.1 0zM4 21c0-9 16-9 16 0",
  heart: "M12 20S3.5 14.6 3.5 8.8C3.5 4.4 9.6 3.4 12 7.6c2.4-4.2 8.5-3.2 8.5 1.2C20.5 14.6 12 20 12 20z",
  bag: "M5 8h14l1 12H4zM8.5 10V7a3.5 3.5 0 0 1 7 0v3",
};
const icon = (name) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, svg("path", { d: ICONS[name] }));

function me(v) {
  const link = (href, name, text, extra) => el("a", { href, "aria-label": extra?.label }, icon(name), el("span", {}, text), extra?.badge ?? null);
  const n = v?.cart?.count ?? 0;
  const badge = n ? el("b.badge", {}, n > 99 ? "99+" : n) : null;
  return [
    v?.user ? link("/account", "person", v.user.name?.split(" ")[0] || "Account", { label: "Your account" }) : link("/login", "person", "Sign in"),
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
