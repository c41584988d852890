// A person at the control panel: a browser, a terminal beside it, an authenticator app, a mailbox, and time that passes.

import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

import { config, watched } from "./harness.mjs";

const execute = promisify(execFile);

/** The address of a page of the panel; `path` begins behind `/panel`. */
export const at = (path = "") => `${config.sandbox}/panel${path}`;

/** Fills the log-in form that is open, and sends it. */
export async function enter(page, { email, password }, code = "") {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Authentication code").fill(code);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** A page of somebody who has just logged in, on the overview. */
export async function signedIn(context, who = config.owner) {
  const { page, seen } = await watched(context);
  await page.goto(at("/login"));
  await enter(page, who);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  return { page, seen };
}

/** The heading of the page that is open, waited for. */
export const headed = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** The sentence that a page says once. */
export const said = (page, text) => page.locator(".flash", { hasText: text }).waitFor();

/** A new key of an API by its form; answers its text. The page then shows it. */
export async function makeKey(page, dialect, name) {
  await page.goto(at(`/keys/new/${dialect}`));
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Make the key" }).click();
  await headed(page, "Your new key");
  return await page.locator("#secret").textContent();
}

/** The path of a page of the panel that stands in its address, without query. */
export const pathOf = (page) => new URL(page.url()).pathname;

/** curl in a terminal: status and body. */
export async function curl(path, ...options) {
  const { stdout } = await execute("curl", ["-sS", "-w", "\n%{http_code}", ...options, config.sandbox + path]);
  const end = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

/** What the Caibo API says to a key. */
export const whoAmI = async (key) => (await curl("/auth/whoami", "-H", `X-API-Key: ${key}`)).status;

/** Lines typed into a shell in this folder; what they print. */
export async function shell(folder, lines) {
  return (await execute("bash", ["-euo", "pipefail", "-c", lines], { cwd: folder })).stdout;
}

/** A command of the operator, beside the running server; `input` goes to its standard input. */
export function tollgate(input, ...words) {
  const run = execute(config.tollgate, [...words, "--data", config.data, "--json"]);
  run.child.stdin.end(input);
  return run.then(({ stdout }) => (stdout.trim() === "" ? null : JSON.parse(stdout.trim().split("\n")[0])));
}

/** Changes rows behind the server's back: the only way to make time pass for it. */
export async function rewrite(...statements) {
  const program = `import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as db:
    for statement in sys.argv[2:]: db.execute(statement)`;
  await execute(config.python, ["-c", program, `${config.data}/tollgate.db`, ...statements]);
}

/** The code that an authenticator app shows for this key (RFC 6238: SHA-1, 6 digits, 30 seconds), `ahead` steps from now. */
export function code(key, ahead = 0) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...key.replaceAll(/[\s=]/g, "")].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from(bits.match(/.{8}/g).map((octet) => Number.parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", bytes).update(step).digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** The newest link in the mail to this address, once there is a message with these words. */
export async function mailedLink(email, words) {
  for (let tries = 0; tries < 200; tries += 1) {
    const messages = readFileSync(config.mail, "utf8").split("\nMail to ").filter((text) => text.startsWith(`${email}:`));
    const link = messages.findLast((text) => text.includes(words))?.match(/https?:\/\/\S+/);
    if (link) return link[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail to ${email} that says ${words}`);
}

/** Reloads until this is there; what a page shows may take the server a moment. */
export async function reloadUntil(page, locator) {
  for (let tries = 0; tries < 60 && !(await locator.isVisible()); tries += 1) {
    await page.waitForTimeout(150);
    await page.reload();
  }
  await locator.waitFor();
}
