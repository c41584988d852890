//! How the kinds of Caibo routes are called, for their description.

use schemars::SchemaGenerator;

use crate::auth::{Fault, Reason};
use crate::dialects::problem::Problem;
use crate::openapi::{Access, SchemaOf, Scheme, SchemeKind, Tag};

const TAG: Tag = Tag { name: "caibo", description: "Caibo IPG: a panel login, API keys, tokens for one payment page." };
const ERROR: SchemaOf = SchemaGenerator::subschema_for::<Problem>;

const KEY: Scheme = Scheme {
    name: "caiboKey",
    kind: SchemeKind::Header("X-API-Key"),
    description: "An API key, `caibo_test_sk_` or `caibo_live_sk_` and 50 letters and digits.",
};
const TOKEN: Scheme = Scheme {
    name: "caiboCheckoutToken",
    kind: SchemeKind::Header("X-Checkout-Token"),
    description: "A token for one payment request, 43 characters; it counts before the key.",
};
const PANEL: Scheme = Scheme {
    name: "caiboLogin",
    kind: SchemeKind::Bearer("JWT"),
    description: "The access token of a login, for half an hour.",
};

/// What is refused once the credential is known, whichever it is.
macro_rules! refusals {
    ($($more:expr),*) => {
        &[
            Reason::RepeatedHeader("credential"),
            Reason::Unauthenticated(Fault::Missing),
            Reason::AccountSuspended,
            Reason::AccountNotVerified,
            Reason::ScopeDenied,
            Reason::RateLimited(1),
            $($more),*
        ]
    };
}

/// The login, whose credential is in the body.
pub(super) const LOGIN_CALL: Access = Access {
    name: "CaiboLogin",
    tag: TAG,
    ways: &[],
    refusals: &[Reason::Unauthenticated(Fault::Unknown), Reason::RateLimited(1)],
    error: ERROR,
    headers: &[],
    quota: false,
};

/// By the token of a login.
pub(super) const PANEL_CALL: Access =
    Access { name: "CaiboPanel", ways: &[&[PANEL]], refusals: refusals!(), ..LOGIN_CALL };

/// By API key.
pub(super) const KEY_CALL: Access =
    Access { name: "CaiboKey", ways: &[&[KEY]], refusals: refusals!(Reason::AddressNotAllowed), ..LOGIN_CALL };

/// By API key, or by the token of a payment page.
pub(super) const PAGE_CALL: Access = Access {
    name: "CaiboPage",
    ways: &[&[KEY], &[TOKEN]],
    refusals: refusals!(Reason::AddressNotAllowed),
    ..LOGIN_CALL
};
