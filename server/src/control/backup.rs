//! Copies of everything.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Refused, Shown};
use crate::account::Actor;
use crate::administration::{Administration, BackupKeys, NewBackup};

/// A copy of everything.
#[derive(Debug, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct BackupCommand {
    /// Where the copy of the database goes; the key file gets the same name and `.keys.toml`. Nothing is overwritten
    pub file: PathBuf,
    /// Leave the key file out; without it the copy opens no secret and checks no key
    #[arg(long)]
    pub without_keys: bool,
}

impl BackupCommand {
    pub(super) async fn run(self, administration: &Administration) -> Result<Vec<Shown>, Refused> {
        let keys = if self.without_keys { BackupKeys::Without } else { BackupKeys::With };
        let made = administration.back_up(&Actor::operator(), NewBackup { file: self.file, keys }).await?;
        Ok(vec![
            Shown::default()
                .with("database", made.database.display().to_string())
                .with("bytes", made.bytes)
                .with("keys", made.keys.map(|path| path.display().to_string()))
                .with("not_included", made.elsewhere)
                .with("audit_head", format!("{}:{}", made.audit_head.seq, made.audit_head.hash_hex())),
        ])
    }
}
