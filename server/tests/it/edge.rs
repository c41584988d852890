//! What holds on every path: ambiguous paths, unknown paths, sizes, request ids.

use serde_json::json;

use super::world::{Call, world};

fn problem(status: u16, title: &str, code: &str, detail: &str) -> serde_json::Value {
    json!({ "type": "about:blank", "title": title, "status": status, "code": code, "detail": detail })
}

#[tokio::test]
async fn ambiguous_paths_are_refused_before_routing() {
    let world = world().await;
    let body = problem(400, "Bad Request", "ambiguous_path", "The path is ambiguous.");
    let paths = [
        "//payment-requests/1",
        "/payment-requests//1",
        "/payment-requests/./1",
        "/payment-requests/../auth/whoami",
        "/payment-requests/%2e%2e/1",
        "/payment-requests/%31%2e%2e",
        "/payment-requests%2f1",
        "/payment-requests/1%5c",
        "/payment-requests/1;x=1",
        "/payment-requests/1%00",
        "/payment-requests/1%zz",
        "/payment-requests/1%",
        "//api/balance",
        "/api/balance;x",
    ];
    for path in paths {
        let answer = world.send(Call::get(path).header("x-api-key", world.text("/caibo/api_key_test"))).await;
        answer.expect(path, 400, &body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_owners_shape() {
    let world = world().await;
    let not_found = problem(404, "Not Found", "not_found", "Not found.");
    for path in ["/", "/nothing", "/.well-known/nothing", "/auth/whoami/", "/AUTH/whoami", "/users/1/apikey/x"] {
        world.send(Call::get(path)).await.expect(path, 404, &not_found);
    }
    world.send(Call::get("/payment-requests/1/nothing")).await.expect("caibo", 404, &not_found);
    world.send(Call::get("/api/transactions/nothing")).await.expect(
        "88pay",
        404,
        &json!({ "status": "Error", "code": 404, "message": "Not found" }),
    );

    let answer = world.send(Call::method("DELETE", "/auth/whoami")).await;
    answer.expect("caibo", 405, &problem(405, "Method Not Allowed", "method_not_allowed", "Method not allowed."));
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    let answer = world.send(Call::get("/api/auth/token")).await;
    answer.expect("88pay", 405, &json!({ "status": "Error", "code": 405, "message": "Method not allowed" }));
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn request_ids_are_ours_and_differ() {
    let world = world().await;
    let ask = || Call::get("/auth/whoami").header("x-request-id", "mine");
    let (first, second) = (world.send(ask()).await, world.send(ask()).await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_ne!(first.header("x-request-id"), Some("mine"));
}

#[tokio::test]
async fn method_override_headers_are_ignored() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = world.send(Call::get("/auth/whoami").header("x-api-key", &key).header(header, "DELETE")).await;
        assert_eq!(answer.status, 200, "{header}");
    }
}

#[tokio::test]
async fn head_counts_as_get() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let answer = world.send(Call::method("HEAD", "/auth/whoami").header("x-api-key", &key)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.send(Call::method("HEAD", "/auth/whoami")).await.status, 401);
}

#[tokio::test]
async fn the_jwks_shows_public_signing_keys_only() {
    let world = world().await;
    let answer = world.send(Call::get("/.well-known/jwks.json")).await;
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert!(!keys.is_empty());
    for key in keys {
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!((key["kty"].as_str(), key["alg"].as_str()), (Some("EC"), Some("ES256")));
    }
}

#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    use tollgate::account::MerchantStatus;
    use tollgate_client_address::{Cidr, IpList};
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let list = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
    world.set_merchant(MerchantStatus::Active, list).await;
    let table = [
        ("direct", [203, 0, 113, 7], None, 200),
        ("elsewhere", [198, 51, 100, 9], None, 403),
        ("spoofed by a stranger", [198, 51, 100, 9], Some("203.0.113.7"), 403),
        ("through a trusted proxy", [10, 0, 0, 1], Some("203.0.113.7"), 200),
        ("prepended claim", [10, 0, 0, 1], Some("203.0.113.7, 198.51.100.9"), 403),
        ("unreadable hop", [10, 0, 0, 1], Some("203.0.113.7, unknown"), 403),
    ];
    for (label, peer, forwarded, status) in table {
        let mut call = Call::get("/auth/whoami").header("x-api-key", &key).from(peer);
        if let Some(forwarded) = forwarded {
            call = call.header("x-forwarded-for", forwarded);
        }
        assert_eq!(world.send(call).await.status.as_u16(), status, "{label}");
    }
}

/// A body of which nothing ever comes.
struct Endless;

impl axum::body::HttpBody for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<axum::body::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn a_request_takes_fifteen_seconds_at_most() {
    let world = world().await;
    let slow = |path: &str| Call::post(path).raw_json(axum::body::Body::new(Endless));
    // From here on time stands still and jumps to whatever is waited for.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let answer = world.send(slow("/auth/login")).await;
    let elapsed = started.elapsed().as_millis();
    answer.expect("caibo", 503, &problem(503, "Service Unavailable", "unavailable", "Try again later."));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!((15_000..15_100).contains(&elapsed), "{elapsed} ms");
}
