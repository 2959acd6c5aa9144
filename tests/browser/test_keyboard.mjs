// The shop by keyboard alone: every stop can be seen, and a product can be found, bought and ordered without a mouse.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, faultless, open, settled, visitor } from "./browser.mjs";

/* Name and looks of what has the focus; fails when nobody could see where it is. */
async function focused(page) {
  const at = await page.evaluate(() => {
    const node = document.activeElement, box = node.getBoundingClientRect();
    const ring = (n, pseudo) => {
      const s = n && getComputedStyle(n, pseudo);
      return s && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
    };
    return {
      tag: node.localName, text: (node.getAttribute("aria-label") ?? node.textContent ?? "").trim().slice(0, 60), html: node.outerHTML.slice(0, 140),
      seen: ring(node) || ring(node, "::after") || ring(node.parentElement), // a card's ring is round the card
      inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    };
  });
  assert.ok(at.seen, `the focus cannot be seen on ${at.html}`);
  assert.ok(at.inside, `the focus is out of sight on ${at.html}`);
  return at;
}

/* Tabs on until the focus is where `wanted` says. */
async function tabTo(page, wanted, most = 80) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const at = await focused(page);
    if (wanted(at)) return at;
  }
  assert.fail(`not within ${most} steps: ${wanted}`);
}

test("a product is found, bought and ordered without a mouse", async () => {
  const [product] = (await ask("GET", "/v1/products?in_stock=true&sort=popular&limit=1")).items;
  const page = await visitor();
  await open(page, "/");
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).text, "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.evaluate(() => document.activeElement.blur());

  await page.evaluate(() => document.querySelector(".brand").focus());
  await tabTo(page, (at) => at.tag === "input");
  await page.keyboard.type(product.title.split(" ").slice(0, 2).join(" ").toLowerCase());
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("listbox").isVisible(), false);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /“/ }).waitFor();
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "h1", "the new page's heading is read out");
  await tabTo(page, (at) => at.html.includes("/product/"));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Add to cart" }).waitFor();
  await settled(page);
  await tabTo(page, (at) => at.text === "Add to cart");
  await page.keyboard.press("Enter");
  await page.getByText("is in the cart").waitFor();

  await page.goto("/cart");
  await settled(page);
  await tabTo(page, (at) => at.html.includes('type="number"'));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Tab");
  await page.getByText(/Quantity of .* changed/).waitFor();
  await tabTo(page, (at) => at.text === "Checkout");
  await page.keyboard.press("Enter");
  await page.getByLabel("Email").waitFor();
  await tabTo(page, (at) => at.tag === "input" && at.html.includes("email"));
  await page.keyboard.type("keys@shop.example");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Thank you for your order" }).waitFor();
  faultless(page, "by keyboard");
});

test("stars and filters are chosen by arrow and space", async () => {
  const page = await visitor();
  await open(page, "/search?q=cotton");
  await tabTo(page, (at) => at.html.includes("brand="));
  await page.keyboard.press("Space");
  await page.waitForURL(/brand=/);
  await settled(page);
  await page.waitForFunction(() => document.activeElement.dataset.key?.startsWith("brand=")); // the filters are new, the focus is where it was
  faultless(page, "filters by keyboard");
});
