// Where a token must not turn up: Referer, history, address, lasting storage, cookies, console, the shop's document.

import assert from "node:assert/strict";

import { api, check, config, done, serve, watched } from "./harness.mjs";

const key = { "X-API-Key": config.key };
const STORED = "caibo.checkout.token";

async function session(body = {}) {
  const { id } = await api("POST", "/payment-requests", key, { amount: 5, unit: "EUR", ...body });
  const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
  return { id, token, url: `${config.sandbox}/main?requestId=${id}&token=${token}` };
}

/** Everything a script on the page, or the next page, could read. */
const readable = (frame) => frame.evaluate(() => ({
  address: location.href,
  cookies: document.cookie,
  document: document.documentElement.outerHTML,
  history: JSON.stringify(history.state),
  lasting: JSON.stringify({ ...localStorage }),
  name: window.name,
  referrer: document.referrer,
}));

/** Asserts that none of it holds the token. */
function without(token, texts, label) {
  for (const [where, text] of Object.entries(texts)) assert.ok(!String(text).includes(token), `${label}: ${where}`);
}

await check("the token leaves the address for the session storage of the tab", async (context) => {
  const { id, token, url } = await session();
  const { page, seen } = await watched(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).waitFor();
  without(token, await readable(page), "open");
  assert.equal(page.url(), `${config.sandbox}/main?requestId=${id}`);
  assert.equal(await page.evaluate((name) => sessionStorage.getItem(name), STORED), token);
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).click();
  await page.getByRole("heading", { name: "Payment complete" }).waitFor();
  without(token, await readable(page), "paid");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, "a dead token is not kept");
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual([...seen.console, ...seen.errors], []);
});

await check("the token goes to the page's own server, in the first address and then in one header", async (context) => {
  const { token, url } = await session();
  const { page, seen } = await watched(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).click();
  await page.getByRole("heading", { name: "Payment complete" }).waitFor();
  for (const request of seen.requests) {
    const headers = await request.allHeaders();
    const { "x-checkout-token": carried, ...others } = headers;
    assert.equal(new URL(request.url()).origin, config.sandbox, request.url());
    if (request.url() !== url) assert.ok(!request.url().includes(token), request.url());
    assert.ok(!JSON.stringify(others).includes(token), request.url());
    assert.equal(headers.referer, undefined, request.url());
    assert.equal(carried, request.url().endsWith("/payments") ? token : undefined, request.url());
  }
  assert.ok(seen.requests.length >= 4);
});

await check("neither the next page nor the way back shows the token", async (context) => {
  const canary = await serve(() => "<title>next</title><p>next</p>");
  const { token, url } = await session();
  const { page } = await watched(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).waitFor();
  await page.evaluate((href) => {
    const link = Object.assign(document.createElement("a"), { href, textContent: "next" });
    document.body.append(link);
    link.click();
  }, canary.origin);
  await page.waitForURL(`${canary.origin}/`);
  without(token, await readable(page), "the next page");
  assert.equal(await page.evaluate(() => document.referrer), "");
  assert.equal(canary.requests[0].headers.referer, undefined);
  await page.goBack();
  assert.ok(!page.url().includes(token), page.url());
});

await check("the page loads nothing from elsewhere, even if a script on it tries", async (context) => {
  const canary = await serve(() => ({ headers: { "Access-Control-Allow-Origin": "*" }, body: "" }));
  const { url } = await session();
  const { page } = await watched(context);
  await page.goto(url);
  await page.getByRole("button", { name: "Pay 5.00 EUR" }).waitFor();
  const outcome = await page.evaluate(async (origin) => {
    const tried = (element, attribute) => new Promise((resolve) => {
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("blocked");
      element[attribute] = `${origin}/${element.tagName}`;
      document.body.append(element);
    });
    const inline = Object.assign(document.createElement("script"), { textContent: "window.inline = true" });
    document.body.append(inline);
    return {
      image: await tried(document.createElement("img"), "src"),
      script: await tried(document.createElement("script"), "src"),
      style: await tried(Object.assign(document.createElement("link"), { rel: "stylesheet" }), "href"),
      call: await fetch(origin).then(() => "loaded", () => "blocked"),
      inline: window.inline ?? "blocked",
    };
  }, canary.origin);
  assert.deepEqual(outcome, { image: "blocked", script: "blocked", style: "blocked", call: "blocked", inline: "blocked" });
  assert.equal(canary.requests.length, 0);
});

await check("in a frame the shop's document and history hold no token either", async (context) => {
  const { page, seen } = await watched(context);
  let token = "";
  page.on("response", async (response) => {
    if (response.url().endsWith("/session")) ({ token } = await response.json());
  });
  await page.goto(config.shop);
  await page.waitForSelector("body[data-ready]");
  const steps = await page.evaluate(() => history.length);
  await page.getByRole("button", { name: "Pay on this page" }).click();
  await page.locator("#log li", { hasText: "payment.ready" }).waitFor();
  assert.equal(token.length, 43);
  without(token, await readable(page), "the shop");
  assert.equal(await page.evaluate(() => history.length), steps, "the frame adds no step to the history");
  const inside = page.frames().find((frame) => frame.url().includes("/main?"));
  without(token, await readable(inside), "the frame");
  assert.equal(await inside.evaluate((name) => sessionStorage.getItem(name), STORED), token);
  const opened = seen.requests.find((request) => request.url().includes("/main?"));
  assert.ok(!String((await opened.allHeaders()).referer).includes(token));
  assert.ok(!seen.console.join().includes(token));
});

await check("the token of an invoice is in memory and in one header", async (context) => {
  const { page, seen } = await watched(context);
  let token = "";
  page.on("response", async (response) => {
    if (response.url().endsWith("/invoice") && response.request().method() === "POST") ({ token } = await response.json());
  });
  await page.goto(config.shop);
  await page.waitForSelector("body[data-ready]");
  await page.getByRole("button", { name: "Show an invoice" }).click();
  await page.locator("#log li", { hasText: "invoice is open" }).waitFor();
  await page.getByRole("button", { name: "Pay 49.90 EUR" }).click();
  await page.locator("#log li", { hasText: "invoice is paid" }).waitFor();
  assert.ok(token.length > 100);
  without(token, await readable(page), "the shop");
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
  const calls = seen.requests.filter((request) => request.url().startsWith(`${config.sandbox}/checkout/`));
  assert.ok(calls.length >= 4);
  for (const request of calls) {
    const { authorization, ...others } = await request.allHeaders();
    assert.ok(!request.url().includes(token) && !JSON.stringify(others).includes(token), request.url());
    assert.equal(others.referer, undefined);
    if (request.method() !== "OPTIONS") assert.equal(authorization, `Bearer ${token}`);
  }
  assert.ok(!seen.console.join().includes(token));
});

await done();
