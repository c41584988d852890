//! The server's own key material: one file that only its owner can read, and what is built from it.

mod file;
mod rings;
mod sealer;

pub use file::{KeyFile, KeyFileError};
pub use rings::{Rings, RingsError};
pub use sealer::{SealError, Sealer};
