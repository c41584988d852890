//! OAuth clients and the tokens they buy.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_apikey::{ImportedSecret, ImportedVerification, KeyDigest, KeyId, Mode, PublicId, Scopes};
use tollgate_checkout_scope::CheckoutClaims;
use tollgate_jwt_session::VerifiedToken;

use super::gate::token_fault;
use super::principal::{AccessToken, CheckoutJwt};
use super::{Arrival, Fault, Gate, Principal, Reason, Refusal, Via};
use crate::account::{CLIENT_ID, ClientDialect, Credential, CredentialKind, KeyFamily, OauthClient};
use crate::keys::TokenRing;
use crate::storage::StorageError;

/// What a token of an OAuth dialect must say so that its source can be checked; the dialect's own claims beside it.
pub trait TokenClaims: DeserializeOwned + Send + Sync + 'static {
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

/// Looked for in the place of the secret of a client that does not exist; a drawn id never is this one.
const NOBODYS_SECRET: &str = "000000000000";

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
        let native = CLIENT_ID.parse(id).ok();
        // An imported id says no mode: it is looked for in the one whose tokens the listener has.
        let mode = native.as_ref().map_or_else(|| arrival.mode.default_mode(), PublicId::mode);
        if !arrival.mode.admits(mode) {
            return Err(self.refuse(Fault::OtherMode, arrival));
        }
        let (client, secret) = match KeyFamily::CLIENT_SECRET.format.parse(secret) {
            Ok(secret) if secret.mode() != mode => return Err(self.refuse(Fault::OtherMode, arrival)),
            Ok(secret) => {
                let secret = self.find(&secret, CredentialKind::ClientSecret, arrival).await?;
                let client = match &native {
                    Some(native) => self.records.native_client(native).await?,
                    None => self.records.foreign_client(mode, id).await?,
                };
                (client.filter(|client| dialects.contains(&client.dialect)), secret)
            }
            // Only a client with an imported id has a secret of another form.
            Err(_) if native.is_some() => return Err(self.refuse(Fault::Malformed, arrival)),
            Err(_) => self.imported_pair(id, secret, mode, dialects, arrival).await?,
        };
        let own = client.filter(|client| client.merchant == secret.merchant && secret.client == Some(client.id));
        let client = own.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        self.check_usable(&secret, arrival)?;
        self.principal(&client.merchant.clone(), mode, Via::Client { client, secret }).await
    }

    /// The client of an imported id, and its imported secret, compared; an unknown id costs the same look-ups, which no
    /// cache answers, and the same comparison.
    async fn imported_pair(
        &self,
        id: &str,
        secret: &str,
        mode: Mode,
        dialects: &[ClientDialect],
        arrival: &Arrival,
    ) -> Result<(Option<Arc<OauthClient>>, Arc<Credential>), Refusal> {
        let secret = ImportedSecret::new(secret).ok_or_else(|| self.refuse(Fault::Malformed, arrival))?;
        let client = self.records.foreign_client(mode, id).await?;
        let client = client.filter(|client| dialects.contains(&client.dialect));
        let pair = client.as_ref().and_then(|client| client.foreign.as_ref());
        let nobodys = KeyId::parse(NOBODYS_SECRET).map_err(|_| Refusal::new(Reason::Internal))?;
        let stored = self.vault.credential(pair.map_or(nobodys, |pair| pair.secret)).await?.map(Arc::new);
        let own = |stored: &Arc<Credential>| pair.is_some_and(|pair| pair.secret == stored.id);
        let kind = CredentialKind::ForeignClientSecret;
        let stored = stored.filter(|stored| own(stored) && stored.kind == kind && stored.mode == mode);
        let digest = stored.as_ref().map(|stored| KeyDigest::from_parts(stored.pepper_version, stored.digest));
        let verification = self.secret_keys.peppers().verify_imported(&secret, digest.as_ref());
        match (stored, digest, verification) {
            (Some(stored), _, ImportedVerification::Match) => Ok((client, stored)),
            (Some(stored), Some(digest), ImportedVerification::MatchOldPepper(renewed)) => {
                self.redigest(&stored, &digest, &renewed, arrival).await;
                Ok((client, stored))
            }
            (Some(_), _, _) => Err(self.refuse(Fault::WrongSecret, arrival)),
            (None, _, _) => Err(self.refuse(Fault::Unknown, arrival)),
        }
    }

    async fn client_named(
        &self,
        id: &str,
        mode: Mode,
        dialects: &[ClientDialect],
    ) -> Result<Option<Arc<OauthClient>>, StorageError> {
        let client = self.records.client_by_text(mode, id).await?;
        Ok(client.filter(|client| dialects.contains(&client.dialect)))
    }

    /// Verifies a token of an OAuth dialect and the credential it was bought with; the claims come with it.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn oauth_token<C: TokenClaims>(
        &self,
        ring: &TokenRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<(Arc<VerifiedToken<C>>, Arc<Credential>), Refusal> {
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
        ring: &TokenRing,
        mode: Mode,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Result<(Arc<VerifiedToken<C>>, Arc<Credential>), Fault>, StorageError> {
        let verified = match ring.verify::<C>(token, now) {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(token_fault(error.kind()))),
        };
        if self.records.token_revoked(verified.token_id()).await? {
            return Ok(Err(Fault::Revoked));
        }
        let cid = verified.claims().credential();
        let kinds = [CredentialKind::ClientSecret, CredentialKind::ForeignClientSecret];
        let secret = self.live_source(cid, &kinds, mode).await?;
        Ok(secret.map(|secret| (verified, secret)))
    }

    /// Authenticates a Pledg access token; the `mer_` ids come with it.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn pledg_token(
        &self,
        ring: &TokenRing,
        mode: Mode,
        token: &str,
        arrival: &Arrival,
    ) -> Result<(Principal, Arc<VerifiedToken<PledgClaims>>), Refusal> {
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
        Ok((principal, verified))
    }

    /// Authenticates an Alternative access token.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn alternative_token(
        &self,
        ring: &TokenRing,
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
        ring: &TokenRing,
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
        let token = CheckoutJwt { claims: claims.clone(), secret, id, expires_at };
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
        let client = self.client_named(text, secret.mode, &[dialect]).await?;
        client.filter(|client| secret.client == Some(client.id)).ok_or_else(|| self.refuse(Fault::Token, arrival))
    }
}
