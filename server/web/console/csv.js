// Rows as a CSV file (RFC 4180) that the browser saves. A cell that a spreadsheet would take for a formula gets a ' before it.
import { el } from "../parts/dom.js";

export function csv(names, rows) {
  const cell = (value) => {
    const text = String(value ?? "");
    return '"' + (/^[=+\-@\t\r]/.test(text) ? "'" : "") + text.replaceAll('"', '""') + '"';
  };
  return [names, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function save(name, text, type = "text/csv") {
  const href = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10000); // the browser reads it after the click
}
