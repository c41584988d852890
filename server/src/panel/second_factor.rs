//! `/panel/account/two-step…`: setting up and taking away the second factor.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use super::{
    Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, answer, page, page_with,
};
use crate::account::{RecoveryCode, SecretText, TotpSecret};
use crate::administration::Error;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::mail::Notice;

#[derive(Template)]
#[template(path = "panel/two_step.html")]
struct TwoStepPage {
    view: View,
    faults: Faults,
    /// For typing it in by hand, in groups of four.
    secret: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "panel/recovery_codes.html")]
struct CodesPage {
    view: View,
    codes: Vec<SecretText>,
}

#[derive(Template)]
#[template(path = "panel/two_step_off.html")]
struct OffPage {
    view: View,
}

struct FirstCode(SecretText);

struct Off;

impl Act for FirstCode {
    const RIGHT: Right = Right::Own;

    fn read(fields: &Fields) -> Self {
        Self(fields.secret("otp"))
    }
}

impl Act for Off {
    const RIGHT: Right = Right::Own;

    fn read(_: &Fields) -> Self {
        Self
    }
}

const ACCOUNT: &str = "/panel/account";

pub(super) fn pages() -> Pages {
    Pages::default()
        .form("/panel/account/two-step", begin, confirm)
        .page("/panel/account/two-step/picture.svg", picture)
        .form("/panel/account/two-step/off", show_off, switch_off)
}

async fn begin(State(app): State<App>, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let administration = &app.services.administration;
    // A secret that waits is shown again, so that reloading does not spoil what the app has read already.
    let secret = match administration.waiting_second_factor(who.user.id).await? {
        Some(secret) if who.user.second_factor.is_none() => secret,
        _ => match administration.begin_second_factor(who.user.id).await {
            Ok(secret) => secret,
            Err(Error::Taken) => return who.done(ACCOUNT, Flash::bad("Two-step log-in is on already.")).await,
            Err(error) => return Err(error.into()),
        },
    };
    page(&set_up(&who, Faults::default(), &secret))
}

/// The secret as a picture that an authenticator app reads.
async fn picture(State(app): State<App>, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let secret = app.services.administration.waiting_second_factor(who.user.id).await?;
    let secret = secret.ok_or_else(|| Refusal::new(Reason::NotFound))?;
    let uri = secret.uri("Tollgate", who.user.email.as_str());
    let code = QrCode::encode_text(uri.expose_secret(), QrCodeEcc::Medium);
    let code = code.map_err(|_| Refusal::new(Reason::Internal))?;
    let mut response = ([(CONTENT_TYPE, "image/svg+xml")], svg(&code).to_string()).into_response();
    answer::protect(response.headers_mut());
    Ok(response)
}

async fn confirm(
    State(app): State<App>,
    Proven { who, input: FirstCode(code) }: Proven<FirstCode>,
) -> Result<Response, Refusal> {
    let administration = &app.services.administration;
    let (actor, code) = (who.actor(), code.expose_secret());
    match administration.confirm_second_factor(&actor, who.user.id, code, Some(&who.session)).await {
        Ok(codes) => {
            app.services.mailer.send(&who.user.email, &Notice::SecondFactorSet { at: who.arrival.now }).await;
            let codes = codes.iter().map(RecoveryCode::grouped).collect();
            page(&CodesPage { view: who.view(Section::Account), codes })
        }
        Err(Error::Invalid(_)) => {
            let Some(secret) = administration.waiting_second_factor(who.user.id).await? else {
                return who.done(ACCOUNT, Flash::bad("That took too long. Start again.")).await;
            };
            let faults = Faults::one("", "The code is not right. Wait for the next one and type that.");
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &set_up(&who, faults, &secret))
        }
        Err(Error::NotUsable) => who.done(ACCOUNT, Flash::bad("That took too long. Start again.")).await,
        Err(error) => Err(error.into()),
    }
}

async fn show_off(_: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    page(&OffPage { view: who.view(Section::Account) })
}

async fn switch_off(State(app): State<App>, Proven { who, .. }: Proven<Off>) -> Result<Response, Refusal> {
    if app.services.administration.reset_second_factor(&who.actor(), who.user.id).await? {
        // The new generation has ended every session, this one too.
        app.services.panel_sessions.end_all(&who.user, None).await?;
        app.services.mailer.send(&who.user.email, &Notice::SecondFactorReset { at: who.arrival.now }).await;
    }
    Ok(super::see_other("/panel/login"))
}

fn set_up(who: &SignedIn, faults: Faults, secret: &TotpSecret) -> TwoStepPage {
    let text = secret.base32();
    let mut grouped = Zeroizing::new(String::with_capacity(40));
    for (n, character) in text.expose_secret().chars().enumerate() {
        if n > 0 && n % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(character);
    }
    TwoStepPage { view: who.view(Section::Account), faults, secret: grouped }
}

/// Dark squares on white, with the quiet zone of four (ISO/IEC 18004 §6.3.8).
fn svg(code: &QrCode) -> Zeroizing<String> {
    use std::fmt::Write as _;
    const QUIET: i32 = 4;
    let side = code.size() + 2 * QUIET;
    let mut text = Zeroizing::new(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\""
    ));
    for (y, x) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (y, x))) {
        if code.get_module(x, y) {
            // Writing to a string cannot fail.
            let _ = write!(text, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    text.push_str("\"/></svg>");
    text
}
