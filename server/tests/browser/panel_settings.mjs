// What is set up beside keys: OAuth clients, webhooks, request signing, address lists, domains.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { check, config, done, serve } from "./harness.mjs";
import { at, curl, headed, makeKey, pathOf, reloadUntil, rewrite, said, shell, signedIn, whoAmI } from "./person.mjs";

await check("makes a client, buys a token with curl, rotates and revokes its secret", async (context) => {
  const { page } = await signedIn(context);
  const token = async (id, secret) =>
    (await curl("/oauth/token", "-u", `${id}:${secret}`, "-d", "grant_type=client_credentials")).status;
  await page.goto(at("/clients"));
  await page.getByRole("link", { name: "New client" }).click();
  await page.getByRole("link", { name: "Alternative Payments" }).first().click();
  await page.getByLabel("Name").fill("Invoicing");
  await page.getByRole("button", { name: "Make the client" }).click();
  await headed(page, "Your new client");
  const [id, old] = [await page.locator("#beside").textContent(), await page.locator("#secret").textContent()];
  assert.equal(await token(id, old), 200);
  await page.getByRole("link", { name: "I have stored it" }).click();
  assert.ok(!(await page.content()).includes(old));
  await page.getByRole("link", { name: "Rotate the secret…" }).click();
  await page.getByLabel("1 hour").check();
  await page.getByRole("button", { name: "Rotate" }).click();
  await headed(page, "Your new client secret");
  const fresh = await page.locator("#secret").textContent();
  assert.deepEqual([await token(id, old), await token(id, fresh)], [200, 200]);
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByRole("row").filter({ hasText: "Retiring" }).getByRole("link", { name: "Revoke…" }).click();
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.locator(".flash.good").waitFor();
  assert.deepEqual([await token(id, old), await token(id, fresh)], [401, 200]);
});

await check("registers an endpoint, sends a test event and sees the attempts", async (context) => {
  const bodies = [];
  let answer = 500;
  const receiver = await serve(async (request) => {
    let body = "";
    for await (const part of request) body += part;
    bodies.push({ body, headers: request.headers });
    return { status: answer, body: "" };
  });
  const { page } = await signedIn(context);
  await page.goto(at("/webhooks"));
  await page.getByRole("link", { name: "New endpoint" }).click();
  await page.getByRole("link", { name: "Caibo" }).click();
  await page.getByLabel("Address").fill("ftp://shop.example/hook");
  await page.getByRole("button", { name: "Register" }).click();
  await page.locator("#url-fault").waitFor();
  assert.equal(await page.getByLabel("Address").inputValue(), "ftp://shop.example/hook");
  await page.getByLabel("Address").fill(`${receiver.origin}/hook`);
  await page.getByRole("button", { name: "Register" }).click();
  await said(page, "The endpoint is registered.");
  const endpoint = pathOf(page);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await headed(page, "Delivery");
  await reloadUntil(page, page.getByText("500"));
  answer = 200;
  await page.goto(config.sandbox + endpoint);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await headed(page, "Delivery");
  await reloadUntil(page, page.locator("tbody tr").last().locator(".badge.good"));
  await page.goto(at("/webhooks"));
  const delivered = page.getByRole("row").filter({ has: page.locator(".badge.good") });
  assert.ok((await delivered.count()) >= 1);

  // What arrived is signed with the secret that can be shown, after the password.
  await page.goto(at("/webhooks/secrets"));
  await rewrite("UPDATE panel_sessions SET proven_at = proven_at - 301000");
  await page.getByRole("link", { name: "Show…" }).first().click();
  await page.getByRole("button", { name: "Show it" }).click();
  await headed(page, "Confirm it is you");
  await page.getByLabel("Password", { exact: true }).fill(config.owner.password);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Show it" }).click();
  await headed(page, "Your secret");
  assert.equal(await page.locator("#secret").textContent(), config.webhookSecret);
  const { headers, body } = bodies.at(-1);
  const signed = await shell("/", `printf '%s' '${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}' \\
    | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf '%s' '${config.webhookSecret.slice(6)}' | base64 -d | od -An -tx1 | tr -d ' \\n')" -binary \\
    | base64`);
  assert.ok(headers["webhook-signature"].split(" ").includes(`v1,${signed.trim()}`), headers["webhook-signature"]);
  await page.goto(at("/audit?action=secret"));
  assert.ok((await page.locator("tbody").textContent()).includes("revealed"), "who looked is written down");
});

await check("switches request signing on with the openssl lines of the page", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-signing-"));
  try {
    const { page } = await signedIn(context);
    const key = await makeKey(page, "cardpluspay", "Gift cards");
    const balance = async (...more) => (await curl("/v1/balance", "-H", `X-API-Key: ${key}`, ...more)).status;
    assert.equal(await balance(), 200);
    // The demo merchant has a key; its own is made here.
    await page.goto(at("/signing"));
    await page.getByRole("link", { name: "Add a public key" }).click();
    const printed = await shell(folder, await page.locator("#lines").textContent());
    await page.getByLabel("Public key", { exact: true }).fill(readFileSync(join(folder, "private-key.pem"), "utf8"));
    await page.getByRole("button", { name: "Add the key" }).click();
    await page.locator("#encoded_key-fault").waitFor();
    assert.equal(await page.getByLabel("Public key", { exact: true }).inputValue(), "", "a private key is not repeated");
    await page.getByLabel("Public key", { exact: true }).fill(printed);
    await page.getByRole("button", { name: "Add the key" }).click();
    await page.locator(".flash.good").waitFor();

    await page.getByRole("link", { name: "Switch on…" }).click();
    await headed(page, "Switch request signing on");
    await page.getByLabel("Signature in base64").fill(Buffer.alloc(384, 7).toString("base64"));
    await page.getByRole("button", { name: "Check it and switch on" }).click();
    await page.locator("#signature-fault", { hasText: "None of your keys fits" }).waitFor();
    assert.equal(await balance(), 200, "nothing was switched");
    const signature = await shell(folder, await page.locator("#lines").textContent());
    await page.getByLabel("Signature in base64").fill(signature);
    await page.getByRole("button", { name: "Check it and switch on" }).click();
    await said(page, "The signature is right.");
    assert.equal(await balance(), 401, "a key alone is not enough");

    const asked = await curl("/v1/auth/challenge", "-X", "POST", "-H", `X-API-Key: ${key}`);
    const { challenge } = JSON.parse(asked.body).data;
    writeFileSync(join(folder, "challenge"), challenge);
    const answer = await shell(folder, "openssl dgst -sha256 -sign private-key.pem challenge | openssl base64 -A");
    assert.equal(await balance("-H", `X-API-Challenge: ${challenge}`, "-H", `X-API-Signature: ${answer}`), 200);

    await page.getByRole("link", { name: "Switch off…" }).click();
    await page.getByRole("button", { name: "Switch it off" }).click();
    await said(page, "Request signing is off.");
    assert.equal(await balance(), 200);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

await check("locks by address: not by accident, and then at once", async (context) => {
  const { page } = await signedIn(context);
  const key = await makeKey(page, "caibo", "Locked");
  await page.goto(at("/access"));
  await page.getByText("Your own address is 127.0.0.1").first().waitFor();
  await page.getByRole("link", { name: "Edit" }).first().click();
  const list = page.getByRole("textbox", { name: "Addresses and networks" });
  await page.getByLabel("Only from these addresses and networks").check();
  await list.fill("203.0.113.9/24");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The network is 203.0.113.0/24.").waitFor();
  await list.fill("203.0.113.0/24");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Your own address, 127.0.0.1, is not on this list.").waitFor();
  assert.equal(await whoAmI(key), 200, "nobody is locked out without a word");
  await page.getByLabel("Leave my address out all the same.").check();
  await page.getByRole("button", { name: "Save" }).click();
  await said(page, "The addresses were changed.");
  assert.equal(await whoAmI(key), 403);
  await page.getByRole("link", { name: "Edit" }).first().click();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.0/24\n127.0.0.0/8");
  await page.getByRole("button", { name: "Save" }).click();
  await said(page, "The addresses were changed.");
  assert.equal(await whoAmI(key), 200);
});

await check("a list of a key's own locks that key only", async (context) => {
  const { page } = await signedIn(context);
  const other = await makeKey(page, "caibo", "Free");
  const key = await makeKey(page, "caibo", "Bound");
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByLabel("Only from these addresses and networks").check();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("2001:db8:7::/48");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".flash.good").waitFor();
  assert.deepEqual([await whoAmI(key), await whoAmI(other)], [403, 200]);
});

await check("a registered domain may embed the payment page from then on", async (context) => {
  const { page } = await signedIn(context);
  const key = await makeKey(page, "caibo", "Embedding");
  const policy = async () => {
    const body = JSON.stringify({ amount: 5, unit: "EUR", originDomain: "https://new-shop.example" });
    const json = ["-H", `X-API-Key: ${key}`, "-H", "Content-Type: application/json"];
    return (await curl("/payment-requests", ...json, "-d", body)).status;
  };
  assert.equal(await policy(), 400);
  await page.goto(at("/access/domains"));
  const origins = page.getByLabel("Origins");
  const before = await origins.inputValue();
  await origins.fill(`${before}\nhttp://new-shop.example`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#domains-fault").waitFor();
  await origins.fill(`${before}\nhttps://new-shop.example`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".flash.good").waitFor();
  assert.ok((await policy()) < 300);
});

await done();
