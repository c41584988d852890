//! The server's own key material: one file that only its owner can read, and what is built from it.

mod change;
mod current;
mod file;
mod panel_key;
mod rings;
mod rotation;
mod sealer;
mod secret_entry;
mod secret_file;
mod secret_keys;
mod secret_kind;
mod secret_rotation;
mod signing_entry;
mod stamp;
mod succession;
mod token_kind;
mod token_peppers;
mod token_ring;
mod token_rings;

pub use change::KeyFileChange;
pub use file::{KeyFile, KeyFileError};
pub use panel_key::{PanelKey, PanelUse};
pub use rings::{Rings, RingsError};
pub use rotation::{MIN_PUBLICATION, RotationError, RotationReason, SigningKeyLine};
pub use sealer::{SealError, Sealer, SealingKey};
pub use secret_entry::{KeyCheck, NewSecret, SecretFault};
pub(crate) use secret_file::read_secret_file;
pub use secret_keys::{SecretKeySet, SecretKeys};
pub use secret_kind::SecretKind;
pub use secret_rotation::{SecretKeyLine, SecretRotation, SecretRotationError, SecretState};
pub use succession::KeyState;
pub use token_kind::TokenKind;
pub use token_peppers::TokenPeppers;
pub use token_ring::TokenRing;
pub use token_rings::{RefreshError, SigningKeys, TokenRings};
