// Wish, like, "not for me": each is in the next recommendation.
import { api } from "../api.js";
import { flush } from "../events.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./notice.js";

/* A button that is on or off, and says so. act(on) changes the shop; when it fails nothing has changed. */
function toggle(spec, content, on, act) {
  const button = el(spec, { type: "button", "aria-pressed": String(on), onclick: async () => {
    const next = button.getAttribute("aria-pressed") !== "true";
    button.disabled = true;
    try {
      await flush();
      await act(next);
      button.setAttribute("aria-pressed", String(next));
    } catch (fault) {
      say(fault.message);
    }
    button.disabled = false;
    button.focus();
  } }, content);
  return button;
}

export function wishButton(product, on) {
  return toggle("button.button.quiet.toggle", [icon("heart"), "Wishlist"], on, async (next) => {
    await (next ? api.wish(product.id) : api.unwish(product.id));
    say(next ? "It is on your wishlist." : "It is off your wishlist.", next ? { href: "/wishlist", text: "See it" } : null);
  });
}

/** "Like" and "Not for me", each instead of the other. */
export function opinionButtons(product, opinion) {
  const act = (word, other) => async (next) => {
    await (next ? api.opinion(product.id, word) : api.noOpinion(product.id));
    if (next) other().setAttribute("aria-pressed", "false");
    if (next && word === "dislike") say("Understood: it will not be recommended to you.");
  };
  const like = toggle("button.button.quiet.toggle", "Like", opinion === "like", act("like", () => dislike));
  const dislike = toggle("button.button.quiet.toggle", "Not for me", opinion === "dislike", act("dislike", () => like));
  return [like, dislike];
}
