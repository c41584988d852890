//! What the types can and cannot do, decided by the compiler.

use std::{fmt::Display, ops::Deref};

use tollgate_challenge_signature::{
    Answered, Caller, CallerError, Challenge, ChallengeKey, ChallengeKeyError, ChallengeKeys, FirstUseOutcome,
    IssuedChallenge, KeyError, KeySetError, Nonce, ParseError, PublicKey, PublicKeys, RedeemError, Redeemed,
    VerifyError,
    merchant::{GenerateError, SignError, Signer},
};

use crate::support::{Full, MemoryStore, T0, at, caller, server, vector_key, vector_pair};

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn public_types_cross_threads() {
    is_send_and_sync::<Answered>();
    is_send_and_sync::<Caller<'_>>();
    is_send_and_sync::<Challenge<'_>>();
    is_send_and_sync::<ChallengeKey>();
    is_send_and_sync::<ChallengeKeys>();
    is_send_and_sync::<FirstUseOutcome>();
    is_send_and_sync::<IssuedChallenge>();
    is_send_and_sync::<Nonce>();
    is_send_and_sync::<PublicKey>();
    is_send_and_sync::<PublicKeys>();
    is_send_and_sync::<Redeemed>();
    is_send_and_sync::<Signer>();
    is_send_and_sync::<CallerError>();
    is_send_and_sync::<ChallengeKeyError>();
    is_send_and_sync::<KeyError>();
    is_send_and_sync::<KeySetError>();
    is_send_and_sync::<ParseError>();
    is_send_and_sync::<RedeemError<Full>>();
    is_send_and_sync::<VerifyError>();
    is_send_and_sync::<GenerateError<Full>>();
    is_send_and_sync::<SignError>();
}

#[test]
fn a_redemption_crosses_threads() {
    fn is_send<T: Send>(_: &T) {}
    let (challenge, signature) = vector_pair();
    let store = MemoryStore::new(at(T0), 1);
    let answered = server().check(challenge, signature, &caller(), &vector_key().into(), at(T0)).unwrap();
    is_send(&answered.redeem(&store));
}

/// Does not compile when the type has the trait: then two impls fit and the item is ambiguous.
macro_rules! is_not {
    ($type:ty: $($bound:path),+) => {$({
        trait AmbiguousIf<A> {
            fn item() {}
        }
        struct Has;
        impl<T: ?Sized> AmbiguousIf<()> for T {}
        impl<T: ?Sized + $bound> AmbiguousIf<Has> for T {}
        <$type as AmbiguousIf<_>>::item();
    })+};
}

#[test]
fn secrets_and_proofs_are_not_copied_compared_or_printed() {
    is_not!(ChallengeKey: Clone, PartialEq, Deref, Display, Default);
    is_not!(ChallengeKeys: Clone, PartialEq, Deref, Display, Default);
    is_not!(Signer: Clone, PartialEq, Deref, Display, Default);
    is_not!(Answered: Clone, Default);
    is_not!(Redeemed: Clone, Default);
}
