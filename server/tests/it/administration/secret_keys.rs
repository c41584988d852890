//! The server's own secrets, while the server runs.

use tollgate::account::{ClientDialect, Credential, KeyFamily};
use tollgate::keys::{NewSecret, RotationReason, SecretKind};
use tollgate_apikey::{ID_LEN, KeyId, Mode};

use super::imports::{encoded, import};
use super::{administration, buy, operator};
use crate::world::{Answer, Call, World, world};

#[tokio::test]
async fn an_old_pepper_is_renewed_at_the_next_valid_use() {
    let world = world().await;
    let issue = async || {
        let merchant = world.merchant_id();
        world.issue_key(&merchant, None, KeyFamily::CAIBO, Mode::Test, "payment_requests:read").await
    };
    let [used, unused, revoked] = [issue().await, issue().await, issue().await];
    assert_eq!(who_am_i(&world, &used).await.status, 200, "the cache is warm");
    administration(&world).revoke_key(&operator(), id_of(&revoked)).await.unwrap();
    let (old, new) = rotate(&world).await;
    for key in [&used, &unused, &revoked] {
        assert_eq!(stored(&world, key).await.pepper_version, old, "a rotation itself rewrites nothing");
    }

    let before = stored(&world, &used).await.digest;
    assert_eq!(who_am_i(&world, &used).await.status, 200, "it is good under the old pepper");
    let renewed = stored(&world, &used).await;
    assert_eq!(renewed.pepper_version, new, "K4");
    assert_ne!(renewed.digest, before, "another pepper, another digest");
    assert_eq!(who_am_i(&world, &revoked).await.status, 401);
    for (label, key) in [("not used", &unused), ("used in vain", &revoked)] {
        assert_eq!(stored(&world, key).await.pepper_version, old, "{label}");
    }
    assert_eq!(who_am_i(&world, &used).await.status, 200, "it is good under the new pepper");
    assert_eq!(stored(&world, &used).await.digest, renewed.digest);
    assert_eq!(who_am_i(&world, &unused).await.status, 200);
    assert_eq!(stored(&world, &unused).await.pepper_version, new);
}

#[tokio::test]
async fn the_secrets_of_clients_are_renewed_too_also_imported_ones() {
    let world = world().await;
    let (native, secret) = world.make_client(&world.merchant_id(), ClientDialect::Pledg, Mode::Test, "").await;
    let (foreign, foreign_secret) = ("old-partner", "an old secret: of theirs");
    import(&world, ClientDialect::Pledg, Mode::Test, foreign, foreign_secret).await.unwrap();
    let (old, new) = rotate(&world).await;
    let (needed, needed_new) = (records(&world, old).await, records(&world, new).await);
    for (label, id, secret, renewed) in [("native", &*native, &*secret, 1), ("imported", foreign, foreign_secret, 2)] {
        let wrong = buy("/api/token", &encoded(id), "no-secret-of-theirs");
        assert_eq!(world.send(wrong).await.status, 401, "{label}");
        assert_eq!(records(&world, new).await, needed_new + renewed - 1, "{label}: a wrong secret renews nothing");
        for _ in 0..2 {
            assert_eq!(world.send(buy("/api/token", &encoded(id), &encoded(secret))).await.status, 200, "{label}");
            assert_eq!(records(&world, new).await, needed_new + renewed, "{label}");
            assert_eq!(records(&world, old).await, needed - renewed, "{label}");
        }
    }
}

/// Adds a pepper: the versions before and after.
async fn rotate(world: &World) -> (u32, u32) {
    let old = administration(world).secret_keys(&[SecretKind::Pepper]).await.unwrap()[0].line.version;
    let (secret, reason) = (NewSecret::Random, RotationReason::Routine);
    let made = administration(world).rotate_secret_key(&operator(), SecretKind::Pepper, secret, reason).await.unwrap();
    assert!(made.line.version > old);
    (old, made.line.version)
}

/// How many records need a pepper.
async fn records(world: &World, version: u32) -> u64 {
    let all = administration(world).secret_keys(&[SecretKind::Pepper]).await.unwrap();
    all.into_iter().find(|key| key.line.version == version).unwrap().records.unwrap()
}

fn id_of(key: &str) -> KeyId {
    KeyId::parse(&key["caibo_test_sk_".len()..][..ID_LEN]).unwrap()
}

/// The record as the database has it.
async fn stored(world: &World, key: &str) -> Credential {
    administration(world).key(id_of(key)).await.unwrap().unwrap()
}

async fn who_am_i(world: &World, key: &str) -> Answer {
    world.send(Call::get("/auth/whoami").header("x-api-key", key)).await
}
