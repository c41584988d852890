//! Native credentials: which family a text belongs to, and what is wrong with its spelling.

use tollgate_apikey::{CHECKSUM_LEN, ID_LEN, KeyId, Mode, ParseErrorKind, SECRET_LEN};
use zeroize::Zeroizing;

use super::report::Report;
use super::{Conditions, Fault, Place, Seen, SeenKind};
use crate::account::{CLIENT_ID, KeyFamily};

/// One row of the table of prefixes.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) prefix: &'static str,
    pub(super) mode: Mode,
    pub(super) kind: SeenKind,
    /// `None`: a public client id.
    family: Option<KeyFamily>,
}

/// Every prefix, longer ones first.
pub(super) const FORMS: [Form; 10] = [
    form("client_secret_live_", Mode::Live, SeenKind::ClientSecret, Some(KeyFamily::CLIENT_SECRET)),
    form("client_secret_test_", Mode::Test, SeenKind::ClientSecret, Some(KeyFamily::CLIENT_SECRET)),
    form("caibo_live_sk_", Mode::Live, SeenKind::CaiboKey, Some(KeyFamily::CAIBO)),
    form("caibo_test_sk_", Mode::Test, SeenKind::CaiboKey, Some(KeyFamily::CAIBO)),
    form("cpp_live_sk_", Mode::Live, SeenKind::CardPlusPayKey, Some(KeyFamily::CARDPLUSPAY)),
    form("cpp_test_sk_", Mode::Test, SeenKind::CardPlusPayKey, Some(KeyFamily::CARDPLUSPAY)),
    form("client_live_", Mode::Live, SeenKind::ClientId, None),
    form("client_test_", Mode::Test, SeenKind::ClientId, None),
    form("sk_live_", Mode::Live, SeenKind::EightyEightPayKey, Some(KeyFamily::EIGHTY_EIGHT_PAY)),
    form("sk_test_", Mode::Test, SeenKind::EightyEightPayKey, Some(KeyFamily::EIGHTY_EIGHT_PAY)),
];

/// Judges a cleaned text that may be a native credential; `None` when it is none.
pub(super) fn examine(text: &str, place: Place, conditions: Conditions, report: &mut Report) -> Option<Form> {
    let (form, exact) = find(text, place, report)?;
    let body = text.get(form.prefix.len()..).unwrap_or_default();
    let mut seen = Seen::new(form.kind, place);
    (seen.mode, seen.prefix) = (Some(form.mode), Some(form.prefix));
    if exact {
        spelling(&form, text, body, place, report);
    }
    // Only of a whole text: in a damaged one secret characters may stand in the places of these.
    if form.reads(text) {
        seen.id = body.get(..ID_LEN).and_then(|id| KeyId::parse(id).ok());
        seen.last_four = form.family.and(text.get(text.len() - LAST..)).map(str::to_owned);
    }
    report.see(seen);
    if !conditions.listener.admits(form.mode) {
        let detail = format!("It is a {} credential and the listener is {}.", form.mode, conditions.listener.as_str());
        report.add_with(Fault::WrongMode, place, detail);
    }
    Some(form)
}

impl Form {
    fn len(&self) -> usize {
        self.prefix.len() + ID_LEN + self.family.map_or(0, |_| SECRET_LEN) + CHECKSUM_LEN
    }

    fn reads(&self, text: &str) -> bool {
        self.error(text).is_none()
    }

    fn error(&self, text: &str) -> Option<ParseErrorKind> {
        match self.family {
            Some(family) => family.format.parse(text).err().map(|error| error.kind()),
            None => CLIENT_ID.parse(text).err().map(|error| error.kind()),
        }
    }
}

/// The row whose prefix the text has; the flag says whether it has it byte for byte and whole.
fn find(text: &str, place: Place, report: &mut Report) -> Option<(Form, bool)> {
    if let Some(form) = FORMS.iter().find(|form| text.starts_with(form.prefix)) {
        return Some((*form, true));
    }
    let folded = |form: &&Form| text.get(..form.prefix.len()).is_some_and(|t| t.eq_ignore_ascii_case(form.prefix));
    if let Some(form) = FORMS.iter().find(folded) {
        report.add(Fault::PrefixCase, place);
        return Some((*form, false));
    }
    let (form, missing) = FORMS.iter().find_map(|form| Some((form, missing_start(form, text)?)))?;
    report.add_with(Fault::Cut, place, format!("Its first {} are missing.", characters(missing)));
    Some((*form, false))
}

/// How many characters of the prefix the text lacks at its start, if with them it would be whole.
fn missing_start(form: &Form, text: &str) -> Option<usize> {
    (1..=form.prefix.len()).find(|missing| {
        let start = form.prefix.get(..*missing).unwrap_or_default();
        start.len() + text.len() == form.len() && form.reads(&Zeroizing::new([start, text].concat()))
    })
}

/// Reports what is wrong behind the prefix.
fn spelling(form: &Form, text: &str, body: &str, place: Place, report: &mut Report) {
    let (is, must) = (text.chars().count(), form.len());
    if let Some(position) = text.chars().position(|c| !c.is_ascii_alphanumeric() && c != '_') {
        report.add_with(Fault::Alphabet, place, format!("It is character {}.", position + 1));
    } else if let Some(position) = body.find('_').filter(|_| is == must) {
        report.add_with(Fault::Alphabet, place, format!("It is character {}.", form.prefix.len() + position + 1));
    }
    if is < must {
        let detail = format!("It has {is} of {must} characters; {} are missing.", must - is);
        report.add_with(Fault::Cut, place, detail);
    } else if is > must {
        report.add_with(Fault::TooLong, place, format!("It has {} beyond {must}.", characters(is - must)));
    } else if form.error(text) == Some(ParseErrorKind::Checksum) {
        report.add(Fault::Checksum, place);
    }
}

fn characters(n: usize) -> String {
    if n == 1 { "1 character".to_owned() } else { format!("{n} characters") }
}

const LAST: usize = 4;

const fn form(prefix: &'static str, mode: Mode, kind: SeenKind, family: Option<KeyFamily>) -> Form {
    Form { prefix, mode, kind, family }
}
