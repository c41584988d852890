//! The log of changes.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use super::words::{self, PageWords};
use super::{Refused, Reply, Shown};
use crate::account::{AuditEntry, AuditHead};
use crate::administration::Administration;

/// What can be done with the log.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AuditCommand {
    /// List entries, newest first
    List {
        /// Only those about this merchant
        #[arg(long, value_name = "ID")]
        merchant: Option<String>,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        page: PageWords,
    },
    /// Check every entry and the chain between them
    Verify {
        /// The newest entry as an earlier call printed it, `<number>:<hash>`: it must still be there
        #[arg(long, value_name = "HEAD")]
        against: Option<String>,
    },
    /// Print all entries as lines of JSON, oldest first
    Export {
        /// Only those about this merchant
        #[arg(long, value_name = "ID")]
        merchant: Option<String>,
    },
}

impl AuditCommand {
    pub(super) async fn run(
        self,
        administration: &Administration,
        replies: &Sender<Reply>,
    ) -> Result<Vec<Shown>, Refused> {
        match self {
            Self::List { merchant, page } => {
                let merchant = merchant.as_deref().map(words::merchant_id).transpose()?;
                let entries = administration.audit(merchant.as_ref(), page.into()).await?;
                Ok(entries.iter().map(shown).collect())
            }
            Self::Verify { against } => {
                let report = match against {
                    Some(head) => administration.verify_audit_against(&read_head(&head)?).await?,
                    None => administration.verify_audit().await?,
                };
                let head = format!("{}:{}", report.head.seq, report.head.hash_hex());
                Ok(vec![Shown::default().with("entries", report.entries).with("head", head)])
            }
            Self::Export { merchant } => {
                let merchant = merchant.as_deref().map(words::merchant_id).transpose()?;
                let mut export = administration.export_audit(merchant);
                while let Some(lines) = export.next_lines().await? {
                    // A reader that went away needs nothing more.
                    if replies.send(Reply::Lines(lines)).await.is_err() {
                        break;
                    }
                }
                Ok(Vec::new())
            }
        }
    }
}

fn shown(entry: &AuditEntry) -> Shown {
    Shown::default()
        .with("seq", entry.seq)
        .with("at", words::shown_time(entry.at()))
        .with("actor", entry.actor.as_str())
        .with("merchant", entry.merchant.as_deref())
        .with("action", entry.action.as_str())
        .with("subject", entry.subject.as_str())
        .with("detail", entry.detail.as_str())
}

fn read_head(text: &str) -> Result<AuditHead, Refused> {
    let malformed = || Refused::usage("a head has the form <number>:<64 hex digits>");
    let (seq, hash) = text.split_once(':').ok_or_else(malformed)?;
    let seq = seq.parse().ok().filter(|seq| *seq >= 0).ok_or_else(malformed)?;
    Ok(AuditHead { seq, hash: unhex(hash).ok_or_else(malformed)? })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_as_it_was_printed() {
        let head = AuditHead { seq: 7, hash: std::array::from_fn(|n| u8::try_from(n).unwrap() ^ 0xa5) };
        let text = format!("{}:{}", head.seq, head.hash_hex());
        assert_eq!(read_head(&text).unwrap(), head);
        let before_the_first = format!("-3:{}", head.hash_hex());
        for (label, text) in [
            ("no hash", "7"),
            ("short", "7:ab"),
            ("no number", ":00"),
            ("other digits", "7:zz"),
            ("a number that no entry has", &before_the_first),
        ] {
            assert!(read_head(text).unwrap_err().is_usage(), "{label}");
        }
    }
}
