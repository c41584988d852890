"""Buys, uses, introspects and revokes tokens with Authlib; what `tollgate dev --print json` printed on standard input."""

import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP on loopback

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

printed = json.load(sys.stdin)
base_url = printed["sandbox"]


def session(client_id, secret):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method="client_secret_basic")


def introspect(client, token):
    answer = client.introspect_token(base_url + "/oauth/introspect", token=token, token_type_hint="access_token")
    answer.raise_for_status()
    return answer.json()


def revoke(client, token):
    answer = client.revoke_token(base_url + "/oauth/revoke", token=token, token_type_hint="access_token")
    return [answer.status_code, answer.text]


def life(client_id, secret, endpoint, call, **parameters):
    """What the library sees from the first token to the dead one."""
    with session(client_id, secret) as client:
        token = client.fetch_token(base_url + endpoint, grant_type="client_credentials", **parameters)
        text = token["access_token"]
        used = call(client)
        before = introspect(client, text)
        revoked = revoke(client, text)
        after = introspect(client, text)
        return {
            "token": {name: token.get(name) for name in ("token_type", "expires_in", "scope")},
            "used": [used.status_code, used.json()],
            "before": before,
            "revoked": revoked,
            "after": after,
            "used_after": call(client).status_code,
        }


alternative, pledg = printed["alternative"], printed["pledg"]
ids = {"customer_id": alternative["customer_id"], "invoice_id": alternative["invoice_id"]}
seen = {
    "alternative": life(
        alternative["client_id"],
        alternative["client_secret"],
        "/oauth/token",
        lambda client: client.post(base_url + "/v1/checkout-auth/init", json=ids),
        scope="checkout:init",
    ),
    "pledg": life(
        pledg["key"],
        pledg["secret"],
        "/api/token",
        lambda client: client.get(base_url + "/api/a_secured_endpoint"),
    ),
}
for name, endpoint in (("alternative", "/oauth/token"), ("pledg", "/api/token")):
    other = {"alternative": pledg["key"], "pledg": alternative["client_id"]}[name]
    try:
        session(other, "wrong").fetch_token(base_url + endpoint, grant_type="client_credentials")
    except OAuthError as error:
        seen[name]["refused"] = [error.error, error.description]
print(json.dumps(seen))
