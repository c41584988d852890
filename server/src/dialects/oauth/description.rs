//! How the routes for OAuth clients are called, for their description.

use schemars::SchemaGenerator;

use super::Failure;
use crate::auth::{Fault, Reason};
use crate::openapi::{Access, Scheme, SchemeKind, Tag};

const CLIENT: Scheme = Scheme {
    name: "oauthClient",
    kind: SchemeKind::Basic,
    description: "The id and the secret of a client; at `/oauth/token` one of Alternative Payments, elsewhere also one \
                  of Pledg.",
};

/// By client id and secret (RFC 6749 §2.3.1).
pub(in crate::dialects) const CLIENT_CALL: Access = Access {
    name: "OauthClient",
    tag: Tag { name: "oauth", description: "OAuth 2: tokens for clients, and questions about them." },
    ways: &[&[CLIENT]],
    refusals: &[
        Reason::RepeatedHeader("authorization"),
        Reason::Unauthenticated(Fault::Missing),
        Reason::AccountSuspended,
        Reason::AccountNotVerified,
        Reason::AddressNotAllowed,
        Reason::RateLimited(1),
    ],
    error: SchemaGenerator::subschema_for::<Failure>,
    headers: &[],
    quota: false,
};
