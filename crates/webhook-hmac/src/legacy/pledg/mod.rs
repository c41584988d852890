//! Pledg notifications (Pledg §5 in `docs/formats.md`), in their two modes.
//!
//! *Back mode* is a JSON object with a SHA-256 digest over six members that the secret text joins. It is no MAC, it can
//! be extended at its end, and it leaves amount and metadata open; the strict reading of members here closes the
//! first two, reading the purchase before shipping is up to the caller. *Transfer mode* is an HS256 token without a
//! time. The receiver states the mode it expects by the verifier it makes.
//!
//! Neither mode proves that a notification is new: store the [`replay_id`](VerifiedNotification::replay_id) of each
//! accepted one for good.

mod back;
mod notification;
mod secret;
mod status;
mod transfer;

pub use back::{BackFields, BackSigner, BackVerifier};
pub use notification::{UnsignedNotification, VerifiedNotification};
pub use secret::NotificationSecret;
pub use status::Status;
pub use transfer::{TransferFields, TransferSigner, TransferVerifier};

/// The longest notification body, in bytes.
pub const MAX_BODY_BYTES: usize = crate::json::MAX_JSON_BYTES;

/// The longest token of transfer mode, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
