//! Steps 2 to 5: a presented credential becomes a principal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_apikey::{ApiKey, KeyDigest, KeyId, Mode, Status, Verification};
use tollgate_checkout_scope::{CheckoutToken, TokenDigest};
use tollgate_jwt_session::{SessionId, VerifyErrorKind};

use super::dashboard::VerifiedHeaders;
use super::principal::PanelUser;
use super::throttle::Throttle;
use super::{Arrival, Fault, Principal, Refusal, Via};
use crate::account::{Credential, CredentialKind, EmailAddress, KeyFamily, Merchant, MerchantId, Passwords, UserId};
use crate::clock::{Clock, epoch_ms};
use crate::keys::{Sealer, SecretKeys, TokenRing};
use crate::limits::{Bucket, QuotaWindows, Quotas};
use crate::rng::Rng;
use crate::storage::{CheckoutGrant, Ledger, Records, SecondFactors, StorageError, Vault};
use crate::usage::Usage;

use super::authorize::QuotaSubject;

/// The claims of a control-panel login, beside the registered ones.
#[derive(Debug, Serialize, Deserialize)]
pub struct PanelClaims {
    /// The user id, as decimal text.
    pub sub: String,
    /// The user's generation at login.
    pub r#gen: i64,
}

/// The claims of an 88Pay session token, beside the registered ones.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionClaims {
    /// The merchant, spelt for the mode.
    pub merchant_id: String,
    /// The API key that bought the token.
    pub cid: String,
}

/// What a [`Gate`] is made of.
pub struct GateParts {
    /// The time, for what is decided after waiting.
    pub clock: Clock,
    /// Randomness for challenges.
    pub rng: Rng,
    /// Durable records.
    pub vault: Arc<dyn Vault>,
    /// Single uses.
    pub ledger: Arc<dyn Ledger>,
    /// Recovery codes.
    pub second_factors: Arc<dyn SecondFactors>,
    /// Counts calls.
    pub usage: Arc<Usage>,
    /// The cache before both.
    pub records: Arc<Records>,
    /// Under which digests are kept, and which authenticate challenges.
    pub secret_keys: Arc<SecretKeys>,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Opens the secrets that merchants sign requests with.
    pub sealer: Arc<Sealer>,
    /// Basic headers that were right a moment ago.
    pub verified_headers: VerifiedHeaders,
    /// Keeps the quota windows.
    pub quotas: Arc<dyn Quotas<QuotaSubject>>,
}

/// Decides who is calling and whether it may.
pub struct Gate {
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) second_factors: Arc<dyn SecondFactors>,
    pub(super) usage: Arc<Usage>,
    pub(super) records: Arc<Records>,
    pub(super) secret_keys: Arc<SecretKeys>,
    pub(super) passwords: Passwords,
    pub(super) sealer: Arc<Sealer>,
    pub(super) verified_headers: VerifiedHeaders,
    pub(super) throttle: Arc<Throttle>,
    pub(super) quotas: Arc<dyn Quotas<QuotaSubject>>,
    pub(super) limits_scale: u32,
}

impl Gate {
    /// Subjects whose quota windows are kept at a time.
    const QUOTA_SUBJECTS: usize = 2_000_000;

    /// Quota windows of this process alone.
    #[must_use]
    pub fn quotas_in_process() -> Arc<dyn Quotas<QuotaSubject>> {
        Arc::new(QuotaWindows::new(Self::QUOTA_SUBJECTS))
    }

    /// A gate over these parts; every limit is multiplied by `limits_scale` (1 but in load tests).
    #[must_use]
    pub fn new(parts: GateParts, limits_scale: u32) -> Self {
        let GateParts {
            clock,
            rng,
            vault,
            ledger,
            second_factors,
            usage,
            records,
            secret_keys,
            passwords,
            sealer,
            verified_headers,
            quotas,
        } = parts;
        Self {
            clock,
            rng,
            vault,
            ledger,
            second_factors,
            usage,
            records,
            secret_keys,
            passwords,
            sealer,
            verified_headers,
            throttle: Arc::new(Throttle::new(limits_scale)),
            quotas,
            limits_scale,
        }
    }

    /// Takes a call from a panel user's quota.
    ///
    /// # Errors
    ///
    /// [`Reason::RateLimited`](super::Reason::RateLimited).
    pub async fn debit_user(&self, user: &PanelUser, bucket: Bucket, arrival: &Arrival) -> Result<(), Refusal> {
        let subject = QuotaSubject::User(user.user.id);
        match self.quotas.debit(&bucket.scaled(self.limits_scale), &subject, epoch_ms(arrival.now)).await? {
            Ok(_) => Ok(()),
            Err(full) => Err(Refusal::new(super::Reason::RateLimited(full.retry_after_s()))),
        }
    }

    /// Admits that somebody asks for a link that sets a password; known and unknown accounts alike.
    ///
    /// # Errors
    ///
    /// [`Reason::RateLimited`](super::Reason::RateLimited) beyond 3 an hour for an account from one address group, and
    /// 20 an hour from an address group.
    pub fn admit_link(&self, email: &EmailAddress, arrival: &Arrival) -> Result<super::Send, Refusal> {
        self.throttle.admit_link(email, &arrival.client, arrival.now)
    }

    /// Admits that somebody who governs a merchant has a link sent to this address.
    ///
    /// # Errors
    ///
    /// [`Reason::RateLimited`](super::Reason::RateLimited) beyond 6 an hour to an address and 50 an hour of a merchant.
    pub fn admit_invitation(
        &self,
        email: &EmailAddress,
        merchant: &MerchantId,
        arrival: &Arrival,
    ) -> Result<(), Refusal> {
        self.throttle.admit_invitation(email, merchant, arrival.now)
    }

    /// Forgets quota windows that are over; to be called now and then.
    pub fn sweep(&self, now: OffsetDateTime) {
        self.quotas.sweep(epoch_ms(now));
        self.throttle.sweep(now);
    }

    /// The refusal of a credential that is not good: 401, or 429 when this address fails too often.
    #[must_use]
    pub fn refuse(&self, fault: Fault, arrival: &Arrival) -> Refusal {
        self.throttle.failed(fault, &arrival.client, arrival.now)
    }

    /// Authenticates an API key by its text.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every key that is not good.
    pub async fn api_key(&self, text: &str, family: KeyFamily, arrival: &Arrival) -> Result<Principal, Refusal> {
        let key = family.format.parse(text).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        if !arrival.mode.admits(key.mode()) {
            return Err(self.refuse(Fault::OtherMode, arrival));
        }
        let credential = self.find(&key, family.kind, arrival).await?;
        self.check_usable(&credential, arrival)?;
        let merchant = self.merchant(&credential.merchant).await?;
        Ok(Principal { merchant, mode: key.mode(), via: Via::ApiKey(credential) })
    }

    /// Authenticates an 88Pay pair of token and session id.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every pair that is not good.
    pub async fn session(
        &self,
        ring: &TokenRing,
        mode: Mode,
        token: &str,
        session: &str,
        arrival: &Arrival,
    ) -> Result<Principal, Refusal> {
        let session = SessionId::parse(session).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        let paired = ring
            .verify_pair::<SessionClaims>(token, &session, arrival.now)
            .map_err(|error| self.refuse(token_fault(error.kind()), arrival))?;
        let claims = paired.claims();
        let credential = self.token_source(&claims.cid, &[CredentialKind::EightyEightPayKey], mode, arrival).await?;
        let same_merchant = MerchantId::parse(&claims.merchant_id).is_ok_and(|(id, _)| id == credential.merchant);
        if !same_merchant {
            return Err(self.refuse(Fault::Token, arrival));
        }
        let merchant = self.merchant(&credential.merchant).await?;
        Ok(Principal { merchant, mode, via: Via::Session(credential) })
    }

    /// Authenticates a browser token.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn checkout(&self, text: &str, arrival: &Arrival) -> Result<Principal, Refusal> {
        let token = CheckoutToken::parse(text).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        let grant = self.grant_of(&token).await?;
        let grant = grant.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        if !arrival.mode.admits(grant.mode) {
            return Err(self.refuse(Fault::OtherMode, arrival));
        }
        if grant.revoked_at.is_some() {
            return Err(self.refuse(Fault::Revoked, arrival));
        }
        if arrival.now >= grant.expires_at {
            return Err(self.refuse(Fault::Expired, arrival));
        }
        let source =
            self.token_source(grant.credential.as_str(), &[CredentialKind::CaiboKey], grant.mode, arrival).await?;
        if source.merchant != grant.merchant {
            return Err(self.refuse(Fault::Token, arrival));
        }
        self.principal(&source.merchant, grant.mode, Via::Checkout(grant)).await
    }

    /// The form in which a new browser token is stored.
    #[must_use]
    pub fn token_digest(&self, token: &CheckoutToken) -> TokenDigest {
        self.secret_keys.token_peppers().digest(token)
    }

    /// What a browser token opens, under whichever pepper it was stored.
    pub(super) async fn grant_of(&self, token: &CheckoutToken) -> Result<Option<Arc<CheckoutGrant>>, StorageError> {
        for digest in self.secret_keys.token_peppers().digests(token) {
            if let Some(grant) = self.records.grant(digest.as_bytes()).await? {
                return Ok(Some(grant));
            }
        }
        Ok(None)
    }

    /// Authenticates a control-panel login token.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`](super::Reason::Unauthenticated) alike for every token that is not good.
    pub async fn panel(&self, ring: &TokenRing, token: &str, arrival: &Arrival) -> Result<PanelUser, Refusal> {
        let verified = ring
            .verify::<PanelClaims>(token, arrival.now)
            .map_err(|error| self.refuse(token_fault(error.kind()), arrival))?;
        let claims = verified.claims();
        let id = UserId::parse(&claims.sub).ok_or_else(|| self.refuse(Fault::Token, arrival))?;
        let user = self.records.user(id).await?.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        if user.disabled || user.generation != claims.r#gen {
            return Err(self.refuse(Fault::Revoked, arrival));
        }
        Ok(PanelUser { user, logged_in_at: verified.issued_at() })
    }

    /// Looks a key up by its public id and compares digests; an unknown id costs the same comparison.
    pub(super) async fn find(
        &self,
        key: &ApiKey,
        kind: CredentialKind,
        arrival: &Arrival,
    ) -> Result<Arc<Credential>, Refusal> {
        let stored = self.records.credential(key.id()).await?;
        let stored = stored.filter(|credential| credential.kind == kind && credential.mode == key.mode());
        let Some(credential) = stored else {
            let _ = self.secret_keys.peppers().verify_absent(key);
            return Err(self.refuse(Fault::Unknown, arrival));
        };
        let digest = KeyDigest::from_parts(credential.pepper_version, credential.digest);
        match self.secret_keys.peppers().verify(key, &digest) {
            Verification::Match(_) => Ok(credential),
            Verification::MatchOldPepper(_, renewed) => {
                self.redigest(&credential, &digest, &renewed, arrival).await;
                Ok(credential)
            }
            Verification::NoMatch => Err(self.refuse(Fault::WrongSecret, arrival)),
        }
    }

    /// Keeps the digest of a good secret under the current pepper.
    pub(super) async fn redigest(
        &self,
        credential: &Credential,
        digest: &KeyDigest,
        renewed: &KeyDigest,
        arrival: &Arrival,
    ) {
        // Only a usable credential is worth a write; the deadline check that follows refuses the others.
        if credential.lifecycle.check(arrival.now).is_err() {
            return;
        }
        // A database that cannot write now must not refuse a key that is good: the next use tries again.
        match self.vault.redigest(credential.id, digest, renewed).await {
            Ok(()) => self.records.forget_credential(credential.id),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "re-digest postponed"),
        }
    }

    pub(super) fn check_usable(&self, credential: &Credential, arrival: &Arrival) -> Result<(), Refusal> {
        if credential.lifecycle.check(arrival.now).is_ok() {
            return Ok(());
        }
        let fault = match credential.lifecycle.status(arrival.now) {
            Status::Revoked => Fault::Revoked,
            _ => Fault::Expired,
        };
        Err(self.refuse(fault, arrival))
    }

    /// The credential a token was obtained with. Running out does not kill the token; being killed does.
    pub(super) async fn token_source(
        &self,
        id: &str,
        kinds: &[CredentialKind],
        mode: Mode,
        arrival: &Arrival,
    ) -> Result<Arc<Credential>, Refusal> {
        self.live_source(id, kinds, mode).await?.map_err(|fault| self.refuse(fault, arrival))
    }

    /// As [`token_source`](Self::token_source), counted as nobody's failure.
    pub(super) async fn live_source(
        &self,
        id: &str,
        kinds: &[CredentialKind],
        mode: Mode,
    ) -> Result<Result<Arc<Credential>, Fault>, StorageError> {
        let Ok(id) = KeyId::parse(id) else { return Ok(Err(Fault::Token)) };
        let credential = self.records.credential(id).await?;
        Ok(match credential.filter(|credential| kinds.contains(&credential.kind) && credential.mode == mode) {
            None => Err(Fault::Unknown),
            Some(credential) if credential.lifecycle.kills_tokens() => Err(Fault::Revoked),
            Some(credential) => Ok(credential),
        })
    }

    pub(super) async fn principal(&self, merchant: &MerchantId, mode: Mode, via: Via) -> Result<Principal, Refusal> {
        Ok(Principal { merchant: self.merchant(merchant).await?, mode, via })
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Arc<Merchant>, Refusal> {
        self.records.merchant(id).await?.ok_or_else(|| Refusal::new(super::Reason::Internal))
    }
}

pub(super) fn token_fault(kind: VerifyErrorKind) -> Fault {
    match kind {
        VerifyErrorKind::Expired => Fault::Expired,
        VerifyErrorKind::Malformed => Fault::Malformed,
        VerifyErrorKind::WrongSession => Fault::Pairing,
        _ => Fault::Token,
    }
}
