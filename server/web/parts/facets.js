// What a list can be narrowed to: links to narrower categories, and check boxes for the rest.
import { el } from "./dom.js";
import { categoryHref, leaf, minorUnits, price, stars } from "./format.js";

const SHOWN = 8;

/** Groups of a facet answer. change({name: value or values}) narrows the list; below: the category that the page is of. */
export function facets(found, filter, { change, clear, below, toCategory, currency, opened }) {
  const groups = [];
  if (found.category) groups.push(categories(found.category.values, below, toCategory));
  if (found.price?.values.length) groups.push(prices(found.price, filter, change, currency));
  if (found.brand) groups.push(boxes("Brand", "brand", found.brand.values, filter, change, opened));
  if (found.rating?.values.some((v) => v.count)) groups.push(ratings(found.rating.values, change));
  for (const [name, { values }] of Object.entries(found).filter(([n]) => n.startsWith("attr.")))
    groups.push(boxes(name[5].toUpperCase() + name.slice(6).replaceAll("_", " "), name, values, filter, change, opened));
  groups.push(el("label.check", {}, el("input", { type: "checkbox", "data-key": "in_stock", checked: filter.get("in_stock") === "true",
    onchange: (e) => change({ in_stock: e.target.checked ? "true" : null }) }), "In stock only"));
  if (clear) groups.push(el("button.button.quiet", { type: "button", onclick: clear }, "Clear all filters"));
  return groups.filter(Boolean);
}

function group(title, ...content) {
  return el("fieldset", {}, el("legend", {}, title), content);
}

function categories(values, below, href) {
  const deeper = values.filter((v) => v.value !== below && (!below || v.value.startsWith(below + " > ")));
  if (!deeper.length) return null;
  return el("nav", { "aria-label": "Narrower categories" }, el("h2", {}, "Category"), el("ul.plainlist", {}, deeper.slice(0, 20).map((v) =>
    el("li", {}, el("a", { href: (href ?? categoryHref)(v.value) }, leaf(v.value)), el("span.small", {}, ` ${v.count.toLocaleString()}`)))));
}

/* opened: names of groups whose rest the visitor has unfolded. */
function boxes(title, name, values, filter, change, opened) {
  const useful = values.filter((v) => v.count || v.selected);
  if (useful.length < 2 && !useful.some((v) => v.selected)) return null;
  const box = (v) => el("label.check", {}, el("input", { type: "checkbox", "data-key": `${name}=${v.value}`, checked: v.selected, onchange: (e) => {
    const chosen = filter.getAll(name).filter((x) => x !== v.value);
    change({ [name]: e.target.checked ? [...chosen, v.value] : chosen });
  } }), v.value, el("span.small", {}, v.count.toLocaleString()));
  const rest = useful.slice(SHOWN);
  return group(title, useful.slice(0, SHOWN).map(box),
    rest.length ? el("details", { open: opened.has(name) || rest.some((v) => v.selected), ontoggle: (e) => opened[e.target.open ? "add" : "delete"](name) }, el("summary", {}, `${rest.length} more`), rest.map(box)) : null);
}

function prices(found, filter, change, currency) {
  const unit = minorUnits(currency), field = (name, label, hint) => el("label", {}, el("span.hide", {}, label), el("input", {
    type: "number", min: 0, step: "any", inputmode: "decimal", name, placeholder: hint, value: filter.get(name) ? filter.get(name) / unit : "" }));
  const form = el("form.range", { onsubmit: (e) => {
    e.preventDefault();
    const minor = (text) => (text === "" ? null : Math.max(0, Math.round(text * unit)));
    change({ price_min: minor(form.price_min.value), price_max: minor(form.price_max.value) });
  } }, field("price_min", "Lowest price", found.min === null ? "" : Math.floor(found.min / unit)), "to",
  field("price_max", "Highest price", found.max === null ? "" : Math.ceil(found.max / unit)), el("button.button.quiet", { type: "submit" }, "Go"));
  return group("Price", found.values.filter((v) => v.count || v.selected).map((v) => el("label.check", {}, el("input", {
    type: "checkbox", "data-key": `price=${v.min}`, checked: v.selected, onchange: (e) => change(e.target.checked ? { price_min: v.min, price_max: v.max } : { price_min: null, price_max: null }) }),
  v.max === null ? `${price(v.min, currency)} and more` : `${price(v.min, currency)} to ${price(v.max, currency)}`, el("span.small", {}, v.count.toLocaleString()))), form);
}

function ratings(values, change) {
  return group("Rating", values.filter((v) => v.count || v.selected).map((v) => el("label.check", {}, el("input", { type: "checkbox", "data-key": `rating=${v.min}`, checked: v.selected,
    onchange: (e) => change({ rating_min: e.target.checked ? v.min : null }) }), stars(v.min), el("span", {}, "and up"), el("span.small", {}, v.count.toLocaleString()))));
}
