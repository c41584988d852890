#![doc = include_str!("../README.md")]

mod algorithm;
mod claims;
mod compact;
mod crypto;
pub mod danger;
mod dates;
mod error;
mod header;
mod issue;
mod issued_token;
mod jwks;
mod key_ring;
mod kid;
mod member_names;
mod payload;
mod profile;
pub mod request;
mod session_id;
mod signing_key;
mod strict_json;
mod token_type;
mod token_verifier;
mod verified_token;
mod verifying_key;

pub use algorithm::Algorithm;
pub use compact::MAX_TOKEN_LEN;
pub use dates::MAX_CLOCK_SKEW;
pub use error::{
    IssueError, IssueErrorKind, KeyError, KeyErrorKind, ProfileError, ProfileErrorKind, VerifyError, VerifyErrorKind,
};
pub use issued_token::IssuedToken;
pub use jsonwebtoken::jwk::Jwk;
pub use jwks::Jwks;
pub use key_ring::KeyRing;
pub use kid::{Kid, MAX_KID_LEN};
pub use profile::{MAX_EXACT_CLAIMS, MAX_LEEWAY, MAX_LIFETIME, MAX_NAME_LEN, MIN_LIFETIME, Profile};
pub use session_id::{SESSION_ID_LEN, SessionDigest, SessionId};
pub use signing_key::{MAX_SECRET_LEN, MIN_SECRET_LEN, SigningKey};
pub use strict_json::MAX_DEPTH;
pub use token_type::TokenType;
pub use token_verifier::{MAX_KEYS, TokenVerifier};
pub use verified_token::{PairedSession, VerifiedToken};
pub use verifying_key::VerifyingKey;
