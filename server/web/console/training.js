// Starting a training, watching it, and the trainings there were.
import { api, follow } from "./ask.js";
import { lines, short } from "./plot.js";
import { number, size, state, table, when } from "./table.js";
import { go } from "./console.js";
import { el, fill } from "../parts/dom.js";
import { field, form } from "../parts/form.js";
import { into, say } from "../parts/notice.js";

const TYPES = ["view", "click", "add_to_cart", "purchase", "rating", "review", "like", "dislike"];
const NUMBERS = [
  ["factors", "Factors", "How many numbers stand for a person or a product; 64 is usual."], ["iterations", "Iterations", "15 is usual."],
  ["unobserved", "Unobserved", "Weight of what was not taken; empty: by the data."], ["regularization", "Regularization", "Penalty on large factors; empty: by the data."],
  ["validation", "Validation part", "0 to 0.5 of the events are held out to measure each iteration."], ["patience", "Patience", "Stops after so many iterations without gain on the validation part."],
  ["half_life", "Half life, in days", "Older events count less."], ["seed", "Seed", "The same seed gives the same model."],
];

/* "name = value", a line each: numbers and switches as such. */
function moreOf(text) {
  const found = {};
  for (const line of text.split("\n").filter((l) => l.trim())) {
    const [name, ...rest] = line.split("="), value = rest.join("=").trim();
    found[name.trim().replaceAll("-", "_")] = value === "true" || value === "false" ? value === "true" : value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return found;
}

/** The part with these settings in its form; names as the command line has them, `weight` an object. */
export const withSettings = (values) => "/console/training?with=" + encodeURIComponent(JSON.stringify(values));

const plain = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});

/* What a link brings, as texts of the form's fields; what has no field of its own goes into "more". */
function brought(filter) {
  let given = null;
  try {
    given = JSON.parse(filter.get("with"));
  } catch { /* a link that is none fills nothing */ }
  const texts = {}, more = [];
  for (const [name, value] of Object.entries(plain(given))) {
    const member = name.replaceAll("-", "_");
    if (member === "weight") for (const [type, w] of Object.entries(plain(value))) texts[`weight.${type}`] = String(w);
    else if (member === "model" || NUMBERS.some(([known]) => known === member)) texts[member] = String(value);
    else if (value !== null) more.push(`${member} = ${value}`);
  }
  return { ...texts, more: more.join("\n") };
}

/* What is empty is not sent: the server's own default counts. */
function settings(values) {
  const body = moreOf(values.more), weight = {};
  if (values.model) body.model = values.model;
  for (const [name] of NUMBERS) if (values[name].trim()) body[name] = Number(values[name]);
  for (const type of TYPES) if (values[`weight.${type}`].trim()) weight[type] = Number(values[`weight.${type}`]);
  if (Object.keys(weight).length) body.weight = weight;
  return body;
}

function order(filter) {
  const given = brought(filter), weighed = TYPES.some((type) => given[`weight.${type}`]);
  const number = { type: "number", step: "any", min: 0, inputmode: "decimal" };
  const node = form([
    field("model", "Kind of model", { value: given.model ?? "" }, { options: [["", "As the server chooses"], ["hybrid", "Hybrid: the best blend"], ["als", "Factors alone"]] }),
    el("div.fields", {}, NUMBERS.map(([name, label, hint]) => field(name, label, { ...number, value: given[name] }, { hint }))),
    el("details", { open: weighed }, el("summary", {}, "Weights of event types"), el("div.fields", {}, TYPES.map((type) => field(`weight.${type}`, type.replaceAll("_", " "), { ...number, value: given[`weight.${type}`] })))),
    el("details", { open: Boolean(given.more) }, el("summary", {}, "More settings"), field("more", "One a line", { value: given.more, spellcheck: "false" }, { rows: 6, hint: "ease_reg = 300; every setting of aisle train has a name, see aisle help train." })),
  ], "Start the training", async (values) => {
    const job = await api.train(settings(values));
    await go(`/console/training?job=${job.id}`);
  });
  return node;
}

/** A job while it runs, and as it ended. done(): it has. */
export function watch(id, left, done) {
  const head = el("p", { role: "status" }), plot = el("div", {}), facts = el("div", {}), progress = el("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const loss = { name: "loss", points: [] }, quality = { name: "ndcg", points: [] };
  const stop = el("button.button.quiet", { type: "button", onclick: () => api.cancel(id).then(() => say("It will end soon."), (fault) => say(fault.message)) }, "Cancel it");
  let timer = 0;
  const draw = () => {
    timer = 0;
    fill(plot, loss.points.length ? [el("h3", {}, "Loss by iteration"), lines([loss], { label: "Loss by iteration", x: "iteration", y: "loss" })] : null,
      quality.points.length ? [el("h3", {}, "NDCG on the validation part"), lines([quality], { label: "Validation NDCG by iteration", x: "iteration", y: "ndcg" })] : null);
  };
  const heard = (line) => {
    if (line.event === "state") fill(head, state(line.state), line.error ? ` ${line.error}` : null);
    if (line.event === "start") fill(facts, el("p.small", {}, `${number(line.users)} people, ${number(line.items)} products, ${number(line.pairs)} pairs, ${line.factors} factors, on ${line.device}; takes ${size(line.bytes)}.`));
    if (line.event === "progress") {
      progress.value = line.total ? line.done / line.total : 0;
      progress.setAttribute("aria-label", `Progress of ${line.stage}`);
      fill(stage, `${line.stage}: ${number(line.done)} of ${number(line.total)}, ${short(line.seconds)} s`);
    }
    if (line.event === "iteration") { // on a part, to measure each iteration; then on everything
      if (line.phase === "train") loss.points.push([line.iteration, line.loss]);
      if (line.ndcg !== null) quality.points.push([line.iteration, line.ndcg]);
      timer ||= setTimeout(draw, 100);
    }
  };
  const stage = el("p.small", {}, "\u00a0");
  follow(id, heard, left).then(async () => {
    if (left.aborted) return;
    draw();
    const job = await api.job(id);
    progress.hidden = stop.hidden = true;
    fill(head, state(job.state), job.error ? ` ${job.error}` : null);
    fill(stage, job.result ? `Version ${job.result.version} in ${short(job.result.seconds)} s, ${job.result.iterations} iterations, loss ${short(job.result.metrics?.loss)}. ` : "",
      ["succeeded", "refused"].includes(job.state) ? el("a", { href: "/console/models" }, "Look at the models") : null);
    done?.();
  }).catch((fault) => say(fault.message));
  return el("section.job", { "aria-label": `Training ${id}` }, el("h2", {}, `Training ${id}`), head, progress, stage, facts, plot, stop);
}

export default function training(filter, left) {
  const id = Number(filter.get("job")), past = el("div", {});
  const list = () => into(past, () => api.jobs(100), ({ items }) => table("Trainings, newest first", [
    ["Job", (j) => el("a", { href: `/console/training?job=${j.id}` }, `Training ${j.id}`)], ["State", (j) => state(j.state)], ["Asked for", (j) => when(j.created)],
    ["Settings", (j) => el("code", {}, JSON.stringify(j.request))], ["Version", (j) => j.result?.version ?? "–", "right"], ["Loss", (j) => short(j.result?.metrics?.loss), "right"],
    ["Seconds", (j) => short(j.result?.seconds), "right"]], items.filter((j) => j.kind === "training")));
  list();
  return [id ? watch(id, left, list) : null, el("section", {}, el("h2", {}, "Train a model"), filter.get("with") ? el("p.small", {}, "Filled with the settings of a search; nothing runs before you start it.") : null, order(filter)), el("section", {}, el("h2", {}, "Trainings"), past)];
}
