// A list of products with filters, an order, and more of it on demand. Its state is the address: it can be linked to and gone back to.
import { go } from "../router.js";
import { card, ghosts } from "./card.js";
import { el, fill } from "./dom.js";
import { facets } from "./facets.js";
import { count } from "./format.js";
import { failed, into, nothing } from "./notice.js";

const PAGE = 24, BY_ITSELF = 3; // so many pages come by scrolling; then the footer can be reached, and the button asks
const FACETS = "category,brand,price,rating", ATTRIBUTES = 4;

/** Filters of the address, as the API takes them. */
function asked(filter) {
  const q = {};
  for (const name of ["category", "price_min", "price_max", "rating_min", "in_stock", "sort"]) if (filter.get(name)) q[name] = filter.get(name);
  for (const name of new Set(filter.keys())) if (name === "brand" || name.startsWith("attr.")) q[name] = filter.getAll(name);
  return q;
}

/* Attributes that several of the products have: worth a facet. */
function attributesOf(items, filter) {
  const names = new Map();
  for (const name of filter.keys()) if (name.startsWith("attr.")) names.set(name, Infinity);
  for (const p of items) for (const n of Object.keys(p.attributes ?? {})) names.set("attr." + n, (names.get("attr." + n) ?? 0) + 1);
  return [...names].filter(([, n]) => n > 2).sort((a, b) => b[1] - a[1]).slice(0, ATTRIBUTES).map(([n]) => n);
}

/**
 * ask(query) resolves to a page of the API; sorts: [[value, words]]; about(page) may say more above the list; empty(): what is
 * shown when nothing is there.
 */
export function list({ ask, filter, sorts, fixed = {}, below, toCategory, about, empty }) {
  const here = { ...asked(filter), ...fixed };
  const total = el("p.total", { role: "status" }, "\u00a0"), side = el("div.facets", {}), more = el("div.more", {});
  const grid = el("ul.grid", {}), body = el("div", {}), above = el("div", {});
  let pages = 0, next = null;

  const change = (changes) => {
    const q = new URLSearchParams(filter);
    for (const [name, value] of Object.entries(changes)) {
      q.delete(name);
      for (const one of [value].flat()) if (one !== null && one !== undefined) q.append(name, one);
    }
    go(location.pathname + (q.size ? "?" + q : ""), { replace: true });
  };
  const filters = [...filter.keys()].filter((n) => n !== "q" && n !== "sort");
  const clear = filters.length ? () => change(Object.fromEntries(filters.map((n) => [n, null]))) : null;

  const add = (page) => {
    pages++;
    next = page.next;
    const first = grid.childElementCount;
    grid.append(...page.items.map((p, i) => el("li", {}, card(p, { level: 2, eager: first + i < 8 }))));
    button();
  };
  const button = () => {
    if (!next) return fill(more, grid.childElementCount > PAGE ? el("p.small", {}, "That is all.") : null);
    const node = el("button.button", { type: "button", onclick: () => load(true) }, "Show more");
    fill(more, node);
    if (pages < BY_ITSELF) new IntersectionObserver((seen, me) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      me.disconnect();
      if (node.isConnected && document.activeElement !== node) load(false);
    }, { rootMargin: "600px" }).observe(node);
  };
  const load = async (focus) => {
    const first = grid.childElementCount;
    fill(more, el("p.small", { role: "status" }, "Loading more …"));
    try {
      add(await ask({ ...here, limit: PAGE, cursor: next }));
      if (focus) grid.children[first]?.querySelector("a").focus();
    } catch (fault) {
      fill(more, failed(fault, () => load(true)));
    }
  };
  const showFacets = async (page) => {
    const found = { ...page.facets }, names = attributesOf(page.items, filter);
    const currency = page.items.find((p) => p.currency)?.currency;
    const show = () => fill(side, facets(found, filter, { change, clear, below, toCategory, currency }));
    if (names.length) Object.assign(found, (await ask({ ...here, limit: 1, fields: "title", facets: names.join(",") }).catch(() => ({}))).facets);
    show();
  };

  into(body, () => ask({ ...here, limit: PAGE, facets: FACETS, fields: "title,brand,category,price,in_stock,rating,images,attributes" }), (page) => {
    total.textContent = count(page.total, "product");
    fill(above, about?.(page) ?? null);
    showFacets(page);
    if (!page.items.length) return empty?.(page, clear) ?? nothing("Nothing fits", "Fewer filters would show more.", null);
    add(page);
    return [grid, more];
  }, el("div.grid", {}, ghosts(12)));

  const sort = el("label.sort", {}, "Sort by ", el("select", { onchange: (e) => change({ sort: e.target.value === sorts[0][0] ? null : e.target.value }) },
    sorts.map(([value, words]) => el("option", { value, selected: value === (filter.get("sort") ?? sorts[0][0]) }, words))));
  const narrow = el("details.narrow", { open: matchMedia("(min-width: 56rem)").matches }, el("summary", {}, "Filter", filters.length ? ` (${filters.length})` : ""), side);
  return [above, el("div.listing", {}, el("aside", { "aria-label": "Filters" }, narrow),
    el("div", {}, el("div.bar2", {}, total, sort), body))];
}
