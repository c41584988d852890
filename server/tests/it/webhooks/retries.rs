//! Rules README §1.11: the schedule, what ends it, and what a crash leaves.

use std::time::Duration;

use tollgate::administration::{Actor, Error};
use tollgate::storage::sql::Database;
use tollgate::storage::{Attempt, AttemptError, AttemptOutcome, DeliveryState, NewLease, Next, Webhooks};
use tollgate::webhooks::ATTEMPTS;
use tollgate_apikey::Mode;

use super::Shop;
use super::receiver::Reply;
use crate::world::Call;

#[tokio::test]
async fn ten_retries_at_their_times_each_signed_anew_under_one_id() {
    let shop = Shop::open().await;
    shop.receiver.always(Reply::status(500));
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    let first = shop.receiver.arrival().await;
    let waits: [u64; 10] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 57_600];
    for wait in waits {
        let before = shop.world.now();
        assert_eq!(shop.deliver_due().await, 0);
        shop.world.clock.advance(Duration::from_millis(wait * 900 - 1));
        assert_eq!(shop.deliver_due().await, 0, "{wait} s: not a moment before nine tenths");
        shop.world.clock.advance(Duration::from_millis(wait * 200 + 2));
        assert_eq!(shop.deliver_due().await, 1, "{wait} s after {before}");
        let again = shop.receiver.arrival().await;
        shop.check_standard(&again);
        assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
        assert_eq!(again.body, first.body);
        assert_ne!(again.header("webhook-timestamp"), first.header("webhook-timestamp"));
        assert_ne!(again.header("webhook-signature"), first.header("webhook-signature"));
        assert_ne!(again.header("x-caibo-signature"), first.header("x-caibo-signature"));
    }
    shop.world.clock.advance(Duration::from_hours(1000));
    assert_eq!(shop.deliver_due().await, 0, "the eleventh was the last");
    let delivery = &shop.deliveries().await[0];
    assert_eq!((delivery.state, delivery.attempts, delivery.due_at), (DeliveryState::Failed, ATTEMPTS, None));
    let attempts = shop.attempts(delivery).await;
    assert_eq!(attempts.len(), 11);
    for (index, attempt) in attempts.iter().enumerate() {
        assert_eq!(usize::try_from(attempt.number).unwrap(), index + 1);
        assert_eq!(attempt.outcome, AttemptOutcome::Answered(500));
    }
}

#[tokio::test]
async fn every_2xx_is_done_and_nothing_else_is() {
    let shop = Shop::open().await;
    for (status, state) in [
        (200, DeliveryState::Delivered),
        (202, DeliveryState::Delivered),
        (204, DeliveryState::Delivered),
        (299, DeliveryState::Delivered),
        (300, DeliveryState::Pending),
        (302, DeliveryState::Pending),
        (400, DeliveryState::Pending),
        (404, DeliveryState::Pending),
        (429, DeliveryState::Pending),
        (503, DeliveryState::Pending),
    ] {
        shop.receiver.then(Reply::status(status));
        shop.world.clock.advance(Duration::from_millis(1));
        shop.decline().await;
        assert_eq!(shop.deliver_due().await, 1);
        assert_eq!(shop.deliveries().await[0].state, state, "{status}");
    }
}

#[tokio::test]
async fn gone_stops_what_waits_and_disables_the_endpoint_until_it_is_enabled_or_registered_again() {
    let shop = Shop::open().await;
    shop.receiver.then(Reply::status(500));
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    shop.receiver.then(Reply::status(410));
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    let states: Vec<_> = shop.deliveries().await.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, [DeliveryState::Stopped, DeliveryState::Stopped], "also the one that waited for its retry");
    let id = shop.deliveries().await[0].endpoint.clone();
    let endpoint = async || {
        let webhooks = &shop.world.services.webhooks;
        webhooks.endpoint(&shop.world.merchant_id(), Mode::Test, &id).await.unwrap().unwrap()
    };
    assert_eq!(endpoint().await.disabled_at, Some(shop.world.now()));

    shop.decline().await;
    shop.world.clock.advance(Duration::from_hours(100));
    assert_eq!(shop.deliver_due().await, 0, "nothing more is sent there");
    assert_eq!(shop.deliveries().await.len(), 2);
    assert!(matches!(shop.send_test_event(&id).await, Err(Error::NotUsable)));

    let (actor, merchant) = (Actor::operator(), shop.world.merchant_id());
    let enabled = shop.world.services.administration.enable_webhook_endpoint(&actor, &merchant, Mode::Test, &id).await;
    assert!(enabled.unwrap(), "also one that only an object names");
    assert_eq!(endpoint().await.disabled_at, None);
    shop.receiver.then(Reply::status(410));
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1, "and what was stopped stays so");
    assert_eq!(endpoint().await.disabled_at, Some(shop.world.now()));

    assert_eq!(shop.register(tollgate::storage::WebhookDialect::Caibo).await.id, id);
    assert_eq!(endpoint().await.disabled_at, None);
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
}

#[tokio::test]
async fn a_crash_between_taking_and_recording_loses_nothing() {
    let shop = Shop::open().await;
    shop.decline().await;
    let store = Database::sqlite(&shop.world.database()).await.unwrap();
    let now = shop.world.now();
    let lease = NewLease { name: "crashed".to_owned(), now, until: now + Duration::from_mins(1) };
    let taken = store.lease(&lease, &[]).await.unwrap().unwrap();
    assert_eq!(shop.deliver_due().await, 0, "it is taken");
    shop.world.advance(59);
    assert_eq!(shop.deliver_due().await, 0);
    shop.world.advance(1);
    assert_eq!(shop.deliver_due().await, 1, "whoever took it is gone");
    let received = shop.receiver.arrival().await;
    assert_eq!(received.header("webhook-id"), taken.delivery.message_id.as_str());

    // The first one was only slow: its record comes too late to change anything.
    let outcome = AttemptOutcome::Failed(AttemptError::TimedOut);
    let late = Attempt { number: 1, made_at: now, duration: time::Duration::ZERO, outcome };
    let at = shop.world.now();
    assert!(!store.complete(&taken, &late, Next::Retry { at }, at).await.unwrap());
    let delivery = &shop.deliveries().await[0];
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(shop.attempts(delivery).await[0].outcome, AttemptOutcome::Answered(200));
}

#[tokio::test]
async fn a_change_whose_notice_cannot_be_written_does_not_happen() {
    let shop = Shop::open().await;
    let id = shop.payment_request().await;
    change(&shop, "ALTER TABLE webhook_deliveries RENAME TO elsewhere").await;
    assert_eq!(shop.pay(id, "tok_test_visa").await.status, 503);
    change(&shop, "ALTER TABLE elsewhere RENAME TO webhook_deliveries").await;
    let call = Call::get(&format!("/payment-requests/{id}/status"));
    let call = call.header("x-api-key", shop.world.text("/caibo/api_key_test"));
    assert_eq!(shop.world.send(call).await.json()["status"], "unpaid");
    assert_eq!(shop.pay(id, "tok_test_visa").await.json()["status"], "paid");
    assert_eq!(shop.deliver_due().await, 1);
}

#[tokio::test]
async fn two_workers_deliver_each_message_once() {
    let shop = Shop::open().await;
    for _ in 0..6 {
        shop.world.advance(1);
        shop.decline().await;
    }
    let (one, other) = tokio::join!(shop.deliver_due(), shop.deliver_due());
    assert_eq!(one + other, 6);
    let mut ids: Vec<_> =
        shop.receiver.arrived().await.iter().map(|received| received.header("webhook-id").to_owned()).collect();
    assert!(ids.is_sorted(), "one at a time, oldest first");
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn without_a_live_secret_nothing_is_sent() {
    let shop = Shop::open().await;
    shop.decline().await;
    change(&shop, "UPDATE sealed_secrets SET revoked_at = 0 WHERE purpose = 'webhook'").await;
    assert_eq!(shop.deliver_due().await, 1);
    assert!(shop.internet.dialled().is_empty() && shop.receiver.arrived().await.is_empty());
    let delivery = &shop.deliveries().await[0];
    assert_eq!(delivery.state, DeliveryState::Pending, "a secret may still come");
    assert_eq!(shop.attempts(delivery).await[0].outcome, AttemptOutcome::Failed(AttemptError::NoSecret));
}

#[tokio::test]
async fn a_target_that_is_no_longer_admitted_is_given_up_at_once() {
    let shop = Shop::open().await;
    shop.decline().await;
    change(&shop, "UPDATE webhook_endpoints SET url = 'https://shop.example:22/'").await;
    assert_eq!(shop.deliver_due().await, 1);
    let delivery = &shop.deliveries().await[0];
    assert_eq!((delivery.state, delivery.due_at), (DeliveryState::Failed, None));
    assert_eq!(shop.attempts(delivery).await[0].outcome, AttemptOutcome::Failed(AttemptError::TargetRefused));
    assert!(shop.internet.resolved().is_empty());
}

#[tokio::test]
async fn what_is_over_is_swept_after_thirty_days_and_what_waits_is_not() {
    let shop = Shop::open().await;
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    shop.world.advance(1);
    shop.decline().await;
    let webhooks = &shop.world.services.webhooks;
    let day = time::Duration::DAY;
    assert_eq!(webhooks.sweep(shop.world.now() + day * 29).await.unwrap(), 0);
    assert_eq!(webhooks.sweep(shop.world.now() + day * 31).await.unwrap(), 1);
    let left = shop.deliveries().await;
    assert_eq!(left.iter().map(|delivery| delivery.state).collect::<Vec<_>>(), [DeliveryState::Pending]);
    assert_eq!(shop.deliver_due().await, 1, "its endpoint is still there");
}

#[tokio::test]
async fn a_delivery_that_does_not_read_is_given_up_and_the_others_go_on() {
    let shop = Shop::open().await;
    shop.decline().await;
    change(&shop, "UPDATE webhook_deliveries SET format = 'smoke'").await;
    shop.world.advance(1);
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1, "the one behind it goes on");
    change(&shop, "UPDATE webhook_deliveries SET format = 'caibo'").await;
    let deliveries = shop.deliveries().await;
    let damaged = deliveries.last().unwrap();
    assert_eq!((damaged.state, damaged.attempts, damaged.due_at), (DeliveryState::Failed, 1, None));
    let attempts = shop.attempts(damaged).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, AttemptOutcome::Failed(AttemptError::RecordUnreadable));
    shop.world.clock.advance(Duration::from_hours(1));
    assert_eq!(shop.deliver_due().await, 0, "it is not tried again");
}

#[tokio::test]
async fn an_endpoint_that_does_not_read_gets_nothing_and_stops_nobody() {
    let shop = Shop::open().await;
    shop.decline().await;
    change(&shop, "UPDATE webhook_endpoints SET bearer_key_version = 1").await;
    for _ in 0..2 {
        assert_eq!(shop.deliver_due().await, 0);
        shop.world.clock.advance(Duration::from_mins(2));
    }
    change(&shop, "UPDATE webhook_endpoints SET bearer_key_version = NULL").await;
    assert_eq!(shop.deliveries().await[0].state, DeliveryState::Failed);
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_an_attempt_that_failed_and_ends_with_the_schedule() {
    let shop = Shop::open().await;
    shop.decline().await;
    change(&shop, "UPDATE sealed_secrets SET sealed = x'00' WHERE purpose = 'webhook'").await;
    for number in 1..=ATTEMPTS {
        assert_eq!(shop.deliver_due().await, 1, "{number}");
        assert_eq!(shop.deliver_due().await, 0, "it is not due again at once");
        shop.world.clock.advance(Duration::from_hours(20));
    }
    let delivery = &shop.deliveries().await[0];
    assert_eq!((delivery.state, delivery.attempts, delivery.due_at), (DeliveryState::Failed, ATTEMPTS, None));
    for attempt in shop.attempts(delivery).await {
        assert_eq!(attempt.outcome, AttemptOutcome::Failed(AttemptError::SecretUnreadable));
    }
}

/// Runs a statement against the database beside the server.
async fn change(shop: &Shop, statement: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(shop.world.database());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}
