//! Steps 6 to 10: policy lets a principal pass or refuses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue};
use tollgate_apikey::{KeyId, Mode};
use tollgate_checkout_scope::{AllowList, BoundId, DeniedKind, Grant, InvoiceScope, Permit, ServerCredential};
use tollgate_client_address::IpList;

use super::{Arrival, Fault, Gate, Principal, Reason, Refusal, SignatureRule, Via};
use crate::account::{MerchantId, MerchantStatus, UserId};
use crate::clock::epoch_ms;
use crate::limits::{Bucket, Quota, QuotaKey};
use crate::usage::Verdict;

/// What one route asks of its callers.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// Whether the request must carry a signature.
    pub signature: SignatureRule<'a>,
    /// What the credential must permit.
    pub scope: ScopeRule,
    /// What the call costs.
    pub bucket: Bucket,
    /// Who pays for it.
    pub per: Payer,
    /// What a browser token may do here and elsewhere; `None` refuses browser tokens.
    pub browser: Option<BrowserRule<'a>>,
}

/// What a server credential must permit.
#[derive(Debug, Clone, Copy)]
pub enum ScopeRule {
    /// This scope.
    Needs(&'static str),
    /// Any credential will do.
    Nothing,
}

/// Whose quota a call is taken from.
#[derive(Debug, Clone, Copy)]
pub enum Payer {
    /// The caller's own: its key, client, user or browser token.
    Caller,
    /// The merchant's, in the mode of the credential.
    Merchant,
}

/// The allow-list for browser tokens and what their calls cost.
#[derive(Debug, Clone, Copy)]
pub struct BrowserRule<'a> {
    /// The whole list of the dialect.
    pub allow_list: &'a AllowList,
    /// Method of this request.
    pub method: &'a str,
    /// Raw path of this request, without the query.
    pub path: &'a str,
    /// What a call costs.
    pub bucket: Bucket,
    /// From which pages it may come.
    pub origin: OriginRule<'a>,
}

/// Whether a route looks at the page a browser token is used from.
#[derive(Debug, Clone, Copy)]
pub enum OriginRule<'a> {
    /// Not looked at.
    Ignored,
    /// Every `Origin` among these headers must be one of the merchant's domains, if the merchant registered some.
    Registered(&'a HeaderMap),
}

/// Who a quota belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QuotaSubject {
    /// An opaque browser token, by digest.
    Checkout([u8; 32]),
    /// A browser token in JWT form, by `jti`.
    CheckoutJwt(String),
    /// An OAuth client.
    Client(KeyId),
    /// A credential.
    Credential(KeyId),
    /// A merchant in one mode.
    Merchant(MerchantId, Mode),
    /// A panel user.
    User(UserId),
}

/// A request that may proceed; only [`Gate::authorize`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Authorized {
    principal: Principal,
    quota: Quota,
    permit: BrowserPermit,
}

/// What a browser token permits here.
#[derive(Debug)]
enum BrowserPermit {
    Invoice(Permit<InvoiceScope>),
    None,
    PaymentRequest(Permit<u64>),
}

/// Proof that the call came with a server-side credential, as minting demands.
#[derive(Debug)]
pub struct ServerCall(());

impl ServerCredential for ServerCall {}

impl Authorized {
    /// Who is calling.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How the caller's quota stands after this call.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// What an opaque browser token permits, if the call came with one.
    #[must_use]
    pub fn permit(&self) -> Option<&Permit<u64>> {
        match &self.permit {
            BrowserPermit::PaymentRequest(permit) => Some(permit),
            BrowserPermit::Invoice(_) | BrowserPermit::None => None,
        }
    }

    /// What a browser token in JWT form permits, if the call came with one.
    #[must_use]
    pub fn invoice_permit(&self) -> Option<&Permit<InvoiceScope>> {
        match &self.permit {
            BrowserPermit::Invoice(permit) => Some(permit),
            BrowserPermit::None | BrowserPermit::PaymentRequest(_) => None,
        }
    }

    /// The proof that this is no browser.
    ///
    /// # Errors
    ///
    /// [`Reason::ScopeDenied`] when the call came with a browser token.
    pub fn server_call(&self) -> Result<ServerCall, Refusal> {
        match self.principal.via() {
            Via::Checkout(_) | Via::CheckoutJwt(_) => Err(Refusal::new(Reason::ScopeDenied)),
            _ => Ok(ServerCall(())),
        }
    }
}

impl Gate {
    /// Applies merchant status, address lists, signature, scope, origin and quota, in this order.
    ///
    /// # Errors
    ///
    /// [`Reason::AccountSuspended`], [`Reason::AccountNotVerified`], [`Reason::AddressNotAllowed`],
    /// [`Reason::SignatureRequired`], [`Reason::SignatureInvalid`], [`Reason::ScopeDenied`], [`Reason::OriginDenied`],
    /// [`Reason::RateLimited`]; each carries how the quota stands, as the caller is known.
    pub async fn authorize(
        &self,
        principal: Principal,
        policy: &Policy<'_>,
        arrival: &Arrival,
    ) -> Result<Authorized, Refusal> {
        let decision = self.decide(&principal, policy, arrival).await;
        let verdict = if decision.is_ok() { Verdict::Passed } else { Verdict::Refused };
        let (merchant, credential) = (&principal.merchant().id, principal.credential_id());
        self.usage.count(merchant, principal.mode(), credential, arrival.client, arrival.now, verdict);
        let (quota, permit) = decision?;
        Ok(Authorized { principal, quota, permit })
    }

    async fn decide(
        &self,
        principal: &Principal,
        policy: &Policy<'_>,
        arrival: &Arrival,
    ) -> Result<(Quota, BrowserPermit), Refusal> {
        let (bucket, subject) = payer(principal, policy);
        let bucket = bucket.scaled(self.limits_scale);
        let now_ms = epoch_ms(arrival.now);
        let permit = match self.check(principal, policy, arrival).await {
            Ok(permit) => permit,
            Err(Denial::OfCall(refusal)) => {
                return Err(refusal.with_quota(self.quotas.peek(&bucket, &subject, now_ms).await.ok()));
            }
            Err(Denial::OfCaller(refusal)) => return Err(refusal),
        };
        let quota = self
            .quotas
            .debit(&bucket, &subject, now_ms)
            .await?
            .map_err(|full| Refusal::new(Reason::RateLimited(full.retry_after_s())).with_quota(Some(full)))?;
        Ok((quota, permit))
    }

    /// What comes before the quota.
    async fn check(
        &self,
        principal: &Principal,
        policy: &Policy<'_>,
        arrival: &Arrival,
    ) -> Result<BrowserPermit, Denial> {
        let refuse = |reason| Denial::OfCall(Refusal::new(reason));
        check_status(principal).map_err(refuse)?;
        check_address(principal, arrival).map_err(refuse)?;
        self.check_signature(principal, policy.signature, arrival).await.map_err(Denial::OfCall)?;
        let permit = check_scope(principal, policy, arrival).map_err(|reason| match reason {
            Reason::Unauthenticated(fault) => Denial::OfCaller(self.refuse(fault, arrival)),
            reason => refuse(reason),
        })?;
        check_origin(principal, policy).map_err(refuse)?;
        Ok(permit)
    }
}

/// Why a call may not proceed.
enum Denial {
    /// The caller is known and is told how its quota stands.
    OfCall(Refusal),
    /// The credential is not good after all.
    OfCaller(Refusal),
}

impl QuotaKey for QuotaSubject {
    fn key(&self) -> String {
        match self {
            Self::Checkout(digest) => format!("checkout:{}", URL_SAFE_NO_PAD.encode(digest)),
            Self::CheckoutJwt(id) => format!("checkout_jwt:{id}"),
            Self::Client(id) => format!("client:{}", id.as_str()),
            Self::Credential(id) => format!("credential:{}", id.as_str()),
            Self::Merchant(id, mode) => format!("merchant:{}:{}", mode.as_str(), id.as_str()),
            Self::User(id) => format!("user:{}", id.get()),
        }
    }
}

fn payer(principal: &Principal, policy: &Policy<'_>) -> (Bucket, QuotaSubject) {
    let merchant = || QuotaSubject::Merchant(principal.merchant().id.clone(), principal.mode());
    let browser = policy.browser.map_or(policy.bucket, |rule| rule.bucket);
    match (principal.via(), policy.per) {
        // A browser never spends what belongs to the merchant.
        (Via::Checkout(grant), _) => (browser, QuotaSubject::Checkout(grant.digest)),
        (Via::CheckoutJwt(token), _) => (browser, QuotaSubject::CheckoutJwt(token.id.clone())),
        (_, Payer::Merchant) | (Via::SignedRequest, Payer::Caller) => (policy.bucket, merchant()),
        (Via::AccessToken(token), Payer::Caller) => (policy.bucket, QuotaSubject::Client(token.client.id)),
        (Via::ApiKey(credential) | Via::Session(credential), Payer::Caller) => {
            (policy.bucket, QuotaSubject::Credential(credential.id))
        }
        (Via::Client { client, .. }, Payer::Caller) => (policy.bucket, QuotaSubject::Client(client.id)),
        (Via::Dashboard(user), Payer::Caller) => (policy.bucket, QuotaSubject::User(user.id)),
    }
}

pub(super) fn check_status(principal: &Principal) -> Result<(), Reason> {
    match (principal.merchant().status, principal.mode()) {
        (MerchantStatus::Suspended, _) => Err(Reason::AccountSuspended),
        (MerchantStatus::PendingKyc, Mode::Live) => Err(Reason::AccountNotVerified),
        (MerchantStatus::PendingKyc, Mode::Test) | (MerchantStatus::Active, _) => Ok(()),
    }
}

/// Address lists bind server credentials; a browser token comes from anywhere.
fn check_address(principal: &Principal, arrival: &Arrival) -> Result<(), Reason> {
    let own: Option<&IpList> = match principal.via() {
        Via::Checkout(_) | Via::CheckoutJwt(_) => return Ok(()),
        Via::AccessToken(token) => Some(&token.secret.ip_list),
        Via::ApiKey(credential) | Via::Session(credential) => Some(&credential.ip_list),
        Via::Client { secret, .. } => Some(&secret.ip_list),
        Via::Dashboard(_) | Via::SignedRequest => None,
    };
    let permitted =
        principal.merchant().ip_list.permits(&arrival.client) && own.is_none_or(|list| list.permits(&arrival.client));
    if permitted { Ok(()) } else { Err(Reason::AddressNotAllowed) }
}

fn check_scope(principal: &Principal, policy: &Policy<'_>, arrival: &Arrival) -> Result<BrowserPermit, Reason> {
    let scopes = match principal.via() {
        Via::Checkout(stored) => {
            let object = u64::try_from(stored.payment_request).map_err(|_| Reason::Internal)?;
            let grant = Grant::restore(object, stored.expires_at);
            return browser_permit(&grant, policy, arrival).map(BrowserPermit::PaymentRequest);
        }
        Via::CheckoutJwt(token) => {
            let grant = token.claims.grant(token.expires_at);
            return browser_permit(&grant, policy, arrival).map(BrowserPermit::Invoice);
        }
        Via::AccessToken(token) => Some(&token.scopes),
        Via::ApiKey(credential) | Via::Session(credential) => Some(&credential.scopes),
        Via::Client { .. } | Via::Dashboard(_) | Via::SignedRequest => None,
    };
    match policy.scope {
        ScopeRule::Nothing => Ok(BrowserPermit::None),
        ScopeRule::Needs(scope) if scopes.is_some_and(|scopes| scopes.contains_str(scope)) => Ok(BrowserPermit::None),
        ScopeRule::Needs(_) => Err(Reason::ScopeDenied),
    }
}

/// A page names its origin truthfully; a script that holds the token elsewhere need not, so this binds pages only.
fn check_origin(principal: &Principal, policy: &Policy<'_>) -> Result<(), Reason> {
    let by_browser = matches!(principal.via(), Via::Checkout(_) | Via::CheckoutJwt(_));
    let Some(BrowserRule { origin: OriginRule::Registered(headers), .. }) = policy.browser else {
        return Ok(());
    };
    let domains = &principal.merchant().domains;
    let registered = |origin: &HeaderValue| domains.iter().any(|domain| domain.as_bytes() == origin.as_bytes());
    if !by_browser || domains.is_empty() || headers.get_all(ORIGIN).iter().all(registered) {
        Ok(())
    } else {
        Err(Reason::OriginDenied)
    }
}

fn browser_permit<O: BoundId + Clone>(
    grant: &Grant<O>,
    policy: &Policy<'_>,
    arrival: &Arrival,
) -> Result<Permit<O>, Reason> {
    let rule = policy.browser.ok_or(Reason::ScopeDenied)?;
    rule.allow_list.permit(grant, rule.method, rule.path, arrival.now).map_err(|denied| match denied.kind() {
        DeniedKind::AmbiguousPath => Reason::AmbiguousPath,
        DeniedKind::Expired => Reason::Unauthenticated(Fault::Expired),
        _ => Reason::ScopeDenied,
    })
}
