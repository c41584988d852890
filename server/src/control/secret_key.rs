//! The server's own secrets.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;

use super::words::{self, SecretKindWord};
use super::{Refused, Reply, Shown};
use crate::account::Actor;
use crate::administration::{Administration, Resealing, SecretKey};
use crate::keys::{NewSecret, RotationReason, SecretKeyLine, SecretKind, SecretState};

/// What can be done with the server's own secrets.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretKeyCommand {
    /// List the versions, and how many stored records need each
    List {
        /// Only these
        #[arg(long, value_enum)]
        kind: Option<SecretKindWord>,
    },
    /// Add a version that is used from now on
    Rotate {
        /// Of which kind
        #[arg(long, value_enum)]
        kind: SecretKindWord,
        /// Take the secret from this file, base64 text, at each start; it stays there
        #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
        secret_file: Option<PathBuf>,
        /// Take the secret from this variable of the server's environment, base64 text
        #[arg(long, value_name = "NAME")]
        secret_env: Option<String>,
        /// The old versions may be known: refuse what was made with them. Of token-pepper and challenge
        #[arg(long)]
        compromised: bool,
    },
    /// Seal anew now what older keys sealed; a running server does so by itself
    Reseal,
    /// Remove the versions that nothing needs
    Prune {
        /// Only these
        #[arg(long, value_enum)]
        kind: Option<SecretKindWord>,
    },
}

/// Parts of a walk between two lines about it.
const PARTS_TOLD: u32 = 100;

impl SecretKeyCommand {
    pub(super) async fn run(
        self,
        administration: &Administration,
        replies: &Sender<Reply>,
    ) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::List { kind } => {
                let keys = administration.secret_keys(kinds(kind)).await?;
                Ok(keys.into_iter().map(shown).collect())
            }
            Self::Rotate { kind, secret_file, secret_env, compromised } => {
                let source = match (secret_file, secret_env) {
                    (None, None) => NewSecret::Random,
                    (Some(file), None) => NewSecret::File(file),
                    (None, Some(name)) => NewSecret::Environment(name),
                    (Some(_), Some(_)) => return Err(Refused::usage("a secret lies in one place")),
                };
                let reason = if compromised { RotationReason::Compromised } else { RotationReason::Routine };
                Ok(vec![shown(administration.rotate_secret_key(&operator, kind.into(), source, reason).await?)])
            }
            Self::Reseal => reseal(administration, replies).await,
            Self::Prune { kind } => {
                let kinds = kinds(kind);
                let pruned = administration.prune_secret_keys(&operator, kinds).await?;
                let staying = administration.secret_keys(kinds).await?;
                let pruned = pruned.into_iter().map(|line| outcome(&line, None));
                let old = staying.iter().filter(|key| key.line.state != SecretState::Current);
                let old = old.map(|key| outcome(&key.line, Some(key.records.unwrap_or(0))));
                Ok(pruned.chain(old).collect())
            }
        }
    }
}

/// Goes through everything that older keys sealed, and tells how far it has come.
async fn reseal(administration: &Administration, replies: &Sender<Reply>) -> Result<Vec<Shown>, Refused> {
    let all = administration.left_to_reseal().await?;
    let (mut walk, mut parts) = (Resealing::default(), 0);
    while administration.reseal_part(&mut walk).await? {
        parts += 1;
        if parts % PARTS_TOLD == 0 {
            let so_far = progress(&walk, all.saturating_sub(walk.resealed));
            // A reader that went away has the rest done by the server, or by the next call.
            if replies.send(Reply::Records(vec![so_far])).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
    Ok(vec![progress(&walk, administration.left_to_reseal().await?)])
}

fn progress(walk: &Resealing, left: u64) -> Shown {
    Shown::default().with("resealed", walk.resealed).with("unreadable", walk.unreadable).with("left", left)
}

fn kinds(kind: Option<SecretKindWord>) -> &'static [SecretKind] {
    match kind {
        None => &SecretKind::ALL,
        Some(SecretKindWord::Pepper) => &[SecretKind::Pepper],
        Some(SecretKindWord::TokenPepper) => &[SecretKind::TokenPepper],
        Some(SecretKindWord::Sealing) => &[SecretKind::Sealing],
        Some(SecretKindWord::Challenge) => &[SecretKind::Challenge],
    }
}

fn shown(key: SecretKey) -> Shown {
    let made = key.line.created_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    Shown::default()
        .with("kind", key.line.kind.as_str())
        .with("version", key.line.version)
        .with("state", key.line.state.as_str())
        .with("records", key.records)
        .with("created_at", made.map(words::shown_time))
        .with("elsewhere", key.line.elsewhere)
}

/// What became of an old version; with how many records need it, if it stays.
fn outcome(line: &SecretKeyLine, staying: Option<u64>) -> Shown {
    let why = match staying {
        None => None,
        Some(0) => Some("what was made with it a moment ago may still be in use".to_owned()),
        Some(1) => Some("1 record needs it".to_owned()),
        Some(records) => Some(format!("{records} records need it")),
    };
    Shown::default()
        .with("kind", line.kind.as_str())
        .with("version", line.version)
        .with("pruned", staying.is_none())
        .with("stays_because", why)
}
