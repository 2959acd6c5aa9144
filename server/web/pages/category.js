// The products of a category, narrowed and sorted by the address.
import { api } from "../api.js";
import { crumbs } from "../parts/crumbs.js";
import { list } from "../parts/list.js";
import { nothing } from "../parts/notice.js";
import { heading } from "../router.js";

const SORTS = [["popular", "What others choose"], ["newest", "Newest"], ["price", "Price, low first"], ["-price", "Price, high first"], ["rating", "Best rated"], ["title", "Name"]];

export default function category(path, filter) {
  const { nodes, refilter } = list({
    ask: (q) => api.products({ sort: SORTS[0][0], ...q }), filter, sorts: SORTS, fixed: { category: path }, below: path,
    empty: (clear) => nothing("Nothing here", clear ? "With fewer filters there would be more." : "This category has no products.", clear ? null : { href: "/", text: "To the start page" }),
  });
  return { title: path.split(" > ").at(-1), keep: true, refilter, node: [crumbs(path), heading(path.split(" > ").at(-1)), ...nodes] };
}
