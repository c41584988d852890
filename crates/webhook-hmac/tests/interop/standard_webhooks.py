"""Signs and verifies with the PyPI package `standardwebhooks`, one JSON object on standard input.

{"do": "sign", "secret", "id", "timestamp", "body"}             -> prints the webhook-signature value
{"do": "verify", "secret", "id", "timestamp", "signature", "body"} -> prints "accept" or "refuse"
"""

import json
import sys
from datetime import datetime, timezone
from unittest import mock

import standardwebhooks
from standardwebhooks import webhooks


def main() -> None:
    job = json.load(sys.stdin)
    webhook = standardwebhooks.Webhook(job["secret"])
    signed_at = datetime.fromtimestamp(job["timestamp"], tz=timezone.utc)
    if job["do"] == "sign":
        print(webhook.sign(job["id"], signed_at, job["body"]))
        return
    headers = {
        "webhook-id": job["id"],
        "webhook-timestamp": str(job["timestamp"]),
        "webhook-signature": job["signature"],
    }
    # The package reads the clock itself; the test has a fixed time.
    clock = mock.Mock(wraps=datetime)
    clock.now.return_value = signed_at
    with mock.patch.object(webhooks, "datetime", clock):
        try:
            webhook.verify(job["body"], headers, json_parse=False)
        except webhooks.WebhookVerificationError:
            print("refuse")
        else:
            print("accept")


main()
