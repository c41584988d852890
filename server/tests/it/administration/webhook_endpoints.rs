//! What changes webhook endpoints is written down; that they do what they should is told by the tests of webhooks.

use serde_json::{Value, json};
use tollgate::account::{AuditEntry, UserId};
use tollgate::administration::{Actor, Error, Page};
use tollgate::storage::sqlite::Sqlite;
use tollgate::storage::{
    Attempt, AttemptOutcome, Endpoint, EndpointId, LeasedDelivery, NewLease, Next, WebhookDialect, Webhooks,
};
use tollgate_apikey::Mode;

use super::administration;
use crate::world::{World, world};

const HOOK: &str = "https://shop.example/hook?token=s3cret";

fn person() -> Actor {
    Actor::user(UserId::from_stored(1), Some([203, 0, 113, 7].into()))
}

async fn register(world: &World, url: &str) -> Result<Endpoint, Error> {
    let (merchant, caibo) = (world.merchant_id(), WebhookDialect::Caibo);
    administration(world).register_webhook_endpoint(&person(), &merchant, Mode::Test, caibo, url, None).await
}

async fn entries(world: &World) -> i64 {
    administration(world).verify_audit().await.unwrap().entries
}

async fn newest(world: &World) -> AuditEntry {
    administration(world).audit(Some(&world.merchant_id()), Page::first(1)).await.unwrap().remove(0)
}

/// Takes the delivery that is due.
async fn take(store: &Sqlite, world: &World, name: &str) -> LeasedDelivery {
    let now = world.now();
    let lease = NewLease { name: name.to_owned(), now, until: now + time::Duration::MINUTE };
    store.lease(&lease, &[]).await.unwrap().unwrap()
}

/// Records that the receiver answered 410.
async fn gone(store: &Sqlite, world: &World, taken: &LeasedDelivery) -> bool {
    let now = world.now();
    let outcome = AttemptOutcome::Answered(410);
    let attempt = Attempt { number: 1, made_at: now, duration: time::Duration::ZERO, outcome };
    store.complete(taken, &attempt, Next::Gone, now).await.unwrap()
}

#[tokio::test]
async fn every_change_of_an_endpoint_is_written_down_with_who_and_without_its_path() {
    let world = world().await;
    let (administration, merchant, mode) = (administration(&world), world.merchant_id(), Mode::Test);
    let check = async |id: &EndpointId, action: &str, actor: &str, detail: Value| {
        let entry = newest(&world).await;
        assert_eq!((entry.action.as_str(), entry.actor.as_str()), (action, actor));
        assert_eq!(entry.subject, id.as_str(), "{action}");
        assert_eq!(serde_json::from_str::<Value>(&entry.detail).unwrap(), detail, "{action}");
        assert_eq!(entry.at(), world.now(), "{action}");
        assert!(!entry.to_json().contains("s3cret") && !entry.to_json().contains("/hook"), "{action}");
        if actor == "user:1" {
            assert_eq!(entry.address.as_deref(), Some("203.0.113.7"), "{action}");
        }
    };
    let id = register(&world, HOOK).await.unwrap().id;
    let detail = json!({ "dialect": "caibo", "mode": "test", "origin": "https://shop.example", "secret_key": false });
    check(&id, "webhook_endpoint.registered", "user:1", detail).await;

    world.advance(1);
    let message = administration.send_test_event(&person(), &merchant, mode, &id).await.unwrap();
    check(&id, "webhook.test_sent", "user:1", json!({ "message": message.as_str(), "mode": "test" })).await;

    world.advance(1);
    let store = Sqlite::open(&world.database()).await.unwrap();
    let taken = take(&store, &world, "first").await;
    assert!(gone(&store, &world, &taken).await);
    let detail = json!({ "dialect": "caibo", "message": message.as_str(), "mode": "test" });
    check(&id, "webhook_endpoint.disabled", "system", detail).await;

    world.advance(1);
    assert!(administration.enable_webhook_endpoint(&person(), &merchant, mode, &id).await.unwrap());
    check(&id, "webhook_endpoint.enabled", "user:1", json!({ "mode": "test" })).await;

    world.advance(1);
    administration.remove_webhook_endpoint(&person(), &merchant, mode, &id).await.unwrap();
    check(&id, "webhook_endpoint.removed", "user:1", json!({ "mode": "test" })).await;
    assert_eq!(administration.verify_audit().await.unwrap().head, newest(&world).await.as_head());
}

#[tokio::test]
async fn what_changes_no_endpoint_is_not_written_down() {
    let world = world().await;
    let (administration, merchant) = (administration(&world), world.merchant_id());
    let id = register(&world, HOOK).await.unwrap().id;
    let before = entries(&world).await;
    assert!(matches!(register(&world, "http://shop.example/").await, Err(Error::TargetRefused)));
    let (actor, test, live) = (person(), Mode::Test, Mode::Live);
    assert!(!administration.enable_webhook_endpoint(&actor, &merchant, test, &id).await.unwrap(), "it is active");
    let enabled = administration.enable_webhook_endpoint(&actor, &merchant, live, &id).await;
    assert!(matches!(enabled, Err(Error::NotFound)), "of the other mode");
    let removed = administration.remove_webhook_endpoint(&actor, &merchant, live, &id).await;
    assert!(matches!(removed, Err(Error::NotFound)));
    let sent = administration.send_test_event(&actor, &merchant, live, &id).await;
    assert!(matches!(sent, Err(Error::NotFound)));
    assert_eq!(entries(&world).await, before);

    // A 410 that comes after the lease was lost disables nothing.
    administration.send_test_event(&actor, &merchant, test, &id).await.unwrap();
    let before = entries(&world).await;
    let store = Sqlite::open(&world.database()).await.unwrap();
    let late = take(&store, &world, "late").await;
    world.advance(60);
    let _ = take(&store, &world, "next").await;
    assert!(!gone(&store, &world, &late).await);
    let endpoint = world.services.webhooks.endpoint(&merchant, test, &id).await.unwrap().unwrap();
    assert_eq!((entries(&world).await, endpoint.disabled_at), (before, None));
}
