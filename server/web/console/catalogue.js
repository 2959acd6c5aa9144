// The products as the shop holds them; of one, all that is known, and what the model finds like it.
import { api } from "./ask.js";
import { go } from "./console.js";
import { short } from "./plot.js";
import { itemHref, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { price } from "../parts/format.js";
import { failed, into } from "../parts/notice.js";

const stars = (p) => (p.rating?.count ? `${p.rating.average} (${p.rating.count})` : "–");

function listed(caption, items, more = []) {
  return table(caption, [["Product", (p) => el("a", { href: itemHref(p.id) }, p.title ?? p.id)], ["Id", (p) => el("code", {}, p.id)], ["Category", (p) => p.category ?? "–"], ["Brand", (p) => p.brand ?? "–"],
    ["Price", (p) => price(p.price, p.currency), "right"], ["Stock", (p) => (p.in_stock === false ? "Sold out" : p.stock ?? "–"), "right"], ["Stars", stars, "right"], ...more], items, { empty: "No product." });
}

/* All at once, so that nothing moves when the last of it comes. */
function one(id) {
  const place = el("div", {}), like = (intent) => api.related(id, { intent, limit: 10 }).catch(() => ({ items: [] })); // a shop without a model
  const scored = (title, { items }) => el("section", {}, el("h2", {}, title), listed(title, items, [["Score", (p) => short(p.score), "right"]]));
  into(place, () => Promise.all([api.product(id), like("similar"), like("content")]), ([p, similar, content]) => {
    const facts = [["Id", el("code", {}, p.id)], ["Version", p.version], ["Category", p.category], ["Brand", p.brand], ["Price", price(p.price, p.currency)], ["Stock", p.stock ?? "not counted"],
      ["Stars", stars(p)], ["Listed", when(p.created)], ["Hidden", p.hidden ? "yes" : "no"], ...Object.entries(p.attributes ?? {}).map(([k, v]) => [k, [v].flat().join(", ")]), ["Description", p.description]];
    return [el("section", {}, el("h2", {}, p.title ?? p.id), el("dl.facts", {}, facts.filter(([, v]) => v !== null && v !== undefined).map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])),
      el("p", {}, el("a", { href: `/product/${encodeURIComponent(p.id)}` }, "See it in the shop"))), scored("Taken by the same people", similar), scored("Alike by their texts", content)];
  });
  return [el("p", {}, el("a", { href: "/console/catalogue" }, "All products")), place];
}

export default function catalogue(filter) {
  if (filter.get("product")) return one(filter.get("product"));
  const text = filter.get("q") ?? "", body = el("div", {}), more = el("div.more", {});
  const input = el("input", { type: "search", name: "q", value: text, "aria-label": "Search products", placeholder: "Words, or nothing for all" });
  const ask = (cursor) => (text ? api.search({ q: text, limit: 50, cursor }) : api.products({ sort: "newest", limit: 50, cursor }));
  const button = (next) => fill(more, next ? el("button.button", { type: "button", onclick: () => ask(next).then((p) => {
    body.append(listed("More products", p.items));
    button(p.next);
  }, (fault) => fill(more, failed(fault, () => button(next)))) }, "Show more") : null);
  into(body, () => ask(), (page) => {
    button(page.next);
    return [el("p.small", {}, `${page.total.toLocaleString()} products`), listed("Products", page.items)];
  });
  return [el("form.find", { onsubmit: (e) => {
    e.preventDefault();
    go("/console/catalogue" + (input.value.trim() ? "?q=" + encodeURIComponent(input.value.trim()) : ""));
  } }, input, el("button.button", { type: "submit" }, "Search")), body, more];
}
