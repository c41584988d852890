//! Merchants and their settings.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use serde_json::json;
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;
use uuid::Builder;

use super::{Actor, Administration, Error, Page};
use crate::account::{Merchant, MerchantId, MerchantStatus, NewAuditEntry, Switch};
use crate::payments::{Currency, Money, is_country};
use crate::storage::{MerchantChange, MerchantFilter, REQUEST_SIGNING};

/// A merchant to be made.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// ISO 3166-1 alpha-3, upper case.
    pub country: String,
    /// Display name: 1 to 128 characters, no control characters.
    pub name: String,
    /// The currency of its balance.
    pub currency: Currency,
    /// What its sample balance starts with, in each mode.
    pub balance: Money,
    /// Whether it may act.
    pub status: MerchantStatus,
    /// Origins (`https://host[:port]`) its payment pages may be embedded in.
    pub domains: Vec<String>,
    /// Payment method codes it may charge.
    pub methods: Vec<String>,
}

/// A setting of a merchant in one mode, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// How long an Alternative checkout token lives: 60 to 3600 seconds.
    AlternativeCheckoutLifetime(u32),
    /// Whether every CardPlusPay request must be signed; cannot be switched on without a live RSA key.
    RequestSigningRequired(Switch),
}

impl Administration {
    /// The longest name of a merchant, in characters.
    pub const MAX_MERCHANT_NAME: usize = 128;
    /// Ids drawn for a new merchant before it is given up: a second draw is rare, a broken generator is not.
    const MAX_DRAWS: usize = 8;

    /// Makes a merchant with a random id and, in each mode, a balance and its `mer_` alias.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a country, name, domain or method that does not fit.
    pub async fn create_merchant(&self, actor: &Actor, new: NewMerchant) -> Result<Merchant, Error> {
        if !is_country(&new.country) {
            return Err(Error::Invalid("country"));
        }
        let fits = (1..=Self::MAX_MERCHANT_NAME).contains(&new.name.chars().count());
        if !fits || new.name.chars().any(char::is_control) {
            return Err(Error::Invalid("name"));
        }
        check_domains(&new.domains)?;
        check_methods(&new.methods)?;
        for _ in 0..Self::MAX_DRAWS {
            let drawn = self.rng.base62(MERCHANT_ID_LEN)?.to_ascii_uppercase();
            let merchant = Merchant {
                id: MerchantId::new(&new.country, &drawn).map_err(|_| Error::Invalid("country"))?,
                name: new.name.clone(),
                status: new.status,
                ip_list: IpList::unrestricted(),
                domains: new.domains.clone(),
                methods: new.methods.clone(),
                currency: new.currency.code().to_owned(),
                created_at: self.clock.now(),
            };
            let detail = [
                ("currency", json!(merchant.currency)),
                ("name", json!(merchant.name)),
                ("status", json!(merchant.status.as_str())),
            ];
            let entry = self.entry(actor, &merchant.id, "merchant.created", merchant.id.as_str(), detail);
            let aliases = [(Mode::Live, self.alias()?), (Mode::Test, self.alias()?)];
            let (directory, stored, balance) = (self.directory.clone(), merchant.clone(), new.balance.to_string());
            let creation = async move { directory.create_merchant(&stored, &balance, &aliases, &entry).await };
            match self.change_uncached(creation).await {
                Err(Error::Taken) => {}
                made => return made.map(|()| merchant),
            }
        }
        Err(Error::Taken)
    }

    /// The merchants, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn merchants(&self, page: Page) -> Result<Vec<Merchant>, Error> {
        Ok(self.directory.merchants_part(page.part()).await?)
    }

    /// The merchants that fit, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn find_merchants(&self, filter: &MerchantFilter, page: Page) -> Result<Vec<Merchant>, Error> {
        Ok(self.directory.find_merchants(filter, page.part()).await?)
    }

    /// A merchant by id.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, Error> {
        Ok(self.directory.merchant(id).await?)
    }

    /// Lets a merchant act or stops it; counts at the next call, also for tokens already issued.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_merchant_status(
        &self,
        actor: &Actor,
        id: &MerchantId,
        status: MerchantStatus,
    ) -> Result<(), Error> {
        let detail = [("status", json!(status.as_str()))];
        let entry = self.entry(actor, id, "merchant.status_set", id.as_str(), detail);
        self.change_merchant(id, MerchantChange::Status(status), entry).await
    }

    /// Sets the origins a merchant's payment pages may be embedded in. The plain HTTP origin of
    /// [`set_local_origin`](Self::set_local_origin) stays beside them.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a text that is not `https://host[:port]`, or more than 100; [`Error::NotFound`].
    pub async fn set_merchant_domains(
        &self,
        actor: &Actor,
        id: &MerchantId,
        mut domains: Vec<String>,
    ) -> Result<(), Error> {
        check_domains(&domains)?;
        let old = self.merchant(id).await?.ok_or(Error::NotFound)?.domains;
        domains.extend(old.into_iter().filter(|domain| domain.starts_with("http://")));
        let entry = self.entry(actor, id, "merchant.domains_set", id.as_str(), [("domains", json!(domains))]);
        self.change_merchant(id, MerchantChange::Domains(domains), entry).await
    }

    /// Puts a plain HTTP origin on this machine in the place of the one a merchant had, beside its other origins; without
    /// a change nothing is written. It is for the demo shop of `dev`, whose port may be another one at each start.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an address that is not loopback, or with 100 other origins; [`Error::NotFound`].
    pub async fn set_local_origin(&self, actor: &Actor, id: &MerchantId, address: SocketAddr) -> Result<(), Error> {
        if !address.ip().is_loopback() {
            return Err(Error::Invalid("address"));
        }
        let old = self.merchant(id).await?.ok_or(Error::NotFound)?.domains;
        let mut domains: Vec<_> = old.iter().filter(|domain| !domain.starts_with("http://")).cloned().collect();
        check_domains(&domains)?;
        domains.push(format!("http://{address}"));
        if domains == old {
            return Ok(());
        }
        let entry = self.entry(actor, id, "merchant.domains_set", id.as_str(), [("domains", json!(domains))]);
        self.change_merchant(id, MerchantChange::Domains(domains), entry).await
    }

    /// Sets the payment methods a merchant may charge.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a code that is not 1 to 32 of `A-Z0-9_`, or more than 100; [`Error::NotFound`].
    pub async fn set_merchant_methods(
        &self,
        actor: &Actor,
        id: &MerchantId,
        methods: Vec<String>,
    ) -> Result<(), Error> {
        check_methods(&methods)?;
        let entry = self.entry(actor, id, "merchant.methods_set", id.as_str(), [("methods", json!(methods))]);
        self.change_merchant(id, MerchantChange::Methods(methods), entry).await
    }

    /// Changes a setting of a merchant in one mode.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a value out of bounds; [`Error::NoLiveKey`]; [`Error::NotFound`].
    pub async fn set_setting(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        setting: Setting,
    ) -> Result<(), Error> {
        let (name, value) = setting.stored();
        match setting {
            Setting::AlternativeCheckoutLifetime(seconds) => {
                if !Setting::CHECKOUT_LIFETIMES.contains(&seconds) {
                    return Err(Error::Invalid("lifetime"));
                }
            }
            Setting::RequestSigningRequired(required) => {
                return self.set_request_signing(actor, merchant, mode, required).await;
            }
        }
        let detail = [("mode", json!(mode.as_str())), ("name", json!(name)), ("value", json!(value))];
        let entry = self.entry(actor, merchant, "setting.set", merchant.as_str(), detail);
        let (directory, merchant) = (self.directory.clone(), merchant.clone());
        let change = async move { directory.change_setting(&merchant, mode, name, &value, &entry).await };
        self.change_uncached(change).await
    }

    /// The settings of a merchant in one mode that were ever set.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn settings(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Setting>, Error> {
        let stored = self.directory.settings(merchant, mode).await?;
        Ok(stored.iter().filter_map(|(name, value)| Setting::from_stored(name, value)).collect())
    }

    pub(super) async fn change_merchant(
        &self,
        id: &MerchantId,
        what: MerchantChange,
        entry: NewAuditEntry,
    ) -> Result<(), Error> {
        let (directory, id) = (self.directory.clone(), id.clone());
        let forgotten = id.clone();
        let change = async move { directory.change_merchant(&id, &what, &entry).await };
        self.change(change, move |records| records.forget_merchant(&forgotten)).await
    }

    pub(super) fn alias(&self) -> Result<String, Error> {
        let mut bytes = [0_u8; 16];
        self.rng.fill(&mut bytes)?;
        Ok(format!("mer_{}", Builder::from_random_bytes(bytes).into_uuid().hyphenated()))
    }
}

impl Setting {
    /// The lifetimes a checkout token can have, in seconds.
    pub const CHECKOUT_LIFETIMES: RangeInclusive<u32> = 60..=3600;

    /// The name and value the database keeps.
    #[must_use]
    pub fn stored(&self) -> (&'static str, String) {
        match self {
            Self::AlternativeCheckoutLifetime(seconds) => (CHECKOUT_LIFETIME, seconds.to_string()),
            Self::RequestSigningRequired(required) => (REQUEST_SIGNING, required.as_str().to_owned()),
        }
    }

    /// Reads a name and value; `None` for a name that is no setting and for a value that does not read.
    #[must_use]
    pub fn from_stored(name: &str, value: &str) -> Option<Self> {
        match name {
            CHECKOUT_LIFETIME => {
                let seconds = value.parse().ok().filter(|seconds| Self::CHECKOUT_LIFETIMES.contains(seconds));
                seconds.map(Self::AlternativeCheckoutLifetime)
            }
            REQUEST_SIGNING => Switch::from_stored(value).map(Self::RequestSigningRequired),
            _ => None,
        }
    }
}

fn check_domains(domains: &[String]) -> Result<(), Error> {
    let fits = domains.len() <= MAX_ENTRIES && domains.iter().all(|domain| is_origin(domain));
    if fits { Ok(()) } else { Err(Error::Invalid("domains")) }
}

fn check_methods(methods: &[String]) -> Result<(), Error> {
    let code = |method: &String| {
        (1..=32).contains(&method.len())
            && method.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    let fits = methods.len() <= MAX_ENTRIES && methods.iter().all(code);
    if fits { Ok(()) } else { Err(Error::Invalid("methods")) }
}

/// Whether a text is an origin as a browser spells it (RFC 6454 §6.2): `https`, a host in lower case, and a port unless
/// it is 443.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (host, port) = match rest.split_once(':') {
        None => (rest, None),
        Some((host, port)) => (host, Some(port)),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let port_fits = port.is_none_or(|port| {
        !port.starts_with('0')
            && port.bytes().all(|b| b.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port != 443)
    });
    host.len() <= 253 && host.split('.').all(label) && port_fits
}

/// The setting the Alternative dialect reads.
const CHECKOUT_LIFETIME: &str = "alternative_checkout_lifetime";

/// The random part of a merchant id.
const MERCHANT_ID_LEN: usize = 6;

/// The most domains or methods of a merchant.
const MAX_ENTRIES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_origin_as_browsers_spell_it() {
        for origin in
            ["https://shop.example", "https://shop.example:8443", "https://a-1.b.example", "https://127.0.0.1"]
        {
            assert!(is_origin(origin), "{origin}");
        }
        let refused = [
            "",
            "http://shop.example",
            "https://",
            "https://Shop.example",
            "https://shop.example/",
            "https://shop.example:443",
            "https://shop.example:",
            "https://shop.example:0",
            "https://shop.example:65536",
            "https://user@shop.example",
            "https://shop..example",
            "https://-shop.example",
            "https://shop example",
            "https://*.example",
            "https://shöp.example",
        ];
        for text in refused {
            assert!(!is_origin(text), "{text}");
        }
    }
}
