//! Laws over generated inputs.

use proptest::prelude::*;
use tollgate_http_credentials::{Authorization, key_text};

use crate::{client, user, value_of};

proptest! {
    #[test]
    fn a_pair_of_a_person_comes_back(user_id in "[^:\\pC]{1,40}", password in "[^\\pC]{1,40}") {
        let value = value_of(format!("Basic {}", encode(format!("{user_id}:{password}").as_bytes())).as_bytes());
        let pair = user(&value).unwrap();
        prop_assert_eq!(pair.user_id(), user_id);
        prop_assert_eq!(pair.expose_password(), password);
    }

    #[test]
    fn a_form_encoded_pair_of_a_client_comes_back(user_id in "[^\\pC]{1,40}", password in "[^\\pC]{1,40}") {
        let text = format!("{}:{}", form_encode(&user_id), form_encode(&password));
        let value = value_of(format!("Basic {}", encode(text.as_bytes())).as_bytes());
        let pair = client(&value).unwrap();
        prop_assert_eq!(pair.user_id(), user_id);
        prop_assert_eq!(pair.expose_password(), password);
    }

    #[test]
    fn without_escapes_both_readings_agree(user_id in "[^:%+\\pC]{1,40}", password in "[^%+\\pC]{1,40}") {
        let value = value_of(format!("Basic {}", encode(format!("{user_id}:{password}").as_bytes())).as_bytes());
        let (one, other) = (client(&value).unwrap(), user(&value).unwrap());
        prop_assert_eq!(one.user_id(), other.user_id());
        prop_assert_eq!(one.expose_password(), other.expose_password());
    }

    #[test]
    fn both_readings_agree_with_the_reference(pair in proptest::collection::vec(interesting_byte(), 0..60)) {
        let value = value_of(format!("Basic {}", encode(&pair)).as_bytes());
        if pair.is_empty() {
            prop_assert!(Authorization::parse(&value).is_err());
            return Ok(());
        }
        let got = client(&value).ok().map(|pair| (pair.user_id().to_owned(), pair.expose_password().to_owned()));
        prop_assert_eq!(got, reference(&pair, reference_form_decode));
        let got = user(&value).ok().map(|pair| (pair.user_id().to_owned(), pair.expose_password().to_owned()));
        prop_assert_eq!(got, reference(&pair, |half| Some(half.to_vec())));
    }

    #[test]
    fn only_the_canonical_base64_of_a_pair_is_read(text in "[A-Za-z0-9+/=_-]{1,24}") {
        let value = value_of(format!("Basic {text}").as_bytes());
        if let Ok(pair) = user(&value) {
            let decoded = format!("{}:{}", pair.user_id(), pair.expose_password());
            prop_assert_eq!(encode(decoded.as_bytes()), text);
        }
    }

    #[test]
    fn a_changed_character_gives_another_pair_or_none(at in 0_usize..24, to in "[!-~]") {
        let text = "dXNlci1pZDpwYXNzd29yZDEy";
        let mut changed = text.to_owned();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != text);
        if let Ok(pair) = user(&value_of(format!("Basic {changed}").as_bytes())) {
            prop_assert_ne!((pair.user_id(), pair.expose_password()), ("user-id", "password12"));
        }
    }

    #[test]
    fn any_value_is_read_or_refused_and_what_is_read_is_unchanged(bytes in any::<Vec<u8>>()) {
        let Ok(value) = tollgate_http_credentials::http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        if let Ok(text) = key_text(&value) {
            prop_assert_eq!(text.as_bytes(), &bytes);
        }
        if let Ok(Authorization::Bearer(token)) = Authorization::parse(&value) {
            prop_assert_eq!(token.expose_secret().as_bytes(), &bytes[7..]);
        }
    }

    #[test]
    fn a_bearer_token_comes_back(scheme in "[Bb][Ee][Aa][Rr][Ee][Rr]", token in "[A-Za-z0-9._~+/=-]{1,200}") {
        let value = value_of(format!("{scheme} {token}").as_bytes());
        match Authorization::parse(&value) {
            Ok(Authorization::Bearer(read)) => prop_assert_eq!(read.expose_secret(), token),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

/// Bytes that matter to the decoders come often.
fn interesting_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(b"%%%+:0123456789abcdefABCDEF".to_vec()),
        2 => 0x20_u8..0x7f,
        1 => prop::sample::select(vec![0x00, 0x0a, 0x7f, 0x80, 0xc2, 0xc3, 0x9f, 0xff]),
        1 => any::<u8>(),
    ]
}

/// The rules read aloud, without regard to cost.
fn reference(pair: &[u8], read_half: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<(String, String)> {
    let mut halves = pair.splitn(2, |byte| *byte == b':');
    let mut next = || {
        let text = String::from_utf8(read_half(halves.next()?)?).ok()?;
        (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
    };
    Some((next()?, next()?))
}

fn reference_form_decode(half: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < half.len() {
        if half[at] == b'%' {
            let digits = half.get(at + 1..at + 3)?;
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            at += 3;
        } else {
            out.push(if half[at] == b'+' { b' ' } else { half[at] });
            at += 1;
        }
    }
    Some(out)
}

fn form_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| match byte {
        b' ' => out + "+",
        _ if byte.is_ascii_alphanumeric() => out + &char::from(byte).to_string(),
        _ => out + &format!("%{byte:02X}"),
    })
}

/// Standard base64 with padding, bit by bit.
fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)).collect();
    let mut out: String = bits
        .chunks(6)
        .map(|chunk| (0..6).fold(0, |value, at| value << 1 | usize::from(chunk.get(at).copied().unwrap_or(0))))
        .map(|value| char::from(ALPHABET[value]))
        .collect();
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}
