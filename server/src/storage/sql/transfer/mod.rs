//! Moving everything from one database to another: rows as lines of JSON, of either engine.
//!
//! A file begins with a header, which names the schema, the tables, their columns and how many rows of each follow. A row
//! is an array: the name of its table and its values. The last line counts the rows and has the SHA-256 of every byte
//! before it, so that a file that was cut or damaged is not imported. What is in the rows is sealed or digested under the
//! keys of the key file, which is copied beside. docs/formats.md has every byte.

mod cell;
mod document;
mod export;
mod file;
mod import;
mod rows;
mod tables;

pub use export::{ExportError, Exported, Source};
pub use file::{ExportFile, ImportError};
pub use import::Importing;
