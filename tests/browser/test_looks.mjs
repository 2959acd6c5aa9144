// How the shop's pages are, whatever they show: open to everybody (axe-core), within the window, without errors, steady, and
// small at the first view. On a phone in the dark and on a desktop in the light.
import assert from "node:assert/strict";
import { test } from "node:test";

import { accessible, ask, DESKTOP, faultless, noSidewaysScroll, open, PHONE, picture, settled, steady, visitor } from "./browser.mjs";

const FIRST_VIEW = 100_000; // bytes, with heads, as they come over the wire

const products = (await ask("GET", "/v1/products?in_stock=true&sort=popular&limit=3")).items;
const [one, two] = products.map((p) => p.id);
const category = encodeURIComponent(products[0].category.split(" > ")[0]);

/* What a page holds when somebody has been here: something in the cart, a wish, an order, a review to read. */
async function furnish(page) {
  await page.evaluate(async ([one, two]) => {
    const { api } = await import(document.querySelector("script[type=module]").src.replace("app.js", "api.js"));
    await api.register({ email: `looks${Math.random()}@shop.example`, password: "correct horse battery", name: "Grace" });
    await api.putInCart(one, { quantity: 1 });
    const cart = await api.cart();
    const order = await api.order({ total: cart.total, version: cart.version }, `key-${Math.random()}`);
    await api.review(one, { title: "Good", text: "It does what it says.", stars: 4 }, `key-${Math.random()}`);
    await api.putInCart(two, { quantity: 2 });
    await api.wish(one);
    window.order = order.id;
  }, [one, two]);
  return page.evaluate(() => window.order);
}

const pagesOf = (order) => ({
  home: "/", category: `/category/${category}`, search: "/search?q=cushion", nothing: "/search?q=zzzzqqqq", product: `/product/${encodeURIComponent(one)}`,
  missing: "/product/no-such-product", cart: "/cart", checkout: "/checkout", orders: "/orders", order: `/orders/${order}`, account: "/account", wishlist: "/wishlist",
});

test("a row with a product that cannot be shown says so, and is asked for again", async () => {
  const page = await visitor();
  let spoilt = 0;
  await page.route(/\/v1\/products\?.*sort=newest/, async (route) => {
    const answer = await route.fetch(), json = await answer.json();
    if (!spoilt++) json.items[4] = null;
    await route.fulfill({ response: answer, json });
  });
  await page.goto("/");
  const row = page.getByRole("region", { name: "New", exact: true });
  await row.getByRole("button", { name: "Try again" }).click();
  await row.getByRole("article").nth(4).waitFor();
  await settled(page);
  faultless(page, "a spoilt row");
});

async function look(how, name) {
  const page = await visitor({ ...how, withAxe: true });
  const loaded = [];
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  cdp.on("Network.loadingFinished", (e) => loaded.push(e.encodedDataLength));
  await open(page, "/");
  await page.waitForTimeout(200); // what comes after the page has settled counts, too
  const bytes = loaded.reduce((a, b) => a + b, 0);
  assert.ok(bytes < FIRST_VIEW && bytes > 20_000, `the first view takes ${bytes} bytes`);
  for (const guest of ["/login", "/register"]) {
    await open(page, guest);
    await accessible(page, guest);
    await noSidewaysScroll(page, guest);
    await picture(page, `${name}-${guest.slice(1)}`);
  }
  const order = await furnish(page);
  for (const [what, path] of Object.entries(pagesOf(order))) {
    await open(page, path);
    await picture(page, `${name}-${what}`);
    await accessible(page, `${name} ${what}`);
    await noSidewaysScroll(page, `${name} ${what}`);
    await steady(page, `${name} ${what}`);
    const expected = what === "missing" ? (f) => !/404/.test(f) : () => true; // the browser notes the answer itself
    page.faults = page.faults.filter(expected);
    faultless(page, `${name} ${what}`);
  }
}

test("every page is good on a desktop, in the light", () => look({ size: DESKTOP }, "desktop"));
test("every page is good on a phone, in the dark", () => look({ size: PHONE, dark: true, touch: true }, "phone"));

test("opened reasons, filters and suggestions are open to everybody as well", async () => {
  const page = await visitor({ withAxe: true });
  await open(page, "/");
  await page.locator("details.why summary").first().click();
  await page.locator(".reasons li").first().waitFor();
  await page.getByRole("combobox").fill("cu");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await accessible(page, "home with suggestions and reasons");
  await picture(page, "suggestions");
});

test("a filter is a step that going back undoes", async () => {
  const page = await visitor();
  await open(page, `/category/${category}`);
  const total = () => page.locator(".total").textContent();
  const all = await total();
  const box = page.locator("fieldset", { hasText: "Brand" }).getByRole("checkbox").first();
  await box.check();
  await page.waitForFunction((all) => document.querySelector(".total").textContent !== all, all);
  const some = await total();
  await page.getByLabel("Sort by").selectOption("price");
  await page.waitForURL(/sort=price/);
  await open(page, page.url()); // the address is the state
  assert.equal(await total(), some);
  await page.getByLabel("Sort by").selectOption("-price");
  await page.goBack();
  await page.waitForURL(/sort=price/);
  assert.equal(await page.getByLabel("Sort by").inputValue(), "price");
  await page.goBack();
  await page.waitForURL((u) => !u.search.includes("sort"));
  await page.goBack();
  await page.waitForURL((u) => !u.search);
  await page.waitForFunction((all) => document.querySelector(".total").textContent === all, all);
  await page.waitForFunction(() => !document.querySelector(".facets input:checked"));
  await page.goForward();
  await page.waitForURL(/brand=/);
  await page.waitForFunction((some) => document.querySelector(".total").textContent === some, some);
  faultless(page, "filters");
});
