//! How the kinds of Alternative routes are called, for their description.

use schemars::SchemaGenerator;

use super::error::Failure;
use crate::auth::{Fault, Reason};
use crate::openapi::{Access, Scheme, SchemeKind, Tag};

const ACCESS_TOKEN: Scheme = Scheme {
    name: "alternativeAccessToken",
    kind: SchemeKind::Bearer("JWT"),
    description: "A client's access token, for an hour.",
};
const CHECKOUT_TOKEN: Scheme = Scheme {
    name: "alternativeCheckoutToken",
    kind: SchemeKind::Bearer("JWT"),
    description: "A browser's token for one invoice, for a quarter of an hour.",
};

/// On every answer under `/checkout/`.
pub(super) const BROWSER_HEADERS: [(&str, &str); 2] =
    [("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-request-id, retry-after")];

/// What is refused once the token is known, whichever it is.
macro_rules! refusals {
    ($($more:expr),*) => {
        &[
            Reason::RepeatedHeader("authorization"),
            Reason::Unauthenticated(Fault::Missing),
            Reason::Unauthenticated(Fault::Token),
            Reason::AccountSuspended,
            Reason::AccountNotVerified,
            Reason::RateLimited(1),
            $($more),*
        ]
    };
}

/// By access token.
pub(super) const SERVER_CALL: Access = Access {
    name: "AlternativeServer",
    tag: Tag { name: "alternative", description: "Alternative Payments: tokens for browsers, each for one invoice." },
    ways: &[&[ACCESS_TOKEN]],
    refusals: refusals!(Reason::AddressNotAllowed),
    error: SchemaGenerator::subschema_for::<Failure>,
    headers: &[],
    quota: false,
};

/// By checkout token.
pub(super) const BROWSER_CALL: Access = Access {
    name: "AlternativeBrowser",
    ways: &[&[CHECKOUT_TOKEN]],
    refusals: refusals!(Reason::ScopeDenied, Reason::OriginDenied),
    headers: &BROWSER_HEADERS,
    ..SERVER_CALL
};

/// By a browser that asks first.
pub(super) const PREFLIGHT: Access = Access { name: "AlternativePreflight", ways: &[], refusals: &[], ..BROWSER_CALL };
