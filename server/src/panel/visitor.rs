//! A browser that is not signed in.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::request::Parts;

use super::fields::TOKEN;
use super::{Fields, cookie, origin};
use crate::app::App;
use crate::auth::{Arrival, Reason, Refusal, SessionToken};
use crate::transport;

/// The cookie of a browser, given to it if it had none, so that the forms for strangers have a token too.
pub(super) struct Visitor {
    pub(super) token: SessionToken,
    pub(super) form_token: String,
    fresh: bool,
}

/// A form from a page for strangers, checked like every other.
pub(super) struct VisitorForm {
    pub(super) visitor: Visitor,
    pub(super) arrival: Arrival,
    pub(super) fields: Fields,
    /// `User-Agent`.
    pub(super) agent: String,
}

/// When and from where the request came.
pub(super) struct When(pub(super) Arrival);

impl Visitor {
    fn known(app: &App, token: SessionToken) -> Result<Self, Refusal> {
        let form_token = app.services.panel_sessions.form_token(&token, None)?;
        Ok(Self { token, form_token, fresh: false })
    }

    /// Gives the answer the cookie, if the browser has none yet.
    pub(super) fn stamp(&self, mut response: Response) -> Response {
        if self.fresh {
            response.headers_mut().extend(cookie::set(&self.token).map(|value| (SET_COOKIE, value)));
        }
        response
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match cookie::read(&parts.headers) {
            Some(token) => Self::known(app, token),
            None => Ok(Self { fresh: true, ..Self::known(app, app.services.panel_sessions.visitor()?)? }),
        }
    }
}

impl FromRequest<App> for VisitorForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        origin::check(&parts.headers, &app.listener.base_url)?;
        let forged = || Refusal::new(Reason::OriginDenied);
        let token = cookie::read(&parts.headers).ok_or_else(forged)?;
        let fields = Fields::new(&transport::Form::read(&parts.headers, body).await?);
        app.services.panel_sessions.form_of(&token, fields.raw(TOKEN)).ok_or_else(forged)?;
        let visitor = Visitor::known(app, token)?;
        Ok(Self { visitor, arrival: arrival(&parts)?, fields, agent: agent(&parts) })
    }
}

impl FromRequestParts<App> for When {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        arrival(parts).map(Self)
    }
}

/// When and from where a request came, as the edge noted it.
pub(super) fn arrival(parts: &Parts) -> Result<Arrival, Refusal> {
    parts.extensions.get::<Arrival>().copied().ok_or_else(|| Refusal::new(Reason::Internal))
}

fn agent(parts: &Parts) -> String {
    let value = parts.headers.get(http::header::USER_AGENT);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
