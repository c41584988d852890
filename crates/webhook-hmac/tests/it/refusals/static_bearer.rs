//! Static bearer values.

use tollgate_webhook_hmac::VerifyErrorKind as Kind;
use tollgate_webhook_hmac::legacy::static_bearer::{StaticSecret, StaticVerifier};

#[test]
fn static_bearers() {
    let secret = StaticSecret::parse("0123456789abcdef0123456789abcdef").unwrap();
    let other = StaticSecret::parse("0123456789abcdef0123456789abcdeg").unwrap();
    let verifier = StaticVerifier::new([&secret, &other]).unwrap();
    for authorization in [secret.expose_authorization(), other.expose_authorization()] {
        let _ = verifier.verify(authorization).unwrap();
        let _ = verifier.verify(&authorization.replace("Bearer", "bEARER")).unwrap();
    }
    for (label, authorization, kind) in [
        ("empty", String::new(), Kind::Malformed),
        ("secret alone", secret.expose_secret().to_owned(), Kind::Malformed),
        ("other scheme", format!("Basic  {}", secret.expose_secret()), Kind::Malformed),
        ("two blanks", format!("Bearer  {}", secret.expose_secret()), Kind::Malformed),
        ("tab", format!("Bearer\t{}", secret.expose_secret()), Kind::Malformed),
        ("trailing blank", format!("Bearer {} ", secret.expose_secret()), Kind::Malformed),
        ("not ascii", format!("Bearer {}é", secret.expose_secret()), Kind::Malformed),
        ("character border in the scheme", "Beareré".to_owned(), Kind::Malformed),
        ("too long", format!("Bearer {}", "a".repeat(257)), Kind::Malformed),
        ("truncated", format!("Bearer {}", &secret.expose_secret()[..31]), Kind::Malformed),
        ("longer", format!("Bearer {}0", secret.expose_secret()), Kind::NoMatch),
        ("one character", format!("Bearer {}", secret.expose_secret().replace('a', "b")), Kind::NoMatch),
        ("case", secret.expose_authorization().to_uppercase(), Kind::NoMatch),
    ] {
        assert_eq!(verifier.verify(&authorization).unwrap_err().kind(), kind, "{label}");
    }
}
