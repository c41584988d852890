// Every state of the pages: without a violation that axe finds, light and dark, wide and narrow; and its picture.

import assert from "node:assert/strict";

import { api, check, config, done, picture, violations, watched } from "./harness.mjs";

const key = { "X-API-Key": config.key };

async function session(body = {}) {
  const request = { amount: 49.9, unit: "EUR", referenceId: "cart-1009", ...body };
  const { id } = await api("POST", "/payment-requests", key, request);
  const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
  return { id, token, url: `${config.sandbox}/main?requestId=${id}&token=${token}` };
}

async function clean(frame, label) {
  assert.deepEqual(await violations(frame), [], label);
}

/** Nothing is wider than the window. */
async function fits(page, label) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${label}: ${content} in ${window}`);
}

/** The address that the documentation speaks of, in the place of this run's port. */
async function usualAddress(page) {
  await page.locator(".where code").evaluate((code) => { code.textContent = "http://127.0.0.1:8080"; });
}

/** Each state of the payment page, and how a shopper gets there. */
const STATES = {
  ready: async () => {},
  declined: async (page) => {
    await page.getByLabel("Mastercard").check();
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByRole("alert").waitFor();
  },
  paying: async (page) => {
    await page.route("**/payments", () => {});
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByText("Paying…").waitFor();
  },
  pending: async (page) => {
    await page.getByLabel("Bank transfer").check();
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByRole("heading", { name: "Payment under way" }).waitFor();
  },
  cancelled: async (page) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "Payment cancelled" }).waitFor();
  },
  paid: async (page) => {
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.getByRole("heading", { name: "Payment complete" }).waitFor();
  },
};

const WINDOWS = [
  ["light", { colorScheme: "light", viewport: { width: 720, height: 760 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 720, height: 760 } }],
  ["narrow", { colorScheme: "light", viewport: { width: 320, height: 700 } }],
];
const PICTURES = new Set(["ready-light", "ready-dark", "ready-narrow", "declined-light", "paid-light", "paid-dark", "pending-light", "expired-light"]);

for (const [window, options] of WINDOWS) {
  await check(`every state of the payment page is clear and fits: ${window}`, async (context) => {
    for (const [state, reach] of Object.entries(STATES)) {
      const { url } = await session();
      const { page } = await watched(context);
      await page.goto(url);
      await page.getByRole("button", { name: /^Pay / }).waitFor();
      await reach(page);
      await clean(page, `${state}, ${window}`);
      await fits(page, `${state}, ${window}`);
      const name = `${state}-${window}`;
      if (PICTURES.has(name)) await picture(page, `checkout-${name}`, { fullPage: true });
      await page.close();
    }
  }, options);

  await check(`the pages of dead and unknown tokens are clear and fit: ${window}`, async (context) => {
    const { id, url } = await session();
    await api("POST", `/payment-requests/${id}/payments`, key, { method: "card", paymentToken: "tok_test_visa" });
    for (const [state, address] of [["expired", url], ["refused", `${config.sandbox}/main`]]) {
      const { page } = await watched(context);
      await page.goto(address);
      await page.locator("h1:visible, h2:visible").first().waitFor();
      await clean(page, `${state}, ${window}`);
      await fits(page, `${state}, ${window}`);
      const name = `${state}-${window}`;
      if (PICTURES.has(name)) await picture(page, `checkout-${name}`, { fullPage: true });
      await page.close();
    }
  }, options);
}

await check("long names and references stay inside a narrow window", async (context) => {
  const { url } = await session({ amount: 1234567890.12, referenceId: "R".repeat(200) });
  const { page } = await watched(context);
  await page.goto(url);
  await page.getByRole("button", { name: /^Pay / }).waitFor();
  await fits(page, "long");
  await clean(page, "long");
}, { viewport: { width: 320, height: 700 } });

for (const [colorScheme, width] of [["light", 1180], ["dark", 1180], ["light", 320]]) {
  await check(`the demo shop is clear and fits with the page in it: ${colorScheme}, ${width}`, async (context) => {
    const { page } = await watched(context);
    await page.goto(config.shop);
    await page.waitForSelector("body[data-ready]");
    await page.getByRole("button", { name: "Pay on this page" }).click();
    await page.locator("#log li", { hasText: "payment.ready" }).waitFor();
    const inside = page.frames().find((frame) => frame.url().includes("/main?"));
    await inside.getByRole("button", { name: /^Pay / }).waitFor();
    await clean(page, "shop");
    await clean(inside, "frame");
    await fits(page, "shop");
    await fits(inside, "frame");
    const name = width === 320 ? "shop-narrow" : `shop-${colorScheme}`;
    await usualAddress(page);
    await picture(page, name, { fullPage: width === 320 });
  }, { colorScheme, viewport: { width, height: 980 } });
}

await check("the dialog is clear, and only it is read out while it is open", async (context) => {
  const { page } = await watched(context);
  await page.goto(config.shop);
  await page.waitForSelector("body[data-ready]");
  await page.getByRole("button", { name: "Pay in a dialog" }).click();
  await page.locator("#log li", { hasText: "payment.ready" }).waitFor({ state: "attached" });
  await clean(page, "shop with dialog");
  assert.equal(await page.getByRole("dialog", { name: "Payment to Demo Shop" }).count(), 1);
  await page.getByRole("dialog").frameLocator("iframe").getByRole("button", { name: /^Pay / }).waitFor();
  await usualAddress(page);
  await picture(page, "shop-dialog");
}, { viewport: { width: 1180, height: 980 } });

await done();
