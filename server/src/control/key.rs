//! API keys.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_client_address::IpList;

use super::words::{self, KeyDialect, ModeWord, PageWords};
use super::{Refused, Shown};
use crate::account::{Actor, Credential, UserId};
use crate::administration::{Administration, Issued, NewKey, parse_allow_list};

/// What can be done with API keys.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyCommand {
    /// Make a key and show it this once
    Issue {
        /// The merchant it is for
        merchant: String,
        /// The dialect it is for
        #[arg(long, value_enum)]
        dialect: KeyDialect,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// What it permits, may be repeated; all of the dialect if none is given
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What its owner calls it
        #[arg(long, default_value = "")]
        name: String,
        /// Its end, such as 2026-12-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// Address or network it may come from, may be repeated; any if none is given
        #[arg(long = "allow", value_name = "CIDR")]
        allow: Vec<String>,
        /// The user it is made for
        #[arg(long, value_name = "ID")]
        user: Option<String>,
    },
    /// List the keys of a merchant and mode, newest first
    List {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        page: PageWords,
    },
    /// Show one key, without its secret
    Inspect {
        /// Its public id, the 12 characters behind the prefix
        key: String,
    },
    /// Make a key in the place of another
    Rotate {
        /// The public id of the other
        key: String,
        /// How long the other still works: seconds, or 15m, 24h, 7d; 0 kills it at once
        #[arg(long, value_name = "TIME", value_parser = words::seconds_argument)]
        overlap: u32,
    },
    /// Kill a key and its tokens
    Revoke {
        /// Its public id
        key: String,
    },
    /// Name a key
    Rename {
        /// Its public id
        key: String,
        /// At most 64 characters
        name: String,
    },
}

impl KeyCommand {
    pub(super) async fn run(self, administration: &Administration, now: OffsetDateTime) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Issue { merchant, dialect, mode, scopes, name, expires_at, allow, user } => {
                let new = NewKey {
                    merchant: words::merchant_id(&merchant)?,
                    user: user.as_deref().map(words::user_id).transpose()?,
                    family: dialect.family(),
                    mode: mode.into(),
                    scopes: words::scopes(&scopes, dialect.family().scopes())?,
                    ip_list: allow_list(&allow)?,
                    name,
                    expires_at: expires_at.as_deref().map(words::time_argument).transpose()?,
                };
                Ok(vec![issued(administration.issue_key(&operator, new).await?, now)])
            }
            Self::List { merchant, mode, page } => {
                let keys = administration.keys(&words::merchant_id(&merchant)?, mode.into(), page.into()).await?;
                Ok(keys.iter().map(|key| shown(key, now)).collect())
            }
            Self::Inspect { key } => inspect(administration, &key, now).await,
            Self::Rotate { key, overlap } => {
                let (id, overlap) = (words::key_id(&key)?, words::overlap(overlap)?);
                Ok(vec![issued(administration.rotate_key(&operator, id, overlap).await?, now)])
            }
            Self::Revoke { key } => {
                let changed = administration.revoke_key(&operator, words::key_id(&key)?).await?;
                Ok(vec![Shown::changed(key, changed)])
            }
            Self::Rename { key, name } => {
                administration.rename_key(&operator, words::key_id(&key)?, &name).await?;
                inspect(administration, &key, now).await
            }
        }
    }
}

async fn inspect(administration: &Administration, key: &str, now: OffsetDateTime) -> Result<Vec<Shown>, Refused> {
    let key = administration.key(words::key_id(key)?).await?.ok_or_else(Refused::not_found)?;
    Ok(vec![shown(&key, now)])
}

fn allow_list(entries: &[String]) -> Result<IpList, Refused> {
    if entries.is_empty() {
        return Ok(IpList::unrestricted());
    }
    parse_allow_list(entries.iter().map(String::as_str)).map_err(|error| Refused::usage(error.to_string()))
}

/// A new credential with its secret.
pub(super) fn issued(issued: Issued<Credential>, now: OffsetDateTime) -> Shown {
    shown(&issued.record, now).with_secret(issued.text)
}

/// A credential by its public parts.
pub(super) fn shown(key: &Credential, now: OffsetDateTime) -> Shown {
    let record = Shown::default()
        .with("id", key.id.as_str())
        .with("kind", key.kind.as_str())
        .with("merchant", key.merchant.as_str())
        .with("mode", key.mode.as_str())
        .with("name", key.name.as_str())
        .with("ends_with", &*key.last_four)
        .with("scopes", key.scopes.to_string())
        .with("allow_list", super::allow_list::texts(&key.ip_list))
        .with("user", key.user.map(UserId::get).map(|id| id.to_string()));
    words::with_life(record, &key.lifecycle, now)
}
