//! What the records know of the server's own secrets: which versions there were, and which are still needed.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StorageError;
use crate::keys::{KeyCheck, SecretKind};

/// How many records need a version of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// What the secret is for.
    pub kind: SecretKind,
    /// Its version; 0 for records that do not say.
    pub version: u32,
    /// How many.
    pub records: u64,
}

/// Something sealed, wherever it is kept.
#[derive(Debug, Clone)]
pub struct SealedRecord {
    /// The row it stands in.
    pub row: SealedRow,
    /// What it is sealed for.
    pub context: String,
    /// The version it is sealed under.
    pub key_version: u32,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// The row of something sealed: its table, counted from 0, and its id there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The table.
    pub table: usize,
    /// The id.
    pub id: RowId,
}

/// An id, of whichever type the table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Something that was sealed anew.
#[derive(Debug, Clone)]
pub struct Resealed {
    /// The row it stands in.
    pub row: SealedRow,
    /// What stood there before.
    pub before: Vec<u8>,
    /// The version it is sealed under now.
    pub key_version: u32,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// Versions of the server's own secrets, as the records know them.
#[async_trait]
pub trait SecretKeyRecords: Send + Sync {
    /// The checks of every version that was ever in use.
    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StorageError>;
    /// Keeps the checks of versions that have none; the others stay as they are.
    async fn keep_key_checks(&self, checks: &[KeyCheck], now: OffsetDateTime) -> Result<(), StorageError>;
    /// How many records need each version: digests of usable keys, live browser tokens, everything sealed.
    async fn key_uses(&self, now: OffsetDateTime) -> Result<Vec<KeyUse>, StorageError>;
    /// Kills the browser tokens under versions of their pepper before this one; answers how many.
    async fn end_grants_before(&self, version: u32, now: OffsetDateTime) -> Result<u64, StorageError>;
    /// What is sealed in a table under versions before this one, in a fixed order: at most `limit`, after the first
    /// `skip`. Tables are counted from 0; `None` behind the last.
    async fn sealed_before(
        &self,
        version: u32,
        table: usize,
        skip: u32,
        limit: u32,
    ) -> Result<Option<Vec<SealedRecord>>, StorageError>;
    /// Stores what was sealed anew where it is still as it was, together; answers how many.
    async fn reseal(&self, records: &[Resealed]) -> Result<u64, StorageError>;
}
