// Rows that an import has dropped: line, column, what was got and what was wanted; and the same as a file. What the rows say is
// whatever somebody put into a file: it goes in as text.
import { api } from "./ask.js";
import { csv, save } from "./csv.js";
import { more } from "./more.js";
import { REASONS } from "./reject_reasons.js";
import { number, table } from "./table.js";
import { el, fill } from "../parts/dom.js";
import { into, say } from "../parts/notice.js";

const PAGE = 50, NAMES = ["line", "reason", "column", "got", "wanted", "row"];
const shown = (text) => (text === null ? "–" : text === "" ? el("span.small", {}, "empty") : el("code", {}, text));

const listed = (caption, items) => table(caption, [["Line", (r) => number(r.line), "right"], ["Reason", (r) => REASONS[r.reason] ?? r.reason], ["Column", (r) => shown(r.column)],
  ["Got", (r) => shown(r.got)], ["Wanted", (r) => r.wanted], ["Row", (r) => shown(r.row)]], items, { empty: "No row of this kind is kept." });

async function all(id, reason) {
  const rows = [];
  for (let cursor; ;) {
    const page = await api.rejects(id, { reason, limit: 100, cursor });
    rows.push(...page.items);
    cursor = page.next;
    if (!cursor) return rows;
  }
}

/** id: of the import's job; reasons: of its result. Null where nothing was dropped. */
export function rejects(id, reasons) {
  const dropped = Object.entries(reasons ?? {}).filter(([, n]) => n.dropped).sort((a, b) => b[1].dropped - a[1].dropped);
  if (!dropped.length) return null;
  const body = el("div", {}), later = el("div.more", {});
  const chosen = el("select", { onchange: () => load() }, el("option", { value: "" }, "Any"), dropped.map(([name, n]) => el("option", { value: name }, `${REASONS[name] ?? name} (${number(n.dropped)})`)));
  const ask = (cursor) => api.rejects(id, { reason: chosen.value, limit: PAGE, cursor });
  const load = () => {
    fill(later);
    return into(body, () => ask(), (page) => {
      more(later, page.next, ask, (items) => body.append(listed("More dropped rows", items)));
      return listed("Dropped rows", page.items);
    });
  };
  const file = el("button.button", { type: "button", onclick: () => all(id, chosen.value).then((rows) => save(`import-${id}-dropped.csv`, csv(NAMES, rows.map((r) => NAMES.map((n) => r[n])))),
    (fault) => say(fault.message)) }, "Save as CSV");
  load();
  return el("section", {}, el("h3", {}, "Dropped rows"), el("p.small", {}, "The first 100 of each reason, of the newest 20 imports. The file itself is unchanged: mend it and import it again; what is known is not taken twice."),
    el("div.find", {}, el("label", {}, "Reason ", chosen), file), body, later);
}
