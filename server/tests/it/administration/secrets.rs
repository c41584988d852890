//! Webhook secrets, and those that Pledg requests and notifications are signed with.

use serde_json::{Value, json};
use tollgate::account::{SecretPurpose, SecretText};
use tollgate::administration::Error;
use tollgate_apikey::{KeyId, Mode};
use tollgate_jwt_session::request::sign;
use tollgate_webhook_hmac::WebhookSecret;

use super::{actions, administration, operator, overlap};
use crate::world::{Call, World, world};

const PURPOSES: [SecretPurpose; 3] =
    [SecretPurpose::PledgNotification, SecretPurpose::PledgRequest, SecretPurpose::Webhook];

/// A signed request for a purchase link; each has a reference of its own.
fn link(world: &World, secret: &str, reference: &str) -> Call {
    let payload: Value = json!({
        "data": {
            "merchantUid": world.text("/pledg/merchant_uid"),
            "amountCents": 100,
            "currency": "EUR",
            "title": "Order",
            "reference": reference,
            "email": "buyer@example.test",
        },
    });
    Call::post(&format!("/api/purchase_link?signature={}", sign(&payload, None, secret.as_bytes()).unwrap()))
}

async fn usable(world: &World, purpose: SecretPurpose) -> Vec<KeyId> {
    let all = administration(world).secrets(&world.merchant_id(), Mode::Test, purpose).await.unwrap();
    all.iter().filter(|secret| secret.lifecycle.check(world.now()).is_ok()).map(|secret| secret.id).collect()
}

#[tokio::test]
async fn a_pledg_request_secret_signs_until_the_last_second_of_its_overlap() {
    let world = world().await;
    let old = usable(&world, SecretPurpose::PledgRequest).await[0];
    let old_text = world.text("/pledg/signing_secret");
    let new = administration(&world).rotate_secret(&operator(), old, overlap(60)).await.unwrap();
    assert_eq!(new.text.expose_secret().len(), 43);
    for (after, expected) in [(0, 200), (59, 200), (1, 401)] {
        world.advance(after);
        assert_eq!(world.send(link(&world, &old_text, "old")).await.status, expected, "{after} s later");
        assert_eq!(world.send(link(&world, new.text.expose_secret(), "new")).await.status, 200, "{after} s later");
    }
    assert!(administration(&world).revoke_secret(&operator(), new.record.id).await.unwrap());
    assert_eq!(world.send(link(&world, new.text.expose_secret(), "new")).await.status, 401, "dead at once (L3)");
}

#[tokio::test]
async fn a_rotated_secret_of_each_purpose_is_in_force_for_its_overlap() {
    for purpose in PURPOSES {
        let world = world().await;
        let old = usable(&world, purpose).await[0];
        let new = administration(&world).rotate_secret(&operator(), old, overlap(60)).await.unwrap().record.id;
        for (after, expected) in [(59, 2), (1, 1)] {
            world.advance(after);
            assert_eq!(usable(&world, purpose).await.len(), expected, "{purpose:?}: {after} s later");
        }
        let last = administration(&world).rotate_secret(&operator(), new, overlap(0)).await.unwrap().record.id;
        assert_eq!(usable(&world, purpose).await, [last], "{purpose:?}: without overlap it is dead at once");
        let refused = administration(&world).rotate_secret(&operator(), old, overlap(60)).await;
        assert!(matches!(refused, Err(Error::NotUsable)), "{purpose:?}: nothing leads back (L1)");
    }
}

#[tokio::test]
async fn there_are_never_more_usable_secrets_than_are_tried() {
    let world = world().await;
    let (merchant, purpose) = (world.merchant_id(), SecretPurpose::PledgRequest);
    for _ in 0..3 {
        let _ = administration(&world).issue_secret(&operator(), &merchant, Mode::Test, purpose).await.unwrap();
    }
    let fifth = administration(&world).issue_secret(&operator(), &merchant, Mode::Test, purpose).await;
    assert!(matches!(fifth, Err(Error::TooMany)));
    let old = usable(&world, purpose).await[0];
    let beside = administration(&world).rotate_secret(&operator(), old, overlap(60)).await;
    assert!(matches!(beside, Err(Error::TooMany)));
    let _ = administration(&world).rotate_secret(&operator(), old, overlap(0)).await.unwrap();
    assert_eq!(usable(&world, purpose).await.len(), 4);
}

#[tokio::test]
async fn an_imported_secret_signs_and_one_that_does_not_fit_is_refused() {
    let world = world().await;
    let merchant = world.merchant_id();
    let import = async |purpose, text: &str| {
        let text = SecretText::new(text.to_owned());
        administration(&world).import_secret(&operator(), &merchant, Mode::Test, purpose, text).await
    };
    let text = "a secret that another system has made";
    import(SecretPurpose::PledgRequest, text).await.unwrap();
    assert_eq!(world.send(link(&world, text, "imported")).await.status, 200);
    let webhook = WebhookSecret::mint(|bytes| world.services.rng.fill(bytes)).unwrap();
    import(SecretPurpose::Webhook, webhook.expose_secret()).await.unwrap();
    import(SecretPurpose::PledgNotification, &"n".repeat(32)).await.unwrap();
    assert_eq!(usable(&world, SecretPurpose::PledgNotification).await.len(), 2);
    let short = &"x".repeat(31);
    assert!(matches!(import(SecretPurpose::PledgRequest, short).await, Err(Error::Weak)));
    assert!(matches!(import(SecretPurpose::Webhook, short).await, Err(Error::Weak)));
    assert!(matches!(import(SecretPurpose::PledgNotification, short).await, Err(Error::Weak)));
    assert!(matches!(import(SecretPurpose::Webhook, text).await, Err(Error::Invalid(_))));
    assert!(matches!(import(SecretPurpose::PledgNotification, text).await, Err(Error::Invalid(_))), "blanks");
    assert!(matches!(import(SecretPurpose::PledgNotification, &"x".repeat(257)).await, Err(Error::Invalid(_))));
    assert!(matches!(import(SecretPurpose::PledgRequest, &"x".repeat(1025)).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_look_at_a_secret_is_written_down() {
    for purpose in PURPOSES {
        let world = world().await;
        let (actor, merchant) = (operator(), world.merchant_id());
        let issued = administration(&world).issue_secret(&actor, &merchant, Mode::Test, purpose).await.unwrap();
        let shown = administration(&world).reveal_secret(&operator(), issued.record.id).await.unwrap();
        assert_eq!(shown.expose_secret(), issued.text.expose_secret());
        assert_eq!(actions(&world).await.last().unwrap(), "secret.revealed");
        assert!(!format!("{shown:?} {issued:?}").contains(shown.expose_secret()));
    }
}
