//! What a signed-in browser sends.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};

use super::draft::Draft;
use super::fields::TOKEN;
use super::signed_in::SentForm;
use super::visitor::arrival;
use super::{Fields, Right, SignedIn, StepUp, cookie, log_in, origin, other_mode, step_up};
use crate::app::App;
use crate::auth::{Found, Reason, Refusal};
use crate::storage::SessionChange;
use crate::transport;

/// Something that a form asks for.
pub(super) trait Act: Sized + Send {
    /// What it takes.
    const RIGHT: Right;
    /// Reads the fields; what is wrong with them is said later, beside them.
    fn read(fields: &Fields) -> Self;
}

/// A form of a signed-in browser: it came from a page of this very session, and the user may do what it asks for.
pub(super) struct Form<T> {
    /// Who.
    pub(super) who: SignedIn,
    /// What.
    pub(super) input: T,
}

/// A form for something dangerous: the password was given a moment ago, too.
pub(super) struct Proven<T> {
    /// Who.
    pub(super) who: SignedIn,
    /// What.
    pub(super) input: T,
}

impl<T: Act> FromRequest<App> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (who, fields, _) = receive::<T>(request, app).await?;
        Ok(Self { input: T::read(&fields), who })
    }
}

impl<T: Act> FromRequest<App> for Proven<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (who, fields, path) = receive::<T>(request, app).await?;
        if StepUp::of(&who).is_some() {
            return Ok(Self { input: T::read(&fields), who });
        }
        // What was typed waits for the password.
        let kept = SessionChange::Draft(Draft::of(&path, who.mode, &fields));
        let change = app.services.panel_sessions.change(&who.session, kept).await;
        change.map_err(|error| Refusal::from(error).into_response())?;
        Err(step_up::lead_to(&path))
    }
}

/// The checks of every form, in this order: where it was sent from, its token, the session, the right, the mode.
async fn receive<T: Act>(request: Request, app: &App) -> Result<(SignedIn, Fields, String), Response> {
    let refused = |refusal: Refusal| refusal.into_response();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    origin::check(&parts.headers, &app.listener.base_url).map_err(refused)?;
    let arrival = arrival(&parts).map_err(refused)?;
    let Some(token) = cookie::read(&parts.headers) else {
        return Err(log_in::lead_to(&path));
    };
    let form = transport::Form::read(&parts.headers, body).await.map_err(refused)?;
    let fields = Fields::new(&form);
    let sessions = &app.services.panel_sessions;
    let Some(form) = sessions.form_of(&token, fields.raw(TOKEN)) else {
        return Err(refused(Refusal::new(Reason::OriginDenied)));
    };
    let found = sessions.find(&token, arrival.now).await;
    match found.map_err(|error| refused(error.into()))? {
        Found::Live(session, user) => {
            let mut who = SignedIn::new(app, arrival, &token, *session, user).await.map_err(refused)?;
            who.sent = Some(SentForm { id: form.id, path: path.clone() });
            if !who.may(T::RIGHT) {
                return Err(refused(Refusal::new(Reason::ScopeDenied)));
            }
            // What was meant for test records must not reach live ones, because another tab changed the mode meanwhile.
            if T::RIGHT.is_of_a_mode() && form.mode != Some(who.mode) {
                let kept = SessionChange::Draft(Draft::of(&path, form.mode.unwrap_or(who.mode), &fields));
                sessions.change(&who.session, kept).await.map_err(|error| refused(error.into()))?;
                return Err(other_mode::page_of(&who, form.mode, &path).unwrap_or_else(refused));
            }
            Ok((who, fields, path))
        }
        Found::TimedOut(session) => {
            // What was typed waits for the same user.
            let mode = form.mode.unwrap_or(session.mode);
            let kept = SessionChange::Draft(Draft::of(&path, mode, &fields));
            sessions.change(&session, kept).await.map_err(|error| refused(error.into()))?;
            Err(log_in::lead_to(&path))
        }
        Found::Unknown => Err(log_in::lead_to(&path)),
    }
}
