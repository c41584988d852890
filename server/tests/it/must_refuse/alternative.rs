//! Alternative Payments.

use serde_json::json;
use tollgate::account::{ClientDialect, KeyFamily};
use tollgate::auth::ListenerMode::{Live, Test};
use tollgate_apikey::Mode;

use super::{
    Refusal, Tokens, basic, bearer, expect_alike, expect_rows, forged, further_secret, let_expire, revoke, touched,
};
use crate::alternative::{Client, init};
use crate::world::{Call, world};

const GRANT: &str = "grant_type=client_credentials";

fn oauth(status: u16, error: &str, description: &str) -> Refusal {
    Refusal {
        status,
        headers: vec![("content-type", "application/json"), ("cache-control", "no-store")],
        body: json!({ "error": error, "error_description": description }),
    }
}

fn client() -> Refusal {
    oauth(401, "invalid_client", "Client authentication failed.")
        .and("www-authenticate", "Basic realm=\"oauth\", charset=\"UTF-8\"")
}

fn http_error(status: u16, code: &str, message: &str) -> Refusal {
    let body = json!({ "code": code, "message": message, "validation_errors": {} });
    Refusal { status, headers: vec![("content-type", "application/json")], body }
}

fn bad_token() -> Refusal {
    http_error(401, "unauthorized", "authentication failed")
        .and("www-authenticate", "Bearer realm=\"alternative\", error=\"invalid_token\"")
}

/// The same for a browser.
fn open(refusal: Refusal) -> Refusal {
    refusal.and("access-control-allow-origin", "*").and("access-control-expose-headers", "x-request-id, retry-after")
}

const CHECKOUT: [(&str, &str); 8] = [
    ("GET", "/checkout/v1/invoice"),
    ("GET", "/checkout/v1/invoice/pdf-link"),
    ("GET", "/checkout/v1/payment-methods"),
    ("POST", "/checkout/v1/payments"),
    ("GET", "/checkout/invoice"),
    ("GET", "/checkout/invoice/pdf-link"),
    ("GET", "/checkout/payment-methods"),
    ("POST", "/checkout/payments"),
];

#[tokio::test]
async fn every_fault_of_a_client_looks_alike_on_every_route() {
    let world = world().await;
    let demo = Client::demo(&world);
    let family = KeyFamily::CLIENT_SECRET;
    let (revoked, revoked_id) = further_secret(&world, &demo.id).await;
    revoke(&world, revoked_id).await;
    let (expired, expired_id) = further_secret(&world, &demo.id).await;
    let_expire(&world, expired_id).await;
    let live = Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Live, "").await;
    let mut faults = vec![
        ("missing", Test, vec![]),
        ("malformed", Test, vec![("authorization", "Basic !".to_owned())]),
        ("unknown", Test, basic("client_test_Uv2Wx4Yz6Ab83ujbGm", &demo.secret)),
        ("wrong secret", Test, basic(&demo.id, &forged(family, demo.cid(), Mode::Test))),
        ("live client at the demo listener", Test, basic(&live.id, &live.secret)),
        ("test client at the live listener", Live, basic(&demo.id, &demo.secret)),
        ("expired", Test, basic(&demo.id, &expired)),
        ("revoked", Test, basic(&demo.id, &revoked)),
    ];
    let routes = ["/oauth/token", "/oauth/introspect", "/oauth/revoke"].map(|path| ("POST", path, client()));
    expect_alike(&world, &routes, &faults).await;
    faults.truncate(1);
    faults.push(("Pledg client", Test, basic(&world.text("/pledg/key"), &world.text("/pledg/secret"))));
    expect_alike(&world, &routes[..1], &faults).await;
}

#[tokio::test]
async fn every_fault_of_a_token_looks_alike_on_every_route() {
    let world = world().await;
    let demo = Client::demo(&world);
    let old = demo.token(&world).await;
    let old_checkout = world.send(init(&world, &old)).await.member("token");
    world.advance(3600);
    let (secret, secret_id) = further_secret(&world, &demo.id).await;
    let second = Client { id: demo.id.clone(), secret, listener: Test };
    let dead = second.token(&world).await;
    let dead_checkout = world.send(init(&world, &dead)).await.member("token");
    revoke(&world, secret_id).await;
    let live =
        Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Live, "checkout:init").await;
    let of_live = live.token(&world).await;
    world.advance(1);
    let tokens = Tokens::buy(&world).await;

    let faults = |good: &str, expired: &str, revoked: &str, other_kind: &str| {
        let (wrong, unknown) = touched(good);
        vec![
            ("malformed", Test, bearer("x")),
            ("unknown key name", Test, bearer(&unknown)),
            ("wrong signature", Test, bearer(&wrong)),
            ("other mode", Test, bearer(&of_live)),
            ("expired", Test, bearer(expired)),
            ("revoked", Test, bearer(revoked)),
            ("the other hop's token", Test, bearer(other_kind)),
            ("Pledg token", Test, bearer(&tokens.pledg)),
            ("88Pay token", Test, bearer(&tokens.session)),
            ("panel token", Test, bearer(&tokens.panel)),
        ]
    };
    let inits = ["/v1/checkout-auth/init", "/checkout-auth/init"].map(|path| ("POST", path, bad_token()));
    expect_alike(&world, &inits, &faults(&tokens.access, &old, &dead, &tokens.checkout)).await;
    let checkout = CHECKOUT.map(|(method, path)| (method, path, open(bad_token())));
    expect_alike(&world, &checkout, &faults(&tokens.checkout, &old_checkout, &dead_checkout, &tokens.access)).await;

    let missing = [("missing", Test, vec![]), ("the client", Test, basic(&demo.id, &demo.secret))];
    let bare = || {
        http_error(401, "unauthorized", "authentication failed").and("www-authenticate", "Bearer realm=\"alternative\"")
    };
    expect_alike(&world, &inits.map(|(method, path, _)| (method, path, bare())), &missing).await;
    expect_alike(&world, &CHECKOUT.map(|(method, path)| (method, path, open(bare()))), &missing).await;
}

#[tokio::test]
async fn what_alternative_must_refuse() {
    let world = world().await;
    let demo = Client::demo(&world);
    let access = demo.token(&world).await;
    let checkout = world.send(init(&world, &access)).await.member("token");
    world.advance(1);
    let (customer, invoice) = (world.text("/alternative/customer_id"), world.text("/alternative/invoice_id"));
    let ask = |body: serde_json::Value| Call::post("/v1/checkout-auth/init").bearer(&access).json(&body);
    let page = |path: &str| Call::get(path).bearer(&checkout);
    let methods = world.send(page("/checkout/payment-methods")).await.json();
    let payment = |amount: &str| {
        json!({
            "amount": amount, "payment_date": "2026-01-01", "payment_method": "card",
            "payment_method_id": methods[0]["id"],
        })
    };
    let pay = |body: serde_json::Value| Call::post("/checkout/v1/payments").bearer(&checkout).json(&body);
    let faulty = |message: &str, member: &str, fault: &str| Refusal {
        body: json!({ "code": "bad_request", "message": message, "validation_errors": { member: fault } }),
        ..http_error(400, "", "")
    };
    let mut foreign = payment("120.50");
    foreign["customer_id"] = json!(customer);
    let not_found = || http_error(404, "not_found", "not found");
    expect_rows(
        &world,
        vec![
            ("unknown invoice", ask(json!({ "customer_id": customer, "invoice_id": "inv_none" })), not_found()),
            ("another customer", ask(json!({ "customer_id": "cus_none", "invoice_id": invoice })), not_found()),
            (
                "no invoice",
                ask(json!({ "customer_id": customer })),
                faulty("invalid invoice id", "invoice_id", "required"),
            ),
            (
                "extra amount",
                ask(json!({ "customer_id": customer, "invoice_id": invoice, "amount": "1" })),
                faulty("invalid request", "amount", "not_allowed"),
            ),
        ],
    )
    .await;
    world.advance(1);
    expect_rows(
        &world,
        vec![
            (
                "an invoice beside the token",
                page("/checkout/invoice?invoice_id=inv_other"),
                open(faulty("invalid request", "invoice_id", "not_allowed")),
            ),
            (
                "a customer beside the token",
                pay(foreign),
                open(faulty("invalid request", "customer_id", "not_allowed")),
            ),
            ("less than the total", pay(payment("120.49")), open(faulty("invalid request", "amount", "invalid"))),
        ],
    )
    .await;
    assert_eq!(world.send(pay(payment("120.50"))).await.status, 201);
    let twice = open(http_error(409, "invoice_not_payable", "invoice cannot be paid"));
    world.advance(1);
    expect_rows(&world, vec![("a paid invoice", pay(payment("120.50")), twice)]).await;

    let pair = format!("client_id={}&client_secret={}", demo.id, demo.secret);
    let token = || demo.sign(Call::post("/oauth/token"));
    let malformed = oauth(400, "invalid_request", "The request is malformed.");
    let grant = oauth(400, "unsupported_grant_type", "Only client_credentials is supported.");
    expect_rows(
        &world,
        vec![
            ("secret in the body alone", Call::post("/oauth/token").form(&format!("{GRANT}&{pair}")), client()),
            ("secret in the body, too", token().form(&format!("{GRANT}&{pair}")), malformed),
            ("grant_type=password", token().form("grant_type=password"), grant),
            (
                "scope=admin",
                token().form(&format!("{GRANT}&scope=admin")),
                oauth(400, "invalid_scope", "The scope is not allowed."),
            ),
            (
                "checkout token at introspect",
                Call::post("/oauth/introspect").bearer(&checkout).form("token=x"),
                client(),
            ),
        ],
    )
    .await;
}
