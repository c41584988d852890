//! OAuth clients and the tokens they buy.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_apikey::{Mode, Scopes};
use tollgate_checkout_scope::CheckoutClaims;
use tollgate_jwt_session::{KeyRing, VerifiedToken};

use super::gate::token_fault;
use super::principal::{AccessToken, CheckoutJwt};
use super::{Arrival, Fault, Gate, Principal, Refusal, Via};
use crate::account::{CLIENT_ID, ClientDialect, Credential, CredentialKind, KeyFamily, OauthClient};
use crate::storage::StorageError;

/// What a token of an OAuth dialect must say so that its source can be checked; the dialect's own claims beside it.
pub trait TokenClaims: DeserializeOwned {
    /// The public id of the credential it was bought with.
    fn credential(&self) -> &str;
}

/// The claims of a Pledg access token, beside the registered ones.
#[derive(Debug, Serialize, Deserialize)]
pub struct PledgClaims {
    /// The client id text.
    pub sub: String,
    /// The client secret that bought it.
    pub cid: String,
    /// The `mer_` ids the client may act for.
    pub merchants: Vec<String>,
}

/// The claims of an Alternative access token, beside the registered ones (RFC 9068 §2.2).
#[derive(Debug, Serialize, Deserialize)]
pub struct AlternativeClaims {
    /// The client id text.
    pub sub: String,
    /// The same.
    pub client_id: String,
    /// The merchant, spelt for the mode.
    pub partner_id: String,
    /// What it permits, blank-separated.
    pub scope: String,
    /// The client secret that bought it.
    pub cid: String,
}

/// The claims of an Alternative checkout token as they are read.
#[derive(Debug, Deserialize)]
pub struct CheckoutJwtClaims {
    /// The four ids.
    #[serde(flatten)]
    pub ids: CheckoutClaims,
    /// The client secret that made it.
    pub cid: String,
}

impl TokenClaims for PledgClaims {
    fn credential(&self) -> &str {
        &self.cid
    }
}

impl TokenClaims for AlternativeClaims {
    fn credential(&self) -> &str {
        &self.cid
    }
}

impl TokenClaims for CheckoutJwtClaims {
    fn credential(&self) -> &str {
        &self.cid
    }
}

impl Gate {
    /// Authenticates an OAuth client of one of these dialects by its id and secret.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every pair that is not good, also for a
    /// client of another dialect.
    pub async fn client(
        &self,
        id: &str,
        secret: &str,
        dialects: &[ClientDialect],
        arrival: &Arrival,
    ) -> Result<Principal, Refusal> {
        let id = CLIENT_ID.parse(id).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        let secret =
            KeyFamily::CLIENT_SECRET.format.parse(secret).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        if !arrival.mode.admits(id.mode()) || id.mode() != secret.mode() {
            return Err(self.refuse(Fault::OtherMode, arrival));
        }
        let credential = self.find(&secret, CredentialKind::ClientSecret, arrival).await?;
        let client = self.records.client(id.id()).await?;
        let own = client.filter(|client| {
            dialects.contains(&client.dialect)
                && client.mode == id.mode()
                && client.merchant == credential.merchant
                && credential.client == Some(client.id)
        });
        let client = own.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        self.check_usable(&credential, arrival)?;
        self.principal(&client.merchant.clone(), secret.mode(), Via::Client { client, secret: credential }).await
    }

    /// Verifies a token of an OAuth dialect and the credential it was bought with; the claims come with it.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn oauth_token<C: TokenClaims>(
        &self,
        ring: &KeyRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<(VerifiedToken<C>, Arc<Credential>), Refusal> {
        self.live_token(ring, mode, token, arrival.now).await?.map_err(|fault| self.refuse(fault, arrival))
    }

    /// As [`oauth_token`](Self::oauth_token), for a token that is asked about and is not the caller's credential: a
    /// dead one counts as nobody's failure.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn live_token<C: TokenClaims>(
        &self,
        ring: &KeyRing,
        mode: Mode,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Result<(VerifiedToken<C>, Arc<Credential>), Fault>, StorageError> {
        let verified = match ring.verify::<C>(token, now) {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(token_fault(error.kind()))),
        };
        if self.records.token_revoked(verified.token_id()).await? {
            return Ok(Err(Fault::Revoked));
        }
        let cid = verified.claims().credential();
        let secret = self.live_source(cid, CredentialKind::ClientSecret, mode).await?;
        Ok(secret.map(|secret| (verified, secret)))
    }

    /// Authenticates a Pledg access token; the `mer_` ids come with it.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn pledg_token(
        &self,
        ring: &KeyRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<(Principal, PledgClaims), Refusal> {
        let (verified, secret) = self.oauth_token::<PledgClaims>(ring, mode, token, arrival).await?;
        let client = self.token_client(&verified.claims().sub, &secret, ClientDialect::Pledg, arrival).await?;
        let token = AccessToken {
            client,
            secret,
            scopes: Scopes::empty(),
            id: verified.token_id().to_owned(),
            expires_at: verified.expires_at(),
        };
        let principal = self.principal(&token.client.merchant.clone(), mode, Via::AccessToken(Arc::new(token))).await?;
        Ok((principal, verified.into_claims()))
    }

    /// Authenticates an Alternative access token.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn alternative_token(
        &self,
        ring: &KeyRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<Principal, Refusal> {
        let (verified, secret) = self.oauth_token::<AlternativeClaims>(ring, mode, token, arrival).await?;
        let claims = verified.claims();
        let client = self.token_client(&claims.sub, &secret, ClientDialect::Alternative, arrival).await?;
        if claims.client_id != claims.sub || claims.partner_id != client.merchant.in_mode(mode) {
            return Err(self.refuse(Fault::Token, arrival));
        }
        let scopes = Scopes::parse(&claims.scope).map_err(|_| self.refuse(Fault::Token, arrival))?;
        let token = AccessToken {
            client,
            secret,
            scopes,
            id: verified.token_id().to_owned(),
            expires_at: verified.expires_at(),
        };
        self.principal(&token.client.merchant.clone(), mode, Via::AccessToken(Arc::new(token))).await
    }

    /// Authenticates an Alternative checkout token.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn checkout_jwt(
        &self,
        ring: &KeyRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<Principal, Refusal> {
        let (verified, secret) = self.oauth_token::<CheckoutJwtClaims>(ring, mode, token, arrival).await?;
        let claims = &verified.claims().ids;
        self.token_client(claims.client_id(), &secret, ClientDialect::Alternative, arrival).await?;
        if claims.partner_id() != secret.merchant.in_mode(mode) {
            return Err(self.refuse(Fault::Token, arrival));
        }
        let (id, expires_at) = (verified.token_id().to_owned(), verified.expires_at());
        let token = CheckoutJwt { claims: verified.into_claims().ids, secret, id, expires_at };
        self.principal(&token.secret.merchant.clone(), mode, Via::CheckoutJwt(Arc::new(token))).await
    }

    /// The client a token names must be the one its credential belongs to.
    async fn token_client(
        &self,
        text: &str,
        secret: &Credential,
        dialect: ClientDialect,
        arrival: &Arrival,
    ) -> Result<Arc<OauthClient>, Refusal> {
        let id = CLIENT_ID.parse(text).map_err(|_| self.refuse(Fault::Token, arrival))?;
        let client = self.records.client(id.id()).await?;
        client
            .filter(|client| client.dialect == dialect && secret.client == Some(client.id))
            .ok_or_else(|| self.refuse(Fault::Token, arrival))
    }
}
