// Names and texts that try to be more than text: whatever a product or a review is called, the pages show it as it is.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, base, faultless, open, PHONE, noSidewaysScroll, picture, settled, visitor } from "./browser.mjs";

const TEXTS = [
  `<script>window.caught = 1</script>`,
  `<img src=x onerror="window.caught = 1">`,
  `"><svg/onload=window.caught=1>`,
  `' onmouseover='window.caught=1' x='`,
  `javascript:window.caught=1`,
  `</title></h1><iframe srcdoc="<script>parent.caught=1</script>">`,
  `{{constructor.constructor('window.caught=1')()}} \${window.caught=1}`,
  `<mark>not a highlight</mark> &lt;b&gt; &amp; &#60;i&#62;`,
  `--><!-- ]]> <![CDATA[ <style>*{display:none}</style>`,
  `\u202Eright to left\u202C and back`,
  `Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤ ️‍👩‍👩‍👧‍👦 ﷽ 𝕿𝖍𝖊 ｆｕｌｌ`,
  `undefined null NaN true [object Object] 1/0`,
  `%00%0d%0aSet-Cookie: a=b ../../etc/passwd ' OR 1=1 --`,
  "W".repeat(150),
];

const cut = (text, n) => [...text].slice(0, n).join(""); // whole characters

/* One product a text, each said everywhere that the pages show, and a review of it. */
async function furnish() {
  const { token } = await ask("POST", "/v1/account", { email: "naughty@shop.example", password: "correct horse battery", name: TEXTS[1], bearer: true });
  for (const [i, text] of TEXTS.entries()) {
    await ask("PUT", `/v1/admin/products/naughty-${i}`, { title: `naughty ${text}`, brand: cut(text, 100), category: `Naughty > ${cut(text.replaceAll(" > ", " "), 60)}`,
      description: text, price: 100 + i, currency: "EUR", stock: 9, attributes: { colour: cut(text, 100) } });
    const answer = await fetch(`${base}/v1/products/naughty-${i}/reviews`, { method: "POST", body: JSON.stringify({ title: cut(text, 150), text, stars: 3 }),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, "Idempotency-Key": `naughty-${i}` } });
    assert.equal(answer.status, 201, await answer.text());
  }
}

const caught = (page) => page.evaluate(() => window.caught);
const texts = (page, selector) => page.locator(selector).evaluateAll((nodes) => nodes.map((n) => n.textContent));
const tidy = (text) => text.replace(/\s+/g, " ").trim();

test("product and review texts are shown as text", async () => {
  await furnish();
  const page = await visitor();
  for (const [i, text] of TEXTS.entries()) {
    await open(page, `/product/naughty-${i}`);
    await page.locator(".review").first().waitFor();
    assert.equal(await page.locator("h1").textContent(), `naughty ${text}`.normalize("NFC").trim());
    assert.equal(tidy(await page.locator(".telling .description").textContent()), tidy(text));
    assert.deepEqual((await texts(page, ".review .description")).map(tidy), [tidy(text)]);
    assert.ok((await texts(page, ".review strong")).includes(TEXTS[1]), "the author's name");
    assert.ok((await page.title()).startsWith("naughty"));
    await noSidewaysScroll(page, text);
  }
  await picture(page, "naughty-product");
  assert.equal(await caught(page), undefined);
  faultless(page, "products");
});

test("lists, search, cart, wishlist and orders show them as text, on a phone, too", async () => {
  const page = await visitor({ size: PHONE });
  await open(page, "/category/Naughty");
  const shown = await texts(page, "article.card h2");
  for (const text of TEXTS) assert.ok(shown.some((s) => tidy(s) === tidy(`naughty ${text}`)), text);
  await noSidewaysScroll(page, "category");
  await picture(page, "naughty-category");

  await open(page, "/search?q=naughty");
  assert.ok((await page.locator("main mark").count()) >= TEXTS.length, "hits are marked");
  assert.ok((await texts(page, "article.card h2")).some((s) => s.includes(TEXTS[7])), "a text's own <mark> stays text");
  await noSidewaysScroll(page, "search");
  await page.getByRole("combobox", { name: "Search the shop" }).fill("naughty");
  await page.getByRole("option").first().waitFor();
  for (const text of TEXTS.slice(0, 9)) {
    await open(page, `/search?q=${encodeURIComponent(text)}`);
    assert.ok((await page.locator("h1").textContent()).includes(text.trim()));
    await noSidewaysScroll(page, `search for ${text}`);
  }

  await page.evaluate(async (n) => {
    const { api } = await import(document.querySelector("script[type=module]").src.replace("app.js", "api.js"));
    for (let i = 0; i < n; i++) {
      await api.putInCart(`naughty-${i}`, { quantity: 1 });
      await api.wish(`naughty-${i}`);
    }
  }, TEXTS.length);
  for (const path of ["/cart", "/wishlist", "/checkout"]) {
    await open(page, path);
    for (const text of TEXTS) assert.ok(tidy(await page.locator("main").textContent()).includes(tidy(`naughty ${text}`)), `${path}: ${text}`);
    await noSidewaysScroll(page, path);
    await picture(page, `naughty-${path.slice(1)}`);
  }
  await page.getByLabel("Email").fill("naughty2@shop.example");
  await page.getByRole("button", { name: /^Order for/ }).click();
  await page.getByRole("heading", { name: "Thank you for your order" }).waitFor();
  await settled(page);
  await noSidewaysScroll(page, "order");
  assert.equal(await caught(page), undefined);
  faultless(page, "lists");
});
