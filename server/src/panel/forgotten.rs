//! `/panel/forgotten` and `/panel/reset/{token}`: a new password by a link that goes to the user's address.

use std::net::IpAddr;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use zeroize::Zeroizing;

use super::log_in::wait;
use super::place::Word;
use super::view::Look;
use super::visitor::{Visitor, VisitorForm};
use super::{Faults, Pages, page, page_with};
use crate::account::EmailAddress;
use crate::administration::{Administration, Error};
use crate::app::App;
use crate::auth::{Reason, Refusal, Send, SessionToken};
use crate::mail::Notice;
use crate::storage::LinkPurpose;

#[derive(Template)]
#[template(path = "panel/forgotten.html")]
struct ForgottenPage {
    look: Look,
    form_token: String,
    faults: Faults,
    email: String,
    /// Whether it was asked for: the same is said whether the account exists or not.
    asked: bool,
}

#[derive(Template)]
#[template(path = "panel/reset.html")]
struct ResetPage {
    look: Look,
    form_token: String,
    faults: Faults,
    stage: Stage,
    /// Goes into the address the form is sent to: this very page.
    token: Zeroizing<String>,
    email: String,
    first: bool,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Asks,
    Done,
    Dead,
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/forgotten", show_forgotten, ask).form("/panel/reset/{token}", show_reset, reset)
}

async fn show_forgotten(visitor: Visitor) -> Result<Response, Refusal> {
    Ok(visitor.stamp(page(&forgotten(&visitor, Faults::default(), String::new(), false))?))
}

async fn ask(State(app): State<App>, form: VisitorForm) -> Result<Response, Refusal> {
    let VisitorForm { visitor, arrival, fields, .. } = form;
    let typed = fields.text("email");
    let Some(email) = EmailAddress::new(&typed).filter(|email| email.as_str().contains('@')) else {
        let faults = Faults::one("email", "This is not an e-mail address.");
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &forgotten(&visitor, faults, typed, false));
    };
    let send = match app.services.gate.admit_link(&email, &arrival) {
        Ok(send) => send,
        Err(refusal) => {
            let Reason::RateLimited(seconds) = refusal.reason() else { return Err(refusal) };
            let faults = Faults::one("", wait(*seconds));
            return page_with(StatusCode::TOO_MANY_REQUESTS, &forgotten(&visitor, faults, typed, false));
        }
    };
    // The answer does not wait for the look-up, so it takes equally long for every address.
    let errands = app.services.errands.clone();
    let begun = errands.begin(async move {
        if let Err(error) = send_link(&app, &email, send, arrival.address()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a password link was not made");
        }
    });
    begun?;
    page(&forgotten(&visitor, Faults::default(), String::new(), true))
}

async fn send_link(app: &App, email: &EmailAddress, send: Send, address: Option<IpAddr>) -> Result<(), Error> {
    // A link that reaches nobody would only end the ones that did.
    if !app.services.mailer.is_on() {
        return Ok(());
    }
    let administration = &app.services.administration;
    let user = administration.user_by_email(email).await?;
    let Some(user) = user.filter(|user| !user.disabled && send == Send::Yes) else { return Ok(()) };
    let token = administration.make_reset_link(address, &user).await?;
    let link = link(app, token.expose_secret());
    app.services.mailer.send(email, &Notice::Reset { link }).await;
    Ok(())
}

/// The whole address of a link.
pub(super) fn link(app: &App, token: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{}/panel/reset/{token}", app.listener.base_url))
}

async fn show_reset(State(app): State<App>, Word(token): Word, visitor: Visitor) -> Result<Response, Refusal> {
    let page_ = reset_page(&app.services.administration, &visitor, token, Faults::default()).await?;
    let status = if page_.stage == Stage::Dead { StatusCode::NOT_FOUND } else { StatusCode::OK };
    Ok(visitor.stamp(page_with(status, &page_)?))
}

async fn reset(State(app): State<App>, Word(token): Word, form: VisitorForm) -> Result<Response, Refusal> {
    let VisitorForm { visitor, arrival, fields, .. } = form;
    let administration = &app.services.administration;
    let (password, again) = (fields.secret("password"), fields.secret("password_again"));
    let mut faults = password_faults(password.expose_secret());
    if faults.is_empty() && password.expose_secret() != again.expose_secret() {
        faults.add("password_again", "The two passwords are not the same.");
    }
    if !faults.is_empty() {
        let page_ = reset_page(administration, &visitor, token, faults).await?;
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page_);
    }
    // What is no token of ours is not looked up.
    let changed = match SessionToken::parse(&token) {
        Some(_) => administration.set_password_by_link(&token, password, arrival.address()).await,
        None => Err(Error::NotUsable),
    };
    let (status, state) = match changed {
        Ok(user) => {
            app.services.panel_sessions.end_all(&user, None).await?;
            app.services.mailer.send(&user.email, &Notice::PasswordChanged { at: arrival.now }).await;
            (StatusCode::OK, Stage::Done)
        }
        Err(Error::NotUsable) => (StatusCode::NOT_FOUND, Stage::Dead),
        Err(error) => return Err(error.into()),
    };
    page_with(status, &bare_reset(&visitor, state))
}

async fn reset_page(
    administration: &Administration,
    visitor: &Visitor,
    token: String,
    faults: Faults,
) -> Result<ResetPage, Refusal> {
    let found = match SessionToken::parse(&token) {
        Some(_) => administration.link_user(&token).await,
        None => Err(Error::NotUsable),
    };
    match found {
        Ok((user, purpose)) => Ok(ResetPage {
            faults,
            stage: Stage::Asks,
            token: Zeroizing::new(token),
            email: user.email.as_str().to_owned(),
            first: purpose == LinkPurpose::Invitation,
            ..bare_reset(visitor, Stage::Asks)
        }),
        Err(Error::NotUsable) => Ok(bare_reset(visitor, Stage::Dead)),
        Err(error) => Err(error.into()),
    }
}

fn bare_reset(visitor: &Visitor, state: Stage) -> ResetPage {
    ResetPage {
        look: Look::default(),
        form_token: visitor.form_token.clone(),
        faults: Faults::default(),
        stage: state,
        token: Zeroizing::default(),
        email: String::new(),
        first: false,
    }
}

fn forgotten(visitor: &Visitor, faults: Faults, email: String, asked: bool) -> ForgottenPage {
    ForgottenPage { look: Look::default(), form_token: visitor.form_token.clone(), faults, email, asked }
}

/// What is wrong with a new password, in the field `password`.
pub(super) fn password_faults(password: &str) -> Faults {
    if password.len() < Administration::MIN_PASSWORD {
        Faults::one("password", "A password has at least 12 characters.")
    } else if password.len() > crate::account::Passwords::MAX_LEN {
        Faults::one("password", "A password has at most 1024 bytes.")
    } else {
        Faults::default()
    }
}
