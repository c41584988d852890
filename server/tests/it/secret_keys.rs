//! K4, K5: the secrets that records are digested and sealed under are exchanged under a running server, and what was
//! made with the old ones goes on.

mod files;
mod resealing;

use serde_json::json;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tollgate::account::KeyFamily;
use tollgate::administration::{Actor, Administration, Page, SecretKeyError};
use tollgate::keys::{NewSecret, RotationReason, SecretKind, SecretRotationError, SecretState};
use tollgate_apikey::Mode;
use tollgate_challenge_signature::merchant::Signer;

use super::world::{Answer, Call, T0, World, world};

fn administration(world: &World) -> &Administration {
    &world.services.administration
}

async fn rotate(world: &World, kind: SecretKind, reason: RotationReason) -> Result<u32, SecretKeyError> {
    let rotated = administration(world).rotate_secret_key(&Actor::operator(), kind, NewSecret::Random, reason).await;
    rotated.map(|key| key.line.version)
}

async fn prune(world: &World) -> Vec<(SecretKind, u32)> {
    let pruned = administration(world).prune_secret_keys(&Actor::operator(), &SecretKind::ALL).await.unwrap();
    pruned.into_iter().map(|line| (line.kind, line.version)).collect()
}

/// Version, state and records that need it, newest first.
async fn listed(world: &World, kind: SecretKind) -> Vec<(u32, SecretState, Option<u64>)> {
    let keys = administration(world).secret_keys(&[kind]).await.unwrap();
    keys.into_iter().map(|key| (key.line.version, key.line.state, key.records)).collect()
}

/// Somebody with access to the database file.
async fn intruder(world: &World) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(world.database())).await.unwrap()
}

async fn who_am_i(world: &World, key: &str) -> u16 {
    world.send(Call::get("/auth/whoami").header("x-api-key", key)).await.status.as_u16()
}

async fn mint(world: &World) -> Answer {
    let key = world.text("/caibo/api_key_test");
    world.send(Call::post("/payment-requests/1/checkout-session").header("x-api-key", key)).await
}

async fn minted(world: &World) -> String {
    let answer = mint(world).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn show(world: &World, token: &str) -> u16 {
    world.send(Call::get("/payment-requests/1").header("x-checkout-token", token)).await.status.as_u16()
}

/// An answered challenge of the demo's second merchant, which must sign.
async fn challenge(world: &World) -> (String, String) {
    let call = Call::post("/v1/auth/challenge").header("x-api-key", world.text("/cardpluspay/signed_api_key"));
    let challenge = world.send(call).await.json()["data"]["challenge"].as_str().unwrap().to_owned();
    let signer = Signer::from_pkcs8_pem(&world.text("/cardpluspay/private_key_pem")).unwrap();
    let signature = signer.sign(&challenge, &*world.services.rng.source()).unwrap();
    (challenge, signature)
}

async fn signed_call(world: &World, (challenge, signature): &(String, String)) -> u16 {
    let call = Call::get("/v1/balance").header("x-api-key", world.text("/cardpluspay/signed_api_key"));
    let call = call.header("x-api-challenge", challenge).header("x-api-signature", signature);
    world.send(call).await.status.as_u16()
}

#[tokio::test]
async fn keys_pass_after_a_pepper_rotation_and_take_the_new_pepper_at_their_next_use() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    assert_eq!(who_am_i(&world, &key).await, 200);
    let before = listed(&world, SecretKind::Pepper).await[0].2.unwrap();
    let token = minted(&world).await;

    assert_eq!(rotate(&world, SecretKind::Pepper, RotationReason::Routine).await.unwrap(), 2);
    let (new, old) = ((2, SecretState::Current), (1, SecretState::Previous));
    let states = listed(&world, SecretKind::Pepper).await;
    assert_eq!(states, [(new.0, new.1, Some(0)), (old.0, old.1, Some(before))]);
    let id = KeyFamily::CAIBO.format.parse(&key).unwrap().id();
    let version = async || world.services.vault.credential(id).await.unwrap().unwrap().pepper_version;
    assert_eq!(version().await, 1);
    for _ in 0..2 {
        assert_eq!(who_am_i(&world, &key).await, 200);
        assert_eq!(version().await, 2, "re-digested at the next valid use");
    }
    assert_eq!(listed(&world, SecretKind::Pepper).await[1].2, Some(before - 1));
    assert_eq!(show(&world, &token).await, 200, "browser tokens have a pepper of their own");

    // A key made now is under the new pepper from the start; a wrong one is refused as ever.
    let new = world.issue_key(&world.merchant_id(), None, KeyFamily::CARDPLUSPAY, Mode::Test, "").await;
    let id = KeyFamily::CARDPLUSPAY.format.parse(&new).unwrap().id();
    assert_eq!(world.services.vault.credential(id).await.unwrap().unwrap().pepper_version, 2);

    world.advance(3600);
    assert!(prune(&world).await.is_empty(), "{} digests need it", before - 1);
    assert_eq!(who_am_i(&world, &key).await, 200);
}

#[tokio::test]
async fn a_pepper_that_no_usable_key_needs_is_taken_out_and_its_number_does_not_come_back() {
    let world = world().await;
    let mut keys = Vec::new();
    for family in [KeyFamily::CAIBO, KeyFamily::EIGHTY_EIGHT_PAY, KeyFamily::CARDPLUSPAY] {
        keys.push(world.issue_key(&world.merchant_id(), None, family, Mode::Test, "").await);
    }
    rotate(&world, SecretKind::Pepper, RotationReason::Routine).await.unwrap();
    // Every digest but one belongs to a dead key: nothing will ever be compared with them.
    let kept = KeyFamily::CARDPLUSPAY.format.parse(&keys[2]).unwrap().id();
    let mut intruder = intruder(&world).await;
    let kill = |statement: &'static str| sqlx::query(statement).bind(kept.as_str()).bind(T0 * 1000);
    for (statement, left) in [
        ("UPDATE credentials SET expires_at = $2 WHERE id <> $1 AND kind = 'caibo_key'", None),
        ("UPDATE credentials SET retiring_until = $2 WHERE id <> $1 AND client_id IS NOT NULL", None),
        ("UPDATE credentials SET revoked_at = $2 WHERE id <> $1", Some(Some(1))),
    ] {
        let before = listed(&world, SecretKind::Pepper).await[1].2;
        kill(statement).execute(&mut intruder).await.unwrap();
        let after = listed(&world, SecretKind::Pepper).await[1].2;
        assert!(after < before && left.is_none_or(|left| left == after), "{statement}: {before:?}, {after:?}");
    }
    world.advance(59);
    let balance = Call::get("/v1/balance").header("x-api-key", &keys[2]);
    world.send(balance).await;
    assert!(prune(&world).await.is_empty(), "a request may still use it");
    world.advance(1);
    assert_eq!(prune(&world).await, [(SecretKind::Pepper, 1)]);
    assert_eq!(listed(&world, SecretKind::Pepper).await, [(2, SecretState::Current, Some(1))]);
    assert_eq!(rotate(&world, SecretKind::Pepper, RotationReason::Routine).await.unwrap(), 3);
}

#[tokio::test]
async fn browser_tokens_live_out_their_time_under_the_old_token_pepper() {
    let world = world().await;
    let old = minted(&world).await;
    rotate(&world, SecretKind::TokenPepper, RotationReason::Routine).await.unwrap();
    let new = minted(&world).await;
    assert_eq!((show(&world, &old).await, show(&world, &new).await), (200, 200));
    assert_eq!(show(&world, &format!("{}x", &old[..old.len() - 1])).await, 401);
    world.advance(899);
    assert!(prune(&world).await.is_empty(), "a token lives");
    assert_eq!(show(&world, &old).await, 200);
    world.advance(1);
    assert_eq!(show(&world, &old).await, 401);
    assert_eq!(prune(&world).await, [(SecretKind::TokenPepper, 1)]);
    assert_eq!(listed(&world, SecretKind::TokenPepper).await, [(2, SecretState::Current, Some(0))]);
}

#[tokio::test]
async fn a_token_pepper_that_may_be_known_is_given_up_with_all_its_tokens() {
    let world = world().await;
    let mut tokens = Vec::new();
    let refused = loop {
        let answer = mint(&world).await;
        if answer.status != 201 {
            break answer.status;
        }
        tokens.push(answer.json()["token"].as_str().unwrap().to_owned());
    };
    assert_eq!(refused, 429, "as many as may live");
    rotate(&world, SecretKind::TokenPepper, RotationReason::Compromised).await.unwrap();
    for token in &tokens {
        assert_eq!(show(&world, token).await, 401);
    }
    let new = minted(&world).await;
    assert_eq!(show(&world, &new).await, 200, "the dead ones count for nothing");
    assert_eq!(listed(&world, SecretKind::TokenPepper).await, [(2, SecretState::Current, Some(1))]);
}

#[tokio::test]
async fn challenges_outlive_the_rotation_of_their_key_and_not_its_loss() {
    let world = world().await;
    let (first, second) = (challenge(&world).await, challenge(&world).await);
    rotate(&world, SecretKind::Challenge, RotationReason::Routine).await.unwrap();
    let third = challenge(&world).await;
    for (label, pair) in [("of the old key", &first), ("of the new key", &third)] {
        assert_eq!(signed_call(&world, pair).await, 200, "{label}");
        assert_ne!(signed_call(&world, pair).await, 200, "{label}, once more");
    }
    let early = rotate(&world, SecretKind::Challenge, RotationReason::Routine).await.unwrap_err();
    assert!(matches!(early, SecretKeyError::Rotation(SecretRotationError::Early)), "{early}");
    let fourth = challenge(&world).await;
    rotate(&world, SecretKind::Challenge, RotationReason::Compromised).await.unwrap();
    for (label, pair) in [("of the first key", &second), ("of the second key", &fourth)] {
        assert_ne!(signed_call(&world, pair).await, 200, "{label}");
    }
    assert_eq!(signed_call(&world, &challenge(&world).await).await, 200);
}

#[tokio::test]
async fn lasting_secrets_cannot_be_given_up_and_every_change_is_on_record() {
    let world = world().await;
    for kind in [SecretKind::Pepper, SecretKind::Sealing] {
        let refused = rotate(&world, kind, RotationReason::Compromised).await.unwrap_err();
        assert!(matches!(refused, SecretKeyError::Rotation(SecretRotationError::Lasting(_))), "{refused}");
    }
    rotate(&world, SecretKind::TokenPepper, RotationReason::Routine).await.unwrap();
    rotate(&world, SecretKind::TokenPepper, RotationReason::Compromised).await.unwrap();
    let entries = administration(&world).audit(None, Page::first(100)).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action.starts_with("secret_key."))
        .map(|entry| (entry.action.as_str(), entry.subject.as_str(), entry.detail.clone()))
        .collect();
    let compromised = json!({ "compromised": true }).to_string();
    assert_eq!(
        told,
        [
            ("secret_key.rotated", "token-pepper:3", compromised),
            ("secret_key.rotated", "token-pepper:2", "{}".to_owned())
        ]
    );
}
