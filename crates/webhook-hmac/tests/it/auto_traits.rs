//! What the compiler promises about the public types.

use tollgate_webhook_hmac::legacy::{eighty_eight_pay, pledg, static_bearer};
use tollgate_webhook_hmac::{
    BodyError, ConfigError, HeaderError, ReplayId, SecretError, Tolerance, VerifyError, WebhookSecret, standard,
    timestamped,
};

/// Fails to compile when the type has the trait: the call is then ambiguous.
macro_rules! lacks {
    ($($type:ty: $($bound:path),+;)+) => {
        $($(
            const _: fn() = || {
                trait Ambiguous<A> {
                    fn call() {}
                }
                impl<T: ?Sized> Ambiguous<()> for T {}
                struct HasTrait;
                impl<T: ?Sized + $bound> Ambiguous<HasTrait> for T {}
                let _ = <$type as Ambiguous<_>>::call;
            };
        )+)+
    };
}

lacks! {
    WebhookSecret: Clone, PartialEq, std::fmt::Display, std::ops::Deref;
    standard::SigningKey: Clone, PartialEq, std::fmt::Display, std::ops::Deref;
    pledg::NotificationSecret: Clone, PartialEq, std::fmt::Display, std::ops::Deref;
    static_bearer::StaticSecret: Clone, PartialEq, std::fmt::Display, std::ops::Deref;
    eighty_eight_pay::TokenKey: Clone, PartialEq, std::fmt::Display, std::ops::Deref;
}

#[test]
fn every_public_type_crosses_threads() {
    fn crosses<T: Send + Sync>() {}

    crosses::<BodyError>();
    crosses::<ConfigError>();
    crosses::<HeaderError>();
    crosses::<SecretError>();
    crosses::<VerifyError>();
    crosses::<ReplayId>();
    crosses::<Tolerance>();
    crosses::<WebhookSecret>();
    crosses::<timestamped::Hash>();
    crosses::<timestamped::SignatureHeader<'_>>();
    crosses::<timestamped::Signer>();
    crosses::<timestamped::Verifier>();
    crosses::<timestamped::Verified<'_>>();
    crosses::<standard::Headers<'_>>();
    crosses::<standard::MessageId<'_>>();
    crosses::<standard::SignedHeaders>();
    crosses::<standard::Signer>();
    crosses::<standard::SigningKey>();
    crosses::<standard::Verified<'_>>();
    crosses::<standard::Verifier>();
    crosses::<standard::VerifyingKey>();
    crosses::<pledg::BackFields>();
    crosses::<pledg::BackSigner>();
    crosses::<pledg::BackVerifier>();
    crosses::<pledg::NotificationSecret>();
    crosses::<pledg::Status>();
    crosses::<pledg::TransferFields>();
    crosses::<pledg::TransferSigner>();
    crosses::<pledg::TransferVerifier>();
    crosses::<pledg::UnsignedNotification<pledg::BackFields>>();
    crosses::<pledg::VerifiedNotification<pledg::BackFields>>();
    crosses::<static_bearer::KnowsSecret>();
    crosses::<static_bearer::StaticSecret>();
    crosses::<static_bearer::StaticVerifier>();
    crosses::<eighty_eight_pay::Notification<'_>>();
    crosses::<eighty_eight_pay::Signer>();
    crosses::<eighty_eight_pay::TokenKey>();
    crosses::<eighty_eight_pay::Verified<'_>>();
    crosses::<eighty_eight_pay::Verifier>();
}

#[test]
fn nothing_that_holds_a_secret_prints_it() {
    let secret = crate::support::secret(1);
    let signing_key = crate::support::signing_key(2);
    let notification_secret = crate::support::notification_secret(3);
    let static_secret = static_bearer::StaticSecret::parse("static-secret-static-secret-0001").unwrap();
    let token_key = eighty_eight_pay::TokenKey::new("kid", &secret).unwrap();
    let tolerance = Tolerance::default();

    let texts = [
        format!("{secret:?} {signing_key:?} {notification_secret:?} {static_secret:?} {token_key:?}"),
        format!("{:?}", timestamped::Signer::new(timestamped::Hash::Sha256, [&secret]).unwrap()),
        format!("{:?}", timestamped::Verifier::new(timestamped::Hash::Sha256, [&secret], tolerance).unwrap()),
        format!("{:?}", standard::Signer::new([&secret]).unwrap()),
        format!("{:?}", standard::Verifier::new([&secret], tolerance).unwrap()),
        format!("{:?}", pledg::BackSigner::new(&notification_secret)),
        format!("{:?}", pledg::BackVerifier::new([&notification_secret]).unwrap()),
        format!("{:?}", pledg::TransferSigner::new(&notification_secret)),
        format!("{:?}", pledg::TransferVerifier::new([&notification_secret]).unwrap()),
        format!("{:?}", static_bearer::StaticVerifier::new([&static_secret]).unwrap()),
        format!("{:?}", eighty_eight_pay::Verifier::new([token_key], tolerance).unwrap()),
    ];
    let marks = [
        &secret.expose_secret()[6..20],
        &signing_key.expose_secret()[5..20],
        &notification_secret.expose_secret()[..14],
        "static-secret",
    ];
    for text in texts {
        for mark in marks {
            assert!(!text.contains(mark), "{text}");
        }
    }
}
