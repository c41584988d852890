//! Address lists of merchants and keys.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use tollgate_apikey::KeyId;
use tollgate_client_address::{Cidr, Entries, IpList};

use super::{Refused, Shown, words};
use crate::account::{Actor, MerchantId};
use crate::administration::{Administration, parse_allow_list};

/// What can be done with address lists.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AllowListCommand {
    /// Show a list
    Show {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: Owner,
    },
    /// Replace a list
    Set {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: Owner,
        /// Addresses and networks, or the one word `unrestricted`
        #[arg(required = true, value_name = "CIDR")]
        entries: Vec<String>,
    },
    /// Add entries to a list
    Add {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: Owner,
        /// Addresses and networks
        #[arg(required = true, value_name = "CIDR")]
        entries: Vec<String>,
    },
    /// Take entries from a list; the last one cannot be taken
    Remove {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: Owner,
        /// Addresses and networks, as `show` prints them
        #[arg(required = true, value_name = "CIDR")]
        entries: Vec<String>,
    },
}

/// Whose list.
#[derive(Debug, Serialize, Deserialize, Args)]
#[group(required = true, multiple = false)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The list of a merchant, for all of its server credentials
    #[arg(long, value_name = "ID")]
    merchant: Option<String>,
    /// The list of one API key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

/// The same, read.
enum Id {
    Merchant(MerchantId),
    Key(KeyId),
}

impl AllowListCommand {
    pub(super) async fn run(self, administration: &Administration) -> Result<Vec<Shown>, Refused> {
        match self {
            Self::Show { of } => {
                let id = Id::read(&of)?;
                Ok(vec![shown(&id, &id.list(administration).await?)])
            }
            Self::Set { of, entries } => {
                let (id, list) = (Id::read(&of)?, read(&entries)?);
                let record = shown(&id, &list);
                match &id {
                    Id::Merchant(id) => administration.set_merchant_ip_list(&Actor::operator(), id, list).await?,
                    Id::Key(id) => administration.set_key_ip_list(&Actor::operator(), *id, list).await?,
                }
                Ok(vec![record])
            }
            Self::Add { of, entries } => {
                let more = texts(&read(&entries)?);
                edit(administration, &of, |list| with(list, &more)).await
            }
            Self::Remove { of, entries } => {
                let gone = texts(&read(&entries)?);
                edit(administration, &of, |list| without(list, &gone)).await
            }
        }
    }
}

/// Changes the list that is stored, whatever others do to it at the same time.
async fn edit(
    administration: &Administration,
    of: &Owner,
    edit: impl Fn(&IpList) -> Result<IpList, Refused>,
) -> Result<Vec<Shown>, Refused> {
    let id = Id::read(of)?;
    let list = match &id {
        Id::Merchant(id) => administration.edit_merchant_ip_list(&Actor::operator(), id, edit).await?,
        Id::Key(id) => administration.edit_key_ip_list(&Actor::operator(), *id, edit).await?,
    };
    Ok(vec![shown(&id, &list)])
}

fn with(list: &IpList, more: &[String]) -> Result<IpList, Refused> {
    let mut all = restricted(list)?;
    all.extend_from_slice(more);
    all.sort();
    all.dedup();
    read(&all)
}

fn without(list: &IpList, gone: &[String]) -> Result<IpList, Refused> {
    let old = restricted(list)?;
    if let Some(absent) = gone.iter().find(|entry| !old.contains(entry)) {
        return Err(Refused::new(format!("{absent} is not on the list")));
    }
    let left: Vec<String> = old.into_iter().filter(|entry| !gone.contains(entry)).collect();
    if left.is_empty() {
        return Err(Refused::new("the list would be empty: set it to `unrestricted` if any may come"));
    }
    read(&left)
}

/// The entries of a list that has some; one added to "any" would shut out all the others.
fn restricted(list: &IpList) -> Result<Vec<String>, Refused> {
    match list.entries() {
        Entries::Unrestricted => Err(Refused::new("the list is unrestricted: use `set` to restrict it")),
        Entries::Only(_) => Ok(texts(list)),
    }
}

impl Id {
    fn read(of: &Owner) -> Result<Self, Refused> {
        match (&of.merchant, &of.key) {
            (Some(merchant), None) => Ok(Self::Merchant(words::merchant_id(merchant)?)),
            (None, Some(key)) => Ok(Self::Key(words::key_id(key)?)),
            _ => Err(Refused::usage("name one merchant or one key")),
        }
    }

    async fn list(&self, administration: &Administration) -> Result<IpList, Refused> {
        let list = match self {
            Self::Merchant(id) => administration.merchant(id).await?.map(|merchant| merchant.ip_list),
            Self::Key(id) => administration.key(*id).await?.map(|key| key.ip_list),
        };
        list.ok_or_else(Refused::not_found)
    }
}

fn read(entries: &[String]) -> Result<IpList, Refused> {
    parse_allow_list(entries.iter().map(String::as_str)).map_err(|error| Refused::usage(error.to_string()))
}

fn shown(id: &Id, list: &IpList) -> Shown {
    let record = match id {
        Id::Merchant(id) => Shown::default().with("merchant", id.as_str()),
        Id::Key(id) => Shown::default().with("key", id.as_str()),
    };
    record.with("allow_list", texts(list))
}

/// The entries as they are stored, or the one word for any address: what `set` takes.
pub(super) fn texts(list: &IpList) -> Vec<String> {
    match list.entries() {
        Entries::Unrestricted => vec![UNRESTRICTED.to_owned()],
        Entries::Only(entries) => entries.iter().map(Cidr::to_string).collect(),
    }
}

const UNRESTRICTED: &str = "unrestricted";
