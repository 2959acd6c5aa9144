// A browser for the tests: pages that tell what went wrong in them, how much they loaded, and what moved. Not a test itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";

const require = createRequire(process.env.AISLE_BROWSER_PACKAGES + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const base = process.env.AISLE_URL;
export const PHONE = { width: 390, height: 844 }, DESKTOP = { width: 1366, height: 900 };

const root = process.getuid?.() === 0;
const browser = await chromium.launch({
  executablePath: process.env.AISLE_CHROMIUM,
  args: ["--disable-gpu", "--disable-quic", "--disable-sync", ...(root ? ["--no-sandbox"] : [])], // root has no sandbox
});
after(() => browser.close());

/* Runs in the page before anything of it: adds up what moves without being asked to. */
function watchShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const e of list.getEntries())
      if (!e.hadRecentInput) window.shifts.push({ value: e.value, nodes: e.sources.map((s) => s.node?.outerHTML?.slice(0, 120) ?? String(s.node?.nodeName)) });
  }).observe({ type: "layout-shift", buffered: true });
}

/** A visitor with a browser of his own. Its faults are in page.faults; every event that it sends is in page.told. */
export async function visitor({ size = DESKTOP, dark = false, withAxe = false, touch = false } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: size, colorScheme: dark ? "dark" : "light", locale: "en-GB", hasTouch: touch, reducedMotion: "reduce" });
  context.setDefaultTimeout(15000);
  await context.addInitScript(watchShifts);
  if (withAxe) await context.addInitScript({ content: axe });
  const page = await context.newPage();
  page.faults = [];
  page.told = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && page.faults.push(`${m.type()}: ${m.text()} at ${m.location().url}`));
  page.on("pageerror", (e) => page.faults.push(`exception: ${e.message}`));
  page.on("dialog", (d) => {
    page.faults.push(`dialog: ${d.message()}`);
    d.dismiss();
  });
  page.on("request", (r) => {
    if (new URL(r.url()).origin !== base) page.faults.push(`asked another origin: ${r.url()}`);
    if (r.method() === "POST" && r.url().endsWith("/v1/events") && r.postData()) page.told.push(...JSON.parse(r.postData()));
  });
  return page;
}

/** Resolves when nothing of the page is on its way any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("main h1, main .notice, main h2") && !document.querySelector("main [aria-busy], main .ghosts, main .ghost"));
}

export async function open(page, path) {
  await page.goto(path);
  await settled(page);
}

/** Fails with the rule and the elements when axe-core finds a violation. */
export async function accessible(page, what) {
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 4).join(" | ")}`), [], what);
}

/** What moved by itself since the page was loaded, as the layout shift score. */
export async function steady(page, what) {
  const shifts = await page.evaluate(() => window.shifts);
  const sum = shifts.reduce((s, e) => s + e.value, 0);
  assert.ok(sum < 0.01, `${what}: layout shift ${sum.toFixed(4)}: ${JSON.stringify(shifts)}`);
}

export async function noSidewaysScroll(page, what) {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= seen, `${what}: ${wide} px wide in a window of ${seen}`);
}

export function faultless(page, what) {
  assert.deepEqual(page.faults, [], what);
}

/** JSON API, as a program on this machine asks it: the shop is open there. */
export async function ask(method, path, body, headers = {}) {
  const answer = await fetch(base + path, { method, headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A screenshot into AISLE_SCREENSHOTS, where that is set: to look at, not to compare. */
export async function picture(page, name, more = {}) {
  if (process.env.AISLE_SCREENSHOTS) await page.screenshot({ path: `${process.env.AISLE_SCREENSHOTS}/${name}.png`, ...more });
}
