// Which page stands at which path, and going from one to the next without loading anew. The server has the same paths. Beside
// each page stand the parts that it needs and the start page has not: they are asked for at once, not one after another.
import { api } from "./api.js";
import { el, fill } from "./parts/dom.js";
import { failed } from "./parts/notice.js";
import { flush } from "./events.js";
import { randomId } from "./parts/random.js";

const PAGES = [
  [/^\/$/, "home", ""],
  [/^\/category\/([^/]+)$/, "category", "parts/crumbs parts/facets parts/list"],
  [/^\/search$/, "search", "parts/facets parts/list"],
  [/^\/product\/([^/]+)$/, "product", "parts/buy parts/crumbs parts/form parts/opinion parts/review_form parts/reviews parts/star_choice"],
  [/^\/cart$/, "cart", "parts/buy"],
  [/^\/checkout$/, "checkout", "pages/cart parts/buy parts/form"],
  [/^\/orders$/, "orders", ""],
  [/^\/orders\/([^/]+)$/, "order", "pages/orders"],
  [/^\/login$/, "login", "parts/form"],
  [/^\/register$/, "register", "parts/about_you parts/form"],
  [/^\/account$/, "account", "parts/about_you parts/form"],
  [/^\/wishlist$/, "wishlist", ""],
];
const main = document.getElementById("main");
const kept = new Map(); // lists by history entry, as they were left: going back finds the same place
const places = new Map(); // how far each entry was scrolled
const KEPT = 6;
let entry = null, visit = 0;

function leavePage() {
  if (!entry) return;
  places.set(entry.key, scrollY);
  if (!entry.keep) return;
  kept.set(entry.key, { nodes: [...main.childNodes], title: document.title, refilter: entry.refilter });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
}

/** state: what the next page may know beside its path, such as the recommendation that led there. */
export async function go(href, { replace = false, state = {} } = {}) {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin || !PAGES.some(([at]) => at.test(url.pathname))) return location.assign(url);
  if (!replace) leavePage();
  history[replace ? "replaceState" : "pushState"]({ key: randomId(), ...state }, "", url);
  await show();
}

/** A step within the page, such as a filter: its address changes, and going back undoes it (refilter of the page). */
export function step(href) {
  places.set(entry.key, scrollY);
  entry.key = randomId();
  history.pushState({ ...history.state, key: entry.key }, "", href);
}

/* Going back or forward within a page that can follow its address by itself. */
function stepBack() {
  const key = history.state?.key;
  if (!key || entry?.path !== location.pathname || !entry.refilter?.(new URLSearchParams(location.search))) return false;
  places.set(entry.key, scrollY);
  entry.key = key;
  visit++; // a page that is still on its way is no longer wanted
  return true;
}

const asked = new Set();
function early(needs) {
  for (const name of needs.split(" ").filter((n) => n && !asked.has(n))) {
    asked.add(name);
    document.head.append(el("link", { rel: "modulepreload", href: new URL(`./${name}.js`, import.meta.url) }));
  }
}

async function show(back = false) {
  const mine = ++visit, state = history.state ?? {};
  const old = back && kept.get(state.key);
  if (old) {
    kept.delete(state.key); // its nodes are on the page again
    fill(main, old.nodes);
    document.title = old.title;
    entry = { key: state.key, keep: true, path: location.pathname, refilter: old.refilter };
    shown();
    scrollTo(0, places.get(state.key) ?? 0);
    return;
  }
  const [at, name, needs] = PAGES.find(([path]) => path.test(location.pathname)) ?? [];
  let page;
  try {
    early(needs);
    const module = await import(`./pages/${name}.js`);
    if (mine !== visit) return;
    const argument = at.exec(location.pathname)[1];
    page = module.default(argument === undefined ? undefined : decodeURIComponent(argument), new URLSearchParams(location.search), state);
  } catch (fault) {
    if (mine !== visit) return;
    // A page that does not load is of another version of the shop: begin anew, once.
    if (fault instanceof TypeError && !state.anew && await api.alive().then(() => true, () => false)) {
      history.replaceState({ ...state, anew: true }, "");
      return location.reload();
    }
    page = { title: "Something went wrong", node: failed(fault, () => location.reload(), "h1") };
  }
  fill(main, page.node);
  titled(page.title);
  shown();
  entry = { key: state.key ?? randomId(), keep: page.keep, path: location.pathname, refilter: page.refilter };
  history.replaceState({ ...history.state, key: entry.key }, "");
  if (visit > 1) (main.querySelector("h1") ?? main).focus({ preventScroll: true });
  scrollTo(0, back ? places.get(state.key) ?? 0 : 0);
}

/* What stands around the pages may want to know. */
const shown = () => document.dispatchEvent(new Event("shown"));

export function titled(title) {
  document.title = title ? `${title} · Aisle` : "Aisle";
}

/** The page's heading: takes the focus after each step, so that it is read out. */
export const heading = (...children) => el("h1", { tabindex: "-1" }, children);

/** Shows the page anew, at the same path. */
export const again = () => show();

export function start() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => {
    if (stepBack()) return;
    leavePage();
    show(true);
  });
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.("a[href]");
    if (!link || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    if (link.hash && link.pathname === location.pathname) { // a place on this page is no step
      e.preventDefault();
      return document.getElementById(link.hash.slice(1))?.focus();
    }
    if (link.origin !== location.origin || link.hash || link.target || "outside" in link.dataset || link.hasAttribute("download")) return;
    e.preventDefault();
    flush();
    go(link.href, { state: link.from ? { from: link.from } : {} });
  });
  show();
}
