//! Address lists of merchants and of single credentials.

use serde_json::{Value, json};
use tollgate_apikey::KeyId;
use tollgate_client_address::{Cidr, Entries, IpList, ListErrorKind};

use super::{Actor, Administration, Error};
use crate::account::MerchantId;
use crate::storage::{CredentialChange, MerchantChange};

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
pub fn parse_allow_list<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<IpList, AllowListError> {
    let mut entries = entries.into_iter().peekable();
    if entries.next_if(|entry| entry.as_ref() == "unrestricted").is_some() {
        return entries.next().map_or_else(|| Ok(IpList::unrestricted()), |_| Err(AllowListError::Entry(1)));
    }
    let mut networks = Vec::new();
    for (place, entry) in (1..).zip(entries) {
        if place > tollgate_client_address::MAX_ENTRIES {
            return Err(AllowListError::TooMany);
        }
        networks.push(Cidr::parse(entry.as_ref()).map_err(|_| AllowListError::Entry(place))?);
    }
    IpList::only(networks).map_err(|error| match error.kind() {
        ListErrorKind::Empty => AllowListError::Empty,
        _ => AllowListError::TooMany,
    })
}

/// How often a list is read again that others change: of those that meet one always goes through.
const MAX_EDITS: u32 = 64;

impl Administration {
    /// Sets where a merchant's server credentials may come from; counts at the next call.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_merchant_ip_list(&self, actor: &Actor, id: &MerchantId, list: IpList) -> Result<(), Error> {
        let entry = self.entry(actor, id, "merchant.ip_list_set", id.as_str(), [("ip_list", described(&list))]);
        self.change_merchant(id, MerchantChange::IpList(list), entry).await
    }

    /// Sets where one API key or client secret may come from; counts at the next call, also for its tokens.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_key_ip_list(&self, actor: &Actor, id: KeyId, list: IpList) -> Result<(), Error> {
        let known = self.directory.credential(id).await?.ok_or(Error::NotFound)?;
        let detail = [("ip_list", described(&list))];
        let entry = self.entry(actor, &known.merchant, "key.ip_list_set", id.as_str(), detail);
        self.change_credential(id, CredentialChange::IpList(list), entry).await
    }

    /// Changes the list of a merchant to what `edit` makes of it, and answers that. Of several at once none undoes what
    /// another did: `edit` may run more than once.
    ///
    /// # Errors
    ///
    /// What `edit` answers; [`Error::NotFound`]; [`Error::Outrun`].
    pub async fn edit_merchant_ip_list<E: From<Error>>(
        &self,
        actor: &Actor,
        id: &MerchantId,
        edit: impl Fn(&IpList) -> Result<IpList, E>,
    ) -> Result<IpList, E> {
        for _ in 0..MAX_EDITS {
            let seen = self.merchant(id).await?.ok_or(Error::NotFound)?.ip_list;
            let list = edit(&seen)?;
            let entry = self.entry(actor, id, "merchant.ip_list_set", id.as_str(), [("ip_list", described(&list))]);
            let change = MerchantChange::IpListOf { seen, list: list.clone() };
            match self.change_merchant(id, change, entry).await {
                Err(Error::Outrun) => {}
                outcome => return Ok(outcome.map(|()| list)?),
            }
        }
        Err(Error::Outrun.into())
    }

    /// As [`edit_merchant_ip_list`](Self::edit_merchant_ip_list), for one API key.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn edit_key_ip_list<E: From<Error>>(
        &self,
        actor: &Actor,
        id: KeyId,
        edit: impl Fn(&IpList) -> Result<IpList, E>,
    ) -> Result<IpList, E> {
        for _ in 0..MAX_EDITS {
            let known = self.key(id).await?.ok_or(Error::NotFound)?;
            let (seen, list) = (known.ip_list.clone(), edit(&known.ip_list)?);
            let detail = [("ip_list", described(&list))];
            let entry = self.entry(actor, &known.merchant, "key.ip_list_set", id.as_str(), detail);
            let change = CredentialChange::IpListOf { seen, list: list.clone() };
            match self.change_credential(id, change, entry).await {
                Err(Error::Outrun) => {}
                outcome => return Ok(outcome.map(|()| list)?),
            }
        }
        Err(Error::Outrun.into())
    }
}

/// As the audit log shows a list.
fn described(list: &IpList) -> Value {
    match list.entries() {
        Entries::Unrestricted => json!("unrestricted"),
        Entries::Only(networks) => networks.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_as_people_write_them_and_names_the_entry_that_is_wrong() {
        let table: &[(&[&str], Result<(), AllowListError>)] = &[
            (&["unrestricted"], Ok(())),
            (&["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"], Ok(())),
            (&[], Err(AllowListError::Empty)),
            (&["203.0.113.0/24", "203.0.113.1/24"], Err(AllowListError::Entry(2))),
            (&["0.0.0.0/0"], Err(AllowListError::Entry(1))),
            (&["unrestricted", "203.0.113.0/24"], Err(AllowListError::Entry(1))),
            (&["203.0.113.0/24", "unrestricted"], Err(AllowListError::Entry(2))),
            (&[""], Err(AllowListError::Entry(1))),
        ];
        for (entries, expected) in table {
            let got = parse_allow_list(entries.iter().copied()).map(|_| ());
            assert_eq!(got, *expected, "{entries:?}");
        }
        let many = vec!["203.0.113.7"; tollgate_client_address::MAX_ENTRIES + 1];
        assert_eq!(parse_allow_list(many).map(|_| ()), Err(AllowListError::TooMany));
    }
}
