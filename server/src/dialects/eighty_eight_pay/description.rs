//! How the kinds of 88Pay routes are called, for their description.

use schemars::SchemaGenerator;

use super::envelope::Failure;
use crate::auth::{Fault, Reason};
use crate::openapi::{Access, Scheme, SchemeKind, Tag};

const KEY: Scheme = Scheme {
    name: "eightyEightPayKey",
    kind: SchemeKind::Header("x-api-key"),
    description: "An API key, `sk_test_` or `sk_live_` and 50 letters and digits.",
};
const MERCHANT: Scheme = Scheme {
    name: "eightyEightPayMerchant",
    kind: SchemeKind::Header("x-merchant-id"),
    description: "The id of the key's merchant.",
};
const TOKEN: Scheme =
    Scheme { name: "eightyEightPayToken", kind: SchemeKind::Bearer("JWT"), description: "A token for 60 seconds." };
const SESSION: Scheme = Scheme {
    name: "eightyEightPaySession",
    kind: SchemeKind::Header("x-session-id"),
    description: "The session id that came with the token.",
};

/// By API key and merchant id.
pub(super) const KEY_CALL: Access = Access {
    name: "EightyEightPayKey",
    tag: Tag { name: "88pay", description: "88Pay: a key and a merchant id buy a token for 60 seconds." },
    ways: &[&[KEY, MERCHANT]],
    refusals: &[
        Reason::RepeatedHeader("x-api-key"),
        Reason::RepeatedHeader("x-merchant-id"),
        Reason::Unauthenticated(Fault::Missing),
        Reason::AccountSuspended,
        Reason::AccountNotVerified,
        Reason::AddressNotAllowed,
        Reason::RateLimited(1),
    ],
    error: SchemaGenerator::subschema_for::<Failure>,
    headers: &[],
    quota: true,
};

/// By token and session id.
pub(super) const SESSION_CALL: Access = Access {
    name: "EightyEightPaySession",
    ways: &[&[TOKEN, SESSION]],
    refusals: &[
        Reason::RepeatedHeader("authorization"),
        Reason::RepeatedHeader("x-session-id"),
        Reason::SessionHeaderMissing("x-session-id"),
        Reason::Unauthenticated(Fault::Missing),
        Reason::Unauthenticated(Fault::Token),
        Reason::AccountSuspended,
        Reason::AccountNotVerified,
        Reason::AddressNotAllowed,
        Reason::RateLimited(1),
    ],
    ..KEY_CALL
};
