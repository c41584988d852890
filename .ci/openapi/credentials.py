"""Credentials for every security scheme of the document, and the bodies that no schema can describe.

A schema says what a body looks like. It cannot say that an item exists, that an amount has as many decimals as its
currency, or that a payment repeats the total of its invoice. `before_call` puts such values into bodies that are meant
to be good, so that they are; bodies that are meant to be bad stay as they are.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid

import requests
import schemathesis

DEMO = json.loads(os.environ["TOLLGATE_DEMO"])
BASE = DEMO["sandbox"]
ALTERNATIVE = DEMO["alternative"]
CHECKOUT = {"customer_id": ALTERNATIVE["customer_id"], "invoice_id": ALTERNATIVE["invoice_id"]}


def post(path, **request):
    answer = requests.post(BASE + path, timeout=10, **request)
    answer.raise_for_status()
    return answer.json()


def fresh(seconds):
    """Calls a function again when its result is older than this."""

    def wrap(make):
        kept = {}

        def get():
            if time.monotonic() > kept.get("until", 0):
                kept.update(value=make(), until=time.monotonic() + seconds)
            return kept["value"]

        return get

    return wrap


def grant(path, user, password):
    form = {"grant_type": "client_credentials"}
    return post(path, data=form, auth=(user, password))["access_token"]


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token):
    return "Bearer " + token


@fresh(1000)
def panel():
    login = {"email": DEMO["panel"]["email"], "password": DEMO["panel"]["password"]}
    return post("/auth/login", json=login)["accessToken"]


@fresh(30)
def session():
    key = {"x-api-key": DEMO["88pay"]["api_key_test"], "x-merchant-id": DEMO["merchant_id_test"]}
    return post("/api/auth/token", headers=key)["data"]


@fresh(300)
def pledg_token():
    return grant("/api/token", DEMO["pledg"]["key"], DEMO["pledg"]["secret"])


@fresh(1800)
def access_token():
    return grant("/oauth/token", ALTERNATIVE["client_id"], ALTERNATIVE["client_secret"])


@fresh(800)
def checkout_token():
    return post("/v1/checkout-auth/init", headers={"Authorization": bearer(access_token())}, json=CHECKOUT)["token"]


@fresh(800)
def invoice_total():
    headers = {"Authorization": bearer(checkout_token())}
    return requests.get(BASE + "/checkout/v1/invoice", headers=headers, timeout=10).json()["total"]


@fresh(800)
def card():
    headers = {"Authorization": bearer(checkout_token())}
    methods = requests.get(BASE + "/checkout/v1/payment-methods", headers=headers, timeout=10).json()
    return next(method["id"] for method in methods if method["type"] == "card")


def payment_request():
    """One that is not paid yet."""
    asked = {"amount": 1, "unit": "EUR"}
    return post("/payment-requests", headers={"X-API-Key": DEMO["caibo"]["api_key_test"]}, json=asked)["id"]


def signed_request():
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    data = {
        "merchantUid": DEMO["pledg"]["merchant_uid"],
        "amountCents": 100,
        "currency": "EUR",
        "title": "A chair",
        "reference": uuid.uuid4().hex,
        "email": "ana@shop.example",
    }
    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps({"data": data}).encode())
    tag = hmac.new(DEMO["pledg"]["signing_secret"].encode(), text, hashlib.sha256).digest()
    return (text + b"." + part(tag)).decode()


SCHEMES = {
    "alternativeAccessToken": lambda: {"Authorization": bearer(access_token())},
    "alternativeCheckoutToken": lambda: {"Authorization": bearer(checkout_token())},
    "caiboKey": lambda: {"X-API-Key": DEMO["caibo"]["api_key_test"]},
    "caiboLogin": lambda: {"Authorization": bearer(panel())},
    "cardPlusPayKey": lambda: {"X-API-Key": DEMO["cardpluspay"]["api_key"]},
    "eightyEightPayKey": lambda: {"x-api-key": DEMO["88pay"]["api_key_test"]},
    "eightyEightPayMerchant": lambda: {"x-merchant-id": DEMO["merchant_id_test"]},
    "eightyEightPaySession": lambda: {"x-session-id": session()["session_id"]},
    "eightyEightPayToken": lambda: {"Authorization": bearer(session()["access_token"])},
    "oauthClient": lambda: {"Authorization": basic(ALTERNATIVE["client_id"], ALTERNATIVE["client_secret"])},
    "pledgClient": lambda: {"Authorization": basic(DEMO["pledg"]["key"], DEMO["pledg"]["secret"])},
    "pledgDashboard": lambda: {"Authorization": basic(DEMO["panel"]["email"], DEMO["panel"]["password"])},
    "pledgToken": lambda: {"Authorization": bearer(pledg_token())},
}


@schemathesis.auth(refresh_interval=None)
class Credentials:
    """The first way in that an operation names."""

    def get(self, case, context):
        return context.operation.definition.raw["security"]

    def set(self, case, ways, context):
        for scheme in ways[0] if ways else []:
            if scheme == "pledgSignature":
                case.query = {"signature": signed_request()}
            else:
                case.headers.update(SCHEMES[scheme]())


def whole_amount(body):
    body["amount"] = min(max(1, int(body["amount"])), 9_999_999_999_999)


def caibo_request(body):
    whole_amount(body)
    if "originDomain" in body:
        body["originDomain"] = DEMO["caibo"]["origin"]


def caibo_payment(body, case):
    if "paymentRequestId" in body:
        body["paymentRequestId"] = int(case.path_parameters["id"])


def charge(body):
    whole_amount(body)
    body["method_code"] = "CARDS"


def order(body):
    if "item_id" in body:
        body["item_id"] = DEMO["cardpluspay"]["item_id"]
    else:
        body["item_code"] = "GIFT-10"
    body["quantity"] = 1


def payment(body):
    body.update(amount=invoice_total(), payment_method="card", payment_method_id=card())


BODIES = {
    "alternativeInit": lambda body, case: body.update(CHECKOUT),
    "alternativeInitSdk": lambda body, case: body.update(CHECKOUT),
    "alternative_pay": lambda body, case: payment(body),
    "alternative_pay_sdk": lambda body, case: payment(body),
    "caiboCreatePaymentRequest": lambda body, case: caibo_request(body),
    "caiboLogIn": lambda body, case: body.update(email=DEMO["panel"]["email"], password=DEMO["panel"]["password"]),
    "caiboPay": caibo_payment,
    "cardPlusPayOrder": lambda body, case: order(body),
    "eightyEightPayCreateCharge": lambda body, case: charge(body),
    "pledgCreditByTransfer": lambda body, case: body.update(amount_cents=1),
}


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    operation = case.operation.definition.raw["operationId"]
    if case.path_parameters.get("id"):
        user = operation == "caiboMakeKey"
        case.path_parameters["id"] = DEMO["panel"]["user_id"] if user else str(payment_request())
    if case.path_parameters.get("uid"):
        case.path_parameters["uid"] = DEMO["pledg"]["purchase_uid"]
    if operation == "caiboMakeKey" and case.query.get("mode") == "live":
        # The listener for test credentials makes test keys.
        case.query["mode"] = "test"
    if "Idempotency-Key" in case.headers:
        # A key that was used with another body is a refusal that no schema foresees.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if operation in BODIES and isinstance(case.body, dict):
        BODIES[operation](case.body, case)


@schemathesis.hook
def after_call(context, case, response):
    made = case.operation.definition.raw["operationId"] == "caiboMakeKey" and response.status_code == 200
    if made:
        # The key before is dead.
        DEMO["caibo"]["api_key_test"] = response.json()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """One finding that cannot be otherwise; everything else counts."""
    # 88Pay says first that the session id is missing, whatever the token is: 400, its published answer. The probe with
    # a bad token leaves the session id out, so it meets that. A call without any credential still has to get 401.
    operation = case.operation.definition.raw["operationId"]
    probe = failure.code == "ST401" and "got `400 Bad Request`" in failure.message and "(invalid" in failure.message
    return not (probe and operation in ("eightyEightPayCreateCharge", "eightyEightPayShowBalance"))
