// "Why this?": the reasons that came with a recommendation, in words. What they name is looked up when somebody asks.
import { api } from "../api.js";
import { flush } from "../events.js";
import { el, fill } from "./dom.js";
import { percent, productHref } from "./format.js";
import { say } from "./notice.js";
import { productOf } from "./products.js";

const SAYS = {
  history: "Because of what you did with", session: "Because you looked at", content: "It reads like", popular: "Many people choose it",
  similar: "Chosen by the same people as", complementary: "It goes with", trending: "More people are finding it now than before",
};
const PARTS = {
  als: "people with a taste like yours", "als-content": "its description, to people with a taste like yours", "item-knn": "what is bought together",
  ease: "what goes along with your choices", content: "its description", popular: "what many people choose",
  trending: "what is being discovered now", demographic: "people of your age and country",
};

async function lines(product) {
  const reasons = await Promise.all(product.reasons.slice(0, 3).map(async (r) => {
    const share = r.weight > 0 && r.weight <= 1 ? ` (${percent(r.weight)})` : "";
    if (["popular", "trending"].includes(r.type) || !r.item || r.item === product.id) return el("li", {}, SAYS[r.type] ?? SAYS.popular, share);
    return el("li", {}, SAYS[r.type] ?? "Because of", " ", el("a", { href: productHref(r.item) }, (await productOf(r.item))?.title ?? r.item), share);
  }));
  const parts = (product.parts ?? []).filter((p) => p.share >= 0.05).sort((a, b) => b.share - a.share).slice(0, 3)
    .map((p) => el("li", {}, percent(p.share), " from ", PARTS[p.part] ?? p.part));
  return [reasons.length ? el("ul", {}, reasons) : el("p", {}, "Many people choose it."),
    parts.length ? [el("p", {}, "Of its score:"), el("ul", {}, parts)] : null];
}

/* Said of a recommendation: it goes, and is not recommended again. */
function notForMe(product, more) {
  return el("button.button.quiet", { type: "button", onclick: async () => {
    try {
      await flush();
      await api.opinion(product.id, "dislike");
      const card = more.closest("li"), near = card?.nextElementSibling ?? card?.previousElementSibling;
      card?.remove();
      near?.querySelector("a")?.focus();
      say("Understood: it will not be recommended to you.");
    } catch (fault) {
      say(fault.message);
    }
  } }, "Not for me");
}

export function why(product) {
  const text = el("div.reasons", {}, el("p", {}, "One moment …"));
  const more = el("details.why", {}, el("summary", { "aria-label": `Why this? ${product.title ?? product.id}` }, "Why this?"), text);
  more.addEventListener("toggle", async () => more.open && fill(text, await lines(product), notForMe(product, more)), { once: true });
  return more;
}
