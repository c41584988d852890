//! A client that asks about a token, and the token if it is alive and the client's own.

use std::sync::Arc;

use axum::extract::Request;
use schemars::JsonSchema;
use time::OffsetDateTime;
use tollgate_jwt_session::{VerifiedToken, danger};

use crate::account::{ClientDialect, Credential, OauthClient};
use crate::app::App;
use crate::auth::{AlternativeClaims, Arrival, CheckoutJwtClaims, PledgClaims, Reason, Refusal, TokenClaims, Via};
use crate::dialects::client_credentials::{TokenRequest, client_request};
use crate::dialects::wire;
use crate::keys::TokenRing;
use crate::limits::{Bucket, Window};
use crate::payments::InvoiceStatus;

/// What a client may spend on all endpoints for clients together.
pub(in crate::dialects) const CLIENT_CALLS: Bucket = Bucket::new("oauth_client", &[Window::new(5, 1)]);

/// The question as it is sent.
#[derive(JsonSchema)]
#[schemars(rename = "OauthTokenQuestion", transform = wire::each_once)]
#[expect(dead_code, reason = "the schema of the parameters that are read one by one")]
pub(super) struct Input {
    #[schemars(length(min = 1))]
    token: String,
    /// Has no effect: the token says what it is.
    token_type_hint: Option<String>,
}

/// A client's question about a token.
pub(super) struct Question {
    pub(super) arrival: Arrival,
    /// The token, if it is alive and was issued to this client.
    pub(super) token: Option<PresentedToken>,
}

/// A live token of the client that asks.
pub(super) struct PresentedToken {
    pub(super) client_id: String,
    pub(super) audience: String,
    pub(super) id: String,
    pub(super) issued_at: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
    pub(super) subject: Option<String>,
    pub(super) scope: Option<String>,
}

/// Authenticates a client of either dialect, then reads its form and the token in it.
pub(super) async fn question(app: &App, request: Request) -> Result<Question, Refusal> {
    let dialects = [ClientDialect::Alternative, ClientDialect::Pledg];
    let TokenRequest { call, arrival, form } = client_request(app, request, &dialects, CLIENT_CALLS).await?;
    let text = form.get("token").ok_or_else(Refusal::invalid)?;
    let Via::Client { client, .. } = call.principal().via() else {
        return Err(Refusal::new(Reason::Internal));
    };
    let token = Asked { app, client, text, arrival: &arrival }.find().await?;
    Ok(Question { arrival, token })
}

struct Asked<'a> {
    app: &'a App,
    client: &'a OauthClient,
    text: &'a str,
    arrival: &'a Arrival,
}

impl Asked<'_> {
    /// The key name chooses the ring and nothing else; the ring verifies.
    async fn find(&self) -> Result<Option<PresentedToken>, Refusal> {
        let Ok(kid) = danger::unverified_kid(self.text) else {
            return Ok(None);
        };
        let rings = self.app.listener.rings(self.arrival.now);
        if rings.alternative.keys().verifies_kid(kid.as_str()) {
            let Some((token, _)) = self.live::<AlternativeClaims>(&rings.alternative).await? else {
                return Ok(None);
            };
            let AlternativeClaims { sub, scope, .. } = token.claims();
            return Ok(Some(self.presented(&rings.alternative, &token, Some(sub.clone()), Some(scope.clone()))));
        }
        if rings.checkout.keys().verifies_kid(kid.as_str()) {
            let Some((token, secret)) = self.live::<CheckoutJwtClaims>(&rings.checkout).await? else {
                return Ok(None);
            };
            let invoice = token.claims().ids.invoice_id();
            let invoice = self.app.services.invoices.invoice(&secret.merchant, rings.mode, invoice).await?;
            if invoice.is_none_or(|invoice| invoice.status == InvoiceStatus::Archived) {
                return Ok(None);
            }
            return Ok(Some(self.presented(&rings.checkout, &token, None, None)));
        }
        if rings.pledg.keys().verifies_kid(kid.as_str()) {
            let Some((token, _)) = self.live::<PledgClaims>(&rings.pledg).await? else {
                return Ok(None);
            };
            return Ok(Some(self.presented(&rings.pledg, &token, Some(token.claims().sub.clone()), None)));
        }
        Ok(None)
    }

    /// Whoever asks about another client's token learns no more than about a dead one.
    async fn live<C: TokenClaims>(
        &self,
        ring: &TokenRing,
    ) -> Result<Option<(Arc<VerifiedToken<C>>, Arc<Credential>)>, Refusal> {
        let gate = &self.app.services.gate;
        let live = gate.live_token::<C>(ring, self.app.listener.token_mode(), self.text, self.arrival.now).await?;
        Ok(live.ok().filter(|(_, secret)| secret.client == Some(self.client.id)))
    }

    fn presented<C>(
        &self,
        ring: &TokenRing,
        token: &VerifiedToken<C>,
        subject: Option<String>,
        scope: Option<String>,
    ) -> PresentedToken {
        PresentedToken {
            client_id: self.client.public_id(),
            audience: ring.keys().profile().audience().to_owned(),
            id: token.token_id().to_owned(),
            issued_at: token.issued_at(),
            expires_at: token.expires_at(),
            subject,
            scope,
        }
    }
}
