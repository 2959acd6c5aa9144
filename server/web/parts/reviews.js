// What people say of a product: how many gave how many stars, their reviews, and one's own.
import { api } from "../api.js";
import { el, fill } from "./dom.js";
import { count, day, stars } from "./format.js";
import { failed, into, say } from "./notice.js";
import { reviewForm } from "./review_form.js";
import { visitor } from "./visitor.js";

const SORTS = [["helpful", "Most helpful"], ["newest", "Newest"], ["stars", "Most stars"]];

function histogram(ratings) {
  const sums = [5, 4, 3, 2, 1].map((n) => [n, (ratings.stars[n] ?? 0) + (ratings.stars[n - 0.5] ?? 0)]); // halves count up
  const bar = (n) => {
    const node = el("span", {});
    node.style.width = `${ratings.count ? (100 * n) / ratings.count : 0}%`;
    return el("span.track", { "aria-hidden": "true" }, node);
  };
  return el("div.histogram", {}, el("p", {}, el("strong.average", {}, ratings.average === null ? "–" : ratings.average.toLocaleString(undefined, { maximumFractionDigits: 1 })),
    " ", stars(ratings.average), " ", el("span.small", {}, ratings.count ? count(ratings.count, "rating") : "")),
  el("ul", { "aria-label": "Ratings by stars" }, sums.map(([of, n]) => el("li", {}, el("span", {}, count(of, "star")), bar(n), el("span.small", {}, n.toLocaleString())))));
}

function votes(review, own) {
  const place = el("p.votes.small", { "aria-live": "polite" });
  const show = (r, mine) => {
    const words = r.helpful ? `${count(r.helpful, "person", "people")} found this helpful.` : "";
    const button = (helpful, text) => el("button.button.quiet", { type: "button", "aria-pressed": String(mine === helpful), onclick: () => vote(helpful) }, text);
    fill(place, words, " ", own ? null : visitor.user ? ["Helpful? ", button(true, "Yes"), " ", button(false, "No")] : null);
  };
  const vote = async (helpful) => {
    try {
      show(await api.vote(review.id, helpful), helpful);
    } catch (fault) {
      say(fault.message);
    }
  };
  show(review);
  return place;
}

function one(review, own) {
  return el("li.review", {}, el("div.by", {}, review.stars === null ? null : stars(review.stars),
    el("strong", {}, own ? "You" : review.author ?? "Somebody"), el("span.small", {}, day(review.created), review.changed !== review.created ? ", changed since" : ""),
    review.verified ? el("span.state", {}, "Bought here") : null, review.state === "published" ? null : el("span.state", {}, review.state === "pending" ? "Waits to be read" : "Not published")),
  review.title ? el("h3", {}, review.title) : null, el("p.description", {}, review.text), votes(review, own));
}

/** mine: what the visitor has said of the product; heard(ratings): the sums, whenever they are read. Returns {node, refresh()}. */
export function reviews(product, mine, heard) {
  const body = el("div", {}), own = el("div", {}), total = el("div", {});
  let sort = SORTS[0][0];

  const load = (cache) => into(body, () => api.reviews(product.id, { sort }, cache), (page) => {
    fill(total, histogram(page.ratings));
    heard(page.ratings);
    const others = (items) => items.filter((r) => r.id !== mine.review?.id).map((r) => one(r, false));
    const list = el("ul.reviews", {}, others(page.items)), more = el("div.more", {});
    const button = (next) => fill(more, next ? el("button.button", { type: "button", onclick: () => api.reviews(product.id, { sort, cursor: next }).then((p) => {
      list.append(...others(p.items));
      button(p.next);
    }, (fault) => fill(more, failed(fault, () => button(next)))) }, "More reviews") : null);
    button(page.next);
    return [list, page.items.length || mine.review ? null : el("p.small", {}, "Nobody has reviewed it yet."), more];
  }, el("p.small", {}, "Reading the reviews …"));

  const showOwn = () => {
    if (!visitor.user) return fill(own, el("p", {}, el("a", { href: "/login?next=" + encodeURIComponent(location.pathname) }, "Sign in"), " to rate or review it."));
    const edit = () => {
      fill(own, reviewForm(product, mine, (changed, words) => {
        Object.assign(mine, changed);
        showOwn();
        load("no-cache");
        own.querySelector("button")?.focus();
        if (words) say(words);
      }));
      own.querySelector("textarea").focus();
    };
    return fill(own, mine.review ? el("ul.reviews", {}, one(mine.review, true)) : null,
      el("button.button", { type: "button", onclick: edit }, mine.review ? "Change your review" : "Write a review"));
  };
  showOwn();
  load();
  const node = el("section.said-of", { "aria-label": "Reviews" }, el("h2", {}, "Reviews"), el("div.saying", {}, total,
    el("div.voices", {}, own, el("label.sort", {}, "Sort by ", el("select", { onchange: (e) => {
      sort = e.target.value;
      load();
    } }, SORTS.map(([value, words]) => el("option", { value }, words)))), body)));
  return { node, refresh: () => load("no-cache") };
}
