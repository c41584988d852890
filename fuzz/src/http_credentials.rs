//! Fuzz bodies for `tollgate-http-credentials`.

use std::hint::black_box;
use std::str::from_utf8;

use tollgate_http_credentials::http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_http_credentials::{
    Authorization, BasicCredentials, Carrier, MAX_AUTHORIZATION_VALUE, MAX_BASIC_TOKEN, MAX_KEY_TEXT, Presented,
    Reader, Scheme, ShapeErrorKind, key_text, single,
};

/// Any bytes as the value of an `Authorization` header, and any lines as the headers of a request.
pub fn authorization_header(data: &[u8]) {
    prints_back(data);
    routes(data);
}

/// What a parser accepts prints back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    if let Ok(text) = black_box(key_text(&value)) {
        assert_eq!(text.as_bytes(), data);
        assert!((1..=MAX_KEY_TEXT).contains(&text.len()));
    }
    match Authorization::parse(&value) {
        Ok(Authorization::Bearer(token)) => {
            let token = token.expose_secret();
            assert!((1..=MAX_AUTHORIZATION_VALUE).contains(&token.len()));
            assert!(data[..7].eq_ignore_ascii_case(b"bearer ") && token.as_bytes() == &data[7..]);
        }
        Ok(Authorization::Basic(token)) => {
            let text = token.expose_secret();
            assert!((1..=MAX_BASIC_TOKEN).contains(&text.len()));
            assert!(data[..6].eq_ignore_ascii_case(b"basic ") && text.as_bytes() == &data[6..]);
            let halves = decode(text).and_then(split);
            let user = token.decode_user().ok().map(owned);
            assert_eq!(user, halves.clone().and_then(well_formed));
            let client = token.decode_client().ok().map(owned);
            let halves = halves.and_then(|(one, other)| Some((form_decode(&one)?, form_decode(&other)?)));
            assert_eq!(client, halves.and_then(well_formed));
        }
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ShapeErrorKind::Malformed),
    }
}

/// A credential with one byte changed is another one or none.
pub fn one_byte_changed(data: &[u8]) {
    let [at, to, ..] = data else { return };
    const PAIR: &[u8] = b"dXNlci1pZDpwYXNzd29yZDEy";
    let Some(changed) = change(PAIR, *at, *to) else { return };

    if let Ok(value) = HeaderValue::from_bytes(&[b"Basic ", changed.as_slice()].concat())
        && let Ok(Authorization::Basic(token)) = Authorization::parse(&value)
        && let Ok(pair) = token.decode_user()
    {
        assert_ne!((pair.user_id(), pair.expose_password()), ("user-id", "password12"));
    }
    if let Ok(value) = HeaderValue::from_bytes(&[b"Bearer ", changed.as_slice()].concat())
        && let Ok(Authorization::Bearer(token)) = Authorization::parse(&value)
    {
        assert_ne!(token.expose_secret().as_bytes(), PAIR);
    }
    if let Ok(value) = HeaderValue::from_bytes(&changed)
        && let Ok(text) = key_text(&value)
    {
        assert_ne!(text.as_bytes(), PAIR);
    }
}

/// Lines `name: value` as a request: repetition is always seen, and nothing is found where no route looks.
fn routes(data: &[u8]) {
    const KEY: HeaderName = HeaderName::from_static("x-api-key");
    const TOKEN: HeaderName = HeaderName::from_static("x-checkout-token");
    const AUTHORIZATION: HeaderName = HeaderName::from_static("authorization");

    let Some(headers) = header_map(data) else { return };
    let count = |name: &HeaderName| headers.get_all(name).iter().count();
    for name in [KEY, TOKEN, AUTHORIZATION] {
        match single(&headers, &name) {
            Ok(value) => assert_eq!(usize::from(value.is_some()), count(&name)),
            Err(error) => {
                assert_eq!((error.kind(), error.header()), (ShapeErrorKind::Repeated, Some(&name)));
                assert!(count(&name) > 1);
            }
        }
    }

    let routes = [
        (Reader::new(&[Carrier::ApiKeyHeader(KEY)]), vec![KEY]),
        (Reader::new(&[Carrier::Authorization(Scheme::Basic)]), vec![AUTHORIZATION]),
        (Reader::new(&[Carrier::ApiKeyHeader(KEY), Carrier::Authorization(Scheme::Bearer)]), vec![KEY, AUTHORIZATION]),
        (Reader::with_precedence(Carrier::ApiKeyHeader(TOKEN), Carrier::ApiKeyHeader(KEY)), vec![TOKEN, KEY]),
    ];
    for (reader, names) in routes {
        let repeated = names.iter().any(|name| count(name) > 1);
        let present: Vec<&HeaderName> = names.iter().filter(|name| count(name) > 0).collect();
        match reader.read(&headers) {
            Ok(Presented::None) => assert!(!repeated && present.iter().all(|name| **name == AUTHORIZATION)),
            Ok(Presented::Malformed) => assert!(!repeated && !present.is_empty()),
            Ok(Presented::Key { header, text }) => {
                assert!(!repeated && present.contains(&&header));
                assert_eq!(headers[&header], text.expose_secret());
                assert!(!(header == KEY && present.contains(&&TOKEN)), "fell back to the second of a pair");
            }
            Ok(Presented::Basic(_) | Presented::Bearer(_)) => {
                assert!(!repeated && present.contains(&&AUTHORIZATION) && !present.contains(&&KEY));
            }
            Err(error) if error.kind() == ShapeErrorKind::Repeated => assert!(repeated),
            Err(error) => {
                assert_eq!(error.kind(), ShapeErrorKind::Several);
                assert!(!repeated && present.len() > 1 && !names.contains(&TOKEN));
            }
        }
    }
}

fn header_map(data: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(16) {
        let (name, value) = from_utf8(line).ok()?.split_once(": ")?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

fn owned(pair: BasicCredentials) -> (String, String) {
    (pair.user_id().to_owned(), pair.expose_password().to_owned())
}

fn split(pair: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some((pair[..colon].to_vec(), pair[colon + 1..].to_vec()))
}

fn well_formed((user_id, password): (Vec<u8>, Vec<u8>)) -> Option<(String, String)> {
    let text = |half| String::from_utf8(half).ok().filter(|text| !text.is_empty());
    let pair = (text(user_id)?, text(password)?);
    (!pair.0.contains(char::is_control) && !pair.1.contains(char::is_control)).then_some(pair)
}

/// The rule of RFC 6749 §2.3.1, read aloud.
fn form_decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut parts = text.split(|byte| *byte == b'%');
    let plus = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let mut out: Vec<u8> = parts.next()?.iter().map(plus).collect();
    for part in parts {
        let digits = from_utf8(part.get(..2)?).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        out.push(u8::from_str_radix(digits, 16).ok()?);
        out.extend(part[2..].iter().map(plus));
    }
    Some(out)
}

/// The bytes of standard base64 with padding, when the text is the one that these bytes have.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bits = 0_u32;
    let mut out = Vec::new();
    for (at, digit) in digits.bytes().enumerate() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| *known == digit)?).ok()?;
        if at % 4 > 0 {
            out.push((bits >> (6 - 2 * (at % 4))) as u8);
        }
    }
    (encode(&out) == text).then_some(out)
}

/// Standard base64 with padding.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            out.push(if at <= chunk.len() { ALPHABET[(bits >> (18 - 6 * at)) as usize & 63].into() } else { '=' });
        }
    }
    out
}

/// The bytes with the one at `at` set to `to`; `None` when that changes nothing.
fn change(bytes: &[u8], at: u8, to: u8) -> Option<Vec<u8>> {
    let mut changed = bytes.to_vec();
    let at = usize::from(at) % changed.len();
    let before = std::mem::replace(&mut changed[at], to);
    (before != to).then_some(changed)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
