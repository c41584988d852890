//! K5: what an old key sealed is sealed anew in small parts, whatever happens meanwhile.

use std::collections::BTreeMap;

use tokio::sync::watch;
use tollgate::account::{SealedSecret, SecretPurpose};
use tollgate::administration::{Actor, Resealing};
use tollgate::keys::{RotationReason, SecretKind, SecretState};
use tollgate::storage::sqlite::Sqlite;
use tollgate::storage::{Resealed, SecretKeyRecords, WebhookDialect, WebhookEndpoints};
use tollgate_apikey::{KeyId, Lifecycle, Mode};

use super::super::world::{Answer, Call, World, world};
use super::{administration, intruder, listed, prune, rotate};

/// Seals so many secrets, which all differ, and answers their texts.
async fn seal(world: &World, count: usize) -> BTreeMap<String, String> {
    let (services, merchant) = (&world.services, world.merchant_id());
    let mut texts = BTreeMap::new();
    for number in 0..count {
        let id = KeyId::mint(|bytes| services.rng.fill(bytes)).unwrap();
        let text = format!("the secret of number {number}, 32 bytes or more");
        let (key_version, sealed) = services.sealer.seal(text.as_bytes(), id.as_str(), &services.rng).unwrap();
        let (merchant, purpose) = (merchant.clone(), SecretPurpose::PledgRequest);
        let lifecycle = Lifecycle::new(world.now());
        let secret = SealedSecret { id, purpose, merchant, mode: Mode::Live, key_version, sealed, lifecycle };
        services.vault.insert_secret(&secret).await.unwrap();
        texts.insert(id.as_str().to_owned(), text);
    }
    texts
}

async fn all_open(world: &World, texts: &BTreeMap<String, String>, version: u32) {
    let services = &world.services;
    let secrets = services.vault.secrets(&world.merchant_id(), Mode::Live, SecretPurpose::PledgRequest).await.unwrap();
    let secrets: BTreeMap<_, _> = secrets.into_iter().map(|secret| (secret.id.as_str().to_owned(), secret)).collect();
    for (id, text) in texts {
        let secret = &secrets[id];
        assert_eq!(secret.key_version, version, "{text}");
        let opened = services.sealer.open(secret.key_version, &secret.sealed, id).unwrap();
        assert_eq!(&**opened, text.as_bytes());
    }
}

async fn order(world: &World) -> Answer {
    let body = serde_json::json!({ "item_code": "GIFT-10", "quantity": 3, "email": "a@x" });
    let call = Call::post("/v1/orders").header("x-api-key", world.text("/cardpluspay/api_key"));
    world.send(call.header("idempotency-key", "one").json(&body)).await
}

#[tokio::test]
async fn every_secret_is_sealed_anew_and_the_old_key_is_then_taken_out() {
    let world = world().await;
    let texts = seal(&world, 230).await;
    let first = order(&world).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let all = listed(&world, SecretKind::Sealing).await[0].2.unwrap();
    assert!(all > 231, "{all}");
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    all_open(&world, &texts, 1).await;
    world.advance(3600);
    assert!(prune(&world).await.is_empty(), "everything needs the old key");
    assert_eq!(listed(&world, SecretKind::Sealing).await[1], (1, SecretState::Previous, Some(all)));

    // One part, as of a server that stops then; secrets that are made meanwhile are under the new key.
    let mut walk = Resealing::default();
    assert!(administration(&world).reseal_part(&mut walk).await.unwrap());
    assert_eq!(walk.resealed, 100, "small parts");
    let later = seal(&world, 2).await;
    all_open(&world, &later, 2).await;
    assert_eq!(administration(&world).left_to_reseal().await.unwrap(), all - 100);

    // The next start goes on and finishes; it waits for other keys then, until it is told to stop.
    let (stop, stopped) = watch::channel(false);
    let follower = tokio::spawn(world.services.clone().follow_sealing_key(stopped));
    while administration(&world).left_to_reseal().await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    follower.await.unwrap();
    all_open(&world, &texts, 2).await;
    assert_eq!(
        listed(&world, SecretKind::Sealing).await,
        [(2, SecretState::Current, Some(all + 2)), (1, SecretState::Dead, Some(0))]
    );
    assert_eq!(prune(&world).await, [(SecretKind::Sealing, 1)]);
    all_open(&world, &texts, 2).await;
    let again = order(&world).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()), "the codes of an order open, too");
}

#[tokio::test]
async fn one_that_does_not_open_stays_as_it_is_and_keeps_its_key() {
    let world = world().await;
    let mut texts = seal(&world, 150).await;
    let (damaged, _) = texts.pop_first().unwrap();
    let damage = sqlx::query("UPDATE sealed_secrets SET sealed = x'00' WHERE id = $1").bind(damaged);
    damage.execute(&mut intruder(&world).await).await.unwrap();
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    let mut walk = Resealing::default();
    while administration(&world).reseal_part(&mut walk).await.unwrap() {}
    assert_eq!((walk.unreadable, administration(&world).left_to_reseal().await.unwrap()), (1, 1));
    all_open(&world, &texts, 2).await;
    world.advance(3600);
    assert!(prune(&world).await.is_empty());
}

#[tokio::test]
async fn one_that_changed_meanwhile_is_not_written_over() {
    let world = world().await;
    seal(&world, 1).await;
    let database = Sqlite::open(&world.database()).await.unwrap();
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    let old = database.sealed_before(2, 0, 0, 1).await.unwrap().unwrap().remove(0);
    let anew = |before: &[u8], sealed: &[u8]| {
        let (row, before, sealed) = (old.row.clone(), before.to_vec(), sealed.to_vec());
        [Resealed { row, before, key_version: 2, sealed }]
    };
    assert_eq!(database.reseal(&anew(&old.sealed, b"first")).await.unwrap(), 1);
    assert_eq!(database.reseal(&anew(&old.sealed, b"second")).await.unwrap(), 0, "it is no longer what was read");
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM sealed_secrets WHERE sealed = $1")
        .bind(&b"first"[..])
        .fetch_one(&mut intruder(&world).await)
        .await
        .unwrap();
    assert_eq!(sealed, b"first");
    database.close().await;
}

#[tokio::test]
async fn two_walks_at_once_do_the_work_once() {
    let world = world().await;
    let texts = seal(&world, 250).await;
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    let all = administration(&world).left_to_reseal().await.unwrap();
    let walk = async || {
        let mut walk = Resealing::default();
        while administration(&world).reseal_part(&mut walk).await.unwrap() {}
        walk.resealed
    };
    let (one, two) = tokio::join!(walk(), walk());
    assert_eq!(one + two, all);
    all_open(&world, &texts, 2).await;
}

#[tokio::test]
async fn the_secret_key_of_a_webhook_subscription_opens_after_the_old_key_was_taken_out() {
    let world = world().await;
    let (merchant, mode, url) = (world.merchant_id(), Mode::Test, "https://shop.example/hook");
    let (key, dialect) = (administration(&world).draw_secret_key().unwrap(), WebhookDialect::Alternative);
    let (actor, administration) = (Actor::operator(), administration(&world));
    let registered = administration.register_webhook_endpoint(&actor, &merchant, mode, dialect, url, Some(&key)).await;
    let id = registered.unwrap().id;
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    let mut walk = Resealing::default();
    while administration.reseal_part(&mut walk).await.unwrap() {}
    world.advance(3600);
    assert_eq!(prune(&world).await, [(SecretKind::Sealing, 1)]);
    let database = Sqlite::open(&world.database()).await.unwrap();
    let endpoint = database.endpoint(&merchant, mode, &id).await.unwrap().unwrap();
    let bearer = endpoint.details.bearer.unwrap();
    assert_eq!(bearer.key_version, 2);
    let opened = world.services.sealer.open(bearer.key_version, &bearer.sealed, id.as_str()).unwrap();
    assert_eq!(&**opened, key.expose_secret().as_bytes());
    database.close().await;
}
