// The people that the shop knows; of one, what was done beside what is recommended because of it.
import { api } from "./ask.js";
import { go } from "./console.js";
import { namesOf, reasons } from "./reasons.js";
import { short } from "./plot.js";
import { itemHref, personHref, table, when } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { price } from "../parts/format.js";
import { failed, into } from "../parts/notice.js";

/* Pages one after the other; show(items) makes a node of one. */
function paged(first, ask, show, empty) {
  const body = el("div", {}, first.items.length ? show(first.items) : el("p.small", {}, empty)), more = el("div.more", {});
  const button = (next) => fill(more, next ? el("button.button", { type: "button", onclick: () => ask(next).then((p) => {
    body.append(show(p.items));
    button(p.next);
  }, (fault) => fill(more, failed(fault, () => button(next)))) }, "Show more") : null);
  button(first.next);
  return [body, more];
}

const history = (items) => table("What was done, newest first", [
  ["When", (d) => when(d.time)], ["What", (d) => [d.type.replaceAll("_", " "), d.value !== 1 ? ` × ${short(d.value)}` : "", d.recommendation_id ? el("abbr", { title: `Came of recommendation ${d.recommendation_id}` }, " ★") : null]],
  ["Product", (d) => el("a", { href: itemHref(d.item) }, d.title ?? d.item)], ["Price", (d) => (d.price === null ? "" : price(d.price, d.currency)), "right"]], items);

/* Both sides at once, so that nothing moves when the second comes. A shop without a model has the first alone. */
function one(id) {
  const place = el("div", {}), deeds = (cursor) => api.deeds(id, { limit: 50, cursor });
  const recommended = async () => {
    const answer = await api.recommend({ user: id, limit: 20, explain: true });
    return { ...answer, names: await namesOf(answer.items) };
  };
  into(place, () => Promise.all([deeds(), recommended().catch((fault) => ({ fault }))]), ([first, answer]) => el("div.two", {},
    el("section", {}, el("h3", {}, "What was done"), el("p.small", {}, "★ came of a recommendation"), paged(first, deeds, history, "Nothing yet.")),
    el("section", {}, el("h3", {}, "What is recommended, and why"), answer.fault ? failed(answer.fault, () => go(location.href, { replace: true })) : [
      el("p.small", {}, `${answer.strategy}, model ${answer.model_version}, ${short(answer.took_ms)} ms`),
      el("ol.picks", {}, answer.items.map((p) => el("li", {}, el("a", { href: itemHref(p.id) }, p.title ?? p.id), el("span.small", {}, ` ${short(p.score)}`), reasons(p, answer.names))))])));
  return [el("p", {}, el("a", { href: "/console/users" }, "All people")), el("h2", {}, id), place];
}

export default function users(filter) {
  if (filter.get("user")) return one(filter.get("user"));
  const prefix = filter.get("q") ?? "", input = el("input", { type: "search", name: "q", value: prefix, "aria-label": "Id begins with", placeholder: "Id begins with …" });
  const place = el("div", {}), ask = (cursor) => api.users({ prefix, limit: 50, cursor });
  const people = (items) => table("People", [["Id", (p) => el("a", { href: personHref(p.id) }, p.id)], ["Email", (p) => p.email ?? "–"], ["Age", (p) => p.age_band ?? "–"],
    ["Gender", (p) => p.gender ?? "–"], ["Country", (p) => p.country ?? "–"]], items);
  into(place, () => ask(), (first) => paged(first, ask, people, "Nobody."));
  return [el("form.find", { onsubmit: (e) => {
    e.preventDefault();
    go("/console/users" + (input.value.trim() ? "?q=" + encodeURIComponent(input.value.trim()) : ""));
  } }, input, el("button.button", { type: "submit" }, "Find")), place];
}
