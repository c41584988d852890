//! How the kinds of Pledg routes are called, for their description.

use schemars::SchemaGenerator;

use super::answer;
use crate::auth::{Fault, Reason};
use crate::dialects::oauth::Failure;
use crate::openapi::{Access, Scheme, SchemeKind, Tag};

const CLIENT: Scheme =
    Scheme { name: "pledgClient", kind: SchemeKind::Basic, description: "The id and the secret of a client." };
const TOKEN: Scheme =
    Scheme { name: "pledgToken", kind: SchemeKind::Bearer("JWT"), description: "An access token, for ten minutes." };
const DASHBOARD: Scheme = Scheme {
    name: "pledgDashboard",
    kind: SchemeKind::Basic,
    description: "The e-mail address and the password of a person whom the merchant let use the API.",
};
const SIGNATURE: Scheme = Scheme {
    name: "pledgSignature",
    kind: SchemeKind::Query("signature"),
    description: "The request itself, as a JWT (HS256) under the merchant's request secret; it stands alone in the query.",
};

/// What is refused once the credential is known, whichever it is.
const KNOWN: &[Reason] = &[
    Reason::RepeatedHeader("authorization"),
    Reason::Unauthenticated(Fault::Missing),
    Reason::AccountSuspended,
    Reason::AccountNotVerified,
    Reason::AddressNotAllowed,
    Reason::RateLimited(1),
];

/// By client id and secret.
pub(super) const CLIENT_CALL: Access = Access {
    name: "PledgClient",
    tag: Tag { name: "pledg", description: "Pledg: tokens for clients, purchases for people, signed links." },
    ways: &[&[CLIENT]],
    refusals: KNOWN,
    error: SchemaGenerator::subschema_for::<Failure>,
    headers: &[],
    quota: false,
};

/// By access token.
pub(super) const TOKEN_CALL: Access = Access {
    name: "PledgToken",
    ways: &[&[TOKEN]],
    refusals: &[
        Reason::RepeatedHeader("authorization"),
        Reason::Unauthenticated(Fault::Missing),
        Reason::Unauthenticated(Fault::Token),
        Reason::AccountSuspended,
        Reason::AccountNotVerified,
        Reason::AddressNotAllowed,
        Reason::RateLimited(1),
    ],
    ..CLIENT_CALL
};

/// By a person's address and password.
pub(super) const DASHBOARD_CALL: Access = Access { name: "PledgDashboard", ways: &[&[DASHBOARD]], ..CLIENT_CALL };

/// By a signature.
pub(super) const SIGNED_CALL: Access = Access {
    name: "PledgSigned",
    ways: &[&[SIGNATURE]],
    headers: &[("referrer-policy", answer::NO_REFERRER)],
    ..CLIENT_CALL
};
