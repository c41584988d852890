#![doc = include_str!("../README.md")]

mod allow_list;
mod authority;
mod bound_id;
mod checkout_claims;
mod claim_client;
mod claim_id;
mod error;
mod grant;
mod invoice_scope;
mod mint;
mod minted_claims;
mod permit;
mod raw_path;
mod template;
mod token;
mod token_digest;
mod token_pepper;
mod ttl;

pub use allow_list::{AllowList, MAX_ENTRIES};
pub use authority::{MintAuthority, ServerCredential};
pub use bound_id::BoundId;
pub use checkout_claims::CheckoutClaims;
pub use claim_client::MAX_CLAIM_CLIENT;
pub use claim_id::MAX_CLAIM_ID;
pub use error::{
    AmbiguousPath, AmbiguousPathKind, ClaimsError, ClaimsErrorKind, Denied, DeniedKind, ParseError, ParseErrorKind,
    PepperError, PepperErrorKind, TemplateError, TemplateErrorKind, TtlError, TtlErrorKind,
};
pub use grant::Grant;
pub use invoice_scope::InvoiceScope;
pub use mint::mint;
pub use minted_claims::{CheckoutIds, MintedClaims};
pub use permit::Permit;
pub use raw_path::{MAX_PATH, RawPath};
pub use template::MAX_TEMPLATE;
pub use token::{CheckoutToken, TOKEN_BYTES, TOKEN_LENGTH};
pub use token_digest::TokenDigest;
pub use token_pepper::{MAX_LABEL, MAX_PEPPER, MIN_PEPPER, TokenPepper};
pub use ttl::Ttl;
