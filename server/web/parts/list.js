// A list of products with filters, an order, and more of it on demand. Its state is the address: it can be linked to and gone back to.
import { card, ghosts } from "./card.js";
import { el, fill } from "./dom.js";
import { facets } from "./facets.js";
import { count } from "./format.js";
import { failed, into } from "./notice.js";
import { step } from "../router.js";

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
 * ask(query) resolves to a page of the API; filter: what the address says, changed here with it; sorts: [[value, words]];
 * about(page) may say more above the list; empty(clear) is shown when nothing is there. Returns {nodes, refilter(filter)}: the
 * latter shows what another address of the same page asks for.
 */
export function list({ ask, filter, sorts, fixed = {}, below, toCategory, about, empty }) {
  const total = el("p.total", { role: "status" }, "\u00a0"), side = el("div.facets", {}), above = el("div", {}), body = el("div", {});
  const summary = el("summary", {}), opened = new Set();
  const query = () => ({ ...asked(filter), ...fixed });
  let latest = 0;

  /* The page stays, and so does the focus; only what is listed changes. */
  const change = (changes) => {
    for (const [name, value] of Object.entries(changes)) {
      filter.delete(name);
      for (const one of [value].flat()) if (one !== null && one !== undefined) filter.append(name, one);
    }
    step(location.pathname + (filter.size ? "?" + filter : ""));
    show();
  };
  const refilter = (other) => {
    for (const name of [...filter.keys()]) filter.delete(name);
    for (const [name, value] of other) filter.append(name, value);
    order.value = filter.get("sort") ?? sorts[0][0];
    show();
    return true;
  };
  const chosen = () => [...new Set(filter.keys())].filter((n) => n !== "q" && n !== "sort" && !(n in fixed));
  const clear = () => (chosen().length ? () => change(Object.fromEntries(chosen().map((n) => [n, null]))) : null);

  const showFacets = async (page, mine) => {
    const found = { ...page.facets }, names = attributesOf(page.items, filter);
    const currency = page.items.find((p) => p.currency)?.currency;
    if (names.length) Object.assign(found, (await ask({ ...query(), limit: 1, fields: "title", facets: names.join(",") }).catch(() => ({}))).facets);
    if (mine !== latest) return;
    const key = side.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(side, facets(found, filter, { change, clear: clear(), below, toCategory, currency, opened }));
    if (key) side.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  };
  const show = () => {
    const mine = ++latest;
    summary.textContent = chosen().length ? `Filter (${chosen().length})` : "Filter";
    into(body, () => ask({ ...query(), limit: PAGE, facets: FACETS, fields: "title,brand,category,price,in_stock,rating,images,attributes" }), (page) => {
      total.textContent = count(page.total, "product");
      fill(above, about?.(page) ?? null);
      showFacets(page, mine);
      return page.items.length ? pages(page, (cursor) => ask({ ...query(), limit: PAGE, cursor })) : empty(clear());
    }, el("div.grid", {}, ghosts(12)));
  };
  show();

  const order = el("select", { onchange: () => change({ sort: order.value === sorts[0][0] ? null : order.value }) },
    sorts.map(([value, words]) => el("option", { value, selected: value === (filter.get("sort") ?? sorts[0][0]) }, words)));
  const narrow = el("details.narrow", { open: matchMedia("(min-width: 56rem)").matches }, summary, side);
  const nodes = [above, el("div.listing", {}, el("aside", { "aria-label": "Filters" }, narrow),
    el("div", {}, el("div.bar2", {}, total, el("label.sort", {}, el("span", {}, "Sort by "), order)), body))];
  return { nodes, refilter };
}

/* The first page, and a button for the next ones, which come by themselves for a while. */
function pages(first, ask) {
  const grid = el("ul.grid", {}), more = el("div.more", {});
  let shown = 0;
  const add = (page) => {
    const before = grid.childElementCount;
    grid.append(...page.items.map((p, i) => el("li", {}, card(p, { level: 2, eager: before + i < 8 }))));
    shown++;
    button(page.next);
  };
  const load = async (next, focus) => {
    const before = grid.childElementCount;
    fill(more, el("p.small", { role: "status" }, "Loading more …"));
    try {
      add(await ask(next));
      if (focus) grid.children[before]?.querySelector("a").focus();
    } catch (fault) {
      fill(more, failed(fault, () => load(next, true)));
    }
  };
  const button = (next) => {
    if (!next) return fill(more, grid.childElementCount > PAGE ? el("p.small", {}, "That is all.") : null);
    const node = el("button.button", { type: "button", onclick: () => load(next, true) }, "Show more");
    fill(more, node);
    if (shown < BY_ITSELF) new IntersectionObserver((seen, me) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      me.disconnect();
      if (node.isConnected && document.activeElement !== node) load(next, false);
    }, { rootMargin: "600px" }).observe(node);
  };
  add(first);
  return [grid, more];
}
