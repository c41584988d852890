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
        let (id, list) = match self {
            Self::Show { of } => {
                let id = Id::read(&of)?;
                return Ok(vec![shown(&id, &id.list(administration).await?)]);
            }
            Self::Set { of, entries } => (Id::read(&of)?, read(&entries)?),
            Self::Add { of, entries } => {
                let id = Id::read(&of)?;
                let mut all = id.restricted(administration).await?;
                all.extend(texts(&read(&entries)?));
                all.sort();
                all.dedup();
                (id, read(&all)?)
            }
            Self::Remove { of, entries } => {
                let id = Id::read(&of)?;
                let old = id.restricted(administration).await?;
                let gone = texts(&read(&entries)?);
                if let Some(absent) = gone.iter().find(|entry| !old.contains(entry)) {
                    return Err(Refused::new(format!("{absent} is not on the list")));
                }
                let left: Vec<String> = old.into_iter().filter(|entry| !gone.contains(entry)).collect();
                if left.is_empty() {
                    return Err(Refused::new("the list would be empty: set it to `unrestricted` if any may come"));
                }
                (id, read(&left)?)
            }
        };
        let record = shown(&id, &list);
        match &id {
            Id::Merchant(id) => administration.set_merchant_ip_list(&Actor::operator(), id, list).await?,
            Id::Key(id) => administration.set_key_ip_list(&Actor::operator(), *id, list).await?,
        }
        Ok(vec![record])
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

    /// The entries of a list that has some; one added to "any" would shut out all the others.
    async fn restricted(&self, administration: &Administration) -> Result<Vec<String>, Refused> {
        let list = self.list(administration).await?;
        match list.entries() {
            Entries::Unrestricted => Err(Refused::new("the list is unrestricted: use `set` to restrict it")),
            Entries::Only(_) => Ok(texts(&list)),
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
