"""Verifies a token with PyJWT from a live JWKS: verify_jwks.py BASE_URL AUDIENCE, the token on standard input."""

import json
import sys
import urllib.request

import jwt

base_url, audience = sys.argv[1:3]
token = sys.stdin.read().strip()
with urllib.request.urlopen(base_url + "/.well-known/jwks.json", timeout=10) as answer:
    keys = jwt.PyJWKSet.from_dict(json.load(answer))
key = keys[jwt.get_unverified_header(token)["kid"]]
required = ["exp", "iat", "iss", "aud", "jti"]
claims = jwt.decode(
    token, key.key, algorithms=["ES256"], audience=audience, issuer=base_url, options={"require": required}
)
print(json.dumps(claims))
