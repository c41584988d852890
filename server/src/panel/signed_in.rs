//! A browser that is signed in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;
use tollgate_apikey::Mode;
use tollgate_client_address::ClientAddress;

use super::draft::Draft;
use super::visitor::arrival;
use super::{Act, Flash, Right, Section, View, cookie, log_in, see_other};
use crate::account::{Actor, Merchant, MerchantId, User};
use crate::app::App;
use crate::auth::{Arrival, FormId, Found, PanelSessions, Reason, Refusal, SessionToken};
use crate::storage::{PanelSession, SessionChange};

/// Proof that the request came from a signed-in browser; only this extractor and the forms' make one.
///
/// As an argument it serves pages (GET); what is sent comes as a [`Form`](super::Form), which has checked the rest.
pub(super) struct SignedIn {
    /// Who.
    pub(super) user: Arc<User>,
    /// Whose records are shown.
    pub(super) merchant: Arc<Merchant>,
    /// Which mode's records are shown.
    pub(super) mode: Mode,
    /// When and from where the request came.
    pub(super) arrival: Arrival,
    pub(super) session: PanelSession,
    /// The form that came with the request, if one did.
    pub(super) sent: Option<SentForm>,
    form_token: String,
    sessions: PanelSessions,
    flash: Option<Flash>,
    draft: Option<super::Fields>,
}

/// A form that was sent.
pub(super) struct SentForm {
    /// Which showing of it.
    pub(super) id: FormId,
    /// Where to.
    pub(super) path: String,
}

impl SignedIn {
    /// What the layout of a page shows.
    pub(super) fn view(&self, section: Section) -> View {
        View::new(self, section, self.form_token.clone(), self.flash.clone())
    }

    /// Whether the user may.
    pub(super) fn may(&self, right: Right) -> bool {
        right.of(&self.user)
    }

    /// Refuses who may not.
    pub(super) fn must(&self, right: Right) -> Result<(), Refusal> {
        if self.may(right) { Ok(()) } else { Err(Refusal::new(Reason::ScopeDenied)) }
    }

    /// Refuses what is of another merchant or mode as what is not there.
    pub(super) fn mine(&self, merchant: &MerchantId, mode: Mode) -> Result<(), Refusal> {
        if *merchant == self.merchant.id && mode == self.mode { Ok(()) } else { Err(Refusal::new(Reason::NotFound)) }
    }

    /// Who makes a change, for the audit log.
    pub(super) fn actor(&self) -> Actor {
        let address = match self.arrival.client {
            ClientAddress::Known(address) => Some(address),
            ClientAddress::Unknown => None,
        };
        Actor::user(self.user.id, address)
    }

    /// The form as it was typed before a log-in, or an empty one.
    pub(super) fn draft<T: Act>(&self) -> T {
        T::read(self.draft.as_ref().unwrap_or(&super::Fields::default()))
    }

    /// Leads to a page, which says this once.
    pub(super) async fn done(&self, path: &str, flash: Flash) -> Result<Response, Refusal> {
        self.sessions.change(&self.session, SessionChange::Flash(Some(flash.stored()))).await?;
        Ok(see_other(path))
    }

    /// Whether the password was given a moment ago.
    pub(super) fn is_proven(&self) -> bool {
        let age = self.arrival.now - self.session.proven_at;
        !age.is_negative() && age < PanelSessions::PROVEN
    }

    pub(super) async fn new(
        app: &App,
        arrival: Arrival,
        token: &SessionToken,
        session: PanelSession,
        user: Arc<User>,
    ) -> Result<Self, Refusal> {
        let merchant = app.services.records.merchant(&user.merchant).await?;
        let merchant = merchant.ok_or_else(|| Refusal::new(Reason::Internal))?;
        let sessions = app.services.panel_sessions.clone();
        let form_token = sessions.form_token(token, Some(session.mode))?;
        Ok(Self {
            user,
            merchant,
            mode: session.mode,
            arrival,
            session,
            sent: None,
            form_token,
            sessions,
            flash: None,
            draft: None,
        })
    }

    /// Takes what the next page says and what it shows filled; each is there once.
    async fn take_notes(&mut self, path: &str) -> Result<(), Refusal> {
        if let Some(stored) = self.session.flash.take() {
            self.flash = Flash::from_stored(&stored);
            self.sessions.change(&self.session, SessionChange::Flash(None)).await?;
        }
        if let Some(fields) = self.session.draft.as_deref().and_then(|stored| Draft::fields(stored, path)) {
            self.draft = Some(fields);
            self.session.draft = None;
            self.sessions.change(&self.session, SessionChange::Draft(None)).await?;
        }
        Ok(())
    }
}

impl SignedIn {
    /// The signed-in browser of a GET request, without taking what the next page says.
    pub(super) async fn glance(parts: &Parts, app: &App) -> Result<Self, Response> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            // A handler that changes something takes a form.
            return Err(Refusal::new(Reason::Internal).into_response());
        }
        let refused = |refusal: Refusal| refusal.into_response();
        let arrival = arrival(parts).map_err(refused)?;
        let path = parts.uri.path();
        let Some(token) = cookie::read(&parts.headers) else {
            return Err(log_in::lead_to(path));
        };
        let found = app.services.panel_sessions.find(&token, arrival.now).await;
        match found.map_err(|error| refused(error.into()))? {
            Found::Live(session, user) => Self::new(app, arrival, &token, *session, user).await.map_err(refused),
            Found::TimedOut(_) | Found::Unknown => Err(log_in::lead_to(path)),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let mut who = Self::glance(parts, app).await?;
        who.take_notes(parts.uri.path()).await.map_err(IntoResponse::into_response)?;
        Ok(who)
    }
}
