// The settings of one experiment as fields: filled in, changed, read. Knows nothing of the others or of results.
import { el, fill, newId } from "../parts/dom.js";
import { field, form } from "../parts/form.js";
import { randomId } from "../parts/random.js";

export const SURFACES = [["recommendations", "Recommendations"], ["related", "Related products"], ["trending", "Trending"], ["rank", "Ranked lists"]];
const STRATEGIES = [["personal", "All that is known"], ["session", "What was done lately"], ["popular", "Nothing: what is popular"]];
const MOST = 8;

const localTime = (time) => (time ? new Date(new Date(time) - new Date(time).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "");
const percent = (share) => String(Number(((share ?? 1) * 100).toFixed(4)));
const same = [["", "As without"]];
/* What is chosen now may be gone: it stays to be seen until another is chosen. */
const withChosen = (options, value) => (value && !options.some(([v]) => v === value) ? [...options, [value, `${value} (is gone)`]] : options);

function checks(name, legend, options, chosen, hint) {
  const about = newId(name);
  return el("fieldset", { "data-field": name, "aria-describedby": about }, el("legend", {}, legend), el("div.checks", {}, options.map(([value, words]) =>
    el("label.check", {}, el("input", { type: "checkbox", name: `${name}:${value}`, checked: chosen.includes(value) }), words))), el("p.about", { id: about, "data-hint": hint }, hint));
}

/* One variant's fields, whose names say its place, as the pointers of the API's errors do. */
function variant(v, { models, scenarios }, remove) {
  const model = String(v.model ?? ""), parts = {
    name: field("name", "Name of the variant", { value: v.name ?? "", required: true, maxlength: 40 }),
    weight: field("weight", "Weight", { type: "number", min: 0.001, max: 1000, step: "any", value: v.weight ?? 1, required: true }, { hint: "Twice the weight, twice the people." }),
    model: field("model", "Model", { value: model }, { options: withChosen([["", "That which serves"], ...models.map((m) => [String(m), `Version ${m}`])], model) }),
    strategy: field("strategy", "Looks at", { value: v.strategy ?? "" }, { options: [...same, ...STRATEGIES] }),
    scenario: field("scenario", "Scenario", { value: v.scenario ?? "" }, { options: withChosen([...same, ...scenarios.map((s) => [s, s])], v.scenario) }),
    diversity: field("diversity", "Diversity", { type: "number", min: 0, max: 1, step: "any", value: v.diversity ?? "" }, { hint: "0 to 1; empty: as without." }),
  };
  const legend = el("legend", {}), gone = el("button.button.quiet", { type: "button", onclick: () => remove(node) });
  const node = el("fieldset.variant", {}, legend, el("div.fields", {}, Object.values(parts)), el("p.actions", {}, gone));
  node.place = (i, n) => {
    fill(legend, `Variant ${i + 1}`, i ? null : el("span.small", {}, " to compare with"));
    fill(gone, `Remove variant ${i + 1}`);
    gone.hidden = n <= 2;
    for (const [name, part] of Object.entries(parts)) {
      part.dataset.field = `variants/${i}/${name}`;
      part.querySelector("input, select").name = `variants/${i}/${name}`;
    }
  };
  return node;
}

const number = (text) => (text.trim() === "" ? undefined : Number(text));
const chosenOf = (values, name) => Object.keys(values).filter((k) => k.startsWith(`${name}:`)).map((k) => k.slice(name.length + 1));
/* What the field does not show, such as seconds, stays where its text has stayed. */
const timeOf = (local, before) => (local === localTime(before) ? before : local ? new Date(local).toISOString() : undefined);

function variantOf(values, i) {
  const get = (name) => values[`variants/${i}/${name}`].trim();
  return { name: get("name"), weight: number(get("weight")), model: number(get("model")), strategy: get("strategy") || undefined, scenario: get("scenario") || undefined, diversity: number(get("diversity")) };
}

/* before: the experiment that is changed, or nothing. */
function experimentOf(values, n, before) {
  const scenarios = chosenOf(values, "scenarios"), share = number(values.share);
  return {
    name: values.name.trim(), salt: values.anew ? `${new Date().toISOString().slice(0, 19)} ${randomId().slice(0, 8)}` : before?.salt, share: before && values.share === percent(before.share) ? before.share : share && share / 100,
    surfaces: chosenOf(values, "surfaces"), scenarios: scenarios.length ? scenarios : undefined, from: timeOf(values.from, before?.from), until: timeOf(values.until, before?.until),
    variants: Array.from({ length: n }, (_, i) => variantOf(values, i)),
  };
}

/** e: the experiment that is changed, or null for a new one; choices: {models, scenarios}; send(experiment) may refuse. */
export function experimentForm(e, choices, send, { cancel, words }) {
  const list = el("div.variants", {});
  const add = el("button.button.quiet", { type: "button", onclick: () => {
    const one = variant({}, choices, remove);
    list.append(one);
    place();
    one.querySelector("input").focus();
  } }, "Add a variant");
  const place = () => {
    [...list.children].forEach((node, i, all) => node.place(i, all.length));
    add.hidden = list.children.length >= MOST;
  };
  const remove = (node) => {
    const next = node.nextElementSibling ?? node.previousElementSibling;
    node.remove();
    place();
    next.querySelector("input").focus();
  };
  list.append(...(e?.variants ?? [{ name: "as ever" }, {}]).map((v) => variant(v, choices, remove)));
  place();
  const scenarios = e?.scenarios ?? [];
  return form([
    el("div.fields", {}, field("name", "Name", { value: e?.name ?? "", required: true, maxlength: 40, readonly: Boolean(e) }, { hint: e ? "Results hang on it: it stays." : "" }),
      field("share", "Share of people, in %", { type: "number", min: 0.1, max: 100, step: "any", value: percent(e?.share), required: true }),
      field("from", "Runs from", { type: "datetime-local", value: localTime(e?.from) }, { hint: "Empty: at once." }), field("until", "Until", { type: "datetime-local", value: localTime(e?.until) }, { hint: "Empty: without end." })),
    checks("surfaces", "Where it runs", SURFACES, e?.surfaces ?? ["recommendations"], "Related and trending heed model and diversity, ranked lists model and what is looked at, recommendations all."),
    el("details", { open: scenarios.length > 0 }, el("summary", {}, "In some scenarios alone"), checks("scenarios", "Scenarios of recommendations", [...new Set([...choices.scenarios, ...scenarios])].map((s) => [s, s]), scenarios, "None chosen: all.")),
    el("section", {}, el("h3", {}, "Variants"), list, el("p.actions", {}, add)),
    e ? el("label.check", {}, el("input", { type: "checkbox", name: "anew" }), "Begin anew: drop the results, and deal people out again") : null,
    cancel ? el("p.actions", {}, el("button.button.quiet", { type: "button", onclick: cancel }, "Change nothing")) : null,
  ], e ? "Save the experiment" : "Start the experiment", (values) => send(experimentOf(values, list.children.length, e)), words);
}
