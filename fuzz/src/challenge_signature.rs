//! Fuzz bodies for `tollgate-challenge-signature`.

use std::{convert::Infallible, hint::black_box, sync::LazyLock};

use serde_json::Value;
use time::OffsetDateTime;
use tollgate_challenge_signature::{
    Caller, Challenge, ChallengeKey, ChallengeKeys, KEY_ID_LEN, LIFETIME, MAX_MODULUS_BITS, MAX_TEXT_LEN,
    MIN_MODULUS_BITS, PREFIX, PublicKey, PublicKeys, merchant::Signer,
};

/// A genuine pair of the shared vectors, and all that is needed to check it.
struct Known {
    challenge: &'static str,
    signature: &'static str,
    pem: &'static str,
    key: PublicKey,
    keys: PublicKeys,
    server: ChallengeKeys,
    caller: Caller<'static>,
    now: OffsetDateTime,
}

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../vectors/cardpluspay.json")).expect("the vectors are JSON")
});

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let text = |pointer: &str| VECTORS.pointer(pointer).and_then(Value::as_str).expect("the vectors have this text");
    let secret: Vec<u8> = (0x80..0xa0).collect();
    let pem = text("/vectors/1/inputs/public_key_spki_pem");
    let key = PublicKey::from_pem(pem).expect("a good key");
    let known = Known {
        challenge: text("/vectors/0/expected/challenge"),
        signature: text("/vectors/1/expected/signature_base64"),
        pem,
        keys: key.clone().into(),
        key,
        server: ChallengeKeys::new(ChallengeKey::new(1, &secret).expect("32 bytes")),
        caller: Caller::new("MCH-USA-4KD9PX", "Kd93LmQ0xVb7").expect("a good caller"),
        now: OffsetDateTime::from_unix_timestamp(1_767_225_600).expect("a time in range"),
    };
    assert!(known.passes(known.challenge, known.signature));
    known
});

impl Known {
    fn passes(&self, challenge: &str, signature: &str) -> bool {
        self.server.check(challenge, signature, &self.caller, &self.keys, self.now).is_ok()
    }
}

/// Challenge texts and signatures: what parses prints back, and nothing but the known pair authenticates.
pub fn challenge_text(data: &[u8]) {
    issued_reads_back(data);
    let Ok(text) = str::from_utf8(data) else { return };
    challenge_prints_back(text);
    assert_eq!(KNOWN.passes(text, KNOWN.signature), text == KNOWN.challenge);
    assert_eq!(KNOWN.passes(KNOWN.challenge, text), text == KNOWN.signature);
}

/// Public keys as PEM and DER: what is taken is within its bounds and prints back.
pub fn public_key_pem(data: &[u8]) {
    key_der_prints_back(data);
    let Ok(text) = str::from_utf8(data) else { return };
    key_pem_prints_back(text);
    let _ = black_box(Signer::from_pkcs8_pem(text));
}

/// What any parser takes prints back to the same bytes.
pub fn prints_back(data: &[u8]) {
    key_der_prints_back(data);
    let Ok(text) = str::from_utf8(data) else { return };
    challenge_prints_back(text);
    key_pem_prints_back(text);
}

/// One byte of a genuine challenge, signature or key is changed: it must not authenticate, nor be the same key.
pub fn one_byte_changed(data: &[u8]) {
    let &[what, high, low, other, ..] = data else { return };
    let at = usize::from(u16::from_be_bytes([high, low]));
    match what % 4 {
        0 => assert!(!KNOWN.passes(&with_char_changed(KNOWN.challenge, at, other), KNOWN.signature)),
        1 => assert!(!KNOWN.passes(KNOWN.challenge, &with_char_changed(KNOWN.signature, at, other))),
        2 => {
            let changed = PublicKey::from_pem(&with_char_changed(KNOWN.pem, at, other));
            refused_or_another_key(changed.ok());
        }
        _ => {
            let mut der = KNOWN.key.spki_der().to_vec();
            let at = at % der.len();
            der[at] = if der[at] == other { !other } else { other };
            let changed = PublicKey::from_spki_der(&der).ok();
            assert!(changed.as_ref().is_none_or(|key| key.spki_der() == der));
            refused_or_another_key(changed);
        }
    }
}

fn challenge_prints_back(text: &str) {
    let Ok(challenge) = Challenge::parse(text) else { return };
    assert_eq!(challenge.to_string(), text);
    assert_eq!(challenge.as_str(), text);
    assert!(text.len() <= MAX_TEXT_LEN && text.starts_with(PREFIX));
    assert!(Caller::new(challenge.account(), challenge.key_id()).is_ok());
}

/// Reads the data as nonce, time, key id and account: what is issued for them reads back as the same.
fn issued_reads_back(data: &[u8]) {
    let Some((nonce, rest)) = data.split_first_chunk::<16>() else {
        return;
    };
    let Some((seconds, rest)) = rest.split_first_chunk::<8>() else {
        return;
    };
    let Some((key_id, account)) = rest.split_first_chunk::<KEY_ID_LEN>() else {
        return;
    };
    let (Ok(key_id), Ok(account)) = (str::from_utf8(key_id), str::from_utf8(account)) else {
        return;
    };
    let Ok(caller) = Caller::new(account, key_id) else {
        return;
    };
    // Seconds within the years 1970 to 9999.
    let seconds = i64::from_be_bytes(*seconds).rem_euclid(253_402_300_000);
    let now = OffsetDateTime::from_unix_timestamp(seconds).expect("a time in range");

    let Ok(issued) = KNOWN.server.issue(&caller, now, |bytes| {
        bytes.copy_from_slice(nonce);
        Ok::<_, Infallible>(())
    });
    let challenge = Challenge::parse(issued.as_str()).expect("an issued challenge is well-formed");
    assert_eq!((challenge.account(), challenge.key_id()), (account, key_id));
    assert_eq!(challenge.nonce().as_bytes(), nonce);
    assert_eq!((challenge.expires_at(), issued.expires_at()), (now + LIFETIME, now + LIFETIME));
    assert_eq!(challenge.to_string(), issued.as_str());
}

fn key_der_prints_back(der: &[u8]) {
    let Ok(key) = PublicKey::from_spki_der(der) else { return };
    assert_eq!(key.spki_der(), der);
    assert_eq!(PublicKey::from_pem(&key.to_spki_pem()).as_ref(), Ok(&key));
    within_bounds(&key);
}

fn key_pem_prints_back(text: &str) {
    let Ok(key) = PublicKey::from_pem(text) else { return };
    within_bounds(&key);
    let printed = key.to_spki_pem();
    assert_eq!(PublicKey::from_pem(&printed).as_ref(), Ok(&key));
    // The lines may be laid out in another way, and PKCS#1 is printed as SPKI; all else is the same text.
    if text.starts_with("-----BEGIN PUBLIC KEY-----") {
        assert_eq!(text.replace(['\r', '\n'], ""), printed.replace('\n', ""));
    }
}

fn within_bounds(key: &PublicKey) {
    assert!((MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&key.modulus_bits()));
    assert_eq!(key.modulus_len(), key.modulus_bits().div_ceil(8));
    assert_eq!(key.fingerprint().len(), 43);
    assert!(!key.verify_rsa_sha256(b"", &vec![0; key.modulus_len()]));
}

fn refused_or_another_key(changed: Option<PublicKey>) {
    let Some(changed) = changed else { return };
    assert_ne!(changed, KNOWN.key);
    let keys = changed.into();
    let checked = KNOWN.server.check(KNOWN.challenge, KNOWN.signature, &KNOWN.caller, &keys, KNOWN.now);
    assert!(checked.is_err());
}

/// Replaces the character at `index` by another ASCII character.
fn with_char_changed(text: &str, index: usize, other: u8) -> String {
    let index = index % text.len();
    let other = char::from(other % 128);
    text.char_indices()
        .map(|(at, character)| match (at == index, character == other) {
            (false, _) => character,
            (true, false) => other,
            (true, true) => char::from((other as u8 + 1) % 128),
        })
        .collect()
}
