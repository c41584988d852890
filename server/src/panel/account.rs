//! `/panel/account`: the user's own password and second factor.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::forgotten::password_faults;
use super::{Act, Faults, Fields, Pages, Proven, Right, Section, SignedIn, StepUp, View, page, page_with, see_other};
use crate::account::SecretText;
use crate::app::App;
use crate::auth::Refusal;
use crate::mail::Notice;

#[derive(Template)]
#[template(path = "panel/account.html")]
struct AccountPage {
    view: View,
    user_id: String,
    second_factor: bool,
    codes_left: u32,
}

#[derive(Template)]
#[template(path = "panel/password.html")]
struct PasswordPage {
    view: View,
    faults: Faults,
}

struct NewPassword {
    password: SecretText,
    again: SecretText,
}

impl Act for NewPassword {
    const RIGHT: Right = Right::Own;

    fn read(fields: &Fields) -> Self {
        Self { password: fields.secret("password"), again: fields.secret("password_again") }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/account", show).form("/panel/account/password", show_password, set_password)
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let codes_left = app.services.administration.recovery_codes_left(who.user.id).await?;
    let page_ = AccountPage {
        view: who.view(Section::Account),
        user_id: who.user.id.to_string(),
        second_factor: who.user.second_factor.is_some(),
        codes_left,
    };
    page(&page_)
}

async fn show_password(_: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    page(&PasswordPage { view: who.view(Section::Account), faults: Faults::default() })
}

async fn set_password(State(app): State<App>, Proven { who, input }: Proven<NewPassword>) -> Result<Response, Refusal> {
    let NewPassword { password, again } = input;
    let mut faults = password_faults(password.expose_secret());
    if faults.is_empty() && password.expose_secret() != again.expose_secret() {
        faults.add("password_again", "The two passwords are not the same.");
    }
    if !faults.is_empty() {
        let page_ = PasswordPage { view: who.view(Section::Account), faults };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page_);
    }
    app.services.administration.set_password(&who.actor(), who.user.id, password).await?;
    // The new generation has ended every session, this one too.
    app.services.panel_sessions.end_all(&who.user, None).await?;
    app.services.mailer.send(&who.user.email, &Notice::PasswordChanged { at: who.arrival.now }).await;
    Ok(see_other("/panel/login"))
}
