//! `Authorization: Basic`: the base64, the pair, and the two ways to read its halves.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use tollgate_http_credentials::MAX_BASIC_TOKEN;
use zeroize::Zeroizing;

use super::native::{self, Form};
use super::report::Report;
use super::{Conditions, Fault, Place, Seen, SeenKind, characters};

/// Whose pair a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Not known: the pair tells.
    Any,
    /// An OAuth client's.
    Client,
    /// A panel user's.
    Person,
}

/// Judges a value as it was sent, line ends included.
pub(super) fn examine(value: &str, whose: Whose, place: Place, conditions: Conditions, report: &mut Report) {
    wrapping(value, place, report);
    let text = characters::clean(value, place, Fault::Base64Wrapped, report);
    if characters::stands_in(report) {
        return;
    }
    if let Some(pair) = decode(&text, place, report) {
        halves(&pair, whose, place, conditions, report);
    }
}

/// Whether a text decodes to a pair.
pub(super) fn is_pair(text: &str) -> bool {
    FORGIVING.decode(text).is_ok_and(|pair| {
        let pair = Zeroizing::new(pair);
        pair.contains(&b':') && std::str::from_utf8(&pair).is_ok()
    })
}

fn wrapping(value: &str, place: Place, report: &mut Report) {
    if let Some(first) = value.trim().lines().next().filter(|first| first.len() < value.trim().len()) {
        let detail = format!("The first line has {} characters.", first.trim_end().chars().count());
        report.add_with(Fault::Base64Wrapped, place, detail);
    }
}

fn decode(text: &str, place: Place, report: &mut Report) -> Option<Zeroizing<Vec<u8>>> {
    if text.contains(['-', '_']) {
        report.add(Fault::Base64UrlSafe, place);
    }
    if text.len() > MAX_BASIC_TOKEN {
        report.add_with(Fault::TooLong, place, format!("It has {} of at most {MAX_BASIC_TOKEN} bytes.", text.len()));
    }
    let standard = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
    // Full size at once: a buffer that grew would leave a copy of the secret behind.
    let mut pair = Zeroizing::new(vec![0; base64::decoded_len_estimate(standard.len())]);
    let Ok(length) = FORGIVING.decode_slice(standard.as_bytes(), &mut pair) else {
        report.add(Fault::Base64, place);
        return None;
    };
    pair.truncate(length);
    let printed = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(&pair));
    if printed.trim_end_matches('=') != standard.trim_end_matches('=') {
        report.add_with(Fault::Base64, place, "Its last character has stray bits.".to_owned());
    } else if *printed != *standard {
        report.add(Fault::Base64Unpadded, place);
    }
    Some(pair)
}

fn halves(pair: &[u8], whose: Whose, place: Place, conditions: Conditions, report: &mut Report) {
    let Ok(pair) = std::str::from_utf8(pair) else {
        report.add(Fault::BasicText, place);
        return;
    };
    let ended = pair.trim_end_matches(['\r', '\n']);
    if ended.len() < pair.len() {
        report.add(Fault::BasicLineEnd, place);
    }
    if ended.chars().any(char::is_control) {
        report.add(Fault::BasicText, place);
    }
    let Some((id, secret)) = ended.split_once(':').filter(|(id, secret)| !id.is_empty() && !secret.is_empty()) else {
        report.add(Fault::BasicHalves, place);
        return;
    };
    let is_person = id.contains('@');
    match whose {
        Whose::Client if is_person => report.add(Fault::BasicPerson, place),
        Whose::Person if !is_person => report.add(Fault::NotAPerson, place),
        Whose::Any | Whose::Client | Whose::Person => {}
    }
    if is_person {
        report.see(Seen::new(SeenKind::Person, place));
        return;
    }
    escapes(id, secret, place, report);
    client(id, secret, place, conditions, report);
}

/// What form decoding would make of a half that was not form-encoded.
fn escapes(id: &str, secret: &str, place: Place, report: &mut Report) {
    for half in [id, secret] {
        if half.contains('+') {
            report.add(Fault::BasicPlus, place);
        }
        let broken = half
            .split('%')
            .skip(1)
            .any(|rest| !rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
        if broken {
            report.add(Fault::BasicEscape, place);
        }
    }
}

fn client(id: &str, secret: &str, place: Place, conditions: Conditions, report: &mut Report) {
    let mut half = |text: &str| {
        let text = characters::clean(text, place, Fault::InnerBlank, report);
        native::examine(&text, place, conditions, report)
    };
    let (first, second) = (half(id), half(secret));
    let kind = |form: Option<Form>| form.map(|form| form.kind);
    match (kind(first), kind(second)) {
        (None, None) => report.see(Seen::new(SeenKind::ForeignPair, place)),
        (Some(SeenKind::ClientSecret), Some(SeenKind::ClientId)) => report.add(Fault::BasicSwapped, place),
        (_, Some(SeenKind::ClientId)) => report.add(Fault::PublicId, place),
        (Some(SeenKind::ClientId), Some(SeenKind::ClientSecret) | None) => {}
        (_, _) => report.add(Fault::OtherDialect, place),
    }
    if let (Some(first), Some(second)) = (first, second)
        && first.mode != second.mode
    {
        report.add(Fault::ModesDiffer, place);
    }
}

/// Reads what a strict decoder refuses, so that the rest can be judged too.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
