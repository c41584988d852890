import assert from "node:assert/strict";
import { test } from "node:test";

import { openCheckout } from "../tollgate-checkout.js";

// What a frame shows and says is tested in a browser, with the server; here is what needs neither.

test("options that cannot work are refused before anything is opened", () => {
  const good = { requestId: 7, token: "t", baseUrl: "https://pay.example", container: { isConnected: true } };
  for (const [label, options] of Object.entries({
    "no request": { ...good, requestId: undefined },
    "a request as text": { ...good, requestId: "7" },
    "request 0": { ...good, requestId: 0 },
    "half a request": { ...good, requestId: 7.5 },
    "a request that no number holds": { ...good, requestId: 2 ** 53 },
    "no token": { ...good, token: undefined },
    "an empty token": { ...good, token: "" },
    "a plain address": { ...good, baseUrl: "http://pay.example" },
    "an address with a password": { ...good, baseUrl: "https://a:b@pay.example" },
    "no address": { ...good, baseUrl: "pay.example" },
    "another scheme": { ...good, baseUrl: "javascript:alert(1)" },
    "a container outside the document": { ...good, container: { isConnected: false } },
  })) {
    assert.throws(() => openCheckout(options), TypeError, label);
  }
});
