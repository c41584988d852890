//! The rows of a file, one after the other, each as it must be.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use ring::digest::{Context, SHA256};
use serde_json::Value as Json;

use super::cell::Cell;
use super::document::{FORMAT, Header, MAX_LINE, Origin, Trailer, VERSION};
use super::file::ImportError;
use super::tables::{TABLES, Table};
use crate::hex::hex;
use crate::storage::sql::migrations;

/// A file that is being read.
pub(super) struct Rows {
    reader: BufReader<File>,
    path: std::path::PathBuf,
    digest: Context,
    line: Vec<u8>,
    /// The line that was read last, from 1.
    number: u64,
    /// Rows of each table that are to come.
    left: Vec<u64>,
    /// The table of the last row.
    at: usize,
    read: u64,
}

/// One row.
pub(super) struct FileRow {
    pub(super) table: &'static Table,
    /// Where the table stands in the list.
    pub(super) at: usize,
    pub(super) cells: Vec<Cell>,
    /// Where the row stands in the file.
    pub(super) line: u64,
}

/// What a line is.
enum Line {
    Row(FileRow),
    Trailer(Trailer),
}

impl Rows {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| ImportError::Unreadable(path.into(), error))?;
        let mut rows = Self {
            reader: BufReader::with_capacity(128 * 1024, file),
            path: path.into(),
            digest: Context::new(&SHA256),
            line: Vec::new(),
            number: 0,
            left: Vec::new(),
            at: 0,
            read: 0,
        };
        if !rows.next_line()? {
            return Err(ImportError::Foreign);
        }
        let origin: Origin = serde_json::from_slice(&rows.line).map_err(|_| ImportError::Foreign)?;
        let ours = migrations::newest();
        if origin.format != FORMAT {
            return Err(ImportError::Foreign);
        }
        if origin.version > VERSION || origin.schema > ours {
            return Err(ImportError::Newer);
        }
        if origin.version < VERSION || origin.schema < ours {
            return Err(ImportError::Older);
        }
        let header = serde_json::from_slice::<Header>(&rows.line).ok();
        rows.left = header
            .and_then(|header| header.counts())
            .ok_or(ImportError::Line(1, "is not the header of this format"))?;
        rows.digest.update(&rows.line);
        Ok(rows)
    }

    /// How many rows there are in all, as the header says.
    pub(super) fn announced(&self) -> u64 {
        self.left.iter().fold(0, |sum, rows| sum.saturating_add(*rows))
    }

    /// The next row; `None` behind the last, when everything was there as it was written.
    pub(super) fn next_row(&mut self) -> Result<Option<FileRow>, ImportError> {
        if !self.next_line()? {
            return Err(ImportError::Cut);
        }
        match self.read_line()? {
            Line::Trailer(trailer) => {
                self.end(&trailer)?;
                Ok(None)
            }
            Line::Row(row) => {
                let fault = |what| Err(ImportError::Line(row.line, what));
                if row.at < self.at {
                    return fault("holds a row of a table that came before");
                }
                match self.left.get_mut(row.at) {
                    None | Some(0) => return fault("holds a row more of its table than the header says"),
                    Some(left) => *left -= 1,
                }
                self.at = row.at;
                self.read += 1;
                self.digest.update(&self.line);
                Ok(Some(row))
            }
        }
    }

    /// The SHA-256 of all that was read.
    pub(super) fn digest(&self) -> String {
        hex(self.digest.clone().finish().as_ref())
    }

    fn read_line(&self) -> Result<Line, ImportError> {
        let fault = |what| ImportError::Line(self.number, what);
        if self.line.first() == Some(&b'{') {
            return serde_json::from_slice(&self.line).map(Line::Trailer).map_err(|_| fault("is no last line"));
        }
        let values: Vec<Json> = serde_json::from_slice(&self.line).map_err(|_| fault("is no row"))?;
        let mut values = values.into_iter();
        let Some(Json::String(name)) = values.next() else { return Err(fault("names no table")) };
        let at = TABLES.iter().position(|table| table.name == name).ok_or_else(|| fault("names an unknown table"))?;
        let table = TABLES.get(at).ok_or_else(|| fault("names an unknown table"))?;
        if values.len() != table.columns.len() {
            return Err(fault("has another number of values than its table has columns"));
        }
        let cells = values.zip(table.columns).map(|(value, column)| Cell::from_json(value, column.kind));
        let cells =
            cells.collect::<Option<Vec<_>>>().ok_or_else(|| fault("has a value of another type than its column"))?;
        Ok(Line::Row(FileRow { table, at, cells, line: self.number }))
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), ImportError> {
        if self.left.iter().any(|left| *left > 0) || trailer.rows != self.read {
            return Err(ImportError::Line(self.number, "ends the file before every row was there"));
        }
        if trailer.sha256 != self.digest() {
            return Err(ImportError::Damaged);
        }
        let number = self.number;
        if self.next_line()? {
            return Err(ImportError::Line(number + 1, "stands behind the last line"));
        }
        Ok(())
    }

    /// Reads a line with its end; `false` at the end of the file.
    fn next_line(&mut self) -> Result<bool, ImportError> {
        self.line.clear();
        let bound = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let read = (&mut self.reader).take(bound).read_until(b'\n', &mut self.line);
        if read.map_err(|error| ImportError::Unreadable(self.path.clone(), error))? == 0 {
            return Ok(false);
        }
        self.number += 1;
        match self.line.last() {
            Some(b'\n') => Ok(true),
            _ if self.line.len() == MAX_LINE => Err(ImportError::Line(self.number, "is too long")),
            _ => Err(ImportError::Cut),
        }
    }
}
