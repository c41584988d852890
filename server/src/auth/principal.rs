//! Who is calling, as a proof.

use std::sync::Arc;

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Scopes};
use tollgate_checkout_scope::CheckoutClaims;

use crate::account::{Credential, Merchant, OauthClient, User};
use crate::storage::CheckoutGrant;

/// An authenticated caller; only the [`Gate`](super::Gate) makes one.
#[derive(Debug, Clone)]
pub struct Principal {
    pub(super) merchant: Arc<Merchant>,
    pub(super) mode: Mode,
    pub(super) via: Via,
}

/// How the caller authenticated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Via {
    /// With an access token of an OAuth client.
    AccessToken(Arc<AccessToken>),
    /// With an API key.
    ApiKey(Arc<Credential>),
    /// With an opaque browser token.
    Checkout(Arc<CheckoutGrant>),
    /// With a browser token in JWT form.
    CheckoutJwt(Arc<CheckoutJwt>),
    /// With the id and secret of an OAuth client.
    Client {
        /// The client.
        client: Arc<OauthClient>,
        /// The secret it used.
        secret: Arc<Credential>,
    },
    /// With a panel user's e-mail and password.
    Dashboard(Arc<User>),
    /// With a token that was bought with this credential.
    Session(Arc<Credential>),
    /// With a request that is itself signed.
    SignedRequest,
}

/// A verified access token.
#[derive(Debug)]
pub struct AccessToken {
    /// The client it was issued to.
    pub client: Arc<OauthClient>,
    /// The secret it was bought with.
    pub secret: Arc<Credential>,
    /// What it permits.
    pub scopes: Scopes,
    /// Its `jti`.
    pub id: String,
    /// Its end.
    pub expires_at: OffsetDateTime,
}

/// A verified browser token in JWT form.
#[derive(Debug)]
pub struct CheckoutJwt {
    /// What it is bound to.
    pub claims: CheckoutClaims,
    /// The secret it was made with.
    pub secret: Arc<Credential>,
    /// Its `jti`.
    pub id: String,
    /// Its end.
    pub expires_at: OffsetDateTime,
}

impl Principal {
    /// The merchant.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// The mode of the credential.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How the caller authenticated.
    #[must_use]
    pub fn via(&self) -> &Via {
        &self.via
    }

    /// The credential behind the call, `cid` of what is made with it: a token answers with what it was bought with;
    /// people and signed requests have none.
    #[must_use]
    pub fn credential_id(&self) -> Option<KeyId> {
        match &self.via {
            Via::AccessToken(token) => Some(token.secret.id),
            Via::ApiKey(credential) | Via::Session(credential) => Some(credential.id),
            Via::Checkout(grant) => Some(grant.credential),
            Via::CheckoutJwt(token) => Some(token.secret.id),
            Via::Client { secret, .. } => Some(secret.id),
            Via::Dashboard(_) | Via::SignedRequest => None,
        }
    }
}

/// A person logged in to the control panel; only the [`Gate`](super::Gate) makes one.
#[derive(Debug, Clone)]
pub struct PanelUser {
    pub(super) user: Arc<User>,
    pub(super) logged_in_at: OffsetDateTime,
}

impl PanelUser {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// When the login token was issued.
    #[must_use]
    pub fn logged_in_at(&self) -> OffsetDateTime {
        self.logged_in_at
    }
}
