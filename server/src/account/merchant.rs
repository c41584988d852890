//! A merchant and its id.

use std::fmt;

use time::OffsetDateTime;
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;

/// A merchant id in its plain form, `MCH-{ISO3}-{ID}`.
///
/// The sandbox spelling `MCH-{ISO3}-TEST-{ID}` names the same merchant; [`MerchantId::parse`] says which one it read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MerchantId(String);

/// The text is not a merchant id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a merchant id")]
pub struct MerchantIdError;

/// Whether a merchant may use its credentials; read at every use, also for tokens already issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MerchantStatus {
    /// Both modes work.
    Active,
    /// Only test credentials work.
    PendingKyc,
    /// Nothing works.
    Suspended,
}

/// Whether something is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// A merchant's record.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// Its display name.
    pub name: String,
    /// Whether it may act.
    pub status: MerchantStatus,
    /// Addresses its server credentials may come from.
    pub ip_list: IpList,
    /// Origins (`https://host[:port]`) its payment pages may be embedded in.
    pub domains: Vec<String>,
    /// Payment method codes it may charge.
    pub methods: Vec<String>,
    /// ISO 4217 code of its balance.
    pub currency: String,
    /// Since when it exists.
    pub created_at: OffsetDateTime,
}

impl MerchantId {
    /// Makes the plain form from an ISO 3166-1 alpha-3 code and 5 or 6 of `A-Z0-9`.
    ///
    /// # Errors
    ///
    /// [`MerchantIdError`] when either part has another shape.
    pub fn new(country: &str, id: &str) -> Result<Self, MerchantIdError> {
        let country_fits = country.len() == 3 && country.bytes().all(|b| b.is_ascii_uppercase());
        let id_fits = matches!(id.len(), 5 | 6) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if country_fits && id_fits { Ok(Self(["MCH-", country, "-", id].concat())) } else { Err(MerchantIdError) }
    }

    /// Reads either spelling; the mode says which one it was.
    ///
    /// # Errors
    ///
    /// [`MerchantIdError`] for any other text.
    pub fn parse(text: &str) -> Result<(Self, Mode), MerchantIdError> {
        let rest = text.strip_prefix("MCH-").ok_or(MerchantIdError)?;
        let (country, rest) = rest.split_once('-').ok_or(MerchantIdError)?;
        match rest.strip_prefix("TEST-") {
            Some(id) => Ok((Self::new(country, id)?, Mode::Test)),
            None => Ok((Self::new(country, rest)?, Mode::Live)),
        }
    }

    /// The plain form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spelling that goes with a mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> String {
        match mode {
            Mode::Live => self.0.clone(),
            Mode::Test => {
                let (country, id) = self.0[4..].split_once('-').unwrap_or_default();
                ["MCH-", country, "-TEST-", id].concat()
            }
        }
    }
}

impl fmt::Display for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }

    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "false",
            Self::On => "true",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Off, Self::On].into_iter().find(|switch| switch.as_str() == text)
    }
}

impl MerchantStatus {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PendingKyc => "pending_kyc",
            Self::Suspended => "suspended",
        }
    }

    /// Reads the word; anything unknown is `suspended`, so that a damaged record fails closed.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        match text {
            "active" => Self::Active,
            "pending_kyc" => Self::PendingKyc,
            _ => Self::Suspended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_and_nothing_else() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../vectors/eighty-eight-pay.json")).unwrap();
        let vector = vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == "88pay/merchant-id").unwrap();
        for row in vector["inputs"]["accept"].as_array().unwrap() {
            let text = row["text"].as_str().unwrap();
            let (id, mode) = MerchantId::parse(text).unwrap();
            assert_eq!(mode.as_str(), row["form"].as_str().unwrap(), "{text}");
            assert_eq!(id.in_mode(mode), text);
        }
        for row in vector["inputs"]["refuse"].as_array().unwrap() {
            let text = row.as_str().unwrap();
            assert!(MerchantId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_status_fails_closed() {
        assert_eq!(MerchantStatus::from_stored("Active"), MerchantStatus::Suspended);
    }
}
