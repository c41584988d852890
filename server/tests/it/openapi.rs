//! The description of the API against the API.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tollgate::account::KeyFamily;
use tollgate::dialects::{self, document, routes};

use super::world::{Answer, Call, LIVE, SANDBOX, World, world};

/// Every route: adding, removing or renaming one shows here.
const ROUTES: &str = "\
    GET /.well-known/jwks.json showKeys
    GET /.well-known/oauth-authorization-server showOauthMetadata
    GET /api/a_secured_endpoint pledgShowToken
    POST /api/auth/token eightyEightPayIssueToken
    GET /api/balance eightyEightPayShowBalance
    POST /api/purchase_link pledgOpenLink
    POST /api/purchase_link/ pledgOpenLinkSlash
    POST /api/purchases/{uid}/credit_by_transfer pledgCreditByTransfer
    POST /api/purchases/{uid}/release pledgRelease
    POST /api/token pledgIssueToken
    POST /api/transactions/charges eightyEightPayCreateCharge
    POST /auth/login caiboLogIn
    GET /auth/whoami caiboWhoAmI
    POST /checkout-auth/init alternativeInitSdk
    GET /checkout/invoice alternative_invoice_sdk
    OPTIONS /checkout/invoice alternative_preflight_invoice_sdk
    GET /checkout/invoice/pdf-link alternative_pdf_link_sdk
    OPTIONS /checkout/invoice/pdf-link alternative_preflight_invoice_pdf_link_sdk
    GET /checkout/payment-methods alternative_payment_methods_sdk
    OPTIONS /checkout/payment-methods alternative_preflight_payment_methods_sdk
    OPTIONS /checkout/payments alternative_preflight_payments_sdk
    POST /checkout/payments alternative_pay_sdk
    GET /checkout/v1/invoice alternative_invoice
    OPTIONS /checkout/v1/invoice alternative_preflight_invoice
    GET /checkout/v1/invoice/pdf-link alternative_pdf_link
    OPTIONS /checkout/v1/invoice/pdf-link alternative_preflight_invoice_pdf_link
    GET /checkout/v1/payment-methods alternative_payment_methods
    OPTIONS /checkout/v1/payment-methods alternative_preflight_payment_methods
    OPTIONS /checkout/v1/payments alternative_preflight_payments
    POST /checkout/v1/payments alternative_pay
    OPTIONS /checkout/{rest} alternativePreflightRest
    POST /oauth/introspect oauthIntrospect
    POST /oauth/revoke oauthRevoke
    POST /oauth/token alternativeIssueToken
    GET /openapi.json describeApi
    POST /payment-requests caiboCreatePaymentRequest
    GET /payment-requests/{id} caiboShowPaymentRequest
    POST /payment-requests/{id}/checkout-session caiboOpenCheckout
    POST /payment-requests/{id}/payments caiboPay
    GET /payment-requests/{id}/status caiboShowStatus
    PUT /users/{id}/apikey caiboMakeKey
    POST /v1/auth/challenge cardPlusPayIssueChallenge
    GET /v1/balance cardPlusPayShowBalance
    POST /v1/checkout-auth/init alternativeInit
    GET /v1/orders cardPlusPayListOrders
    POST /v1/orders cardPlusPayOrder";

/// A described operation.
struct Described<'a> {
    method: String,
    path: &'a str,
    operation: &'a Value,
}

impl Described<'_> {
    /// A call with a fitting path and nothing else.
    fn call(&self, method: &str) -> Call {
        let example = |name: &str| {
            let parameters = self.operation["parameters"].as_array().unwrap();
            let parameter = parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
            parameter["example"].as_str().unwrap().to_owned()
        };
        let parts = self.path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or_else(|| part.to_owned(), example)
        });
        Call::method(method, &parts.collect::<Vec<_>>().join("/"))
    }
}

fn described(document: &Value) -> Vec<Described<'_>> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push(Described { method: method.to_ascii_uppercase(), path, operation });
        }
    }
    all
}

/// Follows a reference inside the document.
#[track_caller]
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(target) => {
            let pointer = target.strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap_or_else(|| panic!("{target} is not there"))
        }
        None => value,
    }
}

/// Asserts that this answer is one that the operation describes: status, headers, and for a refusal the very body.
#[track_caller]
fn assert_described(document: &Value, operation: &Value, answer: &Answer) {
    let id = &operation["operationId"];
    let status = answer.status.as_str();
    let response = operation["responses"].get(status).unwrap_or_else(|| panic!("{id} describes no {status}"));
    let response = resolve(document, response);
    for (name, header) in response["headers"].as_object().unwrap() {
        let header = resolve(document, header);
        let value = answer.header(name);
        assert!(value.is_some() || header["required"] == false, "{id} {status}: no {name}");
        if let (Some(value), Some(values)) = (value, header["schema"]["enum"].as_array()) {
            assert!(values.iter().any(|known| known == value), "{id} {status}: {name} is {value:?}");
        }
    }
    for name in answer.headers.keys().filter(|name| !matches!(name.as_str(), "content-type" | "content-length")) {
        let known =
            response["headers"].as_object().unwrap().keys().any(|known| known.eq_ignore_ascii_case(name.as_str()));
        assert!(known, "{id} {status}: {name} is not described");
    }
    if answer.status.is_client_error() || answer.status.is_server_error() {
        let media = answer.header("content-type").unwrap();
        let examples = response["content"][media]["examples"].as_object();
        let examples = examples.unwrap_or_else(|| panic!("{id} {status}: {media} is not described"));
        let shown = examples.values().any(|example| example["value"] == answer.json());
        assert!(shown, "{id} {status}: {} is not among the examples", answer.text());
    }
}

async fn described_by(world: &World) -> Value {
    world.send(Call::get("/openapi.json")).await.json()
}

#[test]
fn the_list_of_routes_is_the_known_one() {
    let document = document(dialects::ALL, SANDBOX);
    let real: Vec<String> = described(document.as_value())
        .iter()
        .map(|route| format!("{} {} {}", route.method, route.path, route.operation["operationId"].as_str().unwrap()))
        .collect();
    let known: Vec<&str> = ROUTES.lines().map(str::trim).collect();
    assert_eq!(real, known);
}

/// The paths come out of the router itself, which prints them; the methods from what it answers.
#[tokio::test]
async fn the_router_serves_what_is_described_and_nothing_else() {
    const METHODS: [&str; 8] = ["CONNECT", "DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    let world = world().await;
    let document = described_by(&world).await;
    let printed = format!("{:?}", routes(dialects::ALL, SANDBOX).into_parts().1);
    let paths = printed.split('"').filter(|text| text.starts_with('/'));
    // What every axum router has for paths that are not there.
    let paths = paths.filter(|path| *path != "/" && !path.contains("__private__axum_fallback"));
    let real: BTreeSet<String> = paths.map(|path| path.replace("{*", "{")).collect();
    let known: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(real, known);

    for path in &real {
        let all = described(&document);
        let routes: Vec<_> = all.iter().filter(|route| route.path == path).collect();
        let any = routes.first().unwrap();
        for method in METHODS {
            let status = world.send(any.call(method)).await.status.as_u16();
            // The one path whose other methods are no route, as browsers ask there for anything.
            let not_served = if path == "/checkout/{rest}" { 404 } else { 405 };
            let described = routes.iter().any(|route| route.method == method);
            assert_eq!(status != not_served, described, "{method} {path} answers {status}");
        }
    }
}

#[tokio::test]
async fn what_a_stranger_is_told_is_described_to_the_byte() {
    let world = world().await;
    let document = described_by(&world).await;
    for (route, address) in described(&document).iter().zip(1..) {
        // From one address, failures would be too many.
        let answer = world.send(route.call(&route.method).from([192, 0, 2, address])).await;
        assert_described(&document, route.operation, &answer);
        if route.operation["security"] != Value::Array(Vec::new()) {
            assert_eq!(answer.status, 401, "{} {}", route.method, route.path);
        }
        if route.path != "/checkout/{rest}" {
            assert_described(&document, route.operation, &world.send(route.call("TRACE")).await);
        }
    }
}

#[tokio::test]
async fn what_a_merchant_is_told_is_described_to_the_byte() {
    let world = world().await;
    let document = described_by(&world).await;
    let key = world.text("/caibo/api_key_test");
    let cards = world.text("/cardpluspay/api_key");
    let id = world.text("/caibo/payment_request_id");
    let no_amount = serde_json::json!({ "unit": "EUR" });
    let no_order = serde_json::json!({ "item_id": 1, "quantity": 101, "email": "ana@shop.example" });
    let table = [
        ("/auth/whoami", "get", Call::get("/auth/whoami").header("x-api-key", &key)),
        ("/auth/whoami", "get", Call::get("/auth/whoami").header("x-api-key", &key).header("x-api-key", &key)),
        ("/payment-requests", "post", Call::post("/payment-requests").header("x-api-key", &key)),
        ("/payment-requests", "post", Call::post("/payment-requests").header("x-api-key", &key).json(&no_amount)),
        ("/payment-requests/{id}", "get", Call::get("/payment-requests/999").header("x-api-key", &key)),
        ("/payment-requests/{id}", "get", Call::get("/payment-requests/%2e%2e").header("x-api-key", &key)),
        ("/payment-requests/{id}", "get", Call::get(&format!("/payment-requests/{id}")).header("x-api-key", &key)),
        ("/v1/orders", "get", Call::get("/v1/orders").header("x-api-key", &cards)),
        ("/v1/orders", "post", Call::post("/v1/orders").header("x-api-key", &cards).raw_json("x".repeat(70_000))),
        ("/v1/orders", "post", Call::post("/v1/orders").header("x-api-key", &cards).json(&no_order)),
        ("/v1/orders", "get", Call::get("/v1/orders").header("x-api-key", &cards).header("x-api-challenge", "x")),
    ];
    for (path, method, call) in table {
        assert_described(&document, &document["paths"][path][method], &world.send(call).await);
    }
}

#[test]
fn every_operation_says_what_a_client_needs() {
    let document = document(dialects::ALL, SANDBOX);
    let document = document.as_value();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for Described { path, operation, .. } in described(document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} comes twice");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{id}");
        let tag = &operation["tags"][0];
        assert!(document["tags"].as_array().unwrap().iter().any(|known| known["name"] == *tag), "{id}: {tag}");
        for way in operation["security"].as_array().unwrap() {
            for name in way.as_object().unwrap().keys() {
                assert!(document["components"]["securitySchemes"].get(name).is_some(), "{id}: {name}");
            }
        }
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        for needed in ["403", "500", "503"] {
            assert!(statuses.iter().any(|status| *status == needed), "{id}: {needed}");
        }
        assert_eq!(statuses.iter().any(|status| *status == "405"), path != "/checkout/{rest}", "{id}");
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{id}");
        let named = operation["parameters"].as_array().into_iter().flatten();
        let named: BTreeSet<&str> =
            named.filter(|parameter| parameter["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
        let parts: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named, parts, "{id}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(document: &Value, value: &Value) -> usize {
        let here = usize::from(value.get("$ref").is_some());
        resolve(document, value);
        let children: Box<dyn Iterator<Item = &Value>> = match value {
            Value::Array(items) => Box::new(items.iter()),
            Value::Object(members) => Box::new(members.values()),
            _ => Box::new(std::iter::empty()),
        };
        here + children.map(|child| follow(document, child)).sum::<usize>()
    }
    let document = document(dialects::ALL, SANDBOX);
    assert!(follow(document.as_value(), document.as_value()) > 300);
}

#[tokio::test]
async fn the_document_is_public_and_cached_by_its_content() {
    let world = world().await;
    let answer = world.send(Call::get("/openapi.json")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.json(), *document(dialects::ALL, SANDBOX).as_value());
    assert_eq!(answer.json()["servers"][0]["url"], SANDBOX);
    assert_eq!(world.send(Call::get("/openapi.json").live()).await.json()["servers"][0]["url"], LIVE);

    let etag = answer.header("etag").unwrap().to_owned();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = world.send(Call::get("/openapi.json").header("if-none-match", &known)).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{known}");
        assert_eq!(again.header("etag"), Some(etag.as_str()), "{known}");
    }
    let other = world.send(Call::get("/openapi.json").header("if-none-match", "\"other\"")).await;
    assert_eq!(other.status, 200);
}

#[test]
fn the_command_prints_the_document() {
    let base_url = "https://pay.example";
    let command = [env!("CARGO_BIN_EXE_tollgate"), "openapi", "--base-url", base_url];
    let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, document(dialects::ALL, base_url).to_text().into_bytes());
}

#[test]
fn no_example_is_a_credential() {
    let text = document(dialects::ALL, SANDBOX).to_text();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for word in words.filter(|word| word.contains("_sk_") || word.starts_with("sk_")) {
        for family in [KeyFamily::CAIBO, KeyFamily::CARDPLUSPAY, KeyFamily::EIGHTY_EIGHT_PAY] {
            assert!(family.format.parse(word).is_err(), "{word}");
        }
    }
}
