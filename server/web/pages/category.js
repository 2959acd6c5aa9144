// The products of a category, narrowed and sorted by the address.
import { api } from "../api.js";
import { el } from "../parts/dom.js";
import { categoryHref } from "../parts/format.js";
import { list } from "../parts/list.js";
import { nothing } from "../parts/notice.js";
import { heading } from "../router.js";

const SORTS = [["popular", "What others choose"], ["newest", "Newest"], ["price", "Price, low first"], ["-price", "Price, high first"], ["rating", "Best rated"], ["title", "Name"]];

/** The way from the root, each step a link. */
export function crumbs(path, whole) {
  const names = path.split(" > ");
  return el("nav.crumbs", { "aria-label": "Where you are" }, el("ol", {}, el("li", {}, el("a", { href: "/" }, "Home")),
    names.slice(0, whole ? undefined : -1).map((name, i) => el("li", {}, el("a", { href: categoryHref(names.slice(0, i + 1).join(" > ")) }, name)))));
}

export default function category(path, filter) {
  const { nodes, refilter } = list({
    ask: (q) => api.products({ sort: SORTS[0][0], ...q }), filter, sorts: SORTS, fixed: { category: path }, below: path,
    empty: (clear) => nothing("Nothing here", clear ? "With fewer filters there would be more." : "This category has no products.", clear ? null : { href: "/", text: "To the start page" }),
  });
  return { title: path.split(" > ").at(-1), keep: true, refilter, node: [crumbs(path), heading(path.split(" > ").at(-1)), ...nodes] };
}
