//! A webhook delivery: its signature headers, and with the secret also the signature over the body.

use time::OffsetDateTime;
use tollgate_webhook_hmac::standard::{Headers, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tollgate_webhook_hmac::timestamped::SignatureHeader;
use tollgate_webhook_hmac::{Tolerance, WebhookSecret, standard, timestamped};
use zeroize::Zeroizing;

use super::capture::Capture;
use super::header::place;
use super::report::{Part, Report};
use super::{Conditions, Fault, Place, Seen, SeenKind};

const CAIBO: &str = "X-Caibo-Signature";

/// Whether a request has the signature headers of a delivery.
pub(super) fn is_delivery(capture: &Capture) -> bool {
    [CAIBO, ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].iter().any(|name| capture.first(name).is_some())
}

/// Judges a delivery; without a secret only the form and the age of its signatures.
pub(super) fn examine(capture: &Capture, secret: Option<&str>, conditions: Conditions, report: &mut Report) {
    let secret = secret.map(|text| WebhookSecret::parse(text.trim_end_matches(['\r', '\n'])));
    if matches!(secret, Some(Err(_))) {
        report.add(Fault::WebhookSecret, Place::INPUT);
    }
    let secret = secret.and_then(Result::ok);
    for name in [CAIBO, ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        if let Some(second) = capture.all(name).nth(1) {
            report.add(Fault::RepeatedHeader, place(name, second));
        }
    }
    if let Some(header) = capture.first(CAIBO) {
        let at = place(CAIBO, header);
        match SignatureHeader::parse(&header.value) {
            Err(_) => report.add(Fault::WebhookHeader, at),
            Ok(parsed) => {
                report.see(Seen::new(SeenKind::WebhookDelivery, at));
                age(parsed.timestamp(), at, conditions, report);
                let fits = |secret: &WebhookSecret, body: &[u8]| caibo(&parsed, secret, body);
                content(capture, secret.as_ref(), at, fits, report);
            }
        }
    }
    standard_headers(capture, secret.as_ref(), conditions, report);
}

fn standard_headers(capture: &Capture, secret: Option<&WebhookSecret>, conditions: Conditions, report: &mut Report) {
    let [id, timestamp, signature] =
        [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].map(|name| (name, capture.first(name)));
    let (Some(i), Some(t), Some(s)) = (id.1, timestamp.1, signature.1) else {
        if [id, timestamp, signature].iter().any(|(_, header)| header.is_some()) {
            for (name, _) in [id, timestamp, signature].into_iter().filter(|(_, header)| header.is_none()) {
                report.add(Fault::WebhookHeader, Place::at(Part::Header(name), None));
            }
        }
        return;
    };
    let at = place(SIGNATURE_HEADER, s);
    let Ok(parsed) = Headers::parse(&i.value, &t.value, &s.value) else {
        return report.add(Fault::WebhookHeader, at);
    };
    report.see(Seen::new(SeenKind::WebhookDelivery, at));
    age(parsed.timestamp(), place(TIMESTAMP_HEADER, t), conditions, report);
    content(capture, secret, at, |secret, body| standard(&parsed, secret, body), report);
}

fn age(timestamp: i64, at: Place, conditions: Conditions, report: &mut Report) {
    let (past, future) = (Tolerance::DEFAULT_PAST.as_secs(), Tolerance::DEFAULT_FUTURE.as_secs());
    let age = conditions.now.unix_timestamp().saturating_sub(timestamp);
    if age > i64::try_from(past).unwrap_or(i64::MAX) {
        report.add_with(Fault::WebhookStale, at, format!("It is {age} s old."));
    } else if age < -i64::try_from(future).unwrap_or(i64::MAX) {
        report.add_with(Fault::WebhookEarly, at, format!("It is {} s ahead.", age.unsigned_abs()));
    }
}

/// Judges the signature over the body, and over what the body may have been before somebody printed it again.
fn content(
    capture: &Capture,
    secret: Option<&WebhookSecret>,
    at: Place,
    fits: impl Fn(&WebhookSecret, &[u8]) -> bool,
    report: &mut Report,
) {
    let (Some(secret), Some(body)) = (secret, capture.body.as_deref()) else {
        return report.note(Fault::WebhookUnchecked, at);
    };
    if fits(secret, body) {
        return;
    }
    let printed = [compact(body), spaced(body), without_line_end(body), line_feeds(body)];
    let fault = if printed.iter().any(|body| fits(secret, body)) { Fault::WebhookBody } else { Fault::WebhookMismatch };
    report.add(fault, at);
}

fn caibo(header: &SignatureHeader<'_>, secret: &WebhookSecret, body: &[u8]) -> bool {
    let sent = OffsetDateTime::from_unix_timestamp(header.timestamp());
    let verifier = timestamped::Verifier::new(header.hash(), [secret], Tolerance::default());
    matches!((sent, verifier), (Ok(sent), Ok(verifier)) if verifier.verify(header, body, sent).is_ok())
}

fn standard(headers: &Headers<'_>, secret: &WebhookSecret, body: &[u8]) -> bool {
    let sent = OffsetDateTime::from_unix_timestamp(headers.timestamp());
    let verifier = standard::Verifier::new([secret], Tolerance::default());
    matches!((sent, verifier), (Ok(sent), Ok(verifier)) if verifier.verify(headers, body, sent).is_ok())
}

/// JSON without white space between its tokens.
fn compact(json: &[u8]) -> Zeroizing<Vec<u8>> {
    respaced(json, |_| &[])
}

/// JSON with one blank behind colons and commas, as some languages print it.
fn spaced(json: &[u8]) -> Zeroizing<Vec<u8>> {
    respaced(json, |token| if matches!(token, b':' | b',') { b" " } else { &[] })
}

fn respaced(json: &[u8], behind: impl Fn(u8) -> &'static [u8]) -> Zeroizing<Vec<u8>> {
    let mut printed = Zeroizing::new(Vec::with_capacity(json.len() * 2));
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            printed.push(*byte);
        } else if !byte.is_ascii_whitespace() {
            in_string = *byte == b'"';
            printed.push(*byte);
            printed.extend_from_slice(behind(*byte));
        }
    }
    printed
}

fn without_line_end(body: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(body.trim_ascii_end().to_vec())
}

fn line_feeds(body: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(body.iter().copied().filter(|byte| *byte != b'\r').collect())
}
