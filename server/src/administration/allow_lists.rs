//! Address lists of merchants and of single credentials.

use tollgate_apikey::KeyId;
use tollgate_client_address::{Cidr, IpList, ListErrorKind};

use super::{Actor, Administration, Error};
use crate::account::MerchantId;

/// A list that was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllowListError {
    /// The entry at this place, counted from 1, is no address and no network in CIDR form.
    #[error("entry {0} is not an address or network")]
    Entry(usize),
    /// There are none; "everything" is said by `unrestricted`.
    #[error("the list is empty")]
    Empty,
    /// There are more than a list can hold.
    #[error("the list is too long")]
    TooMany,
}

/// Reads an address list as people write it: the one word `unrestricted`, or CIDR entries.
///
/// # Errors
///
/// [`AllowListError`] as its variants say.
pub fn parse_allow_list<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<IpList, AllowListError> {
    todo!()
}

impl Administration {
    /// Sets where a merchant's server credentials may come from; counts at the next call.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_merchant_ip_list(&self, actor: &Actor, id: &MerchantId, list: IpList) -> Result<(), Error> {
        todo!()
    }

    /// Sets where one API key or client secret may come from; counts at the next call, also for its tokens.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_key_ip_list(&self, actor: &Actor, id: KeyId, list: IpList) -> Result<(), Error> {
        todo!()
    }
}
