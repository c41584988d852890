//! Secrets that are needed in clear: of webhooks, and of signed Pledg requests and notifications.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::words::{self, ModeWord, PlainText};
use super::{Refused, Shown};
use crate::account::{Actor, SealedSecret, SecretPurpose};
use crate::administration::Administration;

/// What can be done with such secrets.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretCommand {
    /// Make a secret and show it
    Issue {
        /// The merchant it is for
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
    },
    /// Take over a secret that was made elsewhere
    Import {
        /// The merchant it is for
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// File with the secret; `-` reads standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        #[serde(skip)]
        secret_file: PathBuf,
        /// What the file held.
        #[arg(skip)]
        secret: Option<PlainText>,
    },
    /// List the secrets of a merchant and mode, newest first
    List {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
    },
    /// Make a secret in the place of another
    Rotate {
        /// The id of the other
        secret: String,
        /// How long the other still counts: seconds, or 15m, 24h, 7d; 0 ends it at once
        #[arg(long, value_name = "TIME", value_parser = words::seconds_argument)]
        overlap: u32,
    },
    /// Kill a secret
    Revoke {
        /// Its id
        secret: String,
    },
    /// Show a secret in clear; the log says that it was shown
    Reveal {
        /// Its id
        secret: String,
    },
}

impl SecretCommand {
    pub(super) async fn run(
        self,
        purpose: SecretPurpose,
        administration: &Administration,
        now: OffsetDateTime,
    ) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Issue { merchant, mode } => {
                let merchant = words::merchant_id(&merchant)?;
                let issued = administration.issue_secret(&operator, &merchant, mode.into(), purpose).await?;
                Ok(vec![shown(&issued.record, now).with_secret(issued.text)])
            }
            Self::Import { merchant, mode, secret, .. } => {
                let merchant = words::merchant_id(&merchant)?;
                let text = secret.ok_or_else(|| Refused::usage("the secret is missing"))?.into_secret();
                let record = administration.import_secret(&operator, &merchant, mode.into(), purpose, text).await?;
                Ok(vec![shown(&record, now)])
            }
            Self::List { merchant, mode } => {
                let secrets = administration.secrets(&words::merchant_id(&merchant)?, mode.into(), purpose).await?;
                Ok(secrets.iter().map(|secret| shown(secret, now)).collect())
            }
            Self::Rotate { secret, overlap } => {
                let (id, overlap) = (words::key_id(&secret)?, words::overlap(overlap)?);
                let issued = administration.rotate_secret(&operator, id, overlap).await?;
                Ok(vec![shown(&issued.record, now).with_secret(issued.text)])
            }
            Self::Revoke { secret } => {
                let changed = administration.revoke_secret(&operator, words::key_id(&secret)?).await?;
                Ok(vec![Shown::changed(secret, changed)])
            }
            Self::Reveal { secret } => {
                let text = administration.reveal_secret(&operator, words::key_id(&secret)?).await?;
                Ok(vec![Shown::default().with("id", secret).with_secret(text)])
            }
        }
    }
}

fn shown(secret: &SealedSecret, now: OffsetDateTime) -> Shown {
    let record = Shown::default()
        .with("id", secret.id.as_str())
        .with("purpose", secret.purpose.as_str())
        .with("merchant", secret.merchant.as_str())
        .with("mode", secret.mode.as_str());
    words::with_life(record, &secret.lifecycle, now)
}
