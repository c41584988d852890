//! RSA public keys, and whether requests must be signed.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::words::{self, ModeWord, PlainText, SwitchWord};
use super::{Refused, Shown};
use crate::account::{Actor, RsaKey};
use crate::administration::{Administration, Switch};

/// What can be done with RSA public keys.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RsaKeyCommand {
    /// Register a public key
    Register {
        /// The merchant it is for
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// PEM file with one public key; `-` reads standard input
        #[serde(skip)]
        file: PathBuf,
        /// What the file held: kept like a secret, for it may be a private key by mistake.
        #[arg(skip)]
        pem: Option<PlainText>,
    },
    /// List the public keys of a merchant and mode
    List {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
    },
    /// End a public key after some time
    Retire {
        /// Its id
        key: String,
        /// How long it still counts: seconds, or 15m, 24h, 7d
        #[arg(long, value_name = "TIME", value_parser = words::seconds_argument)]
        overlap: u32,
    },
    /// Kill a public key
    Revoke {
        /// Its id
        key: String,
    },
    /// Set whether every CardPlusPay request of a merchant must be signed
    Signing {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// On or off
        #[arg(value_enum)]
        switch: SwitchWord,
    },
}

impl RsaKeyCommand {
    pub(super) async fn run(self, administration: &Administration, now: OffsetDateTime) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Register { merchant, mode, pem, .. } => {
                let merchant = words::merchant_id(&merchant)?;
                let pem = pem.ok_or_else(|| Refused::usage("the public key is missing"))?;
                let pem = pem.expose_secret();
                Ok(vec![shown(&administration.register_rsa_key(&operator, &merchant, mode.into(), pem).await?, now)])
            }
            Self::List { merchant, mode } => {
                let keys = administration.rsa_keys(&words::merchant_id(&merchant)?, mode.into()).await?;
                Ok(keys.iter().map(|key| shown(key, now)).collect())
            }
            Self::Retire { key, overlap } => {
                let (id, overlap) = (words::key_id(&key)?, words::overlap(overlap)?);
                Ok(vec![shown(&administration.retire_rsa_key(&operator, id, overlap).await?, now)])
            }
            Self::Revoke { key } => {
                let changed = administration.revoke_rsa_key(&operator, words::key_id(&key)?).await?;
                Ok(vec![Shown::changed(key, changed)])
            }
            Self::Signing { merchant, mode, switch } => {
                let id = words::merchant_id(&merchant)?;
                let required = Switch::from(switch);
                administration.set_request_signing(&operator, &id, mode.into(), required).await?;
                let record = Shown::default().with("merchant", id.as_str());
                Ok(vec![record.with("request_signing_required", required == Switch::On)])
            }
        }
    }
}

fn shown(key: &RsaKey, now: OffsetDateTime) -> Shown {
    let record = Shown::default()
        .with("id", key.id.as_str())
        .with("merchant", key.merchant.as_str())
        .with("mode", key.mode.as_str())
        .with("fingerprint", key.fingerprint.as_str());
    words::with_life(record, &key.lifecycle, now)
}
