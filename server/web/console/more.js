// A list that comes page by page, and the button below it.
import { el, fill } from "../parts/dom.js";
import { failed } from "../parts/notice.js";

/**
 * Puts the button into place while there is a next page: ask(next) brings it, and show(items) its rows. Pressed again it does not ask
 * again; who has put something else into place meanwhile wants the answer no more.
 */
export function more(place, next, ask, show) {
  if (!next) return fill(place);
  const button = el("button.button", { type: "button", onclick: async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const page = await ask(next).catch((fault) => ({ fault }));
    if (button.parentNode !== place) return;
    if (page.fault) return fill(place, failed(page.fault, () => more(place, next, ask, show)));
    show(page.items);
    more(place, page.next, ask, show);
  } }, "Show more");
  return fill(place, button);
}
