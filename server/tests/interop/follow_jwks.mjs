// Verifies token after token with jose's remote key set: node follow_jwks.mjs MODULES BASE_URL AUDIENCE. One token a line
// on standard input, one line of JSON a token on standard output: its claims, or the code of the error.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, baseUrl, audience] = process.argv.slice(2);
const jose = await import(pathToFileURL(createRequire(modules + "/").resolve("jose")).href);
// As it comes: a set that was just read is not read again for 30 seconds, whatever key a token names.
const keys = jose.createRemoteJWKSet(new URL(baseUrl + "/.well-known/jwks.json"));
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const rules = { algorithms: ["ES256"], audience, issuer: baseUrl, typ: "at+jwt" };
    const { payload } = await jose.jwtVerify(line.trim(), keys, rules);
    console.log(JSON.stringify(payload));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code }));
  }
}
