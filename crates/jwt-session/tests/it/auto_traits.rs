//! What can cross threads, and what secrets must not do.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use tollgate_jwt_session::request::{RequestKey, RequestKeys, VerifiedRequest};
use tollgate_jwt_session::{
    Algorithm, IssueError, IssuedToken, Jwks, KeyError, KeyRing, Kid, PairedSession, Profile, ProfileError,
    SessionDigest, SessionId, SigningKey, TokenType, TokenVerifier, VerifiedToken, VerifyError, VerifyingKey,
};

use crate::support::{SECRET, at, count_up, hs_ring};

fn crosses_threads<T: Send + Sync + 'static>() {}

#[test]
fn every_public_type_crosses_threads() {
    crosses_threads::<Algorithm>();
    crosses_threads::<IssueError<std::io::Error>>();
    crosses_threads::<IssuedToken>();
    crosses_threads::<Jwks>();
    crosses_threads::<KeyError>();
    crosses_threads::<KeyRing>();
    crosses_threads::<Kid>();
    crosses_threads::<PairedSession<String>>();
    crosses_threads::<Profile>();
    crosses_threads::<ProfileError>();
    crosses_threads::<RequestKey>();
    crosses_threads::<RequestKeys>();
    crosses_threads::<SessionDigest>();
    crosses_threads::<SessionId>();
    crosses_threads::<SigningKey>();
    crosses_threads::<TokenType>();
    crosses_threads::<TokenVerifier>();
    crosses_threads::<VerifiedRequest<String>>();
    crosses_threads::<VerifiedToken<String>>();
    crosses_threads::<VerifyError>();
    crosses_threads::<VerifyingKey>();
}

/// Asserts that a type lacks a trait: the inherent constant wins over the trait's where its bound holds, which it does
/// for the `String` beside it.
macro_rules! lacks {
    ($type:ty, $($bound:tt)+) => {{
        struct Probe<T>(PhantomData<T>);
        trait Lacks {
            const HAS: bool = false;
        }
        impl<T> Lacks for Probe<T> {}
        impl<T: $($bound)+> Probe<T> {
            const HAS: bool = true;
        }
        let answers = [<Probe<String> as Lacks>::HAS, <Probe<String>>::HAS, <Probe<$type>>::HAS];
        assert_eq!(answers, [false, true, false], "{} has {}", stringify!($type), stringify!($($bound)+));
    }};
}

macro_rules! keeps_to_itself {
    ($type:ty) => {
        lacks!($type, Clone);
        lacks!($type, PartialEq);
        lacks!($type, Display);
        lacks!($type, serde::Serialize);
        lacks!($type, std::ops::Deref);
    };
}

#[test]
fn secrets_are_not_copied_compared_or_printed() {
    keeps_to_itself!(IssuedToken);
    keeps_to_itself!(KeyRing);
    keeps_to_itself!(RequestKey);
    keeps_to_itself!(RequestKeys);
    keeps_to_itself!(SessionId);
    keeps_to_itself!(SigningKey);
    keeps_to_itself!(TokenVerifier);
    keeps_to_itself!(VerifyingKey);
}

#[test]
fn proofs_are_not_copied() {
    lacks!(VerifiedToken<u8>, Clone);
    lacks!(PairedSession<u8>, Clone);
    lacks!(VerifiedRequest<u8>, Clone);
}

#[test]
fn debug_texts_hold_no_secret() {
    let ring = hs_ring();
    let (token, session) = ring.issue_session(&serde_json::json!({}), at(0), count_up()).unwrap();
    let key = SigningKey::hs256("named-key", &SECRET).unwrap();
    let request_key = RequestKey::new(&SECRET).unwrap();
    let texts: [(&dyn Debug, &str); 8] = [
        (&token, "IssuedToken(***)"),
        (&session, "SessionId(***)"),
        (&session.digest(), "SessionDigest(***)"),
        (&ring, "KeyRing(***)"),
        (ring.verifier(), "TokenVerifier(***)"),
        (&key.verifying_key(), "VerifyingKey(***)"),
        (&key, "SigningKey(***)"),
        (&request_key, "RequestKey(***)"),
    ];
    for (value, text) in texts {
        assert_eq!(format!("{value:?}"), text);
    }
    assert_eq!(format!("{:?}", RequestKeys::new([request_key]).unwrap()), "RequestKeys(***)");
}
