//! `/panel/login`, `/panel/logout` and the switch between the modes.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use tollgate_apikey::Mode;
use zeroize::Zeroizing;

use super::draft::Draft;
use super::view::Look;
use super::visitor::{Visitor, VisitorForm};
use super::{Act, Faults, Fields, Form, Pages, ROOT, Right, cookie, owns, page, page_with, see_other};
use crate::account::{EmailAddress, Passwords};
use crate::app::App;
use crate::auth::{Found, NewSession, Reason, Refusal};
use crate::storage::SessionChange;

/// A page of the panel to go to.
pub(super) struct Next(String);

struct LogOut;

struct SwitchMode {
    mode: Option<Mode>,
    next: Next,
}

#[derive(Template)]
#[template(path = "panel/login.html")]
struct LogInPage {
    look: Look,
    form_token: String,
    faults: Faults,
    email: String,
    next: String,
}

#[derive(Deserialize)]
struct Wanted {
    next: Option<String>,
}

impl Next {
    /// The longest path, in bytes.
    const MAX_LEN: usize = 512;

    /// Takes a path of the panel, and the root for everything else.
    pub(super) fn read(text: &str) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
        // A browser resolves dots by itself, and so would land outside of the panel.
        let dots = text.split('/').any(|segment| matches!(segment, "." | ".."));
        let fits =
            text.len() <= Self::MAX_LEN && owns(text) && text.bytes().all(plain) && !text.contains("//") && !dots;
        // What only asks to log in or out is no place to go to.
        let circular = ["/panel/login", "/panel/logout", "/panel/confirm"].contains(&text);
        Self(if fits && !circular { text.to_owned() } else { ROOT.to_owned() })
    }

    pub(super) fn path(&self) -> &str {
        &self.0
    }

    /// The address of a page that leads there afterwards.
    pub(super) fn after(&self, page: &str) -> String {
        if self.0 == ROOT { page.to_owned() } else { format!("{page}?next={}", self.0) }
    }
}

impl Act for LogOut {
    const RIGHT: Right = Right::Own;

    fn read(_: &Fields) -> Self {
        Self
    }
}

impl Act for SwitchMode {
    const RIGHT: Right = Right::Own;

    fn read(fields: &Fields) -> Self {
        Self { mode: fields.raw("mode").parse().ok(), next: Next::read(fields.raw("next")) }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/login", show, log_in).act("/panel/logout", log_out, ROOT).act(
        "/panel/mode",
        switch_mode,
        ROOT,
    )
}

/// Asks who it is, then leads there.
pub(super) fn lead_to(path: &str) -> Response {
    see_other(&Next::read(path).after("/panel/login"))
}

/// How long to wait, in words.
pub(super) fn wait(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("Too many attempts. Try again in {minutes} {unit}.")
}

async fn show(
    State(app): State<App>,
    Query(Wanted { next }): Query<Wanted>,
    arrival: super::visitor::When,
    visitor: Visitor,
) -> Result<Response, Refusal> {
    let next = Next::read(next.as_deref().unwrap_or_default());
    if let Found::Live(..) = app.services.panel_sessions.find(&visitor.token, arrival.0.now).await? {
        return Ok(see_other(next.path()));
    }
    Ok(visitor.stamp(page(&form(&visitor, Faults::default(), String::new(), &next))?))
}

async fn log_in(State(app): State<App>, form_sent: VisitorForm) -> Result<Response, Refusal> {
    let VisitorForm { visitor, arrival, fields, agent } = form_sent;
    let next = Next::read(fields.raw("next"));
    let typed = fields.text("email");
    let again = |status, fault: String| {
        let faults = Faults::one("", fault);
        page_with(status, &form(&visitor, faults, typed.clone(), &next))
    };
    let wrong = || again(StatusCode::UNPROCESSABLE_ENTITY, WRONG.to_owned());
    let password = fields.secret("password");
    let password = Zeroizing::new(password.expose_secret().as_bytes().to_vec());
    let Some(email) = EmailAddress::new(&typed).filter(|_| (1..=Passwords::MAX_LEN).contains(&password.len())) else {
        return wrong();
    };
    let otp = fields.secret("otp");
    let user = match app
        .services
        .gate
        .log_in(&email, password, Some(otp.expose_secret()), &arrival, &app.services.mailer)
        .await
    {
        Ok(user) => user,
        Err(refusal) => {
            let answer = match refusal.reason() {
                Reason::Unauthenticated(_) => wrong(),
                Reason::RateLimited(seconds) => again(StatusCode::TOO_MANY_REQUESTS, wait(*seconds)),
                _ => return Err(refusal),
            };
            // Why is for the log.
            return answer.map(|mut page| {
                page.extensions_mut().insert(refusal.reason().clone());
                page
            });
        }
    };

    let sessions = &app.services.panel_sessions;
    // This browser's session from before ends, whoever it belonged to; what was typed in it is kept for the same user.
    let draft = match sessions.find(&visitor.token, arrival.now).await? {
        Found::TimedOut(old) | Found::Live(old, _) => {
            sessions.end_this(&old).await?;
            old.draft.filter(|_| old.user == user.id)
        }
        Found::Unknown => None,
    };
    let waiting = draft.as_deref().and_then(Draft::path);
    // Who goes on with a form goes on in its mode.
    let mode = draft.as_deref().and_then(Draft::mode).unwrap_or(arrival.mode.default_mode());
    tracing::info!(user = %user.id, "a user logged in to the panel");
    let token = sessions.begin(&user, &arrival, NewSession { mode, agent: &agent, draft }).await?;
    let mut response = see_other(waiting.as_deref().unwrap_or(next.path()));
    response.headers_mut().extend(cookie::set(&token).map(|value| (SET_COOKIE, value)));
    Ok(response)
}

async fn log_out(State(app): State<App>, Form { who, .. }: Form<LogOut>) -> Result<Response, Refusal> {
    app.services.panel_sessions.end(&who.user, &who.session.id).await?;
    let mut response = see_other("/panel/login");
    response.headers_mut().insert(SET_COOKIE, cookie::clear());
    // What older browsers keep for the back button goes too (Clear Site Data §3.1).
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

async fn switch_mode(State(app): State<App>, Form { who, input }: Form<SwitchMode>) -> Result<Response, Refusal> {
    let mode = input.mode.ok_or_else(Refusal::invalid)?;
    app.services.panel_sessions.change(&who.session, SessionChange::Mode(mode)).await?;
    Ok(see_other(input.next.path()))
}

fn form(visitor: &Visitor, faults: Faults, email: String, next: &Next) -> LogInPage {
    LogInPage {
        look: Look::default(),
        form_token: visitor.form_token.clone(),
        faults,
        email,
        next: next.path().to_owned(),
    }
}

/// Alike for everything that does not fit.
const WRONG: &str = "The e-mail address, password or code is not right.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_to_pages_of_the_panel_only() {
        for kept in ["/panel", "/panel/keys/new", "/panel/keys/A00000000001/rotate"] {
            assert_eq!(Next::read(kept).path(), kept);
        }
        for other in [
            "",
            "/",
            "/panelx",
            "//evil.example",
            "/panel//evil.example",
            "https://evil.example/panel",
            "/panel/\\evil",
            "/panel/%2e",
            "/panel/..",
            "/panel/../main",
            "/panel/./keys",
            "/panel/keys/../../main",
            "/panel/a b",
            "/panel/login",
            "/panel/x?y=z",
            "/panel/x\r\nset-cookie: a=b",
        ] {
            assert_eq!(Next::read(other).path(), ROOT, "{other:?}");
        }
    }
}
