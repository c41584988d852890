//! Signers, verifiers and tolerances.

use std::time::Duration;

use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::{BackVerifier, NotificationSecret, TransferVerifier};
use tollgate_webhook_hmac::legacy::static_bearer::{StaticSecret, StaticVerifier};
use tollgate_webhook_hmac::timestamped::{Hash, Signer, Verifier};
use tollgate_webhook_hmac::{ConfigErrorKind as Kind, Tolerance, WebhookSecret, standard};

use crate::support::{notification_secret, secret, signing_key};

#[test]
fn configurations() {
    let tolerance = Tolerance::default();
    let none: [WebhookSecret; 0] = [];
    let five: Vec<_> = (0..5).map(secret).collect();
    let kinds = [
        ("timestamped signer", Signer::new(Hash::Sha512, &none).err(), Signer::new(Hash::Sha512, &five).err()),
        (
            "timestamped verifier",
            Verifier::new(Hash::Sha512, &none, tolerance).err(),
            Verifier::new(Hash::Sha512, &five, tolerance).err(),
        ),
        ("standard signer", standard::Signer::new(&none).err(), standard::Signer::new(&five).err()),
        (
            "standard verifier",
            standard::Verifier::new(&none, tolerance).err(),
            standard::Verifier::new(&five, tolerance).err(),
        ),
        (
            "asymmetric signer",
            standard::Signer::asymmetric([]).err(),
            standard::Signer::asymmetric((0..5).map(signing_key)).err(),
        ),
        (
            "signer of both",
            standard::Signer::new([secret(0)]).unwrap().and_asymmetric([]).err(),
            standard::Signer::new([secret(0)]).unwrap().and_asymmetric((0..5).map(signing_key)).err(),
        ),
        (
            "asymmetric verifier",
            standard::Verifier::asymmetric([], tolerance).err(),
            standard::Verifier::asymmetric([signing_key(0).verifying_key(); 5], tolerance).err(),
        ),
        (
            "back verifier",
            BackVerifier::new([] as [NotificationSecret; 0]).err(),
            BackVerifier::new((0..5).map(notification_secret)).err(),
        ),
        (
            "transfer verifier",
            TransferVerifier::new([] as [NotificationSecret; 0]).err(),
            TransferVerifier::new((0..5).map(notification_secret)).err(),
        ),
        (
            "static verifier",
            StaticVerifier::new([] as [StaticSecret; 0]).err(),
            StaticVerifier::new((0..5).map(|_| StaticSecret::parse(&"a".repeat(32)).unwrap())).err(),
        ),
        (
            "token verifier",
            eighty_eight_pay::Verifier::new([], tolerance).err(),
            eighty_eight_pay::Verifier::new(
                (0..5).map(|n| TokenKey::new(&n.to_string(), &secret(n)).unwrap()),
                tolerance,
            )
            .err(),
        ),
    ];
    for (label, none, five) in kinds {
        assert_eq!(none.unwrap().kind(), Kind::NoKey, "{label}");
        assert_eq!(five.unwrap().kind(), Kind::TooManyKeys, "{label}");
    }
}

#[test]
fn token_keys() {
    for (label, id) in [
        ("empty", ""),
        ("blank", "a b"),
        ("quote", "a\""),
        ("path", "../a"),
        ("not ascii", "é"),
        ("long", &"a".repeat(65)),
    ] {
        assert_eq!(TokenKey::new(id, &secret(0)).unwrap_err().kind(), Kind::KeyId, "{label}");
    }
    let short = WebhookSecret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").unwrap();
    assert_eq!(TokenKey::new("a", &short).unwrap_err().kind(), Kind::KeyLength);
    let twice = [TokenKey::new("a", &secret(0)).unwrap(), TokenKey::new("a", &secret(1)).unwrap()];
    let refused = eighty_eight_pay::Verifier::new(twice, Tolerance::default()).unwrap_err();
    assert_eq!(refused.kind(), Kind::RepeatedKeyId);
}

#[test]
fn tolerances() {
    let second = Duration::from_secs(1);
    for (label, past, future) in [
        ("past too long", Tolerance::MAX_PAST + second, Duration::ZERO),
        ("future too long", Duration::ZERO, Tolerance::MAX_FUTURE + second),
        ("endless", Duration::MAX, Duration::ZERO),
        ("a fraction", Duration::from_millis(1500), Duration::ZERO),
        ("a fraction ahead", Duration::ZERO, Duration::from_nanos(1)),
    ] {
        assert_eq!(Tolerance::new(past, future).unwrap_err().kind(), Kind::Tolerance, "{label}");
    }
    Tolerance::new(Tolerance::MAX_PAST, Tolerance::MAX_FUTURE).unwrap();
    assert_eq!(Tolerance::new(Tolerance::DEFAULT_PAST, Tolerance::DEFAULT_FUTURE).unwrap(), Tolerance::default());
}
