"""Verifies token after token with PyJWT's own JWKS client: follow_jwks.py BASE_URL AUDIENCE.

One token a line on standard input, one line of JSON a token on standard output: its claims, or the name of the error.
"""

import json
import sys

import jwt

base_url, audience = sys.argv[1:3]
keys = jwt.PyJWKClient(base_url + "/.well-known/jwks.json")
required = ["exp", "iat", "iss", "aud", "jti"]
for line in sys.stdin:
    token = line.strip()
    try:
        key = keys.get_signing_key_from_jwt(token)
        seen = jwt.decode(
            token, key, algorithms=["ES256"], audience=audience, issuer=base_url, options={"require": required}
        )
    except jwt.PyJWTError as error:
        seen = {"error": type(error).__name__}
    print(json.dumps(seen), flush=True)
