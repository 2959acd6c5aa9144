// Choosing one to five stars: radio buttons that look like stars, so that arrow keys and screen readers know them.
import { el, newId, svg } from "./dom.js";
import { count, STAR } from "./format.js";

/** legend is said, not shown; chosen: 0 = none; change(stars) when the visitor chooses. */
export function starChoice(legend, chosen, change) {
  const name = newId("stars");
  return el("fieldset.starchoice", {}, el("legend.hide", {}, legend), [1, 2, 3, 4, 5].map((n) => el("label", {}, el("input", {
    type: "radio", name, value: n, checked: n === Math.round(chosen), onchange: () => change?.(n) }),
  svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: STAR })), el("span.hide", {}, count(n, "star")))));
}

export const chosenStars = (fieldset) => Number(fieldset.querySelector("input:checked")?.value ?? 0);
