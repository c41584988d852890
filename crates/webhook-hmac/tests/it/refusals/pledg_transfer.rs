//! Pledg transfer mode.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use tollgate_webhook_hmac::legacy::pledg::{self, TransferSigner, TransferVerifier};
use tollgate_webhook_hmac::{BodyErrorKind, VerifyErrorKind as Kind};

use crate::support::notification_secret;

const TRANSFER: &str = r#"{"reference":"r","created":"c","transfer_order_item_uid":"tri_1","amount_cents":100}"#;

#[test]
fn transfer_mode_bodies() {
    let signer = TransferSigner::new(&notification_secret(0));
    for (label, body, kind) in [
        ("not json", "{".to_owned(), BodyErrorKind::Json),
        ("has a signature", TRANSFER.replace("\"r\"", r#""r","signature":"x""#), BodyErrorKind::Signed),
        ("no reference", TRANSFER.replace(r#""reference":"r","#, ""), BodyErrorKind::Member),
        ("no created", TRANSFER.replace(r#""created":"c","#, ""), BodyErrorKind::Member),
        ("empty uid", TRANSFER.replace("tri_1", ""), BodyErrorKind::Member),
        ("no amount", TRANSFER.replace(r#","amount_cents":100"#, ""), BodyErrorKind::Member),
        ("amount as text", TRANSFER.replace("100", "\"100\""), BodyErrorKind::Member),
        ("amount as float", TRANSFER.replace("100", "100.0"), BodyErrorKind::Member),
        ("amount with exponent", TRANSFER.replace("100", "1e2"), BodyErrorKind::Member),
        ("negative amount", TRANSFER.replace("100", "-100"), BodyErrorKind::Member),
        ("huge amount", TRANSFER.replace("100", "18446744073709551616"), BodyErrorKind::Member),
        ("control character", TRANSFER.replace("\"r\"", "\"\\u0001\""), BodyErrorKind::Member),
        ("merchant as number", TRANSFER.replace("\"r\"", r#""r","merchant_uid":1"#), BodyErrorKind::Member),
        ("request data", TRANSFER.replace("\"r\"", r#""r","data":{}"#), BodyErrorKind::Member),
        ("expiry", TRANSFER.replace("\"r\"", r#""r","exp":1"#), BodyErrorKind::Member),
        ("body too large", " ".repeat(pledg::MAX_BODY_BYTES + 1), BodyErrorKind::TooLarge),
        ("token too large", TRANSFER.replace("\"r\"", &format!("\"{}\"", "r".repeat(6200))), BodyErrorKind::TooLarge),
    ] {
        assert_eq!(signer.sign(body.as_bytes()).unwrap_err().kind(), kind, "{label}");
    }
    let long = TRANSFER.replace("\"r\"", &format!("\"{}\"", "r".repeat(5900)));
    let body = signer.sign(long.as_bytes()).unwrap();
    let _ = TransferVerifier::new([notification_secret(0)]).unwrap().verify(body.as_bytes()).unwrap();
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A token that is correctly signed, whatever it says.
fn transfer_token(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let secret = notification_secret(0);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
}

fn body(token: &str) -> String {
    format!(r#"{{"signature":"{token}"}}"#)
}

#[test]
fn transfer_mode_deliveries() {
    let verifier = TransferVerifier::new([notification_secret(0)]).unwrap();
    let good = transfer_token(HEADER, TRANSFER);
    let _ = verifier.verify(body(&good).as_bytes()).unwrap();
    let _ = verifier.verify(body(&transfer_token(r#"{"alg":"HS256"}"#, TRANSFER)).as_bytes()).unwrap();
    let (signed, tag) = good.rsplit_once('.').unwrap();
    let (head, payload) = signed.split_once('.').unwrap();
    for (label, body, kind) in [
        ("plain members", TRANSFER.to_owned(), Kind::Unsigned),
        ("empty object", "{}".to_owned(), Kind::Unsigned),
        ("second member", format!(r#"{{"signature":"{good}","a":1}}"#), Kind::Malformed),
        ("not a text", r#"{"signature":1}"#.to_owned(), Kind::Malformed),
        ("two parts", body(signed), Kind::Malformed),
        ("four parts", body(&format!("{good}.{tag}")), Kind::Malformed),
        ("empty header", body(&format!(".{payload}.{tag}")), Kind::Malformed),
        ("empty payload", body(&format!("{head}..{tag}")), Kind::Malformed),
        ("empty tag", body(&format!("{signed}.")), Kind::Malformed),
        ("truncated tag", body(&good[..good.len() - 2]), Kind::Malformed),
        ("padded", body(&format!("{good}=")), Kind::Malformed),
        ("blank", body(&format!("{good} ")), Kind::Malformed),
        ("too long", body(&"a".repeat(pledg::MAX_TOKEN_BYTES + 1)), Kind::Malformed),
        ("too large", " ".repeat(pledg::MAX_BODY_BYTES + 1), Kind::BodyTooLarge),
        ("other payload", body(&format!("{head}.{}.{tag}", URL_SAFE_NO_PAD.encode("{}"))), Kind::NoMatch),
    ] {
        assert_eq!(verifier.verify(body.as_bytes()).unwrap_err().kind(), kind, "{label}");
    }
}

#[test]
fn transfer_mode_tokens_that_are_correctly_signed() {
    let verifier = TransferVerifier::new([notification_secret(0)]).unwrap();
    for (label, header, payload, kind) in [
        ("alg none", r#"{"alg":"none"}"#, TRANSFER, Kind::WrongScheme),
        ("alg in lower case", r#"{"alg":"hs256"}"#, TRANSFER, Kind::WrongScheme),
        ("no alg", r#"{"typ":"JWT"}"#, TRANSFER, Kind::WrongScheme),
        ("other typ", r#"{"alg":"HS256","typ":"at+jwt"}"#, TRANSFER, Kind::WrongScheme),
        ("crit", r#"{"alg":"HS256","crit":[]}"#, TRANSFER, Kind::WrongScheme),
        ("jwk", r#"{"alg":"HS256","jwk":{}}"#, TRANSFER, Kind::WrongScheme),
        ("zip", r#"{"alg":"HS256","zip":"DEF"}"#, TRANSFER, Kind::WrongScheme),
        ("repeated alg", r#"{"alg":"none","alg":"HS256"}"#, TRANSFER, Kind::Malformed),
        ("request token", HEADER, r#"{"data":{"amountCents":1}}"#, Kind::Malformed),
        ("access token", HEADER, r#"{"iss":"i","sub":"s","iat":1,"exp":2}"#, Kind::Malformed),
        ("payload is an array", HEADER, "[]", Kind::Malformed),
    ] {
        let verdict = verifier.verify(body(&transfer_token(header, payload)).as_bytes());
        assert_eq!(verdict.unwrap_err().kind(), kind, "{label}");
    }
}
