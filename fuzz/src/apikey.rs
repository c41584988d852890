//! Fuzz bodies for `tollgate-apikey`.

use std::convert::Infallible;
use std::hint::black_box;
use std::str::from_utf8;

use tollgate_apikey::{
    ApiKey, KeyDigest, KeyFormat, KeyId, Mode, Pepper, Peppers, PublicIdFormat, Scope, Scopes, Verification,
};

/// Any bytes as the text of a key, a public id, an id, scopes and a mode: no panic, one reading, one spelling.
pub fn key_text(data: &[u8]) {
    prints_back(data);
    let Ok(text) = from_utf8(data) else { return };
    let readers: Vec<ApiKey> = FORMATS.iter().filter_map(|format| format.parse(text).ok()).collect();
    assert!(readers.len() <= 1, "two families read one key");
    for key in readers {
        assert_eq!(text, [key.prefix(), &text[key.prefix().len()..]].concat());
        assert_eq!(key.id().as_str(), &text[key.prefix().len()..][..12]);
        assert!(text.ends_with(key.last_four()) && key.last_four().len() == 4);
        assert!(CLIENTS.parse(text).is_err(), "a secret read as a public id");

        let peppers = peppers();
        let stored = peppers.digest(&key);
        assert!(matches!(peppers.verify(&key, &stored), Verification::Match(_)));
        assert!(matches!(peppers.verify_absent(&key), Verification::NoMatch));
        let unknown = KeyDigest::from_parts(9, *stored.as_bytes());
        assert!(matches!(peppers.verify(&key, &unknown), Verification::NoMatch));
        let mode = key.mode();
        assert_eq!(key.into_live().is_ok(), mode == Mode::Live);
    }
}

/// What a parser accepts prints back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    for format in FORMATS {
        if let Ok(key) = black_box(format.parse(text)) {
            assert_eq!(key.expose_secret(), text);
        }
    }
    if let Ok(client) = black_box(CLIENTS.parse(text)) {
        assert_eq!(client.as_str(), text);
        assert_eq!(CLIENTS.from_id(client.mode(), client.id()).ok(), Some(client));
    }
    if let Ok(id) = black_box(KeyId::parse(text)) {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(mode) = black_box(text.parse::<Mode>()) {
        assert_eq!(mode.as_str(), text);
    }
    if let Ok(scope) = black_box(Scope::parse(text)) {
        assert_eq!(scope.as_str(), text);
    }
    if let Ok(scopes) = black_box(Scopes::parse(text)) {
        // Order and repetition do not matter on reading; the printed form is the one that reads back as itself.
        let printed = scopes.to_string();
        assert_eq!(Scopes::parse(&printed).expect("printed").to_string(), printed);
        assert!(text.split_terminator(' ').all(|name| scopes.contains_str(name)));
    }
}

/// A minted key or public id with one byte changed is not read, and a digest with one byte changed does not match.
pub fn one_byte_changed(data: &[u8]) {
    let [format, mode, at, to, seed @ ..] = data else {
        return;
    };
    let mode = if mode % 2 == 0 { Mode::Live } else { Mode::Test };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let Ok(key) = format.mint(mode, bytes_of(seed)) else {
        return;
    };

    if let Some(changed) = change(key.expose_secret().as_bytes(), *at, *to) {
        assert!(from_utf8(&changed).map_or(true, |text| format.parse(text).is_err()), "a changed key was read");
    }
    if let Ok(client) = CLIENTS.from_id(mode, key.id())
        && let Some(changed) = change(client.as_str().as_bytes(), *at, *to)
    {
        assert!(from_utf8(&changed).map_or(true, |text| CLIENTS.parse(text).is_err()), "a changed id was read");
    }
    let peppers = peppers();
    let stored = peppers.digest(&key);
    if let Some(changed) = change(stored.as_bytes(), *at, *to) {
        let changed = KeyDigest::from_parts(stored.pepper_version(), changed.try_into().expect("as long as before"));
        assert!(matches!(peppers.verify(&key, &changed), Verification::NoMatch), "a changed digest matched");
    }
}

fn change(bytes: &[u8], at: u8, to: u8) -> Option<Vec<u8>> {
    let mut changed = bytes.to_vec();
    let at = usize::from(at) % changed.len();
    changed[at] = to;
    (changed != bytes).then_some(changed)
}

/// The seed over and over; an empty one gives nothing.
fn bytes_of(seed: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    let mut endless = seed.iter().copied().cycle();
    move |bytes| {
        for (to, from) in bytes.iter_mut().zip(&mut endless) {
            *to = from;
        }
        Ok(())
    }
}

fn peppers() -> Peppers {
    let pepper = |version, byte| Pepper::new(version, &[byte; 32]).expect("32 bytes");
    Peppers::new(pepper(2, 2)).with_previous(pepper(1, 1)).expect("another version")
}

const FORMATS: [KeyFormat; 4] = [
    KeyFormat::new(&[("caibo_live_sk_", Mode::Live), ("caibo_test_sk_", Mode::Test)]),
    KeyFormat::new(&[("sk_live_", Mode::Live), ("sk_test_", Mode::Test)]),
    KeyFormat::new(&[("cpp_live_sk_", Mode::Live), ("cpp_test_sk_", Mode::Test)]),
    KeyFormat::new(&[("client_secret_live_", Mode::Live), ("client_secret_test_", Mode::Test)]),
];
const CLIENTS: PublicIdFormat = PublicIdFormat::new(&[("client_live_", Mode::Live), ("client_test_", Mode::Test)]);
