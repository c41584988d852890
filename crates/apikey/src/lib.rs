#![doc = include_str!("../README.md")]

mod api_key;
mod base62;
mod error;
mod imported_secret;
mod key_digest;
mod key_format;
mod key_id;
mod lifecycle;
mod mode;
mod mode_key;
mod overlap;
mod pepper;
mod peppers;
mod prefix_table;
mod public_id;
mod public_id_format;
mod scope;
mod scopes;
mod second;
mod verification;

pub use crate::api_key::{ApiKey, MAX_KEY_LEN, SECRET_LEN};
pub use crate::base62::{CHECKSUM_LEN, MAX_FILLS};
pub use crate::error::{
    LifecycleError, LifecycleErrorKind, MintError, MintErrorKind, ParseError, ParseErrorKind, PepperError,
    PepperErrorKind, ScopeError, ScopeErrorKind,
};
pub use crate::imported_secret::{ImportedSecret, ImportedVerification, MAX_IMPORTED_LEN, MIN_IMPORTED_LEN};
pub use crate::key_digest::{DIGEST_LEN, KeyDigest};
pub use crate::key_format::KeyFormat;
pub use crate::key_id::{ID_LEN, KeyId};
pub use crate::lifecycle::{Lifecycle, Status, Usable};
pub use crate::mode::Mode;
pub use crate::mode_key::{LiveKey, TestKey};
pub use crate::overlap::{MAX_OVERLAP_SECONDS, Overlap};
pub use crate::pepper::{MAX_PEPPER_LEN, MIN_PEPPER_LEN, Pepper};
pub use crate::peppers::{MAX_PEPPERS, Peppers};
pub use crate::prefix_table::{MAX_PREFIX_LEN, MAX_PREFIXES};
pub use crate::public_id::{MAX_PUBLIC_ID_LEN, PublicId};
pub use crate::public_id_format::PublicIdFormat;
pub use crate::scope::{MAX_SCOPE_LEN, Scope};
pub use crate::scopes::{MAX_SCOPES, MAX_SCOPES_LEN, Scopes};
pub use crate::verification::{Verification, VerifiedKey};
