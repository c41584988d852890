//! What the configuration takes away or changes of the dialects.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tollgate::dialects::alternative::Alternative;
use tollgate::dialects::{ALL, Dialect};
use tollgate::transport::Channel;

use super::world::{Answer, Call, World, world};

/// Paths of each dialect.
const PATHS: [(&str, &[(&str, &str)]); 5] = [
    (
        "alternative",
        &[
            ("POST", "/oauth/token"),
            ("POST", "/oauth/introspect"),
            ("POST", "/oauth/revoke"),
            ("GET", "/oauth/nothing"),
            ("POST", "/v1/checkout-auth/init"),
            ("POST", "/checkout-auth/init"),
            ("GET", "/checkout/v1/invoice"),
            ("OPTIONS", "/checkout/v1/payments"),
            ("GET", "/.well-known/oauth-authorization-server"),
        ],
    ),
    ("caibo", &[("GET", "/auth/whoami"), ("POST", "/auth/login"), ("GET", "/payment-requests/1")]),
    ("cardpluspay", &[("GET", "/v1/balance"), ("POST", "/v1/auth/challenge"), ("GET", "/v1/nothing")]),
    ("88pay", &[("POST", "/api/auth/token"), ("GET", "/api/balance"), ("GET", "/api/transactions/nothing")]),
    ("pledg", &[("POST", "/api/token"), ("GET", "/api/a_secured_endpoint"), ("POST", "/api/purchase_link/")]),
];

#[tokio::test]
async fn the_paths_of_a_disabled_dialect_are_not_there() {
    let world = world().await;
    let not_found = json!({
        "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found", "detail": "Not found.",
    });
    assert_eq!(PATHS.len(), ALL.len());
    for (disabled, _) in PATHS {
        let enabled: Vec<&'static dyn Dialect> = ALL.iter().filter(|d| d.name() != disabled).copied().collect();
        assert_eq!(enabled.len(), ALL.len() - 1);
        let router = world.router(world.listener(Channel::Tls), &enabled);
        for (name, paths) in PATHS {
            for (method, path) in paths {
                let label = format!("{method} {path} without {disabled}");
                let answer = World::send_to(&router, Call::method(method, path)).await;
                if name == disabled {
                    answer.expect(&label, 404, &not_found);
                    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{label}");
                    assert_eq!(answer.header("access-control-allow-origin"), None, "{label}");
                } else if !path.contains("nothing") {
                    assert_ne!(answer.status, 404, "{label}");
                }
            }
        }
        let keys = World::send_to(&router, Call::get("/.well-known/jwks.json")).await;
        assert_eq!(keys.status, 200, "without {disabled}");
    }
}

#[tokio::test]
async fn contradiction_24_a_bad_client_gets_403_where_the_setting_says_so() {
    let world = world().await;
    let standard = world.router(world.listener(Channel::Tls), ALL);
    let documented = world.router(world.listener(Channel::Tls), &[&Alternative::DOCUMENTED]);
    let invalid = json!({ "error": "invalid_client", "error_description": "Client authentication failed." });
    let (id, secret) = (world.text("/alternative/client_id"), world.text("/alternative/client_secret"));
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let ask = |path: &str, authorization: &str| {
        Call::post(path)
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
    };
    let challenge = |answer: &Answer| answer.header("www-authenticate").map(str::to_owned);

    for authorization in [basic("wrong"), "Basic x".to_owned(), "Bearer x".to_owned()] {
        let answer = World::send_to(&standard, ask("/oauth/token", &authorization)).await;
        answer.expect("standard", 401, &invalid);
        assert!(challenge(&answer).is_some());
        let answer = World::send_to(&documented, ask("/oauth/token", &authorization)).await;
        answer.expect("documented", 403, &invalid);
        assert_eq!(challenge(&answer), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let answer = World::send_to(&documented, ask(path, &basic("wrong"))).await;
        answer.expect(path, 401, &invalid);
        assert!(challenge(&answer).is_some(), "{path}");
    }
    let answer = World::send_to(&documented, Call::post("/v1/checkout-auth/init")).await;
    assert_eq!((answer.status.as_u16(), challenge(&answer).is_some()), (401, true), "it concerns the token route only");
    let answer = World::send_to(&documented, ask("/oauth/token", &basic(&secret))).await;
    assert_eq!(answer.status, 200);
}
