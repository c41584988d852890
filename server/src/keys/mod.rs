//! The server's own key material: one file that only its owner can read, and what is built from it.

mod change;
mod file;
mod panel_key;
mod rings;
mod rotation;
mod sealer;
mod signing_entry;
mod succession;
mod token_kind;
mod token_ring;
mod token_rings;

pub use change::KeyFileChange;
pub use file::{KeyFile, KeyFileError};
pub use panel_key::{PanelKey, PanelUse};
pub use rings::{Rings, RingsError};
pub use rotation::{MIN_PUBLICATION, RotationError, RotationReason, SigningKeyLine};
pub use sealer::{SealError, Sealer};
pub use succession::KeyState;
pub use token_kind::TokenKind;
pub use token_ring::TokenRing;
pub use token_rings::{RefreshError, SigningKeys, TokenRings};
