// What a search finds, with what was meant.
import { api } from "../api.js";
import { el } from "../parts/dom.js";
import { list } from "../parts/list.js";
import { nothing } from "../parts/notice.js";
import { heading } from "../router.js";

const SORTS = [["relevance", "Best match"], ["popular", "What others choose"], ["newest", "Newest"], ["price", "Price, low first"], ["-price", "Price, high first"], ["rating", "Best rated"]];

/* Mended words have been looked for already; the link makes them the question. */
function meant(page, text) {
  return [
    page.did_you_mean ? el("p.meant", {}, "Did you mean ", el("a", { href: "/search?q=" + encodeURIComponent(page.did_you_mean) }, page.did_you_mean), "?") : null,
    page.matched === "some" && page.items.length ? el("p.small", {}, `Nothing has all of “${text}”; these have some of it.`) : null,
  ];
}

export default function search(_, filter) {
  const text = filter.get("q") ?? "";
  if (!text.trim()) return { title: "Search", node: [heading("Search"), nothing("What are you looking for?", "Type it above: a product, a brand, a colour.", null)] };
  const within = (category) => {
    const q = new URLSearchParams(filter);
    q.set("category", category);
    return "/search?" + q;
  };
  const { nodes, refilter } = list({
    ask: (q) => api.search({ ...q, q: text, personalize: true }), filter, sorts: SORTS, below: filter.get("category"), toCategory: within, about: (page) => meant(page, text),
    empty: (clear) => nothing("Nothing found", clear ? "With fewer filters there may be something." : "Other words may find it. Or look through the categories above.", null),
  });
  const same = (other) => other.get("q") === filter.get("q") && other.get("category") === filter.get("category");
  return { title: `“${text}”`, keep: true, refilter: (other) => same(other) && refilter(other), node: [heading("“", text, "”"), ...nodes] };
}
