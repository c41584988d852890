#![doc = include_str!("../README.md")]

mod error;
mod hex;
mod json;
mod keys;
pub mod legacy;
mod replay;
mod secret;
pub mod standard;
pub mod timestamped;
mod tolerance;
mod unix;

pub use error::{
    BodyError, BodyErrorKind, ConfigError, ConfigErrorKind, HeaderError, HeaderErrorKind, SecretError, SecretErrorKind,
    VerifyError, VerifyErrorKind,
};
pub use replay::ReplayId;
pub use secret::WebhookSecret;
pub use tolerance::Tolerance;

/// The largest number of live secrets or keys that one signer or verifier holds.
pub const MAX_SECRETS: usize = 4;

/// The longest body, in bytes, that the [`timestamped`] and [`standard`] verifiers look at.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
