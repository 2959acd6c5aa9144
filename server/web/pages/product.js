// One product: picture, price, stock, what is said of it, and what is like it.
import { api } from "../api.js";
import { tell } from "../events.js";
import { buyButton } from "../parts/buy.js";
import { crumbs } from "../parts/crumbs.js";
import { el, fill } from "../parts/dom.js";
import { count, price, stars } from "../parts/format.js";
import { into, say } from "../parts/notice.js";
import { opinionButtons, wishButton } from "../parts/opinion.js";
import { picture } from "../parts/picture.js";
import { reviews } from "../parts/reviews.js";
import { row } from "../parts/row.js";
import { starChoice } from "../parts/star_choice.js";
import { viewed, visitor, who } from "../parts/visitor.js";
import { heading, titled } from "../router.js";

function stock(p) {
  if (!p.in_stock) return el("p.stock.gone", {}, "Sold out");
  return el("p.stock", {}, p.stock !== null && p.stock <= 5 ? `Only ${p.stock} left` : "In stock");
}

function attributes(p) {
  const rows = Object.entries(p.attributes ?? {});
  return rows.length ? el("dl.facts", {}, rows.map(([name, value]) => [
    el("dt", {}, name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ")), el("dd", {}, [value].flat().join(", "))])) : null;
}

/* A shop that does not know what goes with what has no such row. */
const goesWith = (id) => api.related(id, { intent: "complementary", limit: 12 }).catch((fault) => {
  if (fault.status >= 400 && fault.status < 500) return null;
  throw fault;
});

const NOTHING = { stars: null, opinion: null, wished: false, review: null };

/* What the visitor thinks of it: wish, like, stars. Its room is there before it is known what was said before. rated() when
 * the stars have changed. */
function thoughts(p, mine, rated) {
  const rate = async (n) => {
    try {
      mine.stars = (await api.rate(p.id, n)).stars;
      say(`You gave ${count(n, "star")}.`);
      rated();
    } catch (fault) {
      say(fault.message);
    }
  };
  return [el("p.actions", {}, wishButton(p, mine.wished), opinionButtons(p, mine.opinion)),
    visitor.user ? el("div.rate", {}, el("span", { "aria-hidden": "true" }, "Your stars"), starChoice("Your stars", mine.stars ?? 0, rate)) : null];
}

function build(p, from) {
  const mineHere = el("div.thoughts", {}), saidHere = el("div.saidhere", {}), starsHere = el("p", {}, stars(p.rating.average, p.rating.count || undefined));
  const asked = api.mine(p.id).catch(() => ({ ...NOTHING }));
  who().then(async () => {
    const mine = await asked;
    const said = reviews(p, mine, (r) => fill(starsHere, stars(r.average, r.count || undefined)));
    fill(mineHere, thoughts(p, mine, said.refresh));
    fill(saidHere, said.node);
  }, () => {}); // the product is there without
  titled(p.title ?? p.id);
  tell("view", p.id, from);
  viewed(p.id, p.title ?? p.id);
  return [
    p.category ? crumbs(p.category, true) : null,
    el("article.product", {},
      el("div.gallery", {}, (p.images.length ? p.images.slice(0, 4) : [null]).map((image, i) =>
        picture({ ...p, images: image ? [image] : [] }, { label: i ? `${p.title ?? p.id}, picture ${i + 1}` : `Picture of ${p.title ?? p.id}`, eager: true }))),
      el("div.telling", {}, heading(p.title ?? p.id),
        el("p.small", {}, p.brand ? ["by ", el("a", { href: `/search?q=${encodeURIComponent(p.brand)}&brand=${encodeURIComponent(p.brand)}` }, p.brand)] : "\u00a0"),
        starsHere,
        el("p.price.large", {}, price(p.price, p.currency)), stock(p),
        p.in_stock && p.price !== null ? buyButton(p, from) : null, mineHere,
        p.description ? el("p.description", {}, p.description) : null, attributes(p))),
    row("You may also like", () => api.related(p.id, { limit: 12 }), { reasons: [{ type: "similar", item: p.id }] }),
    row("Goes with it", () => goesWith(p.id), { reasons: [{ type: "complementary", item: p.id }] }),
    saidHere,
  ];
}

const waiting = () => el("div.product.ghost", { "aria-hidden": "true" }, el("span.picture"), el("div", {}, el("p.bar"), el("p.bar.short"), el("p.bar")));

export default function product(id, _filter, state) {
  const place = el("div", {});
  const show = (p) => (place.isConnected ? build(p, state.from) : null); // who has left meanwhile has not viewed it
  into(place, () => api.product(id), show, waiting()).then(() => {
    if (document.activeElement === document.getElementById("main")) place.querySelector("h1")?.focus({ preventScroll: true });
  });
  return { title: "Product", node: place };
}
