#![doc = include_str!("../README.md")]

mod caller;
mod challenge;
mod challenge_keys;
mod check;
mod error;
mod issue;
pub mod merchant;
mod nonce;
mod pem;
mod public_key;
mod public_keys;
mod redeem;

pub use caller::{Caller, KEY_ID_LEN, MAX_ACCOUNT_LEN};
pub use challenge::{Challenge, MAX_TEXT_LEN, PREFIX};
pub use challenge_keys::{ChallengeKey, ChallengeKeys, MIN_CHALLENGE_KEY_LEN};
pub use check::{Answered, MAX_SIGNATURE_LEN};
pub use error::{
    CallerError, CallerErrorKind, ChallengeKeyError, ChallengeKeyErrorKind, KeyError, KeyErrorKind, KeySetError,
    KeySetErrorKind, ParseError, ParseErrorKind, RedeemError, RedeemErrorKind, VerifyError, VerifyErrorKind,
};
pub use issue::{IssuedChallenge, LIFETIME};
pub use nonce::{NONCE_LEN, Nonce};
pub use public_key::{MAX_EXPONENT, MAX_MODULUS_BITS, MAX_PEM_LEN, MIN_EXPONENT, MIN_MODULUS_BITS, PublicKey};
pub use public_keys::{MAX_PUBLIC_KEYS, PublicKeys};
pub use redeem::{FirstUse, FirstUseOutcome, Redeemed};
