//! Deliveries under the two schemes that are not legacy.

use tollgate_webhook_hmac::standard::{self, MessageId};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer, Verifier};
use tollgate_webhook_hmac::{MAX_BODY_BYTES, Tolerance, VerifyErrorKind as Kind};

use super::refused;
use crate::support::{T0, at, secret, signing_key};

#[test]
fn deliveries_with_a_signature_header() {
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(b"{}", at(T0));
    let header = SignatureHeader::parse(&header).unwrap();
    let verifier = Verifier::new(Hash::Sha512, [secret(0)], Tolerance::default()).unwrap();
    refused(verifier.verify(&header, &vec![0; MAX_BODY_BYTES + 1], at(T0)), Kind::BodyTooLarge);
    refused(verifier.verify(&header, &vec![0; MAX_BODY_BYTES], at(T0)), Kind::NoMatch);
    refused(verifier.verify(&header, b"{}", at(T0 - 31)), Kind::Early);
    refused(verifier.verify(&header, b"{}", at(T0 + 301)), Kind::Stale);
    let other = Verifier::new(Hash::Sha256, [secret(0)], Tolerance::default()).unwrap();
    refused(other.verify(&header, b"{}", at(T0)), Kind::WrongScheme);
    let foreign = Verifier::new(Hash::Sha512, (1..5).map(secret), Tolerance::default()).unwrap();
    refused(foreign.verify(&header, b"{}", at(T0)), Kind::NoMatch);
}

#[test]
fn times_at_the_ends_of_the_calendar() {
    let signer = Signer::new(Hash::Sha512, [secret(0)]).unwrap();
    let verifier = Verifier::new(Hash::Sha512, [secret(0)], Tolerance::default()).unwrap();
    for now in [time::OffsetDateTime::UNIX_EPOCH, time::PrimitiveDateTime::MAX.assume_utc()] {
        let header = signer.sign(b"", now);
        assert!(verifier.verify(&SignatureHeader::parse(&header).unwrap(), b"", now).is_ok());
    }
    let before = time::PrimitiveDateTime::MIN.assume_utc();
    let header = signer.sign(b"", before);
    assert!(header.starts_with("t=0,"));
    refused(verifier.verify(&SignatureHeader::parse(&header).unwrap(), b"", before), Kind::Early);
    let latest = format!("t=999999999999,v1={}", "0".repeat(128));
    refused(verifier.verify(&SignatureHeader::parse(&latest).unwrap(), b"", before), Kind::Early);
}

#[test]
fn deliveries_with_standard_headers() {
    let signer = standard::Signer::new([secret(0)]).unwrap();
    let sent = signer.sign(MessageId::parse("id").unwrap(), b"{}", at(T0));
    let headers = standard::Headers::parse(sent.id(), sent.timestamp(), sent.signature()).unwrap();
    let verifier = standard::Verifier::new([secret(0)], Tolerance::default()).unwrap();
    refused(verifier.verify(&headers, &vec![0; MAX_BODY_BYTES + 1], at(T0)), Kind::BodyTooLarge);
    refused(verifier.verify(&headers, b"{}", at(T0 - 31)), Kind::Early);
    refused(verifier.verify(&headers, b"{}", at(T0 + 301)), Kind::Stale);
    refused(verifier.verify(&headers, b"[]", at(T0)), Kind::NoMatch);
    let asymmetric = standard::Verifier::asymmetric([signing_key(0).verifying_key()], Tolerance::default()).unwrap();
    refused(asymmetric.verify(&headers, b"{}", at(T0)), Kind::WrongScheme);
    let sent = standard::Signer::asymmetric([signing_key(1)]).unwrap().sign(headers.id(), b"{}", at(T0));
    let headers = standard::Headers::parse(sent.id(), sent.timestamp(), sent.signature()).unwrap();
    refused(asymmetric.verify(&headers, b"{}", at(T0)), Kind::NoMatch);
}
