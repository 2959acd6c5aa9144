// Going back and forth in the shop: lists are kept as they were left, and a page that is no longer wanted does not come after all.
import assert from "node:assert/strict";
import { test } from "node:test";

import { faultless, open, settled, visitor } from "./browser.mjs";

/* Questions for lists of products, as they are asked. */
function listen(page) {
  const asked = [];
  page.on("request", (r) => /\/v1\/(products|search)\?/.test(r.url()) && asked.push(new URL(r.url()).search));
  return asked;
}

const mark = (page) => page.evaluate(() => { document.querySelector("main article.card").marked = location.href; });
const marked = (page) => page.evaluate(() => document.querySelector("main article.card")?.marked ?? null);

test("a list is there again as it was left: its nodes, its place, its title, without a question", async () => {
  const page = await visitor(), asked = listen(page);
  await open(page, "/category/Home");
  const title = await page.title(), href = page.url();
  await mark(page);
  await page.evaluate(() => scrollTo(0, 700));
  const y = await page.evaluate(() => scrollY), before = asked.length;
  for (let i = 0; i < 3; i++) { // each time it is on the page again, and is kept anew
    await page.locator("article.card a[href^='/product/']").nth(6 + i).click();
    await page.locator("article.product h1").waitFor();
    await settled(page);
    await page.goBack();
    await page.locator("article.card").first().waitFor();
    assert.equal(await marked(page), href, "the same nodes");
    assert.ok(Math.abs((await page.evaluate(() => scrollY)) - y) < 300, "about the same place");
    assert.equal(await page.title(), title);
  }
  await page.goForward();
  await page.locator("article.product h1").waitFor();
  await settled(page);
  await page.goBack();
  await page.locator("article.card").first().waitFor();
  assert.equal(await marked(page), href, "after going forward, too");
  assert.equal(asked.length, before, "nothing was asked for the list again");
  faultless(page, "kept lists");
});

test("six lists are kept, the one that is left last among them; an older one is asked for anew", async () => {
  const page = await visitor(), asked = listen(page);
  await open(page, "/search?q=cotton");
  const go = async (href) => {
    await page.evaluate((h) => { // a link of the page's own, so that nothing is loaded anew
      const a = Object.assign(document.createElement("a"), { href: h, textContent: "go" });
      document.body.append(a);
      a.click();
      a.remove();
    }, href);
    await page.locator("h1").filter({ hasText: new URLSearchParams(href.split("?")[1]).get("q") }).waitFor();
    await settled(page);
  };
  const words = ["cushion", "pot", "lamp", "shirt", "bag", "cup", "table"];
  for (const q of words) {
    await go(`/search?q=${q}`);
    await page.evaluate(() => { document.querySelector("main h1").marked = location.href; });
  }
  const before = asked.length;
  for (const q of words.slice(1, -1).reverse()) {
    await page.goBack();
    await page.locator("h1").filter({ hasText: q }).waitFor();
    await settled(page);
    assert.equal(await page.evaluate(() => document.querySelector("main h1").marked ?? null), page.url(), q);
  }
  assert.deepEqual(asked.slice(before), []);
  await page.goBack();
  await page.locator("h1").filter({ hasText: "cushion" }).waitFor();
  await settled(page);
  assert.equal(await page.evaluate(() => document.querySelector("main h1").marked ?? null), null, "the seventh is new");
  assert.ok(asked.length > before);
  faultless(page, "many lists");
});

/* Holds back what the page asks for of this kind until let go. */
async function hold(page, pattern) {
  let go;
  const gate = new Promise((resolve) => { go = resolve; });
  await page.route(pattern, async (route) => {
    await gate;
    await route.continue().catch(() => {}); // the browser may have given it up
  });
  return go;
}

test("going back within a list stops the page that was on its way", async () => {
  const page = await visitor();
  await open(page, "/category/Home");
  await page.getByLabel("Sort").or(page.locator(".sort select")).first().selectOption({ index: 1 });
  await page.waitForURL(/sort=/);
  await settled(page);
  await page.evaluate(() => { window.here = true; });
  const go = await hold(page, "**/pages/product.js");
  const listed = page.url(), heading = await page.locator("h1").textContent();
  await page.locator("article.card a[href^='/product/']").first().click();
  await page.waitForURL(/\/product\//);
  await page.goBack();
  await page.waitForURL(listed);
  go();
  await page.waitForTimeout(400); // long enough for the module to come and do nothing
  assert.equal(await page.locator("article.product").count(), 0, "no product at the list's address");
  assert.equal(await page.locator("h1").textContent(), heading);
  assert.equal(page.url(), listed);
  assert.equal(await page.evaluate(() => window.here), true, "and nothing is loaded anew for it");
  faultless(page, "back within a page");
});

test("a list that was narrowed since is not shown for the address that it had before", async () => {
  const page = await visitor(), sort = page.locator(".sort select");
  await open(page, "/category/Home");
  const first = await sort.inputValue(), toProduct = async () => {
    await page.locator("article.card a[href^='/product/']").first().click();
    await page.locator("article.product h1").waitFor();
    await settled(page);
  };
  await toProduct();
  await page.goBack();
  await page.locator("article.card").first().waitFor();
  await sort.selectOption({ index: 1 });
  await page.waitForURL(/sort=/);
  await settled(page);
  await toProduct();
  await page.evaluate(() => history.go(-2));
  await page.waitForURL((u) => u.pathname.startsWith("/category/") && !u.search);
  await page.locator("article.card").first().waitFor();
  await settled(page);
  assert.equal(await sort.inputValue(), first);
  faultless(page, "two steps back");
});

test("of two pages on their way the last one counts, whichever comes first", async () => {
  const page = await visitor();
  await open(page, "/");
  const go = await hold(page, "**/pages/wishlist.js");
  await page.getByRole("link", { name: "Wishlist" }).click();
  await page.waitForURL("**/wishlist");
  await page.getByRole("link", { name: /^Cart/ }).click();
  await page.waitForURL("**/cart");
  await settled(page);
  go();
  await page.waitForTimeout(400);
  assert.match(await page.title(), /Cart/);
  assert.match(await page.locator("h1").textContent(), /[Cc]art/);
  faultless(page, "two pages");
});

test("who leaves a product before it has come has not viewed it", async () => {
  const page = await visitor();
  await open(page, "/category/Home");
  const go = await hold(page, /\/v1\/products\/[^/?]+$/);
  await page.locator("article.card a[href^='/product/']").first().click();
  await page.waitForURL(/\/product\//);
  await page.goBack();
  await page.locator("article.card").first().waitFor();
  go();
  await page.waitForTimeout(400);
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  await page.waitForTimeout(200);
  assert.equal(page.told.filter((e) => e.type === "view").length, 0);
  assert.equal(await page.locator("article.product").count(), 0);
  faultless(page, "left early");
});
