// Verifies a token with jose from a live JWKS: node verify_jwks.mjs MODULES BASE_URL AUDIENCE, the token on stdin.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, baseUrl, audience] = process.argv.slice(2);
const jose = await import(pathToFileURL(createRequire(modules + "/").resolve("jose")).href);
const token = readFileSync(0, "utf8").trim();
const keys = jose.createRemoteJWKSet(new URL(baseUrl + "/.well-known/jwks.json"));
const { payload } = await jose.jwtVerify(token, keys, { algorithms: ["ES256"], audience, issuer: baseUrl, typ: "JWT" });
console.log(JSON.stringify(payload));
