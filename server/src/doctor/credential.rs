//! One credential by itself: what it is, and what is wrong with it.

use tollgate_checkout_scope::CheckoutToken;
use tollgate_jwt_session::SessionId;
use tollgate_webhook_hmac::WebhookSecret;

use super::bearer::Expected;
use super::report::Report;
use super::{Conditions, Fault, Place, Seen, SeenKind, basic, bearer, challenge, characters, native};
use crate::account::MerchantId;

/// Judges a text as a credential; one line end at its end is the file's and not the credential's.
#[must_use]
pub fn credential(input: &str, conditions: Conditions) -> Report {
    let mut report = Report::default();
    let text = input.strip_suffix('\n').map_or(input, |text| text.strip_suffix('\r').unwrap_or(text));
    examine(text, Place::INPUT, conditions, &mut report);
    report
}

/// Judges a text of any kind.
pub(super) fn examine(raw: &str, place: Place, conditions: Conditions, report: &mut Report) {
    let (raw, scheme) = without_name(raw, place, report);
    if scheme == Some(Named::Basic) {
        return basic::examine(raw, basic::Whose::Any, place, conditions, report);
    }
    let text = characters::clean(raw, place, Fault::InnerBlank, report);
    if characters::stands_in(report) {
        return;
    }
    if native::examine(&text, place, conditions, report).is_some() {
        return;
    }
    if bearer::looks_like_one(&text) {
        return bearer::examine(&text, Expected::Any, place, conditions, report);
    }
    if text.starts_with(tollgate_challenge_signature::PREFIX) {
        return challenge::examine(&text, None, place, conditions, report);
    }
    if text.starts_with(WebhookSecret::PREFIX) {
        return match WebhookSecret::parse(&text) {
            Ok(_) => report.see(Seen::new(SeenKind::WebhookSecret, place)),
            Err(_) => report.add(Fault::WebhookSecret, place),
        };
    }
    if text.get(..SESSION.len()).is_some_and(|start| start.eq_ignore_ascii_case(SESSION)) {
        return session(&text, place, report);
    }
    if text.get(..MERCHANT.len()).is_some_and(|start| start.eq_ignore_ascii_case(MERCHANT)) {
        return merchant(&text, place, report).map_or((), |_| ());
    }
    if CheckoutToken::parse(&text).is_ok() {
        return report.see(Seen::new(SeenKind::CaiboCheckout, place));
    }
    if basic::is_pair(&text) {
        return basic::examine(&text, basic::Whose::Any, place, conditions, report);
    }
    report.add(Fault::NotACredential, place);
}

/// Judges an 88Pay session id.
pub(super) fn session(text: &str, place: Place, report: &mut Report) {
    if SessionId::parse(text).is_ok() {
        return report.see(Seen::new(SeenKind::SessionId, place));
    }
    let detail = if !text.to_ascii_lowercase().starts_with(SESSION) {
        "`sess_` is missing."
    } else if text.bytes().any(|b| b.is_ascii_uppercase()) {
        "It has upper-case letters."
    } else {
        "Its UUID has another form."
    };
    report.add_with(Fault::SessionId, place, detail.to_owned());
}

/// Judges a merchant id and gives it back.
pub(super) fn merchant(text: &str, place: Place, report: &mut Report) -> Option<(MerchantId, tollgate_apikey::Mode)> {
    let Ok((id, mode)) = MerchantId::parse(text) else {
        report.add(Fault::MerchantId, place);
        return None;
    };
    report.see(Seen::new(SeenKind::MerchantId, place));
    Some((id, mode))
}

/// Takes off a header name or a scheme that was copied along.
fn without_name<'t>(raw: &'t str, place: Place, report: &mut Report) -> (&'t str, Option<Named>) {
    let (mut rest, mut named) = (raw.trim_start(), None);
    for (name, which) in NAMES {
        if rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            rest = rest.get(name.len()..).unwrap_or_default().trim_start();
            named = Some(*which);
        }
    }
    match named {
        None => (raw, None),
        Some(which) => {
            report.add(Fault::WithHeaderName, place);
            (rest, Some(which))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Basic,
    Other,
}

/// In the order in which they can follow each other.
const NAMES: &[(&str, Named)] = &[
    ("x-api-key:", Named::Other),
    ("x-checkout-token:", Named::Other),
    ("x-merchant-id:", Named::Other),
    ("x-session-id:", Named::Other),
    ("x-api-challenge:", Named::Other),
    ("authorization:", Named::Other),
    ("bearer ", Named::Other),
    ("basic ", Named::Basic),
];

const SESSION: &str = "sess_";
const MERCHANT: &str = "MCH-";
