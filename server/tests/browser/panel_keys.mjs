// What a merchant's engineer does with API keys: makes one, uses it with curl, changes it, and sees the old one die.

import assert from "node:assert/strict";

import { check, config, done, watched } from "./harness.mjs";
import { at, curl, enter, headed, makeKey, pathOf, rewrite, said, signedIn, whoAmI } from "./person.mjs";

/** Goes from the page that showed a secret to the page of its credential. */
async function stored(page) {
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByRole("link", { name: "Revoke…" }).first().waitFor();
  return pathOf(page);
}

await check("makes a key, copies it, and curl gets in with it", async (context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: config.sandbox });
  const { page, seen } = await signedIn(context);
  await page.getByRole("link", { name: "API keys" }).click();
  await page.getByRole("link", { name: "New key" }).click();
  await page.getByRole("link", { name: "Caibo" }).click();
  await page.getByLabel("Name").fill("Web shop");
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Your new key");
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(key, /^caibo_test_sk_[A-Za-z0-9]{50}$/);
  assert.equal(key, await page.locator("#secret").textContent());
  assert.equal(await whoAmI(key), 200);
  const detail = await stored(page);
  assert.ok(!(await page.content()).includes(key), "it was shown once");
  await page.goto(at("/keys"));
  const row = page.getByRole("row", { name: "Web shop" });
  assert.ok((await row.textContent()).includes(`caibo_test_sk_…${key.slice(-4)}`));
  assert.ok(!(await page.content()).includes(key));
  await page.goto(config.sandbox + detail);
  for (let tries = 0; tries < 100 && (await page.getByText("never", { exact: true }).count()) > 0; tries += 1) {
    await page.waitForTimeout(100);
    await page.reload();
  }
  assert.match(await page.locator("dl").textContent(), /Last used\s*\d{4}-\d\d-\d\d \d\d:\d\d UTC\s*127\.0\.0\.1/);
  assert.ok(seen.requests.every((request) => !request.url().includes(key)), "never in an address");
  assert.deepEqual([...seen.console, ...seen.errors], []);
});

await check("the way back leads to no key that was shown once", async (context) => {
  const { page } = await signedIn(context);
  await makeKey(page, "caibo", "Shown once");
  await page.goto(at("/keys"));
  // The browser kept no copy, and would have to send the form again.
  await assert.rejects(page.goBack(), /ERR_CACHE_MISS/);
  await page.waitForURL("chrome-error://chromewebdata/");
  await page.goto(at("/keys"));
  assert.equal(await page.getByRole("row", { name: "Shown once" }).count(), 1);
});

await check("rotates with an overlap: both work, and the old one counts down", async (context) => {
  const { page } = await signedIn(context);
  const old = await makeKey(page, "caibo", "Cash desk");
  const detail = await stored(page);
  await page.getByRole("link", { name: "Re-generate…" }).click();
  await page.getByLabel("24 hours").check();
  await page.getByRole("button", { name: "Re-generate" }).click();
  await headed(page, "Your new key");
  await page.getByText("works for another 1 d").waitFor();
  const fresh = await page.locator("#secret").textContent();
  assert.notEqual(fresh, old);
  assert.deepEqual([await whoAmI(old), await whoAmI(fresh)], [200, 200]);
  await page.goto(config.sandbox + detail);
  await page.getByText("Retiring").waitFor();
  const left = page.locator("[data-until]");
  await page.waitForFunction(() => /^23 h 59 min$/.test(document.querySelector("[data-until]").textContent));
  await left.evaluate((element) => { element.dataset.until = new Date(Date.now() + 65_900).toISOString(); });
  await page.waitForFunction(() => /^1 min [0-5] s$/.test(document.querySelector("[data-until]").textContent));
  const first = await left.textContent();
  await page.waitForFunction((first) => document.querySelector("[data-until]").textContent !== first, first);
});

await check("re-generates without an overlap after a tick: the old one is dead when the page is there", async (context) => {
  const { page } = await signedIn(context);
  const old = await makeKey(page, "caibo", "Kiosk");
  const detail = await stored(page);
  await page.getByRole("link", { name: "Re-generate…" }).click();
  assert.ok(await page.getByLabel("None: it stops at once").isChecked(), "Caibo's documents say so");
  await page.getByRole("button", { name: "Re-generate" }).click();
  await page.getByText("Tick this, or choose an overlap.").waitFor();
  assert.equal(await whoAmI(old), 200, "nothing was done");
  await page.getByLabel("Without an overlap it stops this moment").check();
  await page.getByRole("button", { name: "Re-generate" }).click();
  await headed(page, "Your new key");
  const fresh = await page.locator("#secret").textContent();
  assert.deepEqual([await whoAmI(old), await whoAmI(fresh)], [401, 200]);
  await page.goto(config.sandbox + detail);
  await page.getByText("Expired").or(page.getByText("Revoked")).first().waitFor();
  assert.equal(await page.getByRole("link", { name: "Re-generate…" }).count(), 0);
});

await check("an 88Pay key overlaps for 24 hours unless another time is chosen", async (context) => {
  const { page } = await signedIn(context);
  const exchange = async (key) => {
    const merchant = `x-merchant-id: ${config.merchant}`;
    return (await curl("/api/auth/token", "-X", "POST", "-H", `x-api-key: ${key}`, "-H", merchant)).status;
  };
  const old = await makeKey(page, "88pay", "Charges");
  assert.equal(await exchange(old), 200);
  await stored(page);
  await page.getByRole("link", { name: "Rotate…" }).click();
  assert.ok(await page.getByLabel("24 hours").isChecked());
  await page.getByLabel("Another time:").check();
  await page.getByLabel("Length").fill("31");
  await page.getByLabel("Unit").selectOption("days");
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByText("30 days at most").waitFor();
  assert.equal(await page.getByLabel("Length").inputValue(), "31", "what was typed is still there");
  await page.getByLabel("Length").fill("30");
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByText("works for another 30 d").waitFor();
  assert.deepEqual([await exchange(old), await exchange(await page.locator("#secret").textContent())], [200, 200]);
});

await check("revokes after a question: the key is dead when the page is there", async (context) => {
  const { page } = await signedIn(context);
  const key = await makeKey(page, "caibo", "Lost laptop");
  await stored(page);
  await page.getByRole("link", { name: "Revoke…" }).click();
  assert.equal(await whoAmI(key), 200, "a question does nothing");
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await whoAmI(key), 200);
  await page.getByRole("link", { name: "Revoke…" }).click();
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.locator(".flash.good").waitFor();
  assert.equal(await whoAmI(key), 401);
});

await check("two tabs that rotate one key: the second is told, and there is no third key", async (context) => {
  const { page } = await signedIn(context);
  await makeKey(page, "caibo", "Two tabs");
  await stored(page);
  await page.getByRole("link", { name: "Re-generate…" }).click();
  const other = await context.newPage();
  await other.goto(page.url());
  for (const tab of [page, other]) await tab.getByLabel("1 hour").check();
  await page.getByRole("button", { name: "Re-generate" }).click();
  await headed(page, "Your new key");
  const shown = await page.locator("#secret").textContent();
  const [answer] = await Promise.all([other.waitForResponse((r) => r.request().method() === "POST"), other.getByRole("button", { name: "Re-generate" }).click()]);
  assert.equal(answer.status(), 409);
  await headed(other, "This key has been rotated already");
  assert.ok(!(await other.content()).includes(shown));
  await other.getByRole("link", { name: "See the new key" }).click();
  assert.ok((await other.locator("dl").textContent()).includes(`…${shown.slice(-4)}`));
  await other.goto(at("/keys"));
  assert.equal(await other.getByRole("row", { name: "Two tabs" }).count(), 2);
});

await check("markup in a name is text wherever it stands", async (context) => {
  const { page, seen } = await signedIn(context);
  const name = `<script>window.hit=1</script><img src=x onerror="window.hit=1">`;
  await makeKey(page, "caibo", name);
  assert.ok((await page.locator("main").textContent()).includes(name));
  const detail = await stored(page);
  for (const path of [detail, `${detail}/rotate`, `${detail}/revoke`, "/panel/keys", "/panel/audit", "/panel"]) {
    await page.goto(config.sandbox + path);
    assert.equal(await page.evaluate(() => window.hit), undefined, path);
    assert.equal(await page.locator("main img").count(), 0, path);
    if (!["/panel/audit", "/panel"].includes(path)) assert.ok((await page.locator("main").textContent()).includes(name), path);
  }
  assert.deepEqual([...seen.console, ...seen.errors], []);
});

/** Presses Tab until what has the focus is called so, as somebody without a mouse does. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const [text, ring] = await page.evaluate(() => {
      const element = document.activeElement;
      return [element.labels?.[0]?.textContent ?? element.textContent, getComputedStyle(element).outlineStyle];
    });
    if (text.trim() === name) {
      assert.notEqual(ring, "none", `${name} shows that it has the focus`);
      return;
    }
  }
  assert.fail(`${name} is not reached by Tab`);
}

await check("by keyboard alone: logs in, skips the navigation, makes a key", async (context) => {
  const { page } = await watched(context);
  await page.goto(at("/login?next=/panel/keys"));
  await page.locator("#email:focus").waitFor();
  await page.keyboard.type(config.owner.email);
  await tabTo(page, "Password");
  await page.keyboard.type(config.owner.password);
  await page.keyboard.press("Enter");
  await headed(page, "API keys");
  await page.keyboard.press("Tab");
  assert.equal(await page.locator(":focus").textContent(), "Skip to the content");
  assert.ok(await page.locator(":focus").isVisible());
  await page.keyboard.press("Enter");
  await tabTo(page, "New key");
  await page.keyboard.press("Enter");
  await headed(page, "New API key");
  await tabTo(page, "Caibo");
  await page.keyboard.press("Enter");
  await headed(page, "New Caibo key");
  await tabTo(page, "Name");
  await page.keyboard.type("By keyboard");
  await tabTo(page, "Make the key");
  await page.keyboard.press("Enter");
  await headed(page, "Your new key");
  assert.equal(await whoAmI(await page.locator("#secret").textContent()), 200);
  await tabTo(page, "Copy");
});

await check("without JavaScript: logs in, makes, rotates, revokes", async (context) => {
  const page = await context.newPage();
  await page.goto(at());
  await enter(page, config.owner);
  await headed(page, "Overview");
  const old = await makeKey(page, "caibo", "No script");
  assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0, "a button that does nothing is not shown");
  await stored(page);
  await page.getByRole("link", { name: "Re-generate…" }).click();
  await page.getByLabel("1 hour").check();
  await page.getByRole("button", { name: "Re-generate" }).click();
  await headed(page, "Your new key");
  const fresh = await page.locator("#secret").textContent();
  await page.goto(at("/keys"));
  await page.getByRole("row", { name: "No script" }).filter({ hasText: "Retiring" }).getByText(/^(1 h|59 min)$/).waitFor();
  await page.getByRole("row", { name: "No script" }).filter({ hasText: "Active" }).getByRole("link", { name: "No script" }).click();
  await page.getByRole("link", { name: "Revoke…" }).click();
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.locator(".flash.good").waitFor();
  assert.deepEqual([await whoAmI(old), await whoAmI(fresh)], [200, 401]);
  await page.getByRole("button", { name: "Live" }).click();
  await page.getByText("Live mode.").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await headed(page, "Log in");
}, { javaScriptEnabled: false });

await check("what is dangerous asks for the password again after five minutes, and loses nothing", async (context) => {
  const { page } = await signedIn(context);
  await page.goto(at("/keys/new/caibo"));
  await page.getByLabel("Name").fill("Typed before");
  await page.getByLabel("Make payment requests").uncheck();
  await rewrite("UPDATE panel_sessions SET proven_at = proven_at - 301000");
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Confirm it is you");
  await page.getByLabel("Password", { exact: true }).fill("not this one at all");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").filter({ hasText: "The password or the code is not right." }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(config.owner.password);
  await page.getByRole("button", { name: "Continue" }).click();
  await headed(page, "New Caibo key");
  assert.equal(await page.getByLabel("Name").inputValue(), "Typed before");
  assert.ok(!(await page.getByLabel("Make payment requests").isChecked()));
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Your new key");
});

await done();
