//! Redeeming: once, never without the store, never by a wrong signature.

use std::{
    error::Error as _,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use time::Duration;
use tollgate_challenge_signature::{Answered, RedeemErrorKind, VerifyErrorKind};

use crate::support::{
    Full, MemoryStore, SIGNER, T0, at, block_on, caller, filled, rng, server, signer_keys, vector, vector_key,
    vector_pair,
};

fn answered() -> Answered {
    let (challenge, signature) = vector_pair();
    server().check(challenge, signature, &caller(), &vector_key().into(), at(T0)).unwrap()
}

#[test]
fn redeems_a_first_use() {
    let store = MemoryStore::new(at(T0), 1);
    let nonce = answered().nonce();
    assert_eq!(block_on(answered().redeem(&store)).unwrap().nonce(), nonce);
}

#[test]
fn refuses_a_second_use() {
    let store = MemoryStore::new(at(T0), 8);
    let _ = block_on(answered().redeem(&store)).unwrap();
    let refused = block_on(answered().redeem(&store)).unwrap_err();
    assert_eq!(refused.kind(), RedeemErrorKind::AlreadyUsed);
    assert!(refused.source().is_none());
    assert_eq!(refused.into_store_error(), None);
}

#[test]
fn passes_one_of_a_thousand_parallel_uses() {
    const USES: usize = 1000;
    let (challenge, signature) = vector_pair();
    let (server, keys) = (server(), vector_key().into());
    let store = MemoryStore::new(at(T0), USES);
    let barrier = Barrier::new(USES);
    let (passed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..USES {
            scope.spawn(|| {
                barrier.wait();
                let answered = server.check(challenge, signature, &caller(), &keys, at(T0)).unwrap();
                match block_on(answered.redeem(&store)) {
                    Ok(_) => passed.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        assert_eq!(error.kind(), RedeemErrorKind::AlreadyUsed);
                        refused.fetch_add(1, Ordering::Relaxed)
                    }
                };
            });
        }
    });
    assert_eq!((passed.into_inner(), refused.into_inner()), (1, USES - 1));
}

#[test]
fn a_wrong_signature_does_not_take_the_use() {
    let store = MemoryStore::new(at(T0), 8);
    let (challenge, _) = vector_pair();
    let keys = vector_key().into();
    for case in vector("cardpluspay/rsa-signature-refuse")["inputs"]["cases"].as_array().unwrap() {
        let signature = case["signature"].as_str().unwrap();
        assert!(server().check(challenge, signature, &caller(), &keys, at(T0)).is_err());
    }
    assert_eq!(store.len(), 0);
    assert!(block_on(answered().redeem(&store)).is_ok());
}

#[test]
fn a_full_store_refuses_and_forgets_nothing() {
    let store = MemoryStore::new(at(T0), 1);
    let _ = block_on(answered().redeem(&store)).unwrap();

    let (server, keys) = (server(), signer_keys());
    for nonce in 0..=u8::MAX {
        let challenge = server.issue(&caller(), at(T0), filled(nonce)).unwrap();
        let signature = SIGNER.sign(challenge.as_str(), &rng()).unwrap();
        let other = server.check(challenge.as_str(), &signature, &caller(), &keys, at(T0)).unwrap();
        let refused = block_on(other.redeem(&store)).unwrap_err();
        assert_eq!(refused.kind(), RedeemErrorKind::StoreUnavailable);
        assert!(refused.source().is_some_and(<dyn std::error::Error>::is::<Full>));
        assert_eq!(refused.into_store_error(), Some(Full));
    }

    assert_eq!(store.len(), 1);
    assert_eq!(block_on(answered().redeem(&store)).unwrap_err().kind(), RedeemErrorKind::AlreadyUsed);
}

#[test]
fn an_answer_that_reaches_the_store_after_expiry_is_refused() {
    let store = MemoryStore::new(at(T0), 8);
    let (early, late) = (answered(), answered());
    let _ = block_on(early.redeem(&store)).unwrap();
    // By now the record of the first use may be gone.
    store.advance(Duration::seconds(300));
    assert_eq!(block_on(late.redeem(&store)).unwrap_err().kind(), RedeemErrorKind::AlreadyUsed);
}

#[test]
fn memory_of_used_nonces_ends_with_their_life() {
    let store = MemoryStore::new(at(T0), 4);
    let (server, keys) = (server(), signer_keys());
    for round in 0..40_u8 {
        let now = at(T0 + 300 * i64::from(round));
        let challenge = server.issue(&caller(), now, filled(round)).unwrap();
        let signature = SIGNER.sign(challenge.as_str(), &rng()).unwrap();
        let answered = server.check(challenge.as_str(), &signature, &caller(), &keys, now).unwrap();
        assert!(block_on(answered.redeem(&store)).is_ok(), "round {round}");
        assert_eq!(store.len(), 1);
        store.advance(Duration::seconds(300));
        let replayed = server.check(challenge.as_str(), &signature, &caller(), &keys, now + Duration::seconds(300));
        assert_eq!(replayed.unwrap_err().kind(), VerifyErrorKind::Expired);
    }
}
