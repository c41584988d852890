//! Fuzz bodies for `tollgate-checkout-scope`.

use std::hint::black_box;

use time::OffsetDateTime;
use tollgate_checkout_scope::{
    AllowList, CheckoutClaims, CheckoutToken, Grant, MAX_CLAIM_CLIENT, MAX_CLAIM_ID, RawPath, TOKEN_LENGTH, TokenPepper,
};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const END: OffsetDateTime = NOW.saturating_add(time::Duration::MINUTE);
const TOKEN: &str = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";
const PATH: &str = "/payment-requests/73114/status";
const SHOP: [(&str, &str); 3] = [
    ("GET", "/payment-requests/{id}"),
    ("GET", "/payment-requests/{id}/status"),
    ("POST", "/payment-requests/{id}/payments"),
];

/// The first line is a raw path, a token and a payload of claims; each further line is `METHOD template`.
pub fn checkout_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    token_is_canonical(first);
    claims_are_bounded(first);
    path_is_read_one_way(first);
    permits_only_what_is_listed(&SHOP, first);
    let entries: Vec<(&str, &str)> = rest.lines().filter_map(|line| line.split_once(' ')).collect();
    permits_only_what_is_listed(&entries, first);
}

/// What is read as a token or as a path prints back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = CheckoutToken::parse(text) {
        assert_eq!(token.expose_secret(), text);
    }
    if let Ok(path) = RawPath::check(text) {
        assert_eq!(path.as_str(), text);
    }
}

/// A token with another byte is refused or has another digest; a path with another byte leads elsewhere.
pub fn one_byte_changed(data: &[u8]) {
    let Some([place, value]) = data.first_chunk() else {
        return;
    };
    if let Some(changed) = with_byte(TOKEN, *place, *value) {
        let pepper = TokenPepper::new(1, "shop.checkout.v1:", &[7; 32]).expect("a sound pepper");
        let known = CheckoutToken::parse(TOKEN).expect("a token").digest(&pepper);
        assert!(CheckoutToken::parse(&changed).map_or(true, |token| token.digest(&pepper) != known));
    }
    if let Some(changed) = with_byte(PATH, *place, *value) {
        let list = AllowList::compile(&SHOP).expect("sound templates");
        let grant = Grant::restore(73_114_u64, END);
        assert!(list.permit(&grant, "GET", PATH, NOW).is_ok());
        assert!(list.permit(&grant, "GET", &changed, NOW).is_err());
    }
}

/// Puts `value` at `place`, unless that is no text or no change.
fn with_byte(text: &str, place: u8, value: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let place = usize::from(place) % bytes.len();
    let before = std::mem::replace(&mut bytes[place], value);
    if before == value { None } else { String::from_utf8(bytes).ok() }
}

fn token_is_canonical(text: &str) {
    if let Ok(token) = CheckoutToken::parse(text) {
        assert_eq!(token.expose_secret(), text);
        assert_eq!(text.len(), TOKEN_LENGTH);
        assert!(!format!("{token:?}").contains(text));
    }
}

fn claims_are_bounded(text: &str) {
    if let Ok(claims) = serde_json::from_str::<CheckoutClaims>(text) {
        let client = claims.client_id();
        assert!((1..=MAX_CLAIM_CLIENT).contains(&client.len()) && !client.chars().any(char::is_control));
        for id in [claims.partner_id(), claims.customer_id(), claims.invoice_id()] {
            assert!((1..=MAX_CLAIM_ID).contains(&id.len()));
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'));
        }
        assert_eq!(claims.grant(END).object().invoice_id(), claims.invoice_id());
    }
}

/// A reader that decodes escapes sees the same segments as one that does not, and no dot segment.
fn path_is_read_one_way(text: &str) {
    let Ok(path) = RawPath::check(text) else {
        return;
    };
    assert_eq!(path.as_str(), text);
    let decoded = decode(text);
    let segments: Vec<&[u8]> = decoded.split(|byte| *byte == b'/').collect();
    assert_eq!(segments.len(), text.split('/').count());
    for (index, segment) in segments.iter().enumerate() {
        assert!(!matches!(*segment, b"." | b".."));
        assert!(!segment.iter().any(|byte| matches!(byte, b'\\' | 0)));
        assert!(index == 0 || index + 1 == segments.len() || !segment.is_empty());
    }
}

fn decode(path: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next().expect("a whole escape")).to_digit(16).expect("a digit");
        decoded.push(u8::try_from(digit() * 16 + digit()).expect("two digits"));
    }
    decoded
}

/// A permit is given exactly for the texts that come from putting the bound id into a listed template.
fn permits_only_what_is_listed(entries: &[(&str, &str)], path: &str) {
    let Ok(list) = AllowList::compile(entries) else {
        return;
    };
    list.check_routes(entries).expect("every entry is among the entries");
    let grant = Grant::restore(73_114_u64, END);
    for method in ["GET", "HEAD", "OPTIONS", "POST"] {
        let listed = entries.iter().find(|(listed, template)| {
            let same = *listed == method || (method == "HEAD" && *listed == "GET");
            same && with_id(template) == path
        });
        let permit = black_box(list.permit(&grant, method, path, NOW)).ok();
        let expected = listed.filter(|_| RawPath::check(path).is_ok());
        assert_eq!(permit.as_ref().map(|permit| permit.template()), expected.map(|entry| entry.1));
        assert!(list.permit(&grant, method, path, END).is_err());
        if let Some(permit) = permit {
            assert_eq!(*permit.object(), 73_114);
        }
    }
    for (method, template) in entries {
        let permit = list.permit(&grant, method, &with_id(template), NOW).expect("a listed path is permitted");
        assert_eq!(permit.template(), *template);
    }
}

/// Puts the bound id in the place of the parameter.
fn with_id(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "73114" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
