// How the shop does right now: what is asked, how fast it is answered, what is stored, how old the model is.
import { api } from "./ask.js";
import { lines, short } from "./plot.js";
import { age, number, table } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { failed } from "../parts/notice.js";
import { percent } from "../parts/format.js";

const EVERY_MS = 2000, KEPT = 150; // five minutes

/** Prometheus' text: [{name, labels, value}]. */
export function parse(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const m = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (m) found.push({ name: m[1], labels: Object.fromEntries([...(m[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((l) => [l[1], l[2].replace(/\\(.)/g, "$1")])), value: Number(m[3]) });
  }
  return found;
}

/* Requests and times by route, the console's own questions left out. */
function routes(found) {
  const all = new Map();
  for (const { name, labels, value } of found) {
    if (!name.startsWith("aisle_http_request_duration_seconds") || labels.route === "/metrics") continue;
    const key = `${labels.method} ${labels.route}`, r = all.get(key) ?? { key, count: 0, sum: 0, buckets: [] };
    if (name.endsWith("_count")) r.count = value;
    if (name.endsWith("_sum")) r.sum = value;
    if (name.endsWith("_bucket")) r.buckets.push([labels.le === "+Inf" ? Infinity : Number(labels.le), value]);
    all.set(key, r);
  }
  return all;
}

function since(now, before) {
  return [...now.values()].map((r) => {
    const old = before?.get(r.key);
    return { key: r.key, count: r.count - (old?.count ?? 0), sum: r.sum - (old?.sum ?? 0), buckets: r.buckets.map(([le, n], i) => [le, n - (old?.buckets[i]?.[1] ?? 0)]) };
  }).filter((r) => r.count > 0);
}

/* Milliseconds below which the share q was answered, straight within a bucket. */
function quantile(buckets, count, q) {
  let below = 0, low = 0;
  for (const [le, n] of buckets) {
    if (n >= q * count) return 1000 * (le === Infinity ? low : low + (le - low) * (n > below ? (q * count - below) / (n - below) : 1));
    below = n;
    low = le;
  }
  return 1000 * low;
}

function together(list) {
  const buckets = [];
  for (const r of list) r.buckets.forEach(([le, n], i) => { buckets[i] = [le, (buckets[i]?.[1] ?? 0) + n]; });
  return { count: list.reduce((s, r) => s + r.count, 0), buckets };
}

const tile = (title, value, note) => el("div.tile", {}, el("p.small", {}, title), el("p.big", {}, value), el("p.small", {}, note ?? "\u00a0"));

export default function overview(_, left) {
  const tiles = el("div.tiles", {}), rate = el("div", {}), slow = el("div", {}), by = el("div", {}), wrong = el("div", {});
  const seen = [];
  let products = null;
  const plots = () => {
    const x = (s) => s.now.at - seen.at(-1).now.at, of = (name) => seen.slice(1).map((s) => [x(s), s[name]]);
    fill(rate, lines([{ name: "requests", points: of("rate") }, { name: "events", points: of("events") }], { label: "Requests and events a second", x: "seconds ago", y: "a second", zero: true }));
    fill(slow, lines([{ name: "half of all", points: of("p50") }, { name: "99 %", points: of("p99") }], { label: "Milliseconds to an answer", x: "seconds ago", y: "ms", zero: true }));
  };
  fill(tiles, ["Requests a second", "Answered within", "Events a second", "Model", "Coverage", "Memory"].map((title) => tile(title, "–")));
  plots();

  const look = async () => {
    if (document.hidden) return;
    const found = parse(await api.metrics()), at = performance.now() / 1000;
    const value = (name, labels = {}) => found.filter((m) => m.name === name && Object.entries(labels).every(([k, v]) => m.labels[k] === v)).reduce((s, m) => s + m.value, 0);
    const now = { at, routes: routes(found), events: value("aisle_events_total", { outcome: "stored" }) };
    const last = seen.at(-1)?.now ?? null, span = last ? at - last.at : 0;
    const step = last ? together(since(now.routes, last.routes)) : { count: 0, buckets: [] };
    seen.push({ now, rate: span ? step.count / span : NaN, p50: step.count ? quantile(step.buckets, step.count, 0.5) : NaN, p99: step.count ? quantile(step.buckets, step.count, 0.99) : NaN, events: span ? (now.events - last.events) / span : NaN });
    if (seen.length > KEPT) seen.shift();
    products ??= (await api.products({ limit: 1, fields: "title" })).total;

    const ever = together(since(now.routes, null)), newest = seen.at(-1), version = value("aisle_model_version"), items = value("aisle_model_items");
    fill(tiles,
      tile("Requests a second", short(newest.rate), `${number(ever.count)} since the start`),
      tile("Answered within", ever.count ? `${short(quantile(ever.buckets, ever.count, 0.5))} ms` : "–", ever.count ? `half; 99 % within ${short(quantile(ever.buckets, ever.count, 0.99))} ms` : null),
      tile("Events a second", short(newest.events), `${number(now.events)} stored since the start`),
      tile("Model", version ? `Version ${version}` : "None yet", version ? `${age(value("aisle_model_age_seconds"))} old` : "Train one"),
      tile("Coverage", products ? percent(Math.min(items / products, 1)) : "–", `${number(items)} of ${number(products)} products known`),
      tile("Memory", `${short(value("process_resident_memory_bytes") / 1e6)} MB`, `${number(value("aisle_http_connections"))} connections`));
    plots();
    const list = since(now.routes, null).sort((a, b) => b.count - a.count);
    fill(by, table("Requests by route since the start", [["Route", (r) => el("code", {}, r.key)], ["Requests", (r) => number(r.count), "right"],
      ["Mean ms", (r) => short(1000 * r.sum / r.count), "right"], ["99 % ms", (r) => short(quantile(r.buckets, r.count, 0.99)), "right"]], list.slice(0, 20)));
    fill(wrong);
  };
  const again = () => look().catch((fault) => fill(wrong, failed(fault, again)));
  again();
  const timer = setInterval(again, EVERY_MS);
  left.addEventListener("abort", () => clearInterval(timer));
  return [wrong, tiles, el("div.two", {}, el("section", {}, el("h2", {}, "Requests and events"), rate), el("section", {}, el("h2", {}, "Time to an answer"), slow)),
    el("section", {}, el("h2", {}, "By route"), by)];
}
