//! Merchants and their settings.

use tollgate_apikey::Mode;

use super::{Actor, Administration, Error, Page};
use crate::account::{Merchant, MerchantId, MerchantStatus};
use crate::payments::{Currency, Money};

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

/// A switch of a merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
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
    /// Makes a merchant with a random id and, in each mode, a balance and its `mer_` alias.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a country, name, domain or method that does not fit.
    pub async fn create_merchant(&self, actor: &Actor, new: NewMerchant) -> Result<Merchant, Error> {
        todo!()
    }

    /// The merchants, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn merchants(&self, page: Page) -> Result<Vec<Merchant>, Error> {
        todo!()
    }

    /// A merchant by id.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, Error> {
        todo!()
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
        todo!()
    }

    /// Sets the origins a merchant's payment pages may be embedded in; none means any.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a text that is not `https://host[:port]`, or more than 100; [`Error::NotFound`].
    pub async fn set_merchant_domains(
        &self,
        actor: &Actor,
        id: &MerchantId,
        domains: Vec<String>,
    ) -> Result<(), Error> {
        todo!()
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
        todo!()
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
        todo!()
    }

    /// The settings of a merchant in one mode that were ever set.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn settings(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Setting>, Error> {
        todo!()
    }
}
