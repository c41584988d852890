//! `/panel/confirm`: the password once more before what is dangerous.

use askama::Template;
use axum::extract::{FromRequestParts, Query, State};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::draft::Draft;
use super::log_in::{Next, wait};
use super::{Act, Faults, Fields, Form, Pages, Right, Section, SignedIn, View, page, page_with, see_other};
use crate::account::SecretText;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::storage::SessionChange;

/// Proof that the password, and the code of a second factor, were given within the last five minutes.
pub(super) struct StepUp(());

struct Confirmation {
    password: SecretText,
    otp: SecretText,
    next: Next,
}

#[derive(Template)]
#[template(path = "panel/confirm.html")]
struct ConfirmPage {
    view: View,
    faults: Faults,
    next: String,
    second_factor: bool,
}

#[derive(Deserialize)]
struct Wanted {
    next: Option<String>,
}

impl StepUp {
    pub(super) fn of(who: &SignedIn) -> Option<Self> {
        who.is_proven().then_some(Self(()))
    }
}

/// For the page of a dangerous form: the password comes before the typing.
impl FromRequestParts<App> for StepUp {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let who = SignedIn::glance(parts, app).await?;
        Self::of(&who).ok_or_else(|| lead_to(parts.uri.path()))
    }
}

impl Act for Confirmation {
    const RIGHT: Right = Right::Own;

    fn read(fields: &Fields) -> Self {
        Self { password: fields.secret("password"), otp: fields.secret("otp"), next: Next::read(fields.raw("next")) }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/confirm", show, confirm)
}

pub(super) fn lead_to(path: &str) -> Response {
    see_other(&Next::read(path).after("/panel/confirm"))
}

async fn show(Query(Wanted { next }): Query<Wanted>, who: SignedIn) -> Result<Response, Refusal> {
    page(&form(&who, Faults::default(), &Next::read(next.as_deref().unwrap_or_default())))
}

async fn confirm(State(app): State<App>, Form { who, input }: Form<Confirmation>) -> Result<Response, Refusal> {
    let password = Zeroizing::new(input.password.expose_secret().as_bytes().to_vec());
    let otp = input.otp.expose_secret();
    let right = app.services.gate.log_in(&who.user.email, password, Some(otp), &who.arrival, &app.services.mailer);
    match right.await {
        Ok(_) => {}
        Err(refusal) => {
            let faults = match refusal.reason() {
                Reason::Unauthenticated(_) => Faults::one("", "The password or the code is not right."),
                Reason::RateLimited(seconds) => Faults::one("", wait(*seconds)),
                _ => return Err(refusal),
            };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &form(&who, faults, &input.next));
        }
    }
    let sessions = &app.services.panel_sessions;
    sessions.change(&who.session, SessionChange::Proven(who.arrival.now)).await?;
    let waiting = who.session.draft.as_deref().and_then(Draft::path);
    Ok(see_other(waiting.as_deref().unwrap_or(input.next.path())))
}

fn form(who: &SignedIn, faults: Faults, next: &Next) -> ConfirmPage {
    let second_factor = who.user.second_factor.is_some();
    ConfirmPage { view: who.view(Section::None), faults, next: next.path().to_owned(), second_factor }
}
