//! The words that commands are made of, as people write them and as they go over the socket.

use std::fmt;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap, Scopes, Status};
use zeroize::Zeroizing;

use super::{Refused, Shown};
use crate::account::{CLIENT_ID, ClientDialect, KeyFamily, MerchantId, Role, SecretText, UserId};
use crate::administration::{Page, Switch};
use crate::keys::SecretKind;

/// `live` or `test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ModeWord {
    /// Real payments.
    Live,
    /// The sandbox.
    Test,
}

/// The dialects whose servers send keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum KeyDialect {
    /// Caibo.
    Caibo,
    /// 88Pay.
    #[value(name = "88pay")]
    #[serde(rename = "88pay")]
    EightyEightPay,
    /// CardPlusPay.
    #[value(name = "cardpluspay")]
    #[serde(rename = "cardpluspay")]
    CardPlusPay,
}

/// The dialects with OAuth clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ClientWord {
    /// Alternative Payments.
    Alternative,
    /// Pledg.
    Pledg,
}

/// The server's own symmetric secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKindWord {
    /// Under which digests of keys and client secrets are kept.
    Pepper,
    /// Under which digests of browser tokens are kept.
    TokenPepper,
    /// Under which secrets that are needed in clear are sealed.
    Sealing,
    /// Which authenticate challenges.
    Challenge,
}

/// `on` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SwitchWord {
    /// On.
    On,
    /// Off.
    Off,
}

/// What a user may do in the control panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RoleWord {
    /// Everything, users too.
    Owner,
    /// Keys, secrets and settings.
    Developer,
    /// Looks, changes nothing.
    ReadOnly,
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct PageWords {
    /// Start behind this id: the last one of the page before
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// A secret on its way between a file, the socket and the terminal: wiped, and not shown by `Debug`.
pub struct PlainText(Zeroizing<String>);

impl PlainText {
    /// Takes a text that was read from a file.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    pub(super) fn into_secret(self) -> SecretText {
        SecretText::from(self.0)
    }
}

impl From<SecretText> for PlainText {
    fn from(text: SecretText) -> Self {
        Self(Zeroizing::new(text.expose_secret().to_owned()))
    }
}

impl fmt::Debug for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainText(redacted)")
    }
}

impl Serialize for PlainText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PlainText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl From<SecretKindWord> for SecretKind {
    fn from(word: SecretKindWord) -> Self {
        match word {
            SecretKindWord::Pepper => Self::Pepper,
            SecretKindWord::TokenPepper => Self::TokenPepper,
            SecretKindWord::Sealing => Self::Sealing,
            SecretKindWord::Challenge => Self::Challenge,
        }
    }
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Live => Self::Live,
            ModeWord::Test => Self::Test,
        }
    }
}

impl KeyDialect {
    /// The keys of the dialect.
    #[must_use]
    pub fn family(self) -> KeyFamily {
        match self {
            Self::Caibo => KeyFamily::CAIBO,
            Self::CardPlusPay => KeyFamily::CARDPLUSPAY,
            Self::EightyEightPay => KeyFamily::EIGHTY_EIGHT_PAY,
        }
    }
}

impl ClientWord {
    pub(super) fn dialect(self) -> ClientDialect {
        match self {
            Self::Alternative => ClientDialect::Alternative,
            Self::Pledg => ClientDialect::Pledg,
        }
    }
}

impl From<SwitchWord> for Switch {
    fn from(word: SwitchWord) -> Self {
        match word {
            SwitchWord::On => Self::On,
            SwitchWord::Off => Self::Off,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Owner => Self::Owner,
            RoleWord::Developer => Self::Developer,
            RoleWord::ReadOnly => Self::ReadOnly,
        }
    }
}

impl From<PageWords> for Page {
    fn from(words: PageWords) -> Self {
        Self { after: words.after, limit: words.limit }
    }
}

/// Reads a merchant id in either spelling.
pub(super) fn merchant_id(text: &str) -> Result<MerchantId, Refused> {
    let read = MerchantId::parse(text).map(|(id, _)| id);
    read.map_err(|_| Refused::usage("a merchant id has the form MCH-COL-7QX2Z"))
}

/// Reads the public id of a key, a secret or a public key; a whole credential is refused, for the history's sake.
pub(super) fn key_id(text: &str) -> Result<KeyId, Refused> {
    KeyId::parse(text).map_err(|_| Refused::usage("an id has 12 letters and digits; it is not the key itself"))
}

/// Reads a client id text, or the id inside it.
pub(super) fn client_key_id(text: &str) -> Result<KeyId, Refused> {
    CLIENT_ID.parse(text).map(|id| id.id()).or_else(|_| key_id(text))
}

/// Reads a user id.
pub(super) fn user_id(text: &str) -> Result<UserId, Refused> {
    UserId::parse(text).ok_or_else(|| Refused::usage("a user id is a whole number from 1"))
}

/// Reads scopes; none given means `all`.
pub(super) fn scopes(given: &[String], all: &str) -> Result<Scopes, Refused> {
    let text = if given.is_empty() { all.to_owned() } else { given.join(" ") };
    Scopes::parse(&text).map_err(|error| Refused::usage(format!("the scopes cannot be read: {error}")))
}

/// Seconds of an overlap.
pub(super) fn overlap(seconds: u32) -> Result<Overlap, Refused> {
    Overlap::new(seconds).map_err(|_| Refused::usage("an overlap is at most 30 days"))
}

/// Reads `90`, `90s`, `15m`, `24h` or `7d` as seconds.
///
/// # Errors
///
/// A sentence for the person at the terminal.
pub(super) fn seconds_argument(text: &str) -> Result<u32, String> {
    let unit = text.bytes().next_back().and_then(|unit| UNITS.iter().find(|(name, _)| *name == unit));
    let (digits, factor) = match unit {
        Some((_, factor)) => (text.get(..text.len() - 1).unwrap_or_default(), *factor),
        None => (text, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let seconds = digits.parse().ok().filter(|_| plain).and_then(|n: u32| n.checked_mul(factor));
    seconds.ok_or_else(|| "a number of seconds, or one with s, m, h or d behind it".to_owned())
}

/// Reads a time.
pub(super) fn time_argument(text: &str) -> Result<OffsetDateTime, Refused> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Refused::usage("a time has the form 2026-01-01T00:00:00Z"))
}

/// A time as it is shown: RFC 3339, UTC, whole seconds.
pub(super) fn shown_time(time: OffsetDateTime) -> String {
    let whole = time.to_offset(time::UtcOffset::UTC).replace_millisecond(0).unwrap_or(time);
    whole.format(&Rfc3339).unwrap_or_default()
}

/// Adds the state of a life.
pub(super) fn with_life(shown: Shown, life: &Lifecycle, now: OffsetDateTime) -> Shown {
    let status = match life.status(now) {
        Status::Active => "active",
        Status::Expired => "expired",
        Status::Retiring { .. } => "retiring",
        Status::Revoked => "revoked",
    };
    shown
        .with("status", status)
        .with("created_at", shown_time(life.created_at()))
        .with("expires_at", life.expires_at().map(shown_time))
        .with("retiring_until", life.retiring_until().map(shown_time))
        .with("revoked_at", life.revoked_at().map(shown_time))
}

const UNITS: [(u8, u32); 4] = [(b's', 1), (b'm', 60), (b'h', 3600), (b'd', 86_400)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spans_as_people_write_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("24h", Some(86_400)),
            ("30d", Some(2_592_000)),
            ("", None),
            ("h", None),
            ("-1", None),
            ("1.5h", None),
            ("+3", None),
            ("99999d", None),
            ("1w", None),
        ] {
            assert_eq!(seconds_argument(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_secret_prints_itself_nowhere() {
        let secret = PlainText::new(Zeroizing::new("hunter2".to_owned()));
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose_secret(), "hunter2");
    }
}
