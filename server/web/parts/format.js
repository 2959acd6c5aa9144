// Money, stars, dates and numbers, as the visitor's language writes them.
import { el, pause, svg } from "./dom.js";

const kinds = new Map();

function money(currency) {
  if (!kinds.has(currency)) {
    let format;
    try {
      format = new Intl.NumberFormat(undefined, { style: "currency", currency });
    } catch {
      format = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2 }); // a currency that nobody knows
    }
    kinds.set(currency, format);
  }
  return kinds.get(currency);
}

/** What the first number and the first price cost is paid while the shop's answer is on its way. */
export async function warm() {
  await pause();
  (0.5).toLocaleString();
  await pause();
  money("EUR").format(0);
}

/** Minor units: 4900 EUR is 49.00, 4900 JPY is 4900. */
export function price(minor, currency) {
  if (minor === null || minor === undefined) return "No price";
  const format = money(currency ?? "EUR");
  const digits = format.resolvedOptions().maximumFractionDigits;
  return format.format(minor / 10 ** digits);
}

/** What one unit of the currency has: 100 cents, 1 yen. */
export const minorUnits = (currency) => 10 ** money(currency ?? "EUR").resolvedOptions().maximumFractionDigits;

export const count = (n, one, many = one + "s") => `${n.toLocaleString()} ${n === 1 ? one : many}`;
export const percent = (share) => new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 }).format(share);
export const day = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });

export const STAR = "M10 1.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8L10 14.9l-5.2 2.7 1-5.8L1.6 7.7l5.8-.8z";

/** Five stars, filled to the average; said in words to those who do not see them. */
export function stars(average, number) {
  if (average === null || average === undefined) return el("span.stars.none", {}, "No ratings yet");
  const label = `${average.toLocaleString()} of 5 stars` + (number === undefined ? "" : `, ${count(number, "rating")}`);
  const row = (kind) => svg("g", { class: kind }, [0, 1, 2, 3, 4].map((i) => svg("path", { d: STAR, transform: `translate(${i * 20})` })));
  const picture = svg("svg", { viewBox: "0 0 100 20", role: "img", "aria-label": label }, row("off"),
    svg("svg", { width: average * 20, height: 20, viewBox: `0 0 ${Math.max(average * 20, 0.1)} 20` }, row("on")));
  return el("span.stars", {}, picture, number === undefined ? null : el("span.number", { "aria-hidden": "true" }, `(${number.toLocaleString()})`));
}

/** "Home > Kitchen > Pots" as its last name. */
export const leaf = (path) => path.split(" > ").at(-1);
export const categoryHref = (path) => "/category/" + encodeURIComponent(path);
export const productHref = (id) => "/product/" + encodeURIComponent(id);
