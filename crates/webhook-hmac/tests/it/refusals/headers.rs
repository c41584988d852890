//! Signature headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tollgate_webhook_hmac::HeaderErrorKind as Kind;
use tollgate_webhook_hmac::standard::{self, MessageId};
use tollgate_webhook_hmac::timestamped::SignatureHeader;

#[test]
fn signature_headers() {
    let v1 = format!("v1={}", "0".repeat(128));
    for (label, header, kind) in [
        ("empty", String::new(), Kind::Member),
        ("no name", format!("t=1,{v1},=x"), Kind::Member),
        ("blank in a value", format!("t=1,{v1},x=a b"), Kind::Member),
        ("no equals sign", format!("t=1,{v1},x"), Kind::Member),
        ("no signature", "t=1".to_owned(), Kind::NoSignature),
        ("no time stamp", v1.clone(), Kind::NoTimestamp),
        ("two time stamps", format!("t=1,t=1,{v1}"), Kind::RepeatedTimestamp),
        ("odd digits", "t=1,v1=0".to_owned(), Kind::Signature),
        ("not hex", format!("t=1,v1={}", "g".repeat(128)), Kind::Signature),
        ("two hashes", format!("t=1,{v1},v1={}", "0".repeat(64)), Kind::Signature),
        ("letters", format!("t=1a,{v1}"), Kind::Timestamp),
        ("13 digits", format!("t=1234567890123,{v1}"), Kind::Timestamp),
        ("2049 bytes", format!("t=1,{v1},x={}", "a".repeat(1911)), Kind::TooLong),
        ("nine signatures", format!("t=1,{}", [v1.as_str(); 9].join(",")), Kind::TooManySignatures),
    ] {
        assert_eq!(SignatureHeader::parse(&header).unwrap_err().kind(), kind, "{label}");
    }
    for (label, header) in [
        ("2048 bytes", format!("t=1,{v1},x={}", "a".repeat(1910))),
        ("eight signatures", format!("t=1,{}", [v1.as_str(); 8].join(","))),
        ("12 digits", format!("t=999999999999,{v1}")),
        ("zero", format!("t=0,{v1}")),
        ("time stamp last, others between", format!("{v1},v0=,a-b_C=x=y,t=1")),
    ] {
        let parsed = SignatureHeader::parse(&header).expect(label);
        assert_eq!(parsed.as_str(), header, "{label}");
    }
}

#[test]
fn standard_headers() {
    let v1 = format!("v1,{}", STANDARD.encode([0; 32]));
    let long = format!("{v1} v2,{}", "a".repeat(2048 - v1.len() - 4));
    for (label, id, timestamp, signature, kind) in [
        ("empty id", "", "1", v1.as_str(), Kind::MessageId),
        ("full stop in the id", "msg.1", "1", &v1, Kind::MessageId),
        ("blank in the id", "msg 1", "1", &v1, Kind::MessageId),
        ("long id", &"a".repeat(129), "1", &v1, Kind::MessageId),
        ("empty time stamp", "id", "", &v1, Kind::Timestamp),
        ("leading zero", "id", "01", &v1, Kind::Timestamp),
        ("no signature", "id", "1", "", Kind::NoSignature),
        ("no comma", "id", "1", "v1", Kind::Member),
        ("no scheme", "id", "1", ",AAAA", Kind::Member),
        ("no value", "id", "1", "v2,", Kind::Member),
        ("short tag", "id", "1", "v1,AAAA", Kind::Signature),
        ("tag of v1 as v1a", "id", "1", &v1.replace("v1", "v1a"), Kind::Signature),
        ("2049 bytes", "id", "1", &format!("{long}a"), Kind::TooLong),
        ("nine", "id", "1", &[v1.as_str(); 9].join(" "), Kind::TooManySignatures),
    ] {
        assert_eq!(standard::Headers::parse(id, timestamp, signature).unwrap_err().kind(), kind, "{label}");
    }
    let headers = standard::Headers::parse("id", "1", &long).unwrap();
    assert_eq!((headers.id().as_str(), headers.timestamp_str(), headers.signature_str()), ("id", "1", long.as_str()));
    MessageId::parse(&"a".repeat(128)).unwrap();
}
