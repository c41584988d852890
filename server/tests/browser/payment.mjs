// What a shopper does, in the demo shop: pays, is declined, cancels, waits too long; by mouse and by keyboard.

import assert from "node:assert/strict";

import { api, check, config, done, watched } from "./harness.mjs";

async function shop(context) {
  const { page, seen } = await watched(context);
  await page.goto(config.shop);
  await page.waitForSelector("body[data-ready]");
  return { page, seen };
}

const log = (page) => page.locator("#log li");
const said = (page, text) => log(page).filter({ hasText: text }).first().waitFor();
const lines = (page) => log(page).allTextContents();

await check("pays on the page and the shop hears of it", async (context) => {
  const { page, seen } = await shop(context);
  await page.getByRole("button", { name: "Pay on this page" }).click();
  const frame = page.frameLocator("#frame iframe");
  await frame.getByRole("button", { name: "Pay 49.90 EUR" }).click();
  await frame.getByRole("heading", { name: "Payment complete" }).waitFor();
  await said(page, "payment.success");
  assert.deepEqual(await lines(page), ["payment.ready", "payment.success"]);
  assert.equal(await frame.locator("h2:focus").textContent(), "Payment complete", "the outcome has the focus");
  assert.deepEqual([...seen.console, ...seen.errors], []);
});

await check("is declined in a dialog, then pays another way", async (context) => {
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay in a dialog" }).click();
  const frame = page.getByRole("dialog").frameLocator("iframe");
  await frame.getByLabel("Mastercard").check();
  await frame.getByRole("button", { name: /^Pay / }).click();
  await frame.getByRole("alert").filter({ hasText: "declined and nothing was charged" }).waitFor();
  await frame.getByLabel("Bank transfer").check();
  await frame.getByRole("button", { name: /^Pay / }).click();
  await frame.getByRole("heading", { name: "Payment under way" }).waitFor();
  await said(page, "payment.pending");
  assert.deepEqual(await lines(page), ["payment.ready", "payment.failure: declined", "payment.pending"]);
});

await check("cancels, which closes the dialog", async (context) => {
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay in a dialog" }).click();
  await page.getByRole("dialog").frameLocator("iframe").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual(await lines(page), ["payment.ready", "payment.cancel"]);
});

await check("leaves the dialog by Escape", async (context) => {
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay in a dialog" }).click();
  await said(page, "payment.ready");
  await page.getByRole("dialog").evaluate((dialog) => dialog.focus());
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual(await lines(page), ["payment.ready", "payment.cancel"]);
});

await check("changes its mind after cancelling on the page", async (context) => {
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay on this page" }).click();
  const frame = page.frameLocator("#frame iframe");
  await frame.getByRole("button", { name: "Cancel" }).click();
  await frame.getByRole("heading", { name: "Payment cancelled" }).waitFor();
  await frame.getByRole("button", { name: "Pay after all" }).click();
  await frame.getByRole("button", { name: /^Pay / }).click();
  await said(page, "payment.success");
});

await check("pays with the keyboard alone", async (context) => {
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay on this page" }).focus();
  await page.keyboard.press("Enter");
  await said(page, "payment.ready");
  const inside = page.frames().find((frame) => frame.url().includes("/main?"));
  const focused = () => inside.evaluate(() => document.hasFocus() && document.activeElement?.outerHTML);
  for (let tabs = 0; tabs < 12 && !String(await focused()).includes("tok_test_visa"); tabs++) await page.keyboard.press("Tab");
  assert.match(await focused(), /tok_test_visa/);
  await page.keyboard.press("ArrowDown");
  assert.match(await focused(), /tok_test_pending/);
  await page.keyboard.press("Tab");
  assert.match(await focused(), /class="pay"/);
  await page.keyboard.press("Enter");
  await said(page, "payment.pending");
  assert.equal(await inside.evaluate(() => document.activeElement.textContent), "Payment under way");
});

await check("hears that the page has expired when its time is over", async (context) => {
  await context.clock.install();
  const { page } = await shop(context);
  await page.getByRole("button", { name: "Pay on this page" }).click();
  await said(page, "payment.ready");
  const frame = page.frameLocator("#frame iframe");
  await frame.getByText("This page closes in 15 minutes").waitFor();
  await context.clock.fastForward(800_000);
  await frame.getByText("This page closes in 2 minutes").waitFor();
  assert.equal(await frame.locator("#time").getAttribute("aria-live"), "polite", "said aloud near the end");
  await context.clock.fastForward(101_000);
  await frame.getByRole("heading", { name: "This payment page has expired" }).waitFor();
  await said(page, "payment.failure: token_expired");
});

await check("cannot pay twice on two pages of one request", async (context) => {
  const key = { "X-API-Key": config.key };
  const { id } = await api("POST", "/payment-requests", key, { amount: 5, unit: "EUR" });
  const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
  const { page } = await watched(context);
  await page.goto(`${config.sandbox}/main?requestId=${id}&token=${token}`);
  await api("POST", `/payment-requests/${id}/payments`, key, { method: "card", paymentToken: "tok_test_visa" });
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).click();
  await page.getByRole("heading", { name: "This payment page has expired" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("caibo.checkout.token")), null);
  await page.goto(`${config.sandbox}/main?requestId=${id}&token=${token}`);
  await page.getByRole("heading", { name: "This payment page has expired" }).waitFor();
});

await check("is told the truth when the connection breaks", async (context) => {
  const key = { "X-API-Key": config.key };
  const { id } = await api("POST", "/payment-requests", key, { amount: 5, unit: "EUR" });
  const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
  const { page } = await watched(context);
  await page.goto(`${config.sandbox}/main?requestId=${id}&token=${token}`);
  const pay = page.getByRole("button", { name: "Pay 5.00 EUR" });
  await page.route("**/payments", (route) => route.abort());
  await pay.click();
  await page.getByRole("alert").filter({ hasText: "did not go through and nothing was charged" }).waitFor();
  await page.route("**/status", (route) => route.abort());
  await pay.click();
  await page.getByRole("alert").filter({ hasText: "connection was lost" }).waitFor();
  await page.unrouteAll();
  await pay.click();
  await page.getByRole("heading", { name: "Payment complete" }).waitFor();
});

await check("is sent back to the shop where the page stands alone", async (context) => {
  const key = { "X-API-Key": config.key };
  const urls = { successUrl: "https://shop.example/ok", failureUrl: "https://shop.example/failed" };
  await context.route("https://shop.example/**", (route) => route.fulfill({ body: "the shop" }));
  for (const [method, path] of [["Visa", "/ok"], ["Mastercard", "/failed"]]) {
    const { id } = await api("POST", "/payment-requests", key, { amount: 5, unit: "EUR", ...urls });
    const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
    const { page } = await watched(context);
    await page.goto(`${config.sandbox}/main?requestId=${id}&token=${token}`);
    await page.getByLabel(method).check();
    await page.getByRole("button", { name: "Pay 5.00 EUR" }).click();
    await page.waitForURL(`https://shop.example${path}`);
    await page.close();
  }
});

await check("pays an invoice while its token dies: one renewal for ten calls", async (context) => {
  const { page, seen } = await shop(context);
  await page.getByRole("button", { name: "Show an invoice" }).click();
  await said(page, "invoice is open");
  await page.getByRole("button", { name: "Expire the token now" }).click();
  await said(page, "the token is dead");
  const before = seen.requests.length;
  await page.getByRole("button", { name: "Read the invoice ten times" }).click();
  await said(page, "ten answers");
  const asked = seen.requests.slice(before).map((request) => `${request.method()} ${new URL(request.url()).pathname}`);
  assert.equal(asked.filter((call) => call === "POST /token").length, 1, asked.join("\n"));
  assert.equal((await lines(page)).filter((line) => line === "onAccessTokenExpired").length, 1);
  assert.ok(asked.filter((call) => call === "GET /checkout/v1/invoice").length >= 20, asked.join("\n"));
  await page.getByRole("button", { name: "Pay 49.90 EUR" }).click();
  await said(page, "payment succeeded");
  await said(page, "invoice is paid");
  assert.ok(await page.getByRole("button", { name: "Pay 49.90 EUR" }).isDisabled());
});

await done();
