//! The first and the last line of a file.

use serde::{Deserialize, Serialize};

use super::tables::TABLES;
use crate::storage::sql::migrations;

/// What a file of ours says it is.
pub(super) const FORMAT: &str = "tollgate-export";
/// The version of the format.
pub(super) const VERSION: u32 = 1;
/// The longest line, in bytes with its line end.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    /// The newest step of the schema.
    pub(super) schema: i64,
    pub(super) tables: Vec<TableHeader>,
}

/// What follows of one table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableHeader {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: u64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trailer {
    pub(super) rows: u64,
    /// Of every byte before this line: 64 lower-case hex digits.
    pub(super) sha256: String,
}

/// The part of a header that says whose file it is; the rest of another version may look different.
#[derive(Debug, Deserialize)]
pub(super) struct Origin {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) schema: i64,
}

impl Header {
    /// The header of a file with so many rows of each table.
    pub(super) fn new(rows: &[u64]) -> Self {
        let tables = TABLES.iter().zip(rows).map(|(table, rows)| TableHeader {
            name: table.name.to_owned(),
            columns: table.columns.iter().map(|column| column.name.to_owned()).collect(),
            rows: *rows,
        });
        Self { format: FORMAT.to_owned(), version: VERSION, schema: migrations::newest(), tables: tables.collect() }
    }

    /// The rows of each table, if the tables and columns are those of this release.
    pub(super) fn counts(&self) -> Option<Vec<u64>> {
        let counts: Vec<u64> = self.tables.iter().map(|table| table.rows).collect();
        (Self::new(&counts).tables == self.tables).then_some(counts)
    }
}
