//! OAuth clients and their secrets.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_apikey::KeyId;

use super::words::{self, ClientWord, ModeWord, PageWords, PlainText};
use super::{Refused, Shown, key};
use crate::account::{Actor, CLIENT_ID, OauthClient};
use crate::administration::{Administration, NewClient};

/// What can be done with OAuth clients.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientCommand {
    /// Make a client and its first secret, and show that this once
    Create {
        /// The merchant it is for
        merchant: String,
        /// The dialect it is for
        #[arg(long, value_enum)]
        dialect: ClientWord,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// What its tokens may ask for, may be repeated; all of the dialect if none is given
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What its owner calls it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Take over a client that was made elsewhere
    Import {
        /// The merchant it is for
        merchant: String,
        /// Its client id, as it is
        #[arg(long, value_name = "TEXT")]
        id: String,
        /// The dialect it is for
        #[arg(long, value_enum)]
        dialect: ClientWord,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// What its tokens may ask for, may be repeated; all of the dialect if none is given
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What its owner calls it
        #[arg(long, default_value = "")]
        name: String,
        /// File with its secret; `-` reads standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        #[serde(skip)]
        secret_file: PathBuf,
        /// What the file held.
        #[arg(skip)]
        secret: Option<PlainText>,
    },
    /// List the clients of a merchant and mode, newest first
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
    /// Show one client
    Inspect {
        /// Its client id, or the 12 characters inside
        client: String,
    },
    /// List the secrets of a client, newest first
    Secrets {
        /// Its client id, or the 12 characters inside
        client: String,
    },
    /// Make a secret in the place of those in use
    Rotate {
        /// Its client id, or the 12 characters inside
        client: String,
        /// How long the others still work: seconds, or 15m, 24h, 7d; 0 kills them at once
        #[arg(long, value_name = "TIME", value_parser = words::seconds_argument)]
        overlap: u32,
    },
    /// Kill every secret of a client, and its tokens
    Revoke {
        /// Its client id, or the 12 characters inside
        client: String,
    },
    /// Kill one secret and its tokens
    RevokeSecret {
        /// The public id of the secret
        secret: String,
    },
}

impl ClientCommand {
    pub(super) async fn run(self, administration: &Administration, now: OffsetDateTime) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Create { merchant, dialect, mode, scopes, name } => {
                let new = new_client(&merchant, dialect, mode, &scopes, name)?;
                let (client, secret) = administration.create_client(&operator, new).await?;
                Ok(vec![shown(&client).with_secret(secret.text)])
            }
            Self::Import { merchant, id, dialect, mode, scopes, name, secret, .. } => {
                let new = new_client(&merchant, dialect, mode, &scopes, name)?;
                let secret = secret.ok_or_else(|| Refused::usage("the secret is missing"))?.into_secret();
                Ok(vec![shown(&administration.import_client(&operator, new, &id, secret).await?)])
            }
            Self::List { merchant, mode, page } => {
                let clients = administration.clients(&words::merchant_id(&merchant)?, mode.into(), page.into()).await?;
                Ok(clients.iter().map(shown).collect())
            }
            Self::Inspect { client } => {
                let client = administration.client(words::client_key_id(&client)?).await?;
                Ok(vec![shown(&client.ok_or_else(Refused::not_found)?)])
            }
            Self::Secrets { client } => {
                let secrets = administration.client_secrets(words::client_key_id(&client)?).await?;
                Ok(secrets.iter().map(|secret| key::shown(secret, now)).collect())
            }
            Self::Rotate { client, overlap } => {
                let (id, overlap) = (words::client_key_id(&client)?, words::overlap(overlap)?);
                Ok(vec![key::issued(administration.rotate_client_secret(&operator, id, overlap).await?, now)])
            }
            Self::Revoke { client } => {
                let changed = administration.revoke_client(&operator, words::client_key_id(&client)?).await?;
                Ok(vec![Shown::changed(client, changed)])
            }
            Self::RevokeSecret { secret } => {
                let changed = administration.revoke_client_secret(&operator, words::key_id(&secret)?).await?;
                Ok(vec![Shown::changed(secret, changed)])
            }
        }
    }
}

fn new_client(
    merchant: &str,
    dialect: ClientWord,
    mode: ModeWord,
    scopes: &[String],
    name: String,
) -> Result<NewClient, Refused> {
    Ok(NewClient {
        dialect: dialect.dialect(),
        merchant: words::merchant_id(merchant)?,
        mode: mode.into(),
        scopes: words::scopes(scopes, dialect.dialect().scopes())?,
        name,
    })
}

fn shown(client: &OauthClient) -> Shown {
    Shown::default()
        .with("id", client.id.as_str())
        .with("client_id", client_id(client))
        .with("dialect", client.dialect.as_str())
        .with("merchant", client.merchant.as_str())
        .with("mode", client.mode.as_str())
        .with("name", client.name.as_str())
        .with("scopes", client.scopes.to_string())
        .with("imported", client.foreign.is_some())
        .with("created_at", words::shown_time(client.created_at))
}

/// The text that the client sends.
fn client_id(client: &OauthClient) -> Option<String> {
    let native = |id: KeyId| CLIENT_ID.from_id(client.mode, id).ok().map(|id| id.as_str().to_owned());
    client.foreign.as_ref().map_or_else(|| native(client.id), |pair| Some(pair.id.clone()))
}
