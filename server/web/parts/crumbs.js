// The way from the root of the categories, each step a link.
import { el } from "./dom.js";
import { categoryHref } from "./format.js";

export function crumbs(path, whole) {
  const names = path.split(" > ");
  return el("nav.crumbs", { "aria-label": "Where you are" }, el("ol", {}, el("li", {}, el("a", { href: "/" }, "Home")),
    names.slice(0, whole ? undefined : -1).map((name, i) => el("li", {}, el("a", { href: categoryHref(names.slice(0, i + 1).join(" > ")) }, name)))));
}
