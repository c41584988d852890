//! Fixed keys, a fixed clock and a small first-use store.

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    pin::pin,
    sync::{LazyLock, Mutex},
    task::{Context, Poll, Waker},
};

use ring::rand::SystemRandom;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tollgate_challenge_signature::{
    Caller, ChallengeKey, ChallengeKeys, FirstUse, FirstUseOutcome, Nonce, PublicKey, PublicKeys,
    merchant::{Signer, generate_pkcs8_pem},
};

/// The shared vectors of this dialect.
pub(crate) static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/cardpluspay.json"))).unwrap()
});

#[track_caller]
pub(crate) fn vector(name: &str) -> &'static Value {
    VECTORS["vectors"].as_array().unwrap().iter().find(|vector| vector["name"] == name).expect(name)
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[track_caller]
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = text(value);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) const T0: i64 = 1_767_225_600;

pub(crate) fn at(unix_seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap()
}

/// The genuine pair of the vectors: issued to [`caller`], live until T0 + 300, signed by [`vector_key`].
pub(crate) fn vector_pair() -> (&'static str, &'static str) {
    (
        text(&vector("cardpluspay/challenge")["expected"]["challenge"]),
        text(&vector("cardpluspay/rsa-signature")["expected"]["signature_base64"]),
    )
}

pub(crate) fn vector_key() -> PublicKey {
    PublicKey::from_pem(text(&vector("cardpluspay/rsa-signature")["inputs"]["public_key_spki_pem"])).unwrap()
}

/// The challenge keys of the vectors: version 1 only.
pub(crate) fn server() -> ChallengeKeys {
    ChallengeKeys::new(challenge_key(1))
}

/// The vectors' challenge key for version 1, other bytes for other versions.
pub(crate) fn challenge_key(version: u8) -> ChallengeKey {
    let mut bytes = hex(&vector("cardpluspay/challenge")["inputs"]["mac_key_v1_hex"]);
    bytes[0] ^= version ^ 1;
    ChallengeKey::new(version, &bytes).unwrap()
}

pub(crate) fn caller() -> Caller<'static> {
    Caller::new("MCH-USA-4KD9PX", "Kd93LmQ0xVb7").unwrap()
}

/// Fills with this byte.
pub(crate) fn filled(byte: u8) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    move |bytes| {
        bytes.fill(byte);
        Ok(())
    }
}

/// A merchant's key pair of 2048 bits, the same in every run.
pub(crate) static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let (pem, public_key) = generate_pkcs8_pem(2048, filled(7)).unwrap();
    let signer = Signer::from_pkcs8_pem(&pem).unwrap();
    assert_eq!(signer.public_key(), &public_key);
    signer
});

pub(crate) fn signer_keys() -> PublicKeys {
    SIGNER.public_key().clone().into()
}

#[expect(clippy::disallowed_methods, reason = "ring accepts its own random source only")]
pub(crate) fn rng() -> SystemRandom {
    SystemRandom::new()
}

/// Replaces the character at `index` by another ASCII character, chosen by `other`.
pub(crate) fn with_char_changed(text: &str, index: usize, other: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let index = index % bytes.len();
    let other = other % 128;
    bytes[index] = if bytes[index] == other { (other + 1) % 128 } else { other };
    String::from_utf8(bytes).unwrap()
}

/// Polls until ready; the futures here never wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// A bounded in-memory store with a clock of its own.
pub(crate) struct MemoryStore {
    now: Mutex<OffsetDateTime>,
    used: Mutex<HashMap<Nonce, OffsetDateTime>>,
    capacity: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("store is full")
    }
}

impl Error for Full {}

impl MemoryStore {
    pub(crate) fn new(now: OffsetDateTime, capacity: usize) -> Self {
        Self { now: Mutex::new(now), used: Mutex::default(), capacity }
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }

    pub(crate) fn len(&self) -> usize {
        self.used.lock().unwrap().len()
    }

    fn take(&self, nonce: Nonce, until: OffsetDateTime) -> Result<FirstUseOutcome, Full> {
        let now = *self.now.lock().unwrap();
        if now >= until {
            return Ok(FirstUseOutcome::Seen);
        }
        let mut used = self.used.lock().unwrap();
        used.retain(|_, until| now < *until);
        if used.contains_key(&nonce) {
            return Ok(FirstUseOutcome::Seen);
        }
        if used.len() == self.capacity {
            return Err(Full);
        }
        used.insert(nonce, until);
        Ok(FirstUseOutcome::First)
    }
}

impl FirstUse for MemoryStore {
    type Error = Full;

    async fn first_use(&self, nonce: &Nonce, until: OffsetDateTime) -> Result<FirstUseOutcome, Full> {
        self.take(*nonce, until)
    }
}
