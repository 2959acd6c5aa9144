// Why something is recommended, for engineers: the parts' shares of the score, and what of the history moved it.
import { bar } from "./plot.js";
import { itemHref } from "./table.js";
import { el } from "../parts/dom.js";
import { percent } from "../parts/format.js";
import { productOf } from "../parts/products.js";

/** Titles of what the reasons of these products name, by id: asked for first, so that nothing moves when they come. */
export async function namesOf(products) {
  const ids = [...new Set(products.flatMap((p) => (p.reasons ?? []).map((r) => r.item).filter(Boolean)))];
  return new Map(await Promise.all(ids.map(async (id) => [id, (await productOf(id))?.title ?? id])));
}

export function reasons(product, names) {
  const parts = [...(product.parts ?? [])].sort((a, b) => b.share - a.share);
  return el("div.reasons", {}, parts.length ? el("ul", { "aria-label": "Shares of the score" }, parts.map((p) => el("li", {}, bar(p.share, `${percent(p.share)} ${p.part}`)))) : null,
    product.reasons?.length ? el("p.small", {}, product.reasons.map((r, i) => [i ? ", " : "because of ",
      r.item ? el("a", { href: itemHref(r.item) }, names.get(r.item) ?? r.item) : r.type, r.weight > 0 ? ` ${percent(r.weight)}` : ""])) : null);
}
