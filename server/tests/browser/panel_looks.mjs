// Every page of the panel and every state it has: without a violation that axe finds, light and dark, wide and narrow;
// and its picture. A page of the server's list that is not looked at here is a failure.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { check, config, done, picture, serve, violations, watched } from "./harness.mjs";
import { at, code, enter, headed, mailedLink, makeKey, pathOf, reloadUntil, rewrite, shell, signedIn, tollgate } from "./person.mjs";

const PASSWORD = "four words of a pass phrase";
const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 360, height: 740 };
/** Rules whose outcome depends on colours; the others judge the same document again. */
const COLOURS = ["color-contrast", "link-in-text-block"];
/** Rules whose outcome depends on the layout. */
const LAYOUT = ["target-size", "scrollable-region-focusable", "aria-hidden-focus", "region"];
/** Of these addresses comes a file. */
const FILES = ["/panel/audit.jsonl", "/panel/account/two-step/picture.svg"];

const looked = new Set();
const faults = [];

/** A check that goes on after what it does not like, and tells all of it at its end. */
function walk(name, run) {
  return check(name, async (context) => {
    await run(context).catch((error) => faults.push(error.stack));
    assert.equal(faults.splice(0).join("\n"), "");
  });
}

/** The route of the server's list that a path belongs to; of two that fit, the one with more of the path in it. */
function route(path) {
  const fits = (template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
  return config.pages.filter(fits).sort((a, b) => a.split("{").length - b.split("{").length)[0];
}

/** Nothing is wider than the window, and no table has to be pushed sideways. */
async function fits(page, label) {
  const found = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: innerWidth,
    tables: [...document.querySelectorAll(".table")].filter((table) => table.scrollWidth > table.clientWidth).length,
  }));
  if (found.content > found.window) faults.push(`${label}: ${found.content} in ${found.window}`);
  if (found.tables > 0) faults.push(`${label}: a table is too wide`);
}

/** The same drawn letters, addresses and times in every run; only for pictures, as the page is changed by it. */
async function usual(page) {
  await page.evaluate((origins) => {
    let drawn = 7;
    const letter = (set) => {
      drawn = (drawn * 1103515245 + 12345) % 2147483648;
      return set[Math.floor(drawn / 65536) % set.length];
    };
    const like = (text) => text
      .replaceAll(/[a-z]/g, () => letter("abcdefghijkmnopqrstuvwxyz"))
      .replaceAll(/[A-Z]/g, () => letter("ABCDEFGHJKLMNPQRSTUVWXYZ"))
      .replaceAll(/[0-9]/g, () => letter("23456789"));
    const random = /(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z0-9])[A-Za-z0-9+/]{12,}=*|…\w{4}\b|(?<=MCH-COL-(?:TEST-)?)[A-Z0-9]{6}\b/g;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const shift = Date.UTC(2026, 2, 17, 9, 41) - Date.now();
    const merchants = {};
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const time = node.parentElement.closest("time");
      if (time) {
        const then = new Date(Date.parse(time.dateTime) + shift);
        node.data = `${then.toISOString().slice(0, 16).replace("T", " ")} UTC`;
      } else if (node.parentElement.closest("code, pre, textarea, .url")) {
        node.data = node.data.replaceAll(random, (text) => (/^[A-Z0-9]{6}$/.test(text) ? (merchants[text] ??= like(text)) : like(text)));
      }
      const here = (origin) => origins[origin] ?? "http://127.0.0.1:8082";
      node.data = node.data.replaceAll(/http:\/\/127\.0\.0\.1:\d{5}\b/g, here);
    }
  }, { [config.sandbox]: "http://127.0.0.1:8080", [config.receiver]: "https://hooks.demo-shop.example" });
}

/** What axe finds. */
async function clear(page, label, rules) {
  faults.push(...(await violations(page, rules)).map((violation) => `${label}: ${violation}`));
}

/** Judges what is on the screen; with a name, takes its pictures. */
async function judge(page, label, name) {
  if (name && config.screenshots !== null) await usual(page);
  const take = async (window) => {
    if (!name) return;
    const { width } = page.viewportSize();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await picture(page, `panel/${name}-${window}`, { fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, 1500) } });
  };
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
  await clear(page, `${label}, light`);
  await fits(page, `${label}, wide`);
  await take("light");
  await page.emulateMedia({ colorScheme: "dark" });
  await clear(page, `${label}, dark`, COLOURS);
  await take("dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 800, height: 800 });
  await fits(page, `${label}, 800`);
  await page.setViewportSize(NARROW);
  await clear(page, `${label}, narrow`, LAYOUT);
  await fits(page, `${label}, narrow`);
  await take("narrow");
  await page.setViewportSize(WIDE);
}

/** Looks at the page that is open, which was asked for by its address. */
async function look(page, label, name) {
  const template = route(pathOf(page));
  assert.ok(template, `${pathOf(page)} is a page`);
  looked.add(template);
  await judge(page, label, name);
}

/** Opens a page of the panel and looks at it. */
async function open(page, path, name) {
  const answer = await page.goto(path.startsWith("/panel") ? config.sandbox + path : at(path));
  assert.ok([200, 409].includes(answer.status()), `${path}: ${answer.status()}`);
  await look(page, path, name);
}

/** Presses a button and looks at what comes. */
async function press(page, button, heading, name) {
  await page.getByRole("button", { name: button, exact: true }).click();
  await headed(page, heading);
  await judge(page, `${heading} after ${button}`, name);
}

/** Sends the form with what is wrong in it, and looks at what is said. */
async function wrong(page, button, name) {
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.locator(".fault, [role=alert]").first().waitFor();
  await judge(page, `${pathOf(page)}, wrong`, name);
}

async function user(name, role, merchant = config.merchant) {
  const email = name.includes("@") ? name : `${name}@demo-shop.example`;
  const made = await tollgate(PASSWORD, "user", "create", merchant, email, "--role", role);
  return { email, password: PASSWORD, id: made.id };
}

await walk("what strangers see", async (context) => {
  const { page } = await watched(context);
  await open(page, "/login", "log-in");
  await enter(page, { email: "ana@demo-shop.example", password: "not the password" });
  await page.getByRole("alert").waitFor();
  await judge(page, "log-in, wrong", "log-in-wrong");
  await open(page, "/forgotten", "forgotten");
  const person = await user("ana", "owner");
  await page.getByLabel("E-mail address").fill(person.email);
  await press(page, "Send the link", "Look at your mail", "forgotten-sent");
  await page.goto(await mailedLink(person.email, "password"));
  await headed(page, "Set a new password");
  await look(page, "reset", "reset");
  await page.getByLabel("New password").fill("short");
  await page.getByLabel("The same again").fill("another");
  await wrong(page, "Set password", "reset-wrong");
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByLabel("The same again").fill(PASSWORD);
  await press(page, "Set password", "Your password is set");
  await page.reload();
  await page.goto(at(`/reset/${"A".repeat(43)}`));
  await look(page, "reset, dead", "reset-dead");
});

await walk("a merchant who has nothing yet", async (context) => {
  const merchant = await tollgate("", "merchant", "create", "Café Lumière", "--country", "COL", "--currency", "COP");
  const { page } = await signedIn(context, await user("claire@lumiere.example", "owner", merchant.id));
  await look(page, "overview, empty", "overview-empty");
  for (const [path, name] of [
    ["/keys", "keys-empty"],
    ["/clients", "clients-empty"],
    ["/webhooks", "webhooks-empty"],
    ["/webhooks/secrets", null],
    ["/webhooks/deliveries", null],
    ["/signing", "signing-empty"],
    ["/access", null],
    ["/access/domains", null],
    ["/users", null],
    ["/audit", null],
    ["/audit?action=nothing", "audit-empty"],
  ]) {
    await open(page, path, name);
  }
  await page.getByRole("button", { name: "Live" }).click();
  await page.getByText("Live mode.").waitFor();
  await page.goto(at("/keys/new/88pay"));
  await wrong(page, "Make the key");
  await page.goto(at("/nowhere"));
  await judge(page, "not found", "not-found");
});

/** A month of calls, so that there is something to draw. */
async function history(merchant) {
  const hour = Math.floor(Date.now() / 3_600_000);
  const rows = [];
  for (let back = 1; back < 30 * 24; back += 1) {
    const daily = 1 + Math.sin(((hour - back) % 24) / 24 * 2 * Math.PI - 2);
    const weekly = Math.floor((hour - back) / 24) % 7 < 2 ? 0.55 : 1;
    const calls = Math.round(140 * daily * weekly * (1.1 - back / 2000) + ((back * 37) % 23));
    rows.push(`('${merchant}','test',${hour - back},${calls},${back === 9 ? Math.round(calls / 2) : Math.round(calls * ((back * 13) % 5) / 120)})`);
  }
  await rewrite(`INSERT INTO usage_hours (merchant_id, mode, hour, requests, refusals) VALUES ${rows.join(",")} ON CONFLICT DO NOTHING`);
}

await walk("a merchant at work: overview, keys, clients, access", async (context) => {
  const bare = config.merchant.replace("-TEST", "");
  await history(bare);
  const { page } = await signedIn(context);
  for (const [dialect, name] of [["88pay", "Subscriptions"], ["cardpluspay", "Gift cards"], ["caibo", "Mobile app"], ["caibo", "Cash desk, Bogotá"], ["caibo", "Web shop"]]) {
    await makeKey(page, dialect, name);
  }
  await open(page, "/keys/new", "key-new-choose");
  await page.goto(at("/keys/new/caibo"));
  await page.getByLabel("Name").fill("Warehouse");
  await look(page, "key, new", "key-new");
  for (const box of await page.getByRole("checkbox").all()) await box.uncheck();
  await page.getByLabel("Only from these addresses and networks").check();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.9/24");
  await page.getByLabel("Expires on").fill("2020-02-29");
  await wrong(page, "Make the key", "key-new-wrong");
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.0/24\n2001:db8:7::/48");
  await page.getByLabel("Expires on").fill(`${new Date().getUTCFullYear() + 1}-06-30`);
  await press(page, "Make the key", "Your new key", "key-shown-once");
  // Sent again, as by a reload, the form makes nothing.
  await page.reload();
  await headed(page, "This form was sent already");
  await judge(page, "key, sent again", "key-sent-again");
  // In another tab the mode is changed while this one shows a form.
  await page.goto(at("/keys/new/cardpluspay"));
  const tab = await context.newPage();
  await tab.goto(at("/keys"));
  await tab.getByRole("button", { name: "Live" }).click();
  await tab.getByRole("button", { name: "Test", exact: true }).waitFor();
  await press(page, "Make the key", "The mode was changed in another tab", "other-mode");
  await page.getByRole("button", { name: "Back to test mode" }).click();
  await headed(page, /New/);
  await tab.close();
  // The demo's own keys get names and an age.
  await rewrite(
    "UPDATE credentials SET name = 'Till 4' WHERE name = '' AND kind LIKE '%caibo%'",
    "UPDATE credentials SET name = 'Back office' WHERE name = ''",
    "UPDATE credentials SET created_at = created_at - 112 * 86400000 WHERE name IN ('Till 4')",
    "UPDATE credentials SET created_at = created_at - 41 * 86400000 WHERE name IN ('Back office', 'Gift cards', 'Subscriptions')",
    "UPDATE credentials SET created_at = created_at - 3 * 86400000 WHERE name IN ('Mobile app', 'Cash desk, Bogotá')",
    `INSERT INTO credential_uses (credential_id, at, address) SELECT id, ${Date.now() - 180_000}, '203.0.113.14' FROM credentials WHERE name IN ('Till 4', 'Back office', 'Mobile app') ON CONFLICT DO NOTHING`,
    `INSERT INTO credential_uses (credential_id, at, address) SELECT id, ${Date.now() - 86_000_000}, '2001:db8:7::12' FROM credentials WHERE name IN ('Subscriptions', 'Cash desk, Bogotá') ON CONFLICT DO NOTHING`,
  );
  const key = async (name) => {
    await page.goto(at("/keys"));
    await page.getByRole("link", { name, exact: true }).first().click();
    await headed(page, name);
    return pathOf(page);
  };
  const old = await key("Till 4");
  await look(page, "key, old", "key");
  const path = await key("Cash desk, Bogotá");
  await open(page, `${path}/rotate`, "key-rotate");
  await page.getByLabel("None: it stops at once").check();
  await wrong(page, "Re-generate", "key-rotate-wrong");
  await page.getByLabel("24 hours").check();
  await press(page, "Re-generate", "Your new key");
  await open(page, path, "key-retiring");
  await open(page, `${path}/rotate`, "key-stale");
  await open(page, `${path}/revoke`, "key-revoke");
  await open(page, old);
  const app = await key("Mobile app");
  await page.goto(at(`${app.slice("/panel".length)}/revoke`));
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.locator(".flash").waitFor();
  await look(page, "key, revoked");
  await open(page, "/keys", "keys");
  await open(page, "", "overview");
  await page.locator("summary").first().click();
  await look(page, "overview with its table");
  await page.setViewportSize(NARROW);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Audit log" }).waitFor();
  await clear(page, "menu", LAYOUT);
  if (config.screenshots !== null) await picture(page, "panel/menu-narrow");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Audit log" }).waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Live" }).click();
  await page.getByText("Live mode.").waitFor();
  await look(page, "overview, live", "overview-live");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Test mode.").waitFor();

  await open(page, "/clients/new", "client-new-choose");
  await page.goto(at("/clients/new/alternative"));
  await page.getByLabel("Name").fill("Invoicing");
  await look(page, "client, new", "client-new");
  await page.goto(at("/clients/new/pledg"));
  await page.getByLabel("Name").fill("n".repeat(65));
  await wrong(page, "Make the client");
  await page.getByLabel("Name").fill("Instalments");
  await press(page, "Make the client", "Your new client", "client-shown-once");
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByRole("link", { name: "Rotate the secret…" }).waitFor();
  const client = pathOf(page);
  await open(page, `${client}/rotate`);
  await press(page, "Rotate", "Your new client secret");
  await open(page, client, "client");
  const secret = await page.getByRole("link", { name: "Revoke…", exact: true }).first().getAttribute("href");
  await open(page, secret);
  await open(page, secret.replace("/revoke", "/addresses"), "client-addresses");
  await open(page, `${client}/revoke`, "client-revoke");
  await open(page, "/clients", "clients");
  await open(page, "/clients/import/pledg", "client-import");
  await page.getByLabel("Client id").fill("legacy");
  await page.getByLabel("Client secret").fill("short");
  await wrong(page, "Take it over");

  await open(page, "/access/domains", "access-domains");
  await page.getByLabel("Origins").fill("https://Shop.example/checkout");
  await wrong(page, "Save");
  await open(page, "/access/addresses", "access-addresses");
  await page.getByLabel("Only from these addresses and networks").check();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.0/24\n2001:db8:7::/48");
  await wrong(page, "Save", "access-addresses-left-out");
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.0/24\n2001:db8:7::/48\n127.0.0.0/8");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".flash.good").waitFor();
  await look(page, "access, changed");
  await open(page, "/access", "access");
  await page.goto(at("/access/addresses"));
  await page.getByLabel("From anywhere").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".flash.good").waitFor();
});

await walk("a merchant at work: webhooks and signing", async (context) => {
  const { page } = await signedIn(context);
  let answer = 200;
  const receiver = await serve(() => ({ status: answer, body: "" }));
  config.receiver = receiver.origin;
  await open(page, "/webhooks/new", "webhook-new-choose");
  await page.goto(at("/webhooks/new/alternative"));
  await page.getByLabel("Address", { exact: true }).fill("http://shop.example:9000/hooks");
  await wrong(page, "Register", "webhook-new-wrong");
  await page.getByLabel("Address", { exact: true }).fill(`${receiver.origin}/hooks/invoices`);
  await page.getByLabel(/Send a secret key/).check();
  await look(page, "endpoint, new", "webhook-new");
  await page.getByLabel("Address", { exact: true }).fill(`${receiver.origin}/hooks/invoices`);
  await press(page, "Register", "The endpoint's secret key", "webhook-shown-once");
  await page.goto(at("/webhooks/new/caibo"));
  await page.getByLabel("Address", { exact: true }).fill(`${receiver.origin}/hooks/payments`);
  await page.getByRole("button", { name: "Register" }).click();
  await page.locator(".flash.good").waitFor();
  const endpoint = pathOf(page);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await headed(page, "Delivery");
  await reloadUntil(page, page.locator("tbody .badge.good"));
  answer = 503;
  await page.goto(config.sandbox + endpoint);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await headed(page, "Delivery");
  await reloadUntil(page, page.getByText("503"));
  await look(page, "delivery", "webhook-delivery");
  await open(page, "/webhooks/deliveries", "webhook-deliveries");
  await open(page, endpoint, "webhook");
  await open(page, `${endpoint}/remove`);
  answer = 410;
  await page.goto(at("/webhooks"));
  await page.getByRole("link", { name: /invoices/ }).first().click();
  const gone = pathOf(page);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await headed(page, "Delivery");
  await reloadUntil(page, page.getByText("410"));
  await open(page, gone, "webhook-disabled");
  await open(page, "/webhooks", "webhooks");
  await open(page, "/webhooks/secrets", "webhook-secrets");
  const secret = (await page.getByRole("link", { name: "Show…" }).first().getAttribute("href")).replace("/reveal", "");
  for (const step of ["rotate", "revoke"]) await open(page, `${secret}/${step}`);
  await open(page, `${secret}/reveal`, "webhook-secret-show");
  await press(page, "Show it", "Your secret", "webhook-secret-shown");
  await open(page, "/webhooks/secrets/new/pledg-notification");
  await open(page, "/webhooks/secrets/import/pledg-notification", "webhook-secret-import");

  const folder = mkdtempSync(join(tmpdir(), "tollgate-looks-"));
  try {
    await open(page, "/signing/keys/new", "signing-key-new");
    const lines = await shell(folder, "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private-key.pem; openssl pkey -in private-key.pem -pubout");
    await page.getByLabel("Public key", { exact: true }).fill("-----BEGIN CERTIFICATE-----");
    await wrong(page, "Add the key");
    await page.getByLabel("Public key", { exact: true }).fill(lines);
    await page.getByRole("button", { name: "Add the key" }).click();
    await page.locator(".flash.good").waitFor();
    await look(page, "signing, off");
    for (const step of ["Retire…", "Revoke…"]) {
      await page.goto(at("/signing"));
      await page.getByRole("link", { name: step }).first().click();
      await look(page, step);
    }
    await page.goto(at("/signing/on"));
    const challenge = await page.locator("#lines").textContent();
    await page.getByLabel("Signature in base64").fill("bm90IGEgc2lnbmF0dXJl");
    await wrong(page, "Check it and switch on", "signing-on-wrong");
    await page.getByLabel("Signature in base64").fill(await shell(folder, challenge));
    await page.getByRole("button", { name: "Check it and switch on" }).click();
    await page.locator(".flash.good").waitFor();
    await open(page, "/signing", "signing");
    await open(page, "/signing/off", "signing-off");
    await page.getByRole("button", { name: "Switch it off" }).click();
    await page.locator(".flash.good").waitFor();
    await open(page, "/signing/on", "signing-on");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

await walk("people: account, sessions, users, audit log", async (context) => {
  const { page } = await signedIn(context);
  const { id } = await user("mateo", "developer");
  const away = await user("former", "developer");
  await user("lucia", "read-only");
  await tollgate("", "user", "disable", String(away.id));
  await open(page, "/users", "users");
  await open(page, "/users/new", "user-invite");
  await page.getByLabel("E-mail address").fill("not an address");
  await wrong(page, "Invite", "user-invite-wrong");
  await open(page, `/users/${id}`, "user");
  for (const step of ["disable", "link", "two-step-off"]) await open(page, `/users/${id}/${step}`, step === "disable" ? "user-disable" : null);
  await open(page, `/users/${away.id}`);
  await open(page, `/users/${away.id}/enable`);
  await open(page, "/account", "account");
  await open(page, "/account/password", "account-password");
  await page.getByLabel("New password").fill("short");
  await page.getByLabel("The same again").fill("another");
  await wrong(page, "Change password");
  // Two browsers more, of which one was left for a while.
  const browsers = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0",
  ];
  for (const userAgent of browsers) {
    const elsewhere = await context.browser().newContext({ userAgent });
    await signedIn(elsewhere);
    await elsewhere.close();
  }
  await rewrite("UPDATE panel_sessions SET created_at = created_at - 7440000, seen_at = seen_at - 660000, address = '203.0.113.14' WHERE agent LIKE '%iPhone%'");
  await open(page, "/sessions", "sessions");
  await open(page, "/audit?action=key", "audit");
  await rewrite("UPDATE panel_sessions SET proven_at = proven_at - 301000");
  await open(page, "/confirm", "confirm");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await wrong(page, "Continue");
  await page.getByLabel("Password", { exact: true }).fill(config.owner.password);
  await page.getByRole("button", { name: "Continue" }).click();
  await headed(page, "Overview");

  const { page: mine } = await signedIn(await context.browser().newContext(), { email: "mateo@demo-shop.example", password: PASSWORD });
  await mine.goto(at("/account/two-step"));
  const key = await mine.locator("code.once").textContent();
  await look(mine, "two-step", "two-step");
  await mine.getByLabel("Code").fill("12345");
  await wrong(mine, "Switch on");
  await mine.getByLabel("Code").fill(code(key));
  await press(mine, "Switch on", "Keep your recovery codes", "recovery-codes");
  await open(mine, "/account", "account-two-step");
  await open(mine, "/account/two-step/off", "two-step-off");
  await mine.context().close();

  const { page: reader } = await signedIn(await context.browser().newContext(), { email: "lucia@demo-shop.example", password: PASSWORD });
  for (const path of ["", "/keys", "/keys/new/caibo", "/webhooks", "/signing", "/access", "/users"]) await open(reader, path);
  await reader.context().close();
});

await walk("the administrator's pages", async (context) => {
  const made = [];
  for (const name of ["Librería Andina", "Harbour Tea"]) made.push(await tollgate("", "merchant", "create", name, "--country", "COL", "--currency", "COP"));
  await tollgate("", "merchant", "approve", made[0].id);
  await tollgate("", "merchant", "suspend", made[1].id);
  const { page } = await signedIn(context, config.administrator);
  await open(page, "/admin", "admin");
  const pending = await page.getByRole("link", { name: "Manage Café Lumière" }).getAttribute("href");
  await open(page, pending, "admin-merchant");
  await open(page, `${pending}/activate`, "admin-approve");
  await open(page, `${pending}/suspend`);
  await open(page, `${pending}/end-sessions`);
  await open(page, `/admin/${made[1].id}`);
  // A merchant that is shut out sees why.
  const { page: theirs } = await signedIn(await context.browser().newContext(), await user("owner@harbour-tea.example", "owner", made[1].id));
  await look(theirs, "overview, suspended", "overview-suspended");
  await theirs.context().close();
  assert.deepEqual(config.pages.filter((page) => !looked.has(page) && !FILES.includes(page)), [], "pages that nobody looked at");
});

await done();
