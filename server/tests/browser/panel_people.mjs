// Who gets in, who is put out, and what each may see: log-in, two steps, sessions, roles, administrators.

import assert from "node:assert/strict";

import { check, config, done, watched } from "./harness.mjs";
import { at, code, enter, headed, mailedLink, makeKey, rewrite, said, signedIn, tollgate, whoAmI } from "./person.mjs";

const PASSWORD = "four words of a pass phrase";

/** A user of the demo merchant, made by the operator. */
async function colleague(name, role, merchant = config.merchant) {
  const email = `${name}@demo-shop.example`;
  await tollgate(PASSWORD, "user", "create", merchant, email, "--role", role);
  return { email, password: PASSWORD };
}

const alert = (page) => page.getByRole("alert").textContent();

await check("whatever is wrong with a log-in, the answer is one", async (context) => {
  const { page, seen } = await watched(context);
  const answers = [];
  for (const wrong of [
    { email: config.owner.email, password: "not the password" },
    { email: "nobody@demo-shop.example", password: config.owner.password },
    { email: config.owner.email, password: "x" },
  ]) {
    await page.goto(at());
    assert.equal(new URL(page.url()).pathname, "/panel/login", "a stranger is led to the log-in");
    await enter(page, wrong);
    answers.push(await alert(page));
    assert.equal(await page.getByLabel("E-mail address").inputValue(), wrong.email);
    assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "", "a password is not shown again");
  }
  assert.equal(new Set(answers).size, 1, answers.join("\n"));
  await enter(page, config.owner);
  await headed(page, "Overview");
  assert.deepEqual([...seen.errors], []);
});

await check("the way back after a log-out shows nothing", async (context) => {
  const { page } = await signedIn(context);
  await page.goto(at("/keys"));
  const cookie = (await context.cookies())[0];
  assert.deepEqual(
    { name: cookie.name, httpOnly: cookie.httpOnly, secure: cookie.secure, sameSite: cookie.sameSite, path: cookie.path, expires: cookie.expires },
    { name: "__Host-tollgate_panel", httpOnly: true, secure: true, sameSite: "Lax", path: "/", expires: -1 },
  );
  await page.getByRole("button", { name: "Log out" }).click();
  await headed(page, "Log in");
  for (let steps = 0; steps < 3; steps += 1) {
    await page.goBack();
    await headed(page, "Log in");
    assert.ok(!(await page.content()).includes(config.owner.email));
  }
  // What it was is worth nothing any more.
  await context.addCookies([cookie]);
  await page.goto(at("/keys"));
  await headed(page, "Log in");
});

await check("a session that ended in the middle of a form keeps what was typed", async (context) => {
  const { page } = await signedIn(context);
  await page.goto(at("/keys/new/caibo"));
  await page.getByLabel("Name").fill("Typed before lunch");
  await page.getByLabel("Only from these addresses and networks").check();
  await page.getByRole("textbox", { name: "Addresses and networks" }).fill("203.0.113.0/24\n2001:db8:7::/48");
  await rewrite("UPDATE panel_sessions SET seen_at = seen_at - 1860000");
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Log in");
  await enter(page, config.owner);
  await headed(page, "New Caibo key");
  assert.equal(await page.getByLabel("Name").inputValue(), "Typed before lunch");
  assert.ok(await page.getByLabel("Only from these addresses and networks").isChecked());
  assert.equal(await page.getByRole("textbox", { name: "Addresses and networks" }).inputValue(), "203.0.113.0/24\n2001:db8:7::/48");
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Your new key");
  await page.goto(at("/keys/new/caibo"));
  assert.equal(await page.getByLabel("Name").inputValue(), "", "it is shown again once");
});

await check("what one person typed is not shown to the next one at the same browser", async (context) => {
  const next = await colleague("next", "owner");
  const { page } = await signedIn(context);
  await page.goto(at("/keys/new/caibo"));
  await page.getByLabel("Name").fill("Mine alone");
  await rewrite("UPDATE panel_sessions SET seen_at = seen_at - 1860000");
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Log in");
  await enter(page, next);
  await page.getByText(next.email).waitFor();
  await page.goto(at("/keys/new/caibo"));
  assert.equal(await page.getByLabel("Name").inputValue(), "");
});

await check("switches two-step log-in on; a code counts once, and so does a recovery code", async (context) => {
  const person = await colleague("two-steps", "developer");
  const { page } = await signedIn(context, person);
  await page.getByRole("link", { name: "Your account" }).click();
  await page.getByRole("link", { name: "Set up" }).click();
  await headed(page, "Set up two-step log-in");
  const picture = page.getByRole("img", { name: /picture for your authenticator app/ });
  assert.ok(await picture.evaluate((image) => image.complete && image.naturalWidth > 100), "the picture is there");
  const key = await page.locator("code.once").textContent();
  await page.getByLabel("Code").fill("000000" === code(key) ? "000001" : "000000");
  await page.getByRole("button", { name: "Switch on" }).click();
  await alert(page);
  assert.equal(await page.locator("code.once").textContent(), key, "the same key, so that the app need not begin anew");
  const used = code(key);
  await page.getByLabel("Code").fill(used);
  await page.getByRole("button", { name: "Switch on" }).click();
  await headed(page, "Keep your recovery codes");
  const codes = await page.locator(".codes code").allTextContents();
  assert.equal(new Set(codes).size, 10);
  await page.goto(at("/account"));
  await page.getByText("10 recovery codes are left.").waitFor();
  const content = await page.content();
  assert.ok(codes.every((code) => !content.includes(code)), "they were shown once");

  const other = await (await context.browser().newContext()).newPage();
  const outcomes = {};
  for (const [label, given, enters] of [
    ["none", "", false],
    ["used", used, false],
    ["next", code(key, 1), true],
    ["recovery", codes[3], true],
    ["recovery again", codes[3], false],
  ]) {
    await other.context().clearCookies();
    await other.goto(at("/login"));
    await enter(other, person, given);
    await (enters ? headed(other, "Overview") : other.getByRole("alert").waitFor());
    outcomes[label] = new URL(other.url()).pathname;
  }
  assert.deepEqual(outcomes, { none: "/panel/login", used: "/panel/login", next: "/panel", recovery: "/panel", "recovery again": "/panel/login" });
  await other.context().close();
  await page.reload();
  await page.getByText("9 recovery codes are left.").waitFor();
});

await check("a forgotten password: the mailed link works once, and every session is over", async (context) => {
  const person = await colleague("forgetful", "developer");
  const { page: inside } = await signedIn(context, person);
  const { page } = await watched(await context.browser().newContext());
  await page.goto(at("/login"));
  await page.getByRole("link", { name: "Forgotten your password?" }).click();
  const answers = [];
  for (const email of ["nobody@demo-shop.example", person.email]) {
    await page.goto(at("/forgotten"));
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("button", { name: "Send the link" }).click();
    await headed(page, "Look at your mail");
    answers.push(await page.locator("main").textContent());
  }
  assert.equal(answers[0], answers[1], "it does not tell who has a login");
  const link = await mailedLink(person.email, "password");
  await page.goto(link);
  await headed(page, "Set a new password");
  await page.getByLabel("New password").fill("short");
  await page.getByLabel("The same again").fill("short");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.locator(".fault").first().waitFor();
  await page.getByLabel("New password").fill("quite another pass phrase");
  await page.getByLabel("The same again").fill("quite another pass phrase");
  await page.getByRole("button", { name: "Set password" }).click();
  await headed(page, "Your password is set");
  await page.goto(link);
  await headed(page, "This link does not work any more");
  await inside.reload();
  await headed(inside, "Log in");
  await enter(inside, person);
  await inside.getByRole("alert").waitFor();
  await enter(inside, { ...person, password: "quite another pass phrase" });
  await headed(inside, "Overview");
  await page.context().close();
});

await check("ends another session from the list, and then all others", async (context) => {
  const person = await colleague("many-browsers", "read-only");
  const { page } = await signedIn(context, person);
  const others = [];
  for (let n = 0; n < 3; n += 1) others.push((await signedIn(await context.browser().newContext(), person)).page);
  await page.goto(at("/sessions"));
  assert.equal(await page.getByRole("button", { name: /^End the session/ }).count(), 3);
  await page.getByRole("button", { name: /^End the session/ }).first().click();
  await said(page, "The session was ended.");
  const ended = async () => {
    const answers = [];
    for (const other of others) {
      await other.reload();
      answers.push(new URL(other.url()).pathname === "/panel/login");
    }
    return answers.filter(Boolean).length;
  };
  assert.equal(await ended(), 1);
  await page.getByRole("button", { name: "End all others" }).click();
  await said(page, "2 other sessions were ended.");
  assert.equal(await ended(), 3);
  await page.reload();
  await headed(page, "Your sessions");
  for (const other of others) await other.context().close();
});

await check("an owner invites a user, who sets a password and sees what the role allows", async (context) => {
  const { page } = await signedIn(context);
  await page.goto(at("/users"));
  await page.getByRole("link", { name: "Invite a user" }).click();
  await page.getByLabel("E-mail address").fill("invited@demo-shop.example");
  await page.getByLabel("Developer").check();
  await page.getByRole("button", { name: "Invite" }).click();
  await said(page, "An invitation is on its way to invited@demo-shop.example.");
  const link = await mailedLink("invited@demo-shop.example", "invit");
  const { page: guest } = await watched(await context.browser().newContext());
  await guest.goto(link);
  await headed(guest, "Welcome");
  await guest.getByLabel("New password").fill(PASSWORD);
  await guest.getByLabel("The same again").fill(PASSWORD);
  await guest.getByRole("button", { name: "Set password" }).click();
  await guest.getByRole("link", { name: "Log in" }).click();
  await enter(guest, { email: "invited@demo-shop.example", password: PASSWORD });
  await headed(guest, "Overview");
  const key = await makeKey(guest, "caibo", "By the new colleague");
  assert.equal(await whoAmI(key), 200);
  await guest.goto(at("/users"));
  assert.equal(await guest.getByRole("link", { name: "Invite a user" }).count(), 0, "a developer manages no users");
  await guest.context().close();
});

/** Every link and button of the pages that one gets to from the navigation, two steps deep. */
async function controls(page) {
  const found = new Set();
  const visited = new Set();
  const waiting = ["/panel"];
  while (waiting.length > 0) {
    const path = waiting.shift();
    if (visited.has(path)) continue;
    visited.add(path);
    assert.ok(visited.size <= 60, "the walk ends");
    const answer = await page.goto(config.sandbox + path);
    assert.equal(answer.status(), 200, path);
    const { links, buttons } = await page.evaluate(() => ({
      links: [...document.querySelectorAll("a[href^='/panel']")].map((link) => link.getAttribute("href")),
      buttons: [...document.querySelectorAll("main form[method=post] button")].map((button) => `${new URL(button.form.action).pathname}: ${button.textContent}`),
    }));
    for (const button of buttons) found.add(button);
    // Of a list its first row is enough; what leads to a question is a control like a button.
    for (const link of links) {
      const plain = link.split("?")[0];
      if (/\/(rotate|revoke|reveal|remove|retire|on|off|disable|enable|link|new|two-step|password)$|\/(new|import)\//.test(plain)) found.add(plain);
      else if (!plain.endsWith(".jsonl") && !/\/(keys|clients)\/\w/.test(plain)) waiting.push(plain);
      else if (/\/(keys|clients)\/[A-Za-z0-9]+$/.test(plain) && ![...visited, ...waiting].some((known) => known.startsWith(plain.replace(/\w+$/, "")) && known !== plain.replace(/\/\w+$/, ""))) waiting.push(plain);
    }
  }
  return { found: [...found].sort(), visited };
}

await check("who may only look is offered nothing to change", async (context) => {
  const { page } = await signedIn(context, await colleague("reader", "read-only"));
  const { found, visited } = await controls(page);
  const own = found.filter((control) => !/^\/panel\/(account|sessions)/.test(control));
  assert.deepEqual(own, []);
  for (const path of ["/panel/keys", "/panel/clients", "/panel/webhooks", "/panel/webhooks/secrets", "/panel/signing", "/panel/access", "/panel/users", "/panel/audit"]) {
    assert.ok(visited.has(path), path);
  }
  assert.ok(![...visited].some((path) => path.startsWith("/panel/admin")));
  // A form that was open before the role was taken away.
  const { page: late } = await signedIn(await context.browser().newContext(), await colleague("demoted", "developer"));
  await late.goto(at("/keys/new/caibo"));
  const users = await tollgate("", "user", "list", config.merchant);
  assert.equal(users.email, "demoted@demo-shop.example");
  await tollgate("", "user", "role", String(users.id), "read-only");
  await late.getByRole("button", { name: "Make the key" }).click();
  await headed(late, "Your role does not allow this");
  await late.context().close();
});

await check("a developer is offered keys and settings, and nothing about users", async (context) => {
  const { page } = await signedIn(context, await colleague("dev", "developer"));
  const { found } = await controls(page);
  assert.ok(found.includes("/panel/keys/new") && found.some((control) => control.endsWith("/rotate")), found.join("\n"));
  assert.deepEqual(found.filter((control) => control.startsWith("/panel/users") || control.startsWith("/panel/admin")), []);
});

await check("an administrator approves, suspends and logs out; to others the pages are not there", async (context) => {
  const merchant = await tollgate("", "merchant", "create", "Café Lumière", "--country", "COL", "--currency", "COP");
  const { page: theirs } = await signedIn(await context.browser().newContext(), await colleague("lumiere", "owner", merchant.id));
  await theirs.getByText("Your account is being checked (KYC).").waitFor();

  const { page } = await signedIn(context, config.administrator);
  await page.getByRole("link", { name: "All merchants" }).click();
  await page.getByRole("link", { name: "Manage Café Lumière" }).click();
  await page.getByRole("link", { name: "Approve" }).click();
  await page.getByRole("button", { name: "Activate" }).click();
  await said(page, "Café Lumière is active.");
  await theirs.reload();
  await theirs.getByText("Live and test credentials work").waitFor();
  const key = await makeKey(theirs, "caibo", "Café");
  assert.equal(await whoAmI(key), 200);

  await page.getByRole("link", { name: "Suspend" }).click();
  assert.equal(await whoAmI(key), 200, "a question does nothing");
  await page.getByRole("button", { name: "Suspend" }).click();
  await said(page, "Café Lumière is suspended.");
  assert.equal(await whoAmI(key), 403);
  await theirs.goto(at());
  await theirs.getByText("Your account is suspended.").waitFor();

  await page.getByRole("link", { name: "End every session" }).click();
  await page.getByRole("button", { name: "End sessions" }).click();
  await said(page, "One session of Café Lumière was ended.");
  await theirs.reload();
  await headed(theirs, "Log in");
  await theirs.context().close();

  const { page: owner } = await signedIn(await context.browser().newContext());
  assert.equal(await owner.getByRole("link", { name: "All merchants" }).count(), 0);
  for (const path of ["/admin", `/admin/${merchant.id}`]) {
    assert.equal((await owner.goto(at(path))).status(), 404, path);
  }
  await owner.context().close();
});

await done();
