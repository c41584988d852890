import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { AccessTokenExpiredError, CheckoutClient, CheckoutError } from "../tollgate-checkout.js";
import { World, deferred, json, settle } from "./world.mjs";

const BASE = "https://pay.example";
const INVOICE = { id: "inv_1", total: "120.50" };
let world;

afterEach(() => world?.close());

/** A server that knows one good token. */
function serverWith(good) {
  return ({ headers }) =>
    headers.Authorization === `Bearer ${good.token}` ? json(200, INVOICE) : json(401, { code: "unauthorized" });
}

const client = (options) => new CheckoutClient({ accessToken: "old", baseUrl: BASE, ...options });

test("ten parallel 401s ask for one new token, and each call is repeated once with it", async () => {
  world = new World(serverWith({ token: "new" }));
  const asked = deferred();
  let times = 0;
  const calls = client({ onAccessTokenExpired: () => (times++, asked.promise) });
  const all = Promise.all(Array.from({ length: 10 }, () => calls.invoice()));
  await settle();
  assert.equal(times, 1);
  assert.equal(world.calls.length, 10);
  asked.resolve("new");
  assert.deepEqual(await all, Array(10).fill(INVOICE));
  assert.equal(times, 1);
  assert.equal(world.calls.length, 20);
  await calls.invoice();
  assert.equal(world.calls.at(-1).headers.Authorization, "Bearer new", "later calls use the new token");
});

test("a 401 that comes late, after the token was renewed, asks for no further one", async () => {
  const late = deferred();
  let first = true;
  const server = serverWith({ token: "new" });
  world = new World((call) => (first ? ((first = false), late.promise) : server(call)));
  let times = 0;
  const calls = client({ onAccessTokenExpired: async () => (times++, "new") });
  const slow = calls.invoice();
  await settle();
  await calls.invoice();
  late.resolve(json(401, {}));
  assert.deepEqual(await slow, INVOICE);
  assert.equal(times, 1);
});

test("a call that starts while a new token is on its way waits for it", async () => {
  world = new World(serverWith({ token: "new" }));
  const asked = deferred();
  const calls = client({ onAccessTokenExpired: () => asked.promise });
  const first = calls.invoice();
  await settle();
  const second = calls.invoice();
  await settle();
  assert.equal(world.calls.length, 1);
  asked.resolve("new");
  await Promise.all([first, second]);
  assert.equal(world.calls.length, 3);
});

test("a second 401 on the same call ends it, and the next call may try again", async () => {
  const good = { token: "third" };
  world = new World(serverWith(good));
  const given = ["second", "third"];
  const calls = client({ onAccessTokenExpired: async () => given.shift() });
  await assert.rejects(calls.invoice(), (error) => error instanceof AccessTokenExpiredError && error.statusCode === 401);
  assert.equal(world.calls.length, 2);
  assert.deepEqual(await calls.invoice(), INVOICE);
});

for (const [label, onAccessTokenExpired] of [
  ["no callback", undefined],
  ["a rejected callback", async () => { throw new Error("logged out"); }],
  ["a callback that throws", () => { throw new Error("broken"); }],
  ["an empty token", async () => ""],
  ["the same token", async () => "old"],
  ["no string", async () => 7],
  ["nothing", async () => null],
]) {
  test(`${label} gives every waiting call AccessTokenExpiredError`, async () => {
    world = new World(serverWith({ token: "new" }));
    const calls = client({ onAccessTokenExpired });
    const ended = await Promise.allSettled([calls.invoice(), calls.paymentMethods(), calls.invoice()]);
    for (const { reason } of ended) {
      assert.ok(reason instanceof AccessTokenExpiredError && reason instanceof CheckoutError);
      assert.equal(reason.statusCode, 401);
      assert.equal(reason.name, "AccessTokenExpiredError");
    }
    assert.equal(world.calls.length, 3, "no call is repeated");
  });
}

test("403 asks for no token and is not repeated", async () => {
  world = new World(() => json(403, { code: "origin_denied" }, { "X-Request-Id": "f00d" }));
  let times = 0;
  const calls = client({ onAccessTokenExpired: async () => (times++, "new") });
  await assert.rejects(calls.invoice(), { statusCode: 403, code: "origin_denied", requestId: "f00d" });
  assert.deepEqual([times, world.calls.length], [0, 1]);
});

test("other 4xx are not repeated and say what was wrong", async () => {
  world = new World(() => json(400, { code: "bad_request", validation_errors: { amount: "invalid" } }));
  const paying = client().pay({ amount: "1.00", paymentMethod: "card", paymentMethodId: "pm_1" });
  await assert.rejects(paying, { statusCode: 400, validationErrors: { amount: "invalid" } });
  assert.equal(world.calls.length, 1);
});

test("429 waits as long as Retry-After says, not less", async () => {
  let busy = true;
  world = new World(() => (busy ? json(429, {}, { "Retry-After": "7" }) : json(200, INVOICE)));
  const call = client().invoice();
  await settle();
  busy = false;
  await world.advance(6_999);
  assert.equal(world.calls.length, 1);
  await world.advance(1);
  assert.deepEqual(await call, INVOICE);
});

test("Retry-After as a date is measured by this clock", async () => {
  let busy = true;
  world = new World(() => {
    const at = new Date(Date.now() + 5_000).toUTCString();
    return busy ? json(503, {}, { "Retry-After": at }) : json(200, INVOICE);
  });
  const call = client().invoice();
  await settle();
  busy = false;
  await world.advance(4_999);
  assert.equal(world.calls.length, 1);
  await world.advance(1);
  await call;
});

test("a wait of more than a minute is left to the caller", async () => {
  world = new World(() => json(429, { code: "rate_limited" }, { "Retry-After": "3600" }));
  await assert.rejects(client().invoice(), { statusCode: 429, retryAfter: 3600 });
  assert.equal(world.calls.length, 1);
});

test("a Retry-After that is neither form is ignored", async () => {
  world = new World(() => json(429, {}, { "Retry-After": "soon" }));
  const call = client({ retries: 1 }).invoice();
  call.catch(() => {});
  await settle();
  assert.ok(world.waits.some((ms) => ms >= 250 && ms <= 500), `${world.waits}`);
  await world.advance(500);
  await assert.rejects(call, { statusCode: 429, retryAfter: null });
});

test("network errors and 5xx are repeated with the same idempotency key, so often and no more", async () => {
  const answers = [() => { throw new TypeError("failed to fetch"); }, () => json(502, "bad gateway"), () => json(201, { id: "pay_1" })];
  world = new World(() => answers.shift()());
  const paying = client().pay({ amount: "120.50", paymentMethod: "card", paymentMethodId: "pm_1" });
  await world.advance(10_000);
  assert.deepEqual(await paying, { id: "pay_1" });
  const keys = new Set(world.calls.map((call) => call.headers["Idempotency-Key"]));
  assert.equal(keys.size, 1);
  assert.match([...keys][0], /^[0-9a-f]{32}$/);

  world.server = () => { throw new TypeError("failed to fetch"); };
  const before = world.calls.length;
  const lost = client().invoice();
  lost.catch(() => {});
  await world.advance(60_000);
  await assert.rejects(lost, { statusCode: 0, code: "network" });
  assert.equal(world.calls.length - before, 3, "the first attempt and two more");
});

test("two payments have two idempotency keys; a given key is used as it is", async () => {
  world = new World(() => json(201, {}));
  const payment = { amount: "1.00", paymentMethod: "card", paymentMethodId: "pm_1", paymentDate: "2026-01-02" };
  await client().pay(payment);
  await client().pay(payment);
  await client().pay(payment, { idempotencyKey: "mine" });
  const keys = world.calls.map((call) => call.headers["Idempotency-Key"]);
  assert.notEqual(keys[0], keys[1]);
  assert.equal(keys[2], "mine");
  assert.deepEqual(JSON.parse(world.calls[0].body), {
    amount: "1.00", payment_date: "2026-01-02", payment_method: "card", payment_method_id: "pm_1",
  });
});

test("an attempt that takes too long is ended and repeated", async () => {
  world = new World(() => new Promise(() => {}));
  const call = client({ timeout: 1_000, retries: 1 }).invoice();
  call.catch(() => {});
  await world.advance(5_000);
  await assert.rejects(call, { code: "timeout" });
  assert.equal(world.calls.length, 2);
});

test("an abort ends a call at once, whatever it waits for", async () => {
  const waits = {
    "an answer": () => new Promise(() => {}),
    "Retry-After": () => json(429, {}, { "Retry-After": "30" }),
    "a new token": () => json(401, {}),
  };
  for (const [label, server] of Object.entries(waits)) {
    world = new World(server);
    const stop = new AbortController();
    const calls = client({ onAccessTokenExpired: () => new Promise(() => {}) });
    const call = calls.invoice({ signal: stop.signal });
    await settle();
    stop.abort(new Error("page left"));
    await assert.rejects(call, { message: "page left" }, label);
    world.close();
  }
});

test("an abort of one call does not end the renewal that others wait for", async () => {
  world = new World(serverWith({ token: "new" }));
  const asked = deferred();
  const stop = new AbortController();
  const calls = client({ onAccessTokenExpired: () => asked.promise });
  const gone = calls.invoice({ signal: stop.signal });
  const stays = calls.invoice();
  await settle();
  stop.abort();
  await assert.rejects(gone, { name: "AbortError" });
  asked.resolve("new");
  assert.deepEqual(await stays, INVOICE);
});

test("destroy ends what is under way, forgets the token and refuses what follows", async () => {
  world = new World(() => new Promise(() => {}));
  const calls = client();
  const call = calls.invoice();
  await settle();
  calls.destroy();
  await assert.rejects(call, { code: "destroyed" });
  await assert.rejects(calls.invoice(), { code: "destroyed" });
  assert.equal(world.calls.length, 1);
});

test("a token is renewed before its end, once", async () => {
  world = new World(() => json(200, INVOICE));
  let times = 0;
  const renew = async () => (times++, { token: "new", expires_at: world.serverSeconds + 900 });
  const calls = client({ expiresAt: world.serverSeconds + 900, onAccessTokenExpired: renew });
  await world.advance(869_000);
  await calls.invoice();
  assert.equal(times, 0);
  await world.advance(1_000);
  await Promise.all([calls.invoice(), calls.invoice(), calls.invoice()]);
  assert.equal(times, 1);
  assert.ok(world.calls.slice(1).every((call) => call.headers.Authorization === "Bearer new"));
});

test("a renewal before the end that fails leaves the old token in use, and is not tried again for it", async () => {
  world = new World(serverWith({ token: "old" }));
  let times = 0;
  const renew = async () => { times++; throw new Error("busy"); };
  const calls = client({ expiresAt: world.serverSeconds + 900, onAccessTokenExpired: renew });
  await world.advance(880_000);
  assert.deepEqual(await calls.invoice(), INVOICE);
  assert.deepEqual(await calls.invoice(), INVOICE);
  assert.equal(times, 1);
});

test("a clock that is wrong by a day causes no storm of renewals", async () => {
  for (const skew of [86_400_000, -86_400_000]) {
    world = new World(() => json(200, INVOICE));
    world.skew = skew;
    let times = 0;
    const renew = async () => (times++, { token: `new-${times}`, expires_at: world.serverSeconds + 900 });
    const calls = client({ expiresAt: world.serverSeconds + 900, onAccessTokenExpired: renew });
    for (let n = 0; n < 10; n++) {
      await calls.invoice();
      await world.advance(60_000);
    }
    assert.equal(times, 0, `skew ${skew}`);
    world.close();
  }
});

test("an answer that is no JSON is an error that names the request", async () => {
  world = new World(() => new Response("<html>", { status: 200, headers: { "X-Request-Id": "beef" } }));
  await assert.rejects(client().invoice(), { code: "invalid_answer", statusCode: 200, requestId: "beef" });
});

test("the token is in one header and nowhere else: no address, no error, no console, no JSON", async () => {
  const secret = "secret-token";
  const printed = [];
  const saved = { ...console };
  for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = (...args) => printed.push(args);
  try {
    world = new World(() => json(401, { code: "unauthorized", message: "x" }));
    const calls = client({ accessToken: secret, onAccessTokenExpired: async () => { throw new Error("no"); } });
    const error = await calls.invoice().catch((error) => error);
    const { headers, init, url } = world.calls[0];
    assert.equal(headers.Authorization, `Bearer ${secret}`);
    assert.ok(!url.includes(secret));
    assert.deepEqual([init.credentials, init.referrerPolicy, init.redirect, init.cache], ["omit", "no-referrer", "error", "no-store"]);
    const everything = [JSON.stringify(calls), Object.keys(calls).join(), String(error), error.stack, JSON.stringify(error)];
    assert.ok(!everything.join().includes(secret));
    assert.deepEqual(printed, []);
  } finally {
    Object.assign(console, saved);
  }
});

test("options that cannot work are refused", () => {
  world = new World(() => json(200, {}));
  for (const options of [
    undefined, {}, { accessToken: "" }, { accessToken: 7, baseUrl: BASE }, { accessToken: "t", baseUrl: "http://pay.example" },
    { accessToken: "t", baseUrl: "https://user:pass@pay.example" }, { accessToken: "t", baseUrl: "https://pay.example/?x=1" },
    { accessToken: "t", baseUrl: "/relative" }, { accessToken: "t", baseUrl: { sandbox: BASE } },
  ]) {
    assert.throws(() => new CheckoutClient(options), TypeError, JSON.stringify(options));
  }
});

test("the environment chooses among base URLs, and a path in front is kept", async () => {
  world = new World(() => json(200, INVOICE));
  const baseUrl = { production: BASE, sandbox: "http://127.0.0.1:8080/pay/" };
  await client({ baseUrl }).invoice();
  await client({ baseUrl, environment: "sandbox" }).invoicePdfLink();
  assert.deepEqual(world.calls.map((call) => call.url), [
    "https://pay.example/checkout/v1/invoice", "http://127.0.0.1:8080/pay/checkout/v1/invoice/pdf-link",
  ]);
});
