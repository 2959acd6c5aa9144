// Writing, changing and removing one's review. Its stars are one's rating.
import { api } from "../api.js";
import { el } from "./dom.js";
import { field, form } from "./form.js";
import { randomId } from "./random.js";
import { chosenStars, starChoice } from "./star_choice.js";
import { say } from "./notice.js";

/** done(changes of `mine`, what to say) when something was sent or given up. */
export function reviewForm(product, mine, done) {
  const old = mine.review, key = randomId(), choice = starChoice("Your stars", mine.stars ?? 0);
  const send = async ({ title, text }) => {
    const body = { title: title.trim() || null, text: text.trim(), stars: chosenStars(choice) || null };
    if (body.stars === null && old) delete body.stars; // none chosen is none changed
    const review = old ? await api.changeReview(old.id, body) : await api.review(product.id, body, key);
    done({ review, stars: review.stars }, review.state === "pending" ? "Thank you. It is shown when the shop has read it." : "Thank you for your review.");
  };
  const remove = async () => {
    try {
      await api.removeReview(old.id);
      done({ review: null }, "Your review is removed. Your stars stay.");
    } catch (fault) {
      say(fault.message);
    }
  };
  return el("div.reviewing", {}, el("h3", {}, old ? "Your review" : "Write a review"), form([
    choice, field("title", "Title", { maxlength: 200, value: old?.title ?? "" }),
    field("text", "What do you think of it?", { required: true, maxlength: 10000, value: old?.text ?? "" }, { rows: 5 }),
  ], old ? "Save the change" : "Send the review", send, { conflict: "You have reviewed this product already. Load the page anew to change it." }),
  el("p.actions", {}, el("button.button.quiet", { type: "button", onclick: () => done({}) }, "Not now"),
    old ? el("button.button.quiet", { type: "button", onclick: remove }, "Remove the review") : null));
}
