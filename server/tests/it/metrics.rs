//! What is counted, and that callers cannot make labels.

use std::net::SocketAddr;

use tollgate::dialects::ALL;
use tollgate::storage::WebhookDialect;
use tollgate::telemetry::{Metrics, exporter};
use tollgate::transport::Channel;

use super::webhooks::Shop;
use super::webhooks::receiver::Reply;
use super::world::{Call, World, world};

fn address() -> SocketAddr {
    ([127, 0, 0, 1], 8443).into()
}

#[tokio::test]
async fn requests_are_counted_by_listener_dialect_route_status_and_reason() {
    let world = world().await;
    let metrics = Metrics::new();
    let meter = Some(metrics.meter(address(), "test"));
    let mut listener = world.listener(Channel::Terminated);
    listener.meter = meter;
    let router = world.router(listener, ALL);
    let key = world.text("/caibo/api_key_test");
    let secure = |call: Call| call.from([10, 0, 0, 1]).header("x-forwarded-proto", "https");
    for call in [
        secure(Call::get("/auth/whoami")).header("x-api-key", &key),
        secure(Call::get("/auth/whoami")).header("x-api-key", &key),
        secure(Call::get("/auth/whoami")).header("x-api-key", "wrong"),
        secure(Call::get("/payment-requests/4711?token=secret")).header("x-api-key", &key),
        secure(Call::method("BREW", "/payment-requests/4712")),
        secure(Call::get("/x-one")),
        secure(Call::get("/x-two")),
        Call::get("/v1/balance"),
    ] {
        World::send_to(&router, call).await;
    }
    let text = metrics.text().unwrap();
    let listener = r#"listener="127.0.0.1:8443",mode="test""#;
    for (labels, count) in [
        (r#"dialect="caibo",method="GET",route="/auth/whoami",status="200",reason="-""#, 2),
        (r#"dialect="caibo",method="GET",route="/auth/whoami",status="401",reason="credential_malformed""#, 1),
        (r#"dialect="caibo",method="GET",route="/payment-requests/{id}",status="404",reason="not_found""#, 1),
        (
            r#"dialect="caibo",method="other",route="/payment-requests/{id}",status="405",reason="method_not_allowed""#,
            1,
        ),
        (r#"dialect="-",method="GET",route="-",status="404",reason="not_found""#, 2),
        (r#"dialect="cardpluspay",method="GET",route="-",status="403",reason="https_required""#, 1),
    ] {
        let line = format!("tollgate_requests_total{{{listener},{labels}}} {count}");
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let route = r#"dialect="caibo",method="GET",route="/auth/whoami""#;
    let line = format!("tollgate_request_duration_seconds_count{{{listener},{route}}} 3");
    assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    let seen = ["4711", "4712", "x-one", "x-two", "BREW", "secret", "wrong", key.as_str()];
    for caller in seen {
        assert!(!text.contains(caller), "{caller} is in\n{text}");
    }
}

#[tokio::test]
async fn a_flood_of_paths_and_methods_makes_no_labels() {
    let world = world().await;
    let metrics = Metrics::new();
    let meter = Some(metrics.meter(address(), "test"));
    let mut listener = world.listener(Channel::Tls);
    listener.meter = meter;
    let router = world.router(listener, ALL);
    for n in 0..200 {
        World::send_to(&router, Call::method(&format!("M{n}"), &format!("/x{n}"))).await;
        World::send_to(&router, Call::get(&format!("/v1/x{n}"))).await;
        World::send_to(&router, Call::get(&format!("/payment-requests/{n}"))).await;
    }
    let text = metrics.text().unwrap();
    let series = text.lines().filter(|line| line.starts_with("tollgate_requests_total{")).count();
    // Three kinds of request; the third is refused in two ways, as failures are limited.
    assert_eq!(series, 4, "{text}");
}

#[tokio::test]
async fn the_exporter_has_one_route() {
    let metrics = Metrics::new();
    let _open = metrics.meter(address(), "live").connection();
    let answer = World::send_to(&exporter(metrics.clone()), Call::get("/metrics")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = answer.text();
    assert!(text.contains("tollgate_connections{listener=\"127.0.0.1:8443\"} 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(World::send_to(&exporter(metrics), Call::get("/")).await.status, 404);
}

#[tokio::test]
async fn webhook_attempts_are_counted_by_dialect_and_outcome() {
    let metrics = Metrics::new();
    let shop = Shop::open().await;
    for status in [204, 302, 403, 500, 200, 410] {
        shop.receiver.then(Reply::status(status));
    }
    let mut webhooks = shop.world.services.webhooks.clone();
    webhooks.meter = Some(metrics.webhook_meter());
    for _ in 0..6 {
        shop.decline().await;
        assert_eq!(webhooks.deliver_due().await.unwrap(), 1);
    }
    // Another dialect, and no answer: its name leads inside.
    let pledg = shop.register(WebhookDialect::Pledg).await;
    shop.internet.name("shop.example", &[&["10.0.0.1"]]);
    shop.send_test_event(&pledg.id).await.unwrap();
    assert_eq!(webhooks.deliver_due().await.unwrap(), 1);
    let text = metrics.text().unwrap();
    for (dialect, outcome, count) in [
        ("caibo", "delivered", 2),
        ("caibo", "3xx", 1),
        ("caibo", "4xx", 1),
        ("caibo", "5xx", 1),
        ("caibo", "gone", 1),
        ("pledg", "address_refused", 1),
    ] {
        let labels = format!("dialect=\"{dialect}\",outcome=\"{outcome}\"");
        let line = format!("tollgate_webhook_attempts_total{{{labels}}} {count}");
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("shop.example"), "{text}");
}
