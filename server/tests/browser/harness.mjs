// A real Chromium for the browser tests: one fresh context for each check, and what a page let out into the open.
//
// The configuration is JSON on standard input; what passed is one line of JSON on standard output.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { withFewerColours } from "./png.mjs";

export const config = JSON.parse(readFileSync(0, "utf8"));

const require = createRequire(config.modules + "/");
const { chromium } = await import(pathToFileURL(require.resolve("playwright-core")).href).then((m) => m.default ?? m);
const axeSource = readFileSync(require.resolve("axe-core"), "utf8");

const browser = await chromium.launch({
  executablePath: config.chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    // Text in shades of one colour: pictures are smaller, and alike on every screen.
    "--disable-lcd-text", "--font-render-hinting=none",
  ],
  // Pictures have the letters that most people see; what must fit, must fit with the wider ones of this machine.
  env: config.screenshots === null ? process.env : { ...process.env, FONTCONFIG_FILE: fileURLToPath(new URL("fonts.conf", import.meta.url)) },
});
const passed = [];
const failed = [];
const servers = [];

/** Runs one check in a browser context of its own; `options` are Playwright's for the context. */
export async function check(name, run, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  context.setDefaultTimeout(30_000);
  try {
    await run(context);
    passed.push(name);
  } catch (error) {
    failed.push(`${name}: ${error.stack}`);
  } finally {
    await context.close();
  }
}

/** Ends the browser and says what passed; to be called once, last. */
export async function done() {
  await browser.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  if (failed.length > 0) {
    console.error(failed.join("\n\n"));
    process.exitCode = 1;
  }
  console.log(JSON.stringify({ passed }));
}

/** A page that remembers what it printed, asked for and got; call before it goes anywhere. */
export async function watched(context) {
  const page = await context.newPage();
  const seen = { console: [], errors: [], requests: [] };
  page.on("console", (message) => seen.console.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request));
  return { page, seen };
}

/** A small server of another origin; `answer(request)` gives a body, or `{ status, headers, body }`. */
export async function serve(answer) {
  const requests = [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url, headers: request.headers });
    const given = await answer(request);
    const { status = 200, headers = { "Content-Type": "text/html; charset=utf-8" }, body = "" } =
      typeof given === "string" ? { body: given } : given;
    response.writeHead(status, headers).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { origin: `http://127.0.0.1:${server.address().port}`, requests };
}

/** A call to the API as a shop's server makes it. */
export async function api(method, path, headers, body) {
  const answer = await fetch(config.sandbox + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** Every violation of these rules or sets of rules that axe finds in a page or frame of its own, as `rule: target`. */
export async function violations(frame, rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]) {
  // Not by a script element, which the page's policy would refuse.
  if (!(await frame.evaluate(() => "axe" in window))) await frame.evaluate(axeSource);
  const { violations } = await frame.evaluate((runOnly) => window.axe.run(document, { iframes: false, runOnly }), rules);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}

/** A picture for the documentation, only when asked for. */
export async function picture(page, name, options = {}) {
  if (config.screenshots === null) return;
  const taken = await page.screenshot({ animations: "disabled", ...options });
  const path = join(config.screenshots, `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, withFewerColours(taken));
}
