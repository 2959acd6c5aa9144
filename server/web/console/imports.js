// Bringing in a file, with the report of what was cleaned, and the imports there were.
import { api, follow } from "./ask.js";
import { bar, short } from "./plot.js";
import { REASONS } from "./reject_reasons.js";
import { rejects } from "./rejects.js";
import { number, state, table, when } from "./table.js";
import { go } from "./console.js";
import { el, fill } from "../parts/dom.js";
import { field, form } from "../parts/form.js";
import { into, say } from "../parts/notice.js";

function order() {
  const file = field("file", "File", { type: "file", required: true }, { hint: "CSV, TSV, JSON lines; plain, .gz or .zst." });
  return form([
    field("kind", "What it holds", { value: "events" }, { options: [["events", "Events"], ["products", "Products"], ["users", "People"]] }), file,
    field("preset", "Preset", { maxlength: 64 }, { hint: "Column names of a known source, such as generated or online-retail." }),
    field("map", "Columns", { maxlength: 2000 }, { hint: "user=CustomerID,item=StockCode" }),
    field("event_type", "Type of every event", { value: "" }, { options: [["", "As the file says"], ...["view", "click", "add_to_cart", "purchase", "rating", "like"].map((t) => [t, t.replaceAll("_", " ")])] }),
    field("currency", "Currency of the prices", { maxlength: 3 }, { hint: "EUR" }),
  ], "Import it", async ({ file: chosen, ...q }) => {
    const job = await api.bring(q, chosen);
    await go(`/console/imports?job=${job.id}`);
  });
}

/* What became of the rows: by reason, those that were met first. */
function report(r) {
  const rows = Object.entries(r.reasons ?? {}).filter(([, n]) => n.found).sort((a, b) => b[1].found - a[1].found);
  return [el("p", {}, `${number(r.rows)} rows read in ${short(r.seconds)} s: ${number(r.events)} events (${number(r.new_events)} new), ${number(r.products)} products, ${number(r.users)} people.`),
    table("What was met in the rows", [["Reason", ([name]) => REASONS[name] ?? name], ["Code", ([name]) => el("code", {}, name)], ["Found", ([, n]) => number(n.found), "right"],
      ["Changed", ([, n]) => number(n.changed), "right"], ["Dropped", ([, n]) => number(n.dropped), "right"],
      ["Of all rows", ([, n]) => bar(n.found / Math.max(r.rows, 1), `${short(100 * n.found / Math.max(r.rows, 1))} %`)]], rows, { empty: "Nothing had to be changed or dropped." })];
}

function watch(id, left, done) {
  const head = el("p", { role: "status" }), body = el("div", {});
  follow(id, (line) => {
    if (line.event === "state") fill(head, state(line.state));
    if (line.event === "progress") fill(body, el("p.small", {}, `${line.stage ?? "rows"}: ${number(line.done)}${line.total ? ` of ${number(line.total)}` : ""}`));
  }, left).then(async () => {
    if (left.aborted) return;
    const job = await api.job(id);
    fill(head, state(job.state), job.error ? ` ${job.error}` : null);
    fill(body, job.result ? [report(job.result), rejects(id, job.result.reasons)] : null);
    done();
  }).catch((fault) => say(fault.message));
  return el("section.job", { "aria-label": `Import ${id}` }, el("h2", {}, `Import ${id}`), head, body);
}

export default function imports(filter, left) {
  const id = Number(filter.get("job")), past = el("div", {});
  const list = () => into(past, () => api.jobs(100), ({ items }) => table("Imports, newest first", [
    ["Job", (j) => el("a", { href: `/console/imports?job=${j.id}` }, `Import ${j.id}`)], ["State", (j) => state(j.state)], ["Asked for", (j) => when(j.created)], ["Of", (j) => j.request.kind],
    ["Rows", (j) => number(j.result?.rows), "right"], ["New events", (j) => number(j.result?.new_events), "right"],
    ["Dropped", (j) => number(j.result?.reasons && Object.values(j.result.reasons).reduce((s, n) => s + n.dropped, 0)), "right"], ["Fault", (j) => j.error ?? ""]], items.filter((j) => j.kind === "import")));
  list();
  return [id ? watch(id, left, list) : null, el("section", {}, el("h2", {}, "Import a file"), order()), el("section", {}, el("h2", {}, "Imports"), past)];
}
