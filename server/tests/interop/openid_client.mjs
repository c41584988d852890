// Buys, introspects and revokes tokens with openid-client: node openid_client.mjs MODULES, what `tollgate dev --print
// json` printed on standard input.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules] = process.argv.slice(2);
const client = await import(pathToFileURL(createRequire(modules + "/").resolve("openid-client")).href);
const { sandbox, alternative, pledg } = JSON.parse(readFileSync(0, "utf8"));

// Everything that the metadata names is found by discovery (RFC 8414).
const discover = (id, secret) =>
  client.discovery(new URL(sandbox), id, undefined, client.ClientSecretBasic(secret), {
    algorithm: "oauth2",
    execute: [client.allowInsecureRequests],
  });

// Pledg's token endpoint is in no metadata: it is configured by hand.
const byHand = (id, secret) => {
  const server = {
    issuer: sandbox,
    token_endpoint: sandbox + "/api/token",
    introspection_endpoint: sandbox + "/oauth/introspect",
    revocation_endpoint: sandbox + "/oauth/revoke",
  };
  const config = new client.Configuration(server, id, undefined, client.ClientSecretBasic(secret));
  client.allowInsecureRequests(config);
  return config;
};

async function life(config, call, parameters) {
  const token = await client.clientCredentialsGrant(config, parameters);
  const used = await call(token.access_token);
  const before = await client.tokenIntrospection(config, token.access_token);
  await client.tokenRevocation(config, token.access_token);
  const after = await client.tokenIntrospection(config, token.access_token);
  const again = await call(token.access_token);
  const { token_type, expires_in, scope } = token;
  return { token: { token_type, expires_in, scope }, used, before, after, again };
}

async function refusal(config) {
  try {
    await client.clientCredentialsGrant(config);
  } catch (error) {
    const { code, error: oauth, cause } = error;
    return { code, oauth, scheme: Array.isArray(cause) ? cause[0].scheme : undefined };
  }
}

const init = async (token) => {
  const body = JSON.stringify({ customer_id: alternative.customer_id, invoice_id: alternative.invoice_id });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return (await fetch(sandbox + "/v1/checkout-auth/init", { method: "POST", headers, body })).status;
};
const secured = async (token) =>
  (await fetch(sandbox + "/api/a_secured_endpoint", { headers: { authorization: `Bearer ${token}` } })).status;

const found = await discover(alternative.client_id, alternative.client_secret);
const seen = {
  metadata: found.serverMetadata(),
  alternative: await life(found, init, { scope: "checkout:init" }),
  pledg: await life(byHand(pledg.key, pledg.secret), secured),
  refused: [
    await refusal(await discover(alternative.client_id, "wrong")),
    await refusal(byHand(alternative.client_id, alternative.client_secret)),
  ],
};
console.log(JSON.stringify(seen));
