// A product among others: picture, title, price, stars. The whole card is one link.
import { tell, watch } from "../events.js";
import { el } from "./dom.js";
import { leaf, price, productHref, stars } from "./format.js";
import { marked } from "./marks.js";
import { picture } from "./picture.js";
import { why } from "./why.js";

/** from: {recommendation_id, position} of what is recommended; h: level of the title. */
export function card(product, { from, level = 3, eager } = {}) {
  const title = product.highlights?.title ? marked(product.highlights.title) : product.title ?? product.id;
  const link = el("a", { href: productHref(product.id) }, title);
  link.from = from;
  link.addEventListener("click", () => tell("click", product.id, from));
  const node = el("article.card", {},
    picture(product, { eager }),
    el(`h${level}`, {}, link),
    el("p.small", {}, product.brand ?? (product.category ? leaf(product.category) : "\u00a0")),
    el("p.line", {}, el("span.price", {}, price(product.price, product.currency)),
      product.in_stock === false ? el("span.gone", {}, "Sold out") : product.rating?.count ? stars(product.rating.average, product.rating.count) : null),
    product.reasons ? why(product) : null);
  watch(node, product.id, from);
  return node;
}

/** As large as a card, while the cards are on their way. */
export function ghost() {
  return el("div.card.ghost", { "aria-hidden": "true" }, el("span.picture"), el("p.bar"), el("p.bar.short"), el("p.bar.short"));
}

export const ghosts = (n) => Array.from({ length: n }, ghost);
