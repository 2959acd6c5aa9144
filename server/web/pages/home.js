// The start page: for you, because you viewed, trending, new.
import { api } from "../api.js";
import { flush } from "../events.js";
import { el } from "../parts/dom.js";
import { row } from "../parts/row.js";
import { views, who } from "../parts/visitor.js";
import { heading } from "../router.js";

const MOST = 12, IN_SIGHT = 6;

export default function home() {
  const told = flush(); // what was just looked at counts in what is shown now
  const last = views()[0];
  const shown = told.then(() => api.recommend({ limit: MOST }));
  const hello = el("span", {}, last ? "Welcome back" : "Welcome");
  who().then(({ user }) => user?.name && (hello.textContent = `Welcome back, ${user.name}`), () => {});
  return {
    title: "",
    node: [
      el("div.hello", {}, heading(hello), el("p", {}, last ? "By what you looked at, liked and bought." : "Look around: the shop learns with every product you open.")),
      row("For you", () => shown, { eager: true }),
      last ? row(["Because you viewed ", last.title ?? last.id], () => because(last.id, shown), { reasons: [{ type: "similar", item: last.id }] }) : null,
      row("Trending", () => told.then(() => api.trending({ limit: MOST })), { reasons: [{ type: "trending" }] }),
      row("New", () => api.products({ sort: "newest", limit: MOST })),
    ],
  };
}

/* What is in sight in the first row already is not shown twice. */
async function because(id, shown) {
  const [related, above] = await Promise.all([api.related(id, { limit: MOST + IN_SIGHT }), shown.catch(() => ({ items: [] }))]);
  const there = new Set(above.items.slice(0, IN_SIGHT).map((p) => p.id));
  return { ...related, items: related.items.filter((p) => !there.has(p.id)).slice(0, MOST) };
}
