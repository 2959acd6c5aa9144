// A shopper's way through the shop: registers, searches with a typing error, looks at three related products, sees the row
// "For you" change, rates, buys, finds the order. Everything by what stands on the pages.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, faultless, open, picture, settled, steady, visitor } from "./browser.mjs";

const row = (page, title) => page.locator("section.row", { has: page.getByRole("heading", { name: title }) });
const titles = (page, title) => row(page, title).locator("h3").allTextContents();

/* "frying" -> "fryign": two letters of the longest word change places. */
function misspelt(word) {
  return word.slice(0, -2) + word.at(-1) + word.at(-2);
}

async function register(page) {
  await page.getByRole("navigation", { name: "You" }).getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Make an account" }).click();
  await page.getByRole("button", { name: "Make the account" }).click();
  assert.equal(await page.getByLabel("Email").getAttribute("aria-invalid"), "true", "an empty email is refused beside its field");
  await page.getByLabel("Email").fill("shopper@shop.example");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByLabel("Name").fill("Ada Lovelace");
  await page.getByLabel("Age").selectOption("35-44");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("heading", { name: "Welcome back, Ada Lovelace" }).or(page.getByRole("heading", { name: /^Welcome/ })).first().waitFor();
  await page.getByRole("navigation", { name: "You" }).getByRole("link", { name: "Ada" }).waitFor();
}

test("a shopper registers, searches, looks, rates, buys and finds the order", async () => {
  const page = await visitor();
  await open(page, "/");
  await picture(page, "home-before");
  const before = await titles(page, "For you");
  assert.ok(before.length > 5, "there is something for everybody");
  await steady(page, "home");
  await register(page);

  const sold = (await ask("GET", "/v1/products?in_stock=true&sort=popular&limit=40")).items;
  const word = sold.flatMap((p) => p.title.split(" ")).find((w) => /^[a-z]{6,}$/i.test(w) && w.at(-1) !== w.at(-2));
  await page.getByRole("combobox", { name: "Search the shop" }).fill(misspelt(word));
  await page.getByRole("combobox", { name: "Search the shop" }).press("Enter");
  await page.locator("main mark").first().waitFor();
  assert.match((await page.locator("main mark").first().textContent()).toLowerCase(), new RegExp(word.slice(0, 4).toLowerCase()));
  await picture(page, "search");

  await page.locator("main ul.grid article.card a").first().click();
  const seen = [];
  for (let i = 0; i < 3; i++) {
    await row(page, "You may also like").locator("h3 a").first().waitFor();
    const link = row(page, "You may also like").locator("h3 a").first(), title = await link.textContent();
    await link.click();
    await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    seen.push(title);
  }
  await settled(page);
  await picture(page, "product");

  await page.getByRole("link", { name: "Aisle", exact: true }).click();
  await row(page, "Because you viewed").locator("h3").first().waitFor();
  await row(page, "For you").locator("h3").first().waitFor();
  assert.notDeepEqual(await titles(page, "For you"), before, "what was looked at changes what is shown");
  assert.ok((await row(page, "Because you viewed").getByRole("heading", { level: 2 }).textContent()).includes(seen.at(-1)));
  await settled(page);
  await picture(page, "home-after");

  const cards = row(page, "For you").locator("article.card");
  assert.equal(await cards.locator("details.why").count(), await cards.count(), "every recommended product says why");
  await cards.first().locator("summary").click();
  await cards.first().locator(".reasons li").first().waitFor();
  await picture(page, "why");

  await row(page, "For you").locator("h3 a").first().click();
  await settled(page);
  const bought = await page.locator("main h1").textContent();
  await page.getByRole("radio", { name: "4 stars" }).check({ force: true });
  await page.getByText("You gave 4 stars.").waitFor();
  await page.locator(".histogram li", { hasText: "4 stars" }).locator(".small", { hasText: /[1-9]/ }).waitFor();

  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "See the cart" }).click();
  await page.getByRole("heading", { name: bought }).waitFor();
  await settled(page);
  await picture(page, "cart");
  await page.getByRole("link", { name: "Checkout" }).click();
  await page.getByText("shopper@shop.example").waitFor();
  await page.getByRole("button", { name: /^Order for/ }).click();
  await page.getByRole("heading", { name: "Thank you for your order" }).waitFor();
  await page.goto("/orders");
  await page.getByText(bought).waitFor();
  await picture(page, "orders");
  await page.getByRole("link", { name: /^Order of/ }).click();
  await page.getByRole("cell", { name: bought }).waitFor();
  faultless(page, "a shopper's way");

  const clicks = page.told.filter((e) => e.type === "click" && e.recommendation_id), views = page.told.filter((e) => e.type === "view" && e.recommendation_id);
  assert.ok(clicks.length >= 1 && views.length >= 1, "clicks and views say which recommendation they came from");
  assert.ok(page.told.filter((e) => e.type === "impression").every((e) => e.item), "impressions name a product");
});

test("a shop whose server is gone says so, and goes on when it is back", async () => {
  const page = await visitor();
  await open(page, "/");
  await page.context().setOffline(true);
  await page.locator("section.row h3 a").first().click();
  const notice = page.getByRole("alert");
  await notice.waitFor();
  await page.context().setOffline(false);
  await notice.getByRole("button", { name: "Try again" }).click();
  await page.locator("h1").first().waitFor();
  await settled(page);
  assert.ok(await page.locator("main h1").count());
});
