//! Pledg back mode.

use tollgate_webhook_hmac::legacy::pledg::{self, BackSigner, BackVerifier, UnsignedNotification};
use tollgate_webhook_hmac::{BodyErrorKind, VerifyErrorKind as Kind};

use super::refused;
use crate::support::notification_secret;

/// A back-mode body around the members that a case varies.
fn back_body(status: &str, extra: &str) -> String {
    format!(r#"{{"created_at":"now","error":null,"id":"i","reference":"r","sandbox":false,"status":{status}{extra}}}"#)
}

#[test]
fn back_mode_bodies() {
    let secret = notification_secret(0);
    let signer = BackSigner::new(&secret);
    let ok = back_body(r#""completed""#, "");
    for (label, body, kind) in [
        ("not json", "{".to_owned(), BodyErrorKind::Json),
        ("not an object", "[]".to_owned(), BodyErrorKind::Json),
        ("two values", format!("{ok}{ok}"), BodyErrorKind::Json),
        ("byte order mark", format!("\u{feff}{ok}"), BodyErrorKind::Json),
        ("repeated member", back_body(r#""completed""#, r#","id":"i""#), BodyErrorKind::Json),
        ("repeated by escape", back_body(r#""completed""#, r#","\u0069d":"i""#), BodyErrorKind::Json),
        ("repeated inside", back_body(r#""completed""#, r#","metadata":{"a":1,"a":2}"#), BodyErrorKind::Json),
        (
            "too deep",
            back_body(r#""completed""#, &format!(r#","metadata":{}1{}"#, "[".repeat(32), "]".repeat(32))),
            BodyErrorKind::Json,
        ),
        ("lone surrogate", ok.replace("\"r\"", "\"\\ud800\""), BodyErrorKind::Json),
        ("has a signature", back_body(r#""completed""#, r#","signature":"""#), BodyErrorKind::Signed),
        ("missing member", ok.replace(r#""reference":"r","#, ""), BodyErrorKind::Member),
        ("number", ok.replace("\"r\"", "1"), BodyErrorKind::Member),
        ("array", ok.replace("\"r\"", "[]"), BodyErrorKind::Member),
        ("object", ok.replace("\"r\"", "{}"), BodyErrorKind::Member),
        ("nul", ok.replace("\"r\"", "\"\\u0000\""), BodyErrorKind::Member),
        ("line end", ok.replace("\"r\"", "\"\\n\""), BodyErrorKind::Member),
        ("c1 control character", ok.replace("\"r\"", "\"\\u0080\""), BodyErrorKind::Member),
        ("empty id", ok.replace("\"i\"", "\"\""), BodyErrorKind::Member),
        ("no id", ok.replace("\"i\"", "null"), BodyErrorKind::Member),
        ("status is null", back_body("null", ""), BodyErrorKind::Member),
        ("unknown status", back_body(r#""Completed""#, ""), BodyErrorKind::Status),
        ("empty status", back_body(r#""""#, ""), BodyErrorKind::Status),
        (
            "holds the secret",
            ok.replace("\"r\"", &format!("\"a{}b\"", secret.expose_secret())),
            BodyErrorKind::ContainsSecret,
        ),
        ("too large", format!("{ok}{}", " ".repeat(pledg::MAX_BODY_BYTES)), BodyErrorKind::TooLarge),
    ] {
        assert_eq!(signer.sign(body.as_bytes()).unwrap_err().kind(), kind, "{label}");
        if kind != BodyErrorKind::ContainsSecret {
            assert_eq!(UnsignedNotification::back(body.as_bytes()).unwrap_err().kind(), kind, "{label}");
        }
    }
    let fields = UnsignedNotification::back(ok.as_bytes()).unwrap();
    let fields = fields.fields();
    assert_eq!((fields.created_at(), fields.error(), fields.id()), ("now", "", "i"));
    assert_eq!((fields.reference(), fields.sandbox(), fields.status()), ("r", "false", pledg::Status::Completed));
    let deep = format!(r#","metadata":{}1{}"#, "[".repeat(31), "]".repeat(31));
    UnsignedNotification::back(back_body(r#""completed""#, &deep).as_bytes()).unwrap();
    assert_eq!(UnsignedNotification::back(b"{\"id\":\"\xff\"}").unwrap_err().kind(), BodyErrorKind::Json);
}

#[test]
fn back_mode_deliveries() {
    let secret = notification_secret(0);
    let verifier = BackVerifier::new([&secret]).unwrap();
    let body = back_body(r#""completed""#, "");
    let signature = BackSigner::new(&secret).sign(body.as_bytes()).unwrap();
    let signed = |status: &str, signature: &str| back_body(status, &format!(r#","signature":{signature}"#));
    let quoted = format!("\"{signature}\"");
    let delivery = verifier.verify(signed(r#""completed""#, &quoted).as_bytes()).unwrap();
    for (label, body, kind) in [
        ("no signature", body.clone(), Kind::Unsigned),
        ("null signature", signed(r#""completed""#, "null"), Kind::Malformed),
        ("short", signed(r#""completed""#, &format!("\"{}\"", &signature[..62])), Kind::Malformed),
        ("not hex", signed(r#""completed""#, &format!("\"{}\"", "é".repeat(32))), Kind::Malformed),
        ("two signatures", signed(r#""completed""#, &format!(r#"{quoted},"signature":{quoted}"#)), Kind::Malformed),
        ("altered status", signed(r#""refunded""#, &quoted), Kind::NoMatch),
        ("zeros", signed(r#""completed""#, &format!("\"{}\"", "0".repeat(64))), Kind::NoMatch),
        ("too large", " ".repeat(pledg::MAX_BODY_BYTES + 1), Kind::BodyTooLarge),
    ] {
        let error = verifier.verify(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{label}");
    }
    let foreign = BackVerifier::new([notification_secret(1)]).unwrap();
    refused(foreign.verify(signed(r#""completed""#, &quoted).as_bytes()), Kind::NoMatch);
    // Unsigned members may change, the replay id stays; the status makes it another event.
    let other = back_body(r#""completed""#, &format!(r#","metadata":{{"a":1}},"signature":{quoted}"#));
    assert_eq!(verifier.verify(other.as_bytes()).unwrap().replay_id(), delivery.replay_id());
    let refunded = back_body(r#""refunded""#, "");
    let signature = BackSigner::new(&secret).sign(refunded.as_bytes()).unwrap();
    let refunded = verifier.verify(signed(r#""refunded""#, &format!("\"{signature}\"")).as_bytes()).unwrap();
    assert_ne!(refunded.replay_id(), delivery.replay_id());
}

#[test]
fn every_status_reads_back() {
    for status in [
        "authorized",
        "blocked",
        "chargeback-initiated",
        "completed",
        "failed",
        "fraud-notification",
        "in-review",
        "pending",
        "pending-capture",
        "refunded",
        "retrieval-request",
        "reversed",
        "solved",
        "voided",
        "waiting",
    ] {
        let body = back_body(&format!("\"{status}\""), "");
        let unsigned = UnsignedNotification::back(body.as_bytes()).unwrap();
        assert_eq!(unsigned.fields().status().to_string(), status);
    }
}
