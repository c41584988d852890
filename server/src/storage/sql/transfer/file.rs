//! A file that was checked as a whole before anything of it is stored.

use std::path::{Path, PathBuf};

use super::cell::Cell;
use super::rows::{FileRow, Rows};
use crate::account::{AuditEntry, AuditFault, AuditHead};
use crate::keys::{KeyCheck, SecretKind};
use crate::storage::StorageError;

/// An export whose every line reads, whose counts and digest fit, and whose log of changes verifies.
#[derive(Debug)]
pub struct ExportFile {
    path: PathBuf,
    rows: u64,
    digest: String,
    key_checks: Vec<KeyCheck>,
    audit_head: AuditHead,
}

/// Nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The log of changes is not as it was written.
    #[error("the log of changes in the file does not verify: {0}")]
    Audit(#[from] AuditFault),
    /// The file is another one than it was a moment ago.
    #[error("the file changed while it was imported: nothing was stored")]
    Changed,
    /// Another transaction stood in the way.
    #[error(
        "something else was written to the database meanwhile: nothing was stored; stop what uses it, and try again"
    )]
    Contended,
    /// The file ends early.
    #[error("the file ends before its last line: it was cut, so export again")]
    Cut,
    /// A byte is not as it was written.
    #[error("the file is not as it was written: its digest is another, so export again")]
    Damaged,
    /// The file is none of ours.
    #[error("the file is no export of tollgate")]
    Foreign,
    /// A line is not as it must be.
    #[error("line {0} of the file {1}")]
    Line(u64, &'static str),
    /// The file is of a newer release.
    #[error("the file was exported by a newer release of tollgate: import it with that release")]
    Newer,
    /// There are records.
    #[error("the database holds records already, in the table {0}: import into an empty database or schema")]
    NotEmpty(&'static str),
    /// The file is of an older release.
    #[error(
        "the file was exported by an older release of tollgate: run tollgate migrate on its source and export again with this release"
    )]
    Older,
    /// The database does not take these lines.
    #[error("lines {0} to {1} of the file cannot be stored, so nothing was: {2}")]
    Refused(u64, u64, String),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file cannot be read.
    #[error("{path} cannot be read: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
}

impl ExportFile {
    /// Reads a file from beginning to end.
    ///
    /// # Errors
    ///
    /// [`ImportError`] as its variants say.
    pub fn check(path: &Path) -> Result<Self, ImportError> {
        let mut rows = Rows::open(path)?;
        let mut file = Self {
            path: path.into(),
            rows: rows.announced(),
            digest: String::new(),
            key_checks: Vec::new(),
            audit_head: AuditHead::EMPTY,
        };
        let mut noted = None;
        while let Some(row) = rows.next_row()? {
            let malformed = ImportError::Line(row.line, "does not read as what its table holds");
            match row.table.name {
                "audit" => {
                    let entry = audit_entry(&row).ok_or(malformed)?;
                    file.audit_head = file.audit_head.after(&entry)?;
                }
                "audit_head" => noted = Some(audit_head(&row).ok_or(malformed)?),
                "secret_key_checks" => file.key_checks.push(key_check(&row).ok_or(malformed)?),
                _ => {}
            }
        }
        if noted != Some(file.audit_head) {
            let at = noted.map_or(0, |noted| noted.seq);
            return Err(AuditFault::not_as_noted(at).into());
        }
        file.digest = rows.digest();
        Ok(file)
    }

    /// How many rows it holds.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What tells the key file it was written with from others.
    #[must_use]
    pub fn key_checks(&self) -> &[KeyCheck] {
        &self.key_checks
    }

    /// The newest entry of its log of changes.
    #[must_use]
    pub fn audit_head(&self) -> AuditHead {
        self.audit_head
    }

    /// Its rows once more.
    pub(super) fn open(&self) -> Result<Rows, ImportError> {
        Rows::open(&self.path)
    }

    /// That what was read is what was checked.
    pub(super) fn confirm(&self, rows: &Rows) -> Result<(), ImportError> {
        if rows.digest() == self.digest { Ok(()) } else { Err(ImportError::Changed) }
    }
}

impl FileRow {
    fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.get(self.table.columns.iter().position(|column| column.name == name)?)
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.cell(name)? {
            Cell::Integer(number) => *number,
            Cell::Bytes(_) | Cell::Text(_) => None,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.cell(name)? {
            Cell::Text(text) => text.clone(),
            Cell::Bytes(_) | Cell::Integer(_) => None,
        }
    }

    fn hash(&self, name: &str) -> Option<[u8; 32]> {
        match self.cell(name)? {
            Cell::Bytes(bytes) => bytes.as_deref()?.try_into().ok(),
            Cell::Integer(_) | Cell::Text(_) => None,
        }
    }
}

fn audit_entry(row: &FileRow) -> Option<AuditEntry> {
    Some(AuditEntry {
        seq: row.number("seq")?,
        at_ms: row.number("at")?,
        actor: row.text("actor")?,
        address: row.text("address"),
        merchant: row.text("merchant_id"),
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
        previous: row.hash("previous")?,
        hash: row.hash("hash")?,
    })
}

fn audit_head(row: &FileRow) -> Option<AuditHead> {
    Some(AuditHead { seq: row.number("seq")?, hash: row.hash("hash")? })
}

fn key_check(row: &FileRow) -> Option<KeyCheck> {
    let kind = SecretKind::from_word(&row.text("kind")?)?;
    Some(KeyCheck { kind, version: row.number("version")?.try_into().ok()?, value: row.hash("value")? })
}
