// How the console asks: every failure is a Problem that says what it was, and a job's stream survives a line that breaks, ends with
// its job, and is closed by whoever leaves the part.
import assert from "node:assert/strict";
import { test } from "node:test";

import { visitor } from "./browser.mjs";

const settled = (page) => page.waitForFunction(() => document.querySelector("main h1") && !document.querySelector("main [aria-busy]"));

async function console_(page, part) {
  await page.goto(`/console/${part}`);
  await settled(page);
}

/* What a question comes to, by the module that the page itself has. */
const outcome = (page, name, ...given) => page.evaluate(async ([name, given]) => {
  const { api } = await import(document.querySelector("script[type=module]").src.replace("console.js", "ask.js"));
  return api[name](...given).then((value) => ({ value }), (fault) => ({ name: fault.constructor.name, status: fault.status, code: fault.code, message: fault.message, errors: fault.errors }));
}, [name, given]);

/* The streams that the page opened, to look at their state. */
const watchStreams = () => {
  window.streams = [];
  window.EventSource = class extends EventSource {
    constructor(...given) {
      super(...given);
      window.streams.push(this);
    }
  };
};

test("what goes wrong with a question is a Problem, whatever came instead of an answer", async () => {
  const page = await visitor();
  await console_(page, "rules");
  const answers = [
    [{ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }, { status: 502, code: "unknown" }],
    [{ status: 409, contentType: "application/problem+json", body: '{"title":"No","detail":"It is pinned.","code":"conflict","status":409}' }, { status: 409, code: "conflict", message: "It is pinned." }],
    [{ status: 422, contentType: "application/problem+json", body: '{"title":"No","code":"validation_failed","errors":[{"pointer":"/a","code":"b","message":"c"}]}' }, { status: 422, errors: [{ pointer: "/a", code: "b", message: "c" }] }],
    [{ status: 500, body: "" }, { status: 500, code: "unknown" }],
  ];
  for (const [answer, wanted] of answers) {
    await page.route("**/v1/admin/models", (route) => route.fulfill(answer));
    const got = await outcome(page, "models");
    assert.equal(got.name, "Problem");
    for (const [k, v] of Object.entries(wanted)) assert.deepEqual(got[k], v);
    assert.ok(got.message);
    await page.unroute("**/v1/admin/models");
  }
  await page.route("**/v1/admin/models", (route) => route.abort());
  assert.deepEqual(await outcome(page, "models").then(({ status, code }) => ({ status, code })), { status: 0, code: "unreachable" });
  await page.route("**/v1/admin/models/7/pin", (route) => route.fulfill({ status: 204 }));
  assert.deepEqual(await outcome(page, "unpin", 7), { value: null });
  assert.match((await outcome(page, "metrics")).value, /^# HELP /);
  page.faults = page.faults.filter((f) => !/Failed to load resource/.test(f));
  assert.deepEqual(page.faults, []);
});

async function train(page, iterations) {
  await console_(page, "training");
  await page.getByLabel("Factors").fill("8");
  await page.getByLabel("Iterations").fill(String(iterations));
  await page.getByRole("button", { name: "Start the training" }).click();
  return page.getByRole("region", { name: /^Training \d/ });
}

test("a stream that breaks off is taken up again, and its job is shown to the end", async () => {
  const page = await visitor();
  let broken = 0;
  await page.route("**/events", (route) => (route.request().method() === "GET" && broken++ < 1 ? route.abort() : route.continue()));
  const job = await train(page, 5);
  await job.getByText(/^Version \d+ in/).waitFor({ timeout: 60000 });
  assert.ok(broken >= 2, "it was asked for again");
  await job.locator("svg polyline").waitFor();
  page.faults = page.faults.filter((f) => !/Failed to load resource|net::ERR_FAILED/.test(f));
  assert.deepEqual(page.faults, []);
});

test("a stream that is refused ends, and what is known of the job is shown", async () => {
  const page = await visitor();
  await page.addInitScript(watchStreams);
  await page.route("**/events", (route) => (route.request().method() === "GET" ? route.fulfill({ status: 503, body: "" }) : route.continue()));
  const job = await train(page, 3);
  await job.getByText(/succeeded|running|queued/).first().waitFor();
  assert.deepEqual(await page.evaluate(() => window.streams.map((s) => s.readyState)), [2]);
  page.faults = page.faults.filter((f) => !/Failed to load resource|status of 503/.test(f));
  assert.deepEqual(page.faults, []);
});

test("who leaves a part leaves its stream, and nothing of it comes into the next part", async () => {
  const page = await visitor();
  await page.addInitScript(watchStreams);
  const job = await train(page, 1000);
  await job.getByText("running").first().waitFor({ timeout: 30000 });
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Rules" }).click();
  await page.getByRole("heading", { name: "Rules", level: 1 }).waitFor();
  await settled(page);
  assert.deepEqual(await page.evaluate(() => window.streams.map((s) => s.readyState)), [2]);
  const shown = await page.locator("main").innerText();
  await page.evaluate(async () => {
    const jobs = await fetch("/v1/admin/jobs?limit=1").then((r) => r.json());
    await fetch(`/v1/admin/jobs/${jobs.items[0].id}`, { method: "DELETE" });
  });
  await page.waitForTimeout(500);
  assert.equal(await page.locator("main").innerText(), shown);
  assert.deepEqual(page.faults, []);
});
