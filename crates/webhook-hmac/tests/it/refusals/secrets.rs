//! Secrets and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, Notification, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::NotificationSecret;
use tollgate_webhook_hmac::legacy::static_bearer::StaticSecret;
use tollgate_webhook_hmac::standard::{SigningKey, VerifyingKey};
use tollgate_webhook_hmac::{SecretErrorKind as Kind, WebhookSecret};

use crate::support::{T0, at, secret, signing_key};

fn webhook_secret_of(bytes: usize) -> String {
    format!("whsec_{}", STANDARD.encode(vec![7; bytes]))
}

#[test]
fn webhook_secrets() {
    for (label, text, kind) in [
        ("empty", String::new(), Kind::Prefix),
        ("no prefix", STANDARD.encode([7; 32]), Kind::Prefix),
        ("prefix in upper case", webhook_secret_of(32).replace("whsec", "WHSEC"), Kind::Prefix),
        ("blank in front", format!(" {}", webhook_secret_of(32)), Kind::Prefix),
        ("line end", format!("{}\n", webhook_secret_of(32)), Kind::Encoding),
        ("unpadded", webhook_secret_of(32).trim_end_matches('=').to_owned(), Kind::Encoding),
        ("url-safe", format!("whsec_{}", "-_".repeat(22)), Kind::Encoding),
        ("stray bits", format!("whsec_{}B==", "A".repeat(41)), Kind::Encoding),
        ("23 bytes", webhook_secret_of(23), Kind::Length),
        ("65 bytes", webhook_secret_of(65), Kind::Length),
        ("66 bytes", webhook_secret_of(66), Kind::Length),
        ("a megabyte", webhook_secret_of(1 << 20), Kind::Length),
    ] {
        assert_eq!(WebhookSecret::parse(&text).unwrap_err().kind(), kind, "{label}");
    }
    for bytes in [24, 32, 64] {
        WebhookSecret::parse(&webhook_secret_of(bytes)).unwrap();
    }
}

#[test]
fn key_pairs() {
    let good = signing_key(0);
    let mut foreign = STANDARD.decode(&good.expose_secret()[5..]).unwrap();
    foreign[40] ^= 1;
    for (label, text, kind) in [
        ("public prefix", good.expose_secret().replace("whsk_", "whpk_"), Kind::Prefix),
        ("not base64", "whsk_*".to_owned(), Kind::Encoding),
        ("empty", "whsk_".to_owned(), Kind::Length),
        ("31 bytes", format!("whsk_{}", STANDARD.encode([7; 31])), Kind::Length),
        ("48 bytes", format!("whsk_{}", STANDARD.encode([7; 48])), Kind::Length),
        ("65 bytes", format!("whsk_{}", STANDARD.encode([7; 65])), Kind::Length),
        ("public half of another key", format!("whsk_{}", STANDARD.encode(foreign)), Kind::Pair),
    ] {
        assert_eq!(SigningKey::parse(&text).unwrap_err().kind(), kind, "{label}");
    }
    for (label, text, kind) in [
        ("private prefix", "whsk_".to_owned(), Kind::Prefix),
        ("not base64", "whpk_*".to_owned(), Kind::Encoding),
        ("31 bytes", format!("whpk_{}", STANDARD.encode([7; 31])), Kind::Length),
        ("33 bytes", format!("whpk_{}", STANDARD.encode([7; 33])), Kind::Length),
    ] {
        assert_eq!(VerifyingKey::parse(&text).unwrap_err().kind(), kind, "{label}");
    }
}

#[test]
fn public_keys_of_small_order() {
    let mut one = [0; 32];
    one[0] = 1;
    let order_8: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut not_reduced_zero = minus_one;
    not_reduced_zero[0] = 0xed;
    for y in [[0; 32], one, minus_one, not_reduced_zero, order_8] {
        for sign in [0, 0x80] {
            let mut bytes = y;
            bytes[31] |= sign;
            let text = format!("whpk_{}", STANDARD.encode(bytes));
            assert_eq!(VerifyingKey::parse(&text).unwrap_err().kind(), Kind::Weak, "{bytes:02x?}");
        }
    }
}

#[test]
fn notification_and_static_secrets() {
    for (label, text, kind) in [
        ("empty", String::new(), Kind::Length),
        ("257 characters", "a".repeat(257), Kind::Length),
        ("blank", "a b".to_owned(), Kind::Alphabet),
        ("not ascii", "é".to_owned(), Kind::Alphabet),
    ] {
        assert_eq!(NotificationSecret::parse(&text).unwrap_err().kind(), kind, "{label}");
    }
    NotificationSecret::parse("SECRET").unwrap();
    assert_eq!(NotificationSecret::register(&"a".repeat(31)).unwrap_err().kind(), Kind::Length);
    NotificationSecret::register(&"a".repeat(32)).unwrap();
    for (label, text, kind) in [
        ("31 characters", "a".repeat(31), Kind::Length),
        ("257 characters", "a".repeat(257), Kind::Length),
        ("blank", format!("{} ", "a".repeat(32)), Kind::Alphabet),
        ("line end", format!("{}\r\n", "a".repeat(32)), Kind::Alphabet),
    ] {
        assert_eq!(StaticSecret::parse(&text).unwrap_err().kind(), kind, "{label}");
    }
}

#[test]
fn a_failing_random_source_is_passed_on() {
    let broken = |_: &mut [u8]| Err("no entropy");
    assert_eq!(WebhookSecret::mint(broken).unwrap_err(), "no entropy");
    assert_eq!(SigningKey::mint(broken).unwrap_err(), "no entropy");
    assert_eq!(NotificationSecret::mint(broken).unwrap_err(), "no entropy");
    let signer = eighty_eight_pay::Signer::new(TokenKey::new("kid", &secret(0)).unwrap());
    let body = br#"{"transaction_id":"a","transaction_amount":"1","transaction_status":"x"}"#;
    let notification = Notification::parse(body).unwrap();
    assert_eq!(signer.sign(&notification, at(T0), broken).unwrap_err(), "no entropy");
}
