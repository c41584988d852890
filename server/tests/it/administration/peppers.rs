//! Client secrets under a pepper that was rotated; those of keys are told of in `secret_keys`.

use tollgate::account::ClientDialect;
use tollgate::keys::{NewSecret, RotationReason, SecretKind};
use tollgate_apikey::Mode;

use super::imports::{encoded, import};
use super::{administration, buy, operator};
use crate::world::{World, world};

#[tokio::test]
async fn an_old_pepper_of_a_client_secret_is_renewed_at_the_next_valid_use() {
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
