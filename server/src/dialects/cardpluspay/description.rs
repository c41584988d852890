//! How the kinds of CardPlusPay routes are called, for their description.

use schemars::SchemaGenerator;

use super::envelope::Failure;
use crate::auth::{Fault, Reason};
use crate::openapi::{Access, Scheme, SchemeKind, Tag};

const KEY: Scheme = Scheme {
    name: "cardPlusPayKey",
    kind: SchemeKind::Header("X-API-Key"),
    description: "An API key, `cpp_test_sk_` or `cpp_live_sk_` and 50 letters and digits.",
};
const CHALLENGE: Scheme = Scheme {
    name: "cardPlusPayChallenge",
    kind: SchemeKind::Header("X-API-Challenge"),
    description: "A challenge, for one use within five minutes; needed where the account asks for signed requests.",
};
const SIGNATURE: Scheme = Scheme {
    name: "cardPlusPaySignature",
    kind: SchemeKind::Header("X-API-Signature"),
    description: "The challenge's signature, RSA with SHA-256 (PKCS #1 v1.5), base64.",
};

/// What is refused once the key is known, signed or not.
macro_rules! refusals {
    ($($more:expr),*) => {
        &[
            Reason::RepeatedHeader("x-api-key"),
            Reason::Unauthenticated(Fault::Missing),
            Reason::AccountSuspended,
            Reason::AccountNotVerified,
            Reason::AddressNotAllowed,
            Reason::RateLimited(1),
            $($more),*
        ]
    };
}

/// By API key alone.
pub(super) const KEY_CALL: Access = Access {
    name: "CardPlusPayKey",
    tag: Tag { name: "cardpluspay", description: "CardPlusPay: an API key, and a signed challenge beside it." },
    ways: &[&[KEY]],
    refusals: refusals!(),
    error: SchemaGenerator::subschema_for::<Failure>,
    headers: &[],
    quota: false,
};

/// By API key, with the signed challenge where the account asks for it.
pub(super) const SIGNED_CALL: Access = Access {
    name: "CardPlusPaySigned",
    ways: &[&[KEY], &[KEY, CHALLENGE, SIGNATURE]],
    refusals: refusals!(Reason::SignatureRequired, Reason::SignatureInvalid),
    ..KEY_CALL
};
