//! Rules L1 to L3 for webhook secrets: every live one signs each attempt, newest first.

use std::time::Duration;

use tollgate::account::SecretPurpose;
use tollgate::storage::WebhookDialect;
use tollgate_apikey::Lifecycle;
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader};
use tollgate_webhook_hmac::{MAX_SECRETS, Tolerance, WebhookSecret, standard, timestamped};

use super::receiver::{Received, Reply};
use super::{Shop, give_secret, verify_standard};

fn minted(shop: &Shop) -> WebhookSecret {
    WebhookSecret::mint(|bytes| shop.world.services.rng.fill(bytes)).unwrap()
}

/// Which of the secrets verify both signatures of a delivery.
fn verified_by(shop: &Shop, received: &Received, secrets: &[&WebhookSecret]) -> Vec<bool> {
    let now = shop.world.now();
    let header = SignatureHeader::parse(received.header("x-caibo-signature")).unwrap();
    let verifies = |secret: &WebhookSecret| {
        let standard = standard::Verifier::new([secret], Tolerance::default()).unwrap();
        let caibo = timestamped::Verifier::new(Hash::Sha512, [secret], Tolerance::default()).unwrap();
        let [standard, caibo] = [
            verify_standard(&standard, received, now).is_ok(),
            caibo.verify(&header, received.body.as_bytes(), now).is_ok(),
        ];
        assert_eq!(standard, caibo);
        standard
    };
    secrets.iter().map(|secret| verifies(secret)).collect()
}

#[tokio::test]
async fn a_rotation_in_the_middle_signs_with_both_then_with_the_new_one_alone() {
    let shop = Shop::open().await;
    let merchant = shop.world.merchant_id();
    let old = shop.secret();
    let new = minted(&shop);
    shop.receiver.always(Reply::status(503));
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    assert_eq!(verified_by(&shop, &shop.receiver.arrival().await, &[&old, &new]), [true, false]);

    // Rotated: the old one lives for 20 s more.
    shop.world.advance(1);
    let now = shop.world.now();
    let lifecycle = Lifecycle::new(now);
    give_secret(&shop.world, &merchant, SecretPurpose::Webhook, new.expose_secret(), lifecycle).await;
    retire_all_made_before(&shop, now, now + Duration::from_secs(20)).await;
    shop.world.advance(5);
    assert_eq!(shop.deliver_due().await, 1);
    let both = shop.receiver.arrival().await;
    assert_eq!(verified_by(&shop, &both, &[&old, &new]), [true, true]);
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    assert_eq!(SignatureHeader::parse(both.header("x-caibo-signature")).unwrap().signature_count(), 2);
    let first = both.header("webhook-signature").split(' ').next().unwrap();
    let newest = standard::Signer::new([&new]).unwrap();
    let id = standard::MessageId::parse(both.header("webhook-id")).unwrap();
    assert_eq!(newest.sign(id, both.body.as_bytes(), shop.world.now()).signature(), first, "newest first");

    shop.world.advance(33);
    assert_eq!(shop.deliver_due().await, 1);
    let one = shop.receiver.arrival().await;
    assert_eq!(verified_by(&shop, &one, &[&old, &new]), [false, true]);
    assert_eq!(one.header("webhook-signature").split(' ').count(), 1);
}

#[tokio::test]
async fn more_live_secrets_than_receivers_read_leave_out_the_oldest() {
    let shop = Shop::open().await;
    let merchant = shop.world.merchant_id();
    let mut secrets = vec![shop.secret()];
    for _ in 0..MAX_SECRETS {
        shop.world.advance(1);
        let secret = minted(&shop);
        let lifecycle = Lifecycle::new(shop.world.now());
        give_secret(&shop.world, &merchant, SecretPurpose::Webhook, secret.expose_secret(), lifecycle).await;
        secrets.push(secret);
    }
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    let received = shop.receiver.arrival().await;
    let secrets: Vec<&WebhookSecret> = secrets.iter().collect();
    assert_eq!(verified_by(&shop, &received, &secrets), [false, true, true, true, true]);
}

#[tokio::test]
async fn a_secret_whose_length_the_token_cannot_use_signs_the_headers_only() {
    let shop = Shop::open().await;
    let merchant = shop.world.merchant_id();
    shop.world.advance(1);
    // 24 bytes: good for HMAC, too short for the cipher of 88Pay.
    let short = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let lifecycle = Lifecycle::new(shop.world.now());
    give_secret(&shop.world, &merchant, SecretPurpose::Webhook, short, lifecycle).await;
    let endpoint = shop.register(WebhookDialect::EightyEightPay).await;
    shop.send_test_event(&endpoint.id).await.unwrap();
    assert_eq!(shop.deliver_due().await, 1);
    let received = shop.receiver.arrival().await;
    assert_eq!(received.header("webhook-signature").split(' ').count(), 2);
    assert!(received.header("authorization").starts_with("Bearer eyJ"));
}

async fn retire_all_made_before(shop: &Shop, before: time::OffsetDateTime, until: time::OffsetDateTime) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(shop.world.database());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let statement = "UPDATE sealed_secrets SET retiring_until = $2 WHERE purpose = 'webhook' AND created_at < $1";
    let query = sqlx::query(statement).bind(before.unix_timestamp() * 1000).bind(until.unix_timestamp() * 1000);
    query.execute(&pool).await.unwrap();
    pool.close().await;
}
