// Who may embed the page and who is told what: wrong origins, hostile parents, forged messages.

import assert from "node:assert/strict";

import { api, check, config, done, serve, watched } from "./harness.mjs";

const key = { "X-API-Key": config.key };

async function session(body = {}) {
  const request = { amount: 5, unit: "EUR", originDomain: config.shop, ...body };
  const { id } = await api("POST", "/payment-requests", key, request);
  const { token } = await api("POST", `/payment-requests/${id}/checkout-session`, key);
  return { id, token, url: `${config.sandbox}/main?requestId=${id}&token=${token}&embedded=true` };
}

/** A page that writes down every message it gets. */
const listener = (content) => `<!doctype html><title>parent</title>${content}
<script>window.heard = []; addEventListener("message", (e) => heard.push([e.origin, e.data]));</script>`;

const settled = (page) => page.waitForLoadState("networkidle");

await check("a page of another origin cannot embed the payment page and hears nothing", async (context) => {
  const { url } = await session();
  const hostile = await serve(() => listener(`<iframe src="${url.replaceAll("&", "&amp;")}"></iframe>`));
  const { page, seen } = await watched(context);
  await page.goto(hostile.origin);
  await settled(page);
  const framed = page.frames()[1];
  assert.equal(framed.url(), "chrome-error://chromewebdata/");
  assert.ok(seen.console.some((text) => text.includes("frame-ancestors")), seen.console.join("\n"));
  assert.deepEqual(await page.evaluate(() => window.heard), []);
});

await check("an expired page is embedded by its shop only, a neutral one by nobody", async (context) => {
  const over = await session();
  await api("POST", `/payment-requests/${over.id}/payments`, key, { method: "card", paymentToken: "tok_test_visa" });
  const unknown = over.url.replace(over.token, "A".repeat(43));
  const hostile = await serve((request) => {
    const src = request.url === "/unknown" ? unknown : over.url;
    return listener(`<iframe src="${src.replaceAll("&", "&amp;")}"></iframe>`);
  });
  for (const path of ["/over", "/unknown"]) {
    const { page } = await watched(context);
    await page.goto(hostile.origin + path);
    await settled(page);
    assert.equal(page.frames()[1].url(), "chrome-error://chromewebdata/", path);
    assert.deepEqual(await page.evaluate(() => window.heard), [], path);
  }
});

await check("a page that opened the payment page in a window hears nothing", async (context) => {
  const { url } = await session();
  const hostile = await serve(() => listener("<p>opener</p>"));
  const { page } = await watched(context);
  await page.goto(hostile.origin);
  const [popup] = await Promise.all([context.waitForEvent("page"), page.evaluate((url) => void window.open(url), url)]);
  await popup.getByRole("button", { name: "Pay 5.00 EUR" }).click();
  await popup.getByRole("heading", { name: "Payment complete" }).waitFor();
  assert.deepEqual(await page.evaluate(() => window.heard), []);
});

await check("even where frame-ancestors is not obeyed a hostile parent hears nothing", async (context) => {
  const { url } = await session();
  const hostile = await serve(() => listener(`<iframe src="${url.replaceAll("&", "&amp;")}"></iframe>`));
  await context.route(url, async (route) => {
    const response = await route.fetch();
    const { "content-security-policy": dropped, ...headers } = response.headers();
    assert.match(dropped, /frame-ancestors/);
    await route.fulfill({ response, headers });
  });
  const { page } = await watched(context);
  await page.goto(hostile.origin);
  const inside = page.frameLocator("iframe");
  await inside.getByRole("button", { name: "Pay 5.00 EUR" }).click();
  await inside.getByRole("heading", { name: "Payment complete" }).waitFor();
  assert.deepEqual(await page.evaluate(() => window.heard), []);
});

await check("a request without an origin tells nobody", async (context) => {
  const { url } = await session({ originDomain: undefined });
  const hostile = await serve(() => listener(`<iframe src="${url.replaceAll("&", "&amp;")}"></iframe>`));
  const { page } = await watched(context);
  await page.goto(hostile.origin);
  await settled(page);
  assert.equal(page.frames()[1].url(), "chrome-error://chromewebdata/");
});

await check("the payment page does nothing that a message asks for", async (context) => {
  const { page } = await watched(context);
  await page.goto(config.shop);
  await page.waitForSelector("body[data-ready]");
  await page.getByRole("button", { name: "Pay on this page" }).click();
  await page.locator("#log li", { hasText: "payment.ready" }).waitFor();
  await page.evaluate(() => {
    const frame = document.querySelector("#frame iframe").contentWindow;
    for (const type of ["payment.success", "payment.cancel", "payment.ready", "pay", "token"]) {
      frame.postMessage({ type, requestId: 1, token: "forged", successUrl: "https://evil.example/" }, "*");
    }
  });
  const inside = page.frameLocator("#frame iframe");
  await inside.getByRole("button", { name: "Pay 49.90 EUR" }).click();
  await inside.getByRole("heading", { name: "Payment complete" }).waitFor();
  await page.locator("#log li", { hasText: "payment.success" }).waitFor();
  assert.deepEqual(await page.locator("#log li").allTextContents(), ["payment.ready", "payment.success"]);
});

/** A shop page that uses the module against a gateway of our own making. */
async function shopWith(gateway) {
  const { url, integrity } = await api("GET", "/sdk/v1/manifest.json", {});
  return await serve(() => `<!doctype html><title>shop</title><div id="here"></div>
<script type="module" src="${url}" integrity="${integrity}" crossorigin="anonymous"></script>
<script type="module">
  import { openCheckout } from "${url}";
  window.events = [];
  const tell = (event) => events.push(event);
  window.checkout = openCheckout({
    requestId: 7, token: "t", container: document.querySelector("#here"), baseUrl: "${gateway}", readyTimeout: 0,
    onReady: tell, onSuccess: tell, onFailure: tell, onCancel: tell, onPending: tell,
  });
</script>`);
}

const events = (page) => page.evaluate(() => window.events);
const posting = (...messages) =>
  `<!doctype html><title>g</title><script>${messages.map((m) => `parent.postMessage(${m}, "*");`).join("")}</script>`;

await check("the module takes events of its own frame and shape only", async (context) => {
  const gateway = await serve(() => posting(
    `"payment.success"`, `null`, `{ type: "payment.stolen", requestId: 7 }`, `{ type: "payment.success" }`,
    `{ type: "payment.success", requestId: 8 }`, `{ type: "payment.success", requestId: "7" }`, `{ type: "toString", requestId: 7 }`,
    `{ type: "payment.ready", requestId: 7, extra: "x" }`, `{ type: "payment.success", requestId: 7, successUrl: 5 }`,
    `{ type: "payment.failure", requestId: 7, reason: "declined", failureUrl: "https://shop.example/failed" }`,
  ));
  const shop = await shopWith(gateway.origin);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await page.waitForFunction(() => window.events?.length >= 3);
  assert.deepEqual(await events(page), [
    { type: "payment.ready", requestId: 7 },
    { type: "payment.success", requestId: 7 },
    { type: "payment.failure", requestId: 7, failureUrl: "https://shop.example/failed", reason: "declined" },
  ]);
});

await check("the module ignores its own frame once it shows another origin", async (context) => {
  const evil = await serve(() => posting(`{ type: "payment.success", requestId: 7 }`));
  const gateway = await serve(() => ({ status: 302, headers: { Location: evil.origin } }));
  const shop = await shopWith(gateway.origin);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await settled(page);
  assert.ok(evil.requests.length > 0, "the frame did go there");
  assert.deepEqual(await events(page), []);
});

await check("the module ignores the right origin in another window, and its own page", async (context) => {
  const gateway = await serve((request) => (request.url.startsWith("/main") ? posting() : "<title>other</title>"));
  const shop = await shopWith(gateway.origin);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await page.waitForFunction(() => window.events !== undefined);
  const [popup] = await Promise.all([
    context.waitForEvent("page"),
    page.evaluate((url) => void window.open(url), `${gateway.origin}/other`),
  ]);
  await popup.waitForLoadState();
  await popup.evaluate(() => window.opener.postMessage({ type: "payment.success", requestId: 7 }, "*"));
  await page.evaluate(() => window.postMessage({ type: "payment.success", requestId: 7 }, "*"));
  // A message of our own, sent last: when it is here, the others were, too.
  await page.evaluate(() => new Promise((resolve) => {
    addEventListener("message", (event) => event.data === "last" && resolve());
    window.postMessage("last", "*");
  }));
  assert.deepEqual(await events(page), []);
});

await check("a destroyed page says nothing more and leaves nothing behind", async (context) => {
  const gateway = await serve(() => posting(`{ type: "payment.ready", requestId: 7 }`));
  const shop = await shopWith(gateway.origin);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await page.waitForFunction(() => window.events?.length === 1);
  await page.evaluate(() => {
    const frame = document.querySelector("iframe").contentWindow;
    window.checkout.destroy();
    window.checkout.destroy();
    dispatchEvent(new MessageEvent("message", { data: { type: "payment.success", requestId: 7 }, source: frame }));
  });
  assert.equal(await page.locator("iframe").count(), 0);
  assert.equal((await events(page)).length, 1);
});

await check("a page that never says that it is ready counts as failed", async (context) => {
  const { url } = await api("GET", "/sdk/v1/manifest.json", {});
  const shop = await serve(() => `<!doctype html><title>shop</title><div id="here"></div><script type="module">
    import { openCheckout } from "${url}";
    window.events = [];
    const onFailure = (event) => events.push(event);
    const container = document.querySelector("#here");
    openCheckout({ requestId: 7, token: "unknown", container, readyTimeout: 50, onFailure });
  </script>`);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await page.waitForFunction(() => window.events?.length === 1);
  assert.deepEqual(await events(page), [{ type: "payment.failure", requestId: 7, reason: "error" }]);
});

await check("a module that was changed on its way does not run", async (context) => {
  const { url, integrity } = await api("GET", "/sdk/v1/manifest.json", {});
  await context.route(url, async (route) => {
    const original = await route.fetch();
    await route.fulfill({ response: original, body: (await original.text()) + "\nwindow.changed = true;" });
  });
  const shop = await serve(() => `<!doctype html><title>shop</title>
<script type="module" src="${url}" integrity="${integrity}" crossorigin="anonymous"></script>
<script type="module">import("${url}").then(() => { window.outcome = "loaded"; }, () => { window.outcome = "refused"; });</script>`);
  const { page } = await watched(context);
  await page.goto(shop.origin);
  await page.waitForFunction(() => window.outcome !== undefined);
  assert.equal(await page.evaluate(() => window.outcome), "refused");
  assert.equal(await page.evaluate(() => window.changed), undefined);
});

await done();
