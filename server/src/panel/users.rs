//! `/panel/users…`: who may log in to this merchant's panel, and what they may do.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use zeroize::Zeroizing;

use super::forgotten::link;
use super::log_in::wait;
use super::place::Word;
use super::sure::{Question, ask};
use super::view::role_word;
use super::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page, page_with};
use crate::account::{EmailAddress, Role, User, UserId};
use crate::administration::{Administration, Error, Page};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::mail::Notice;

#[derive(Template)]
#[template(path = "panel/users.html")]
struct UsersPage {
    view: View,
    users: Vec<Row>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "panel/user.html")]
struct UserPage {
    view: View,
    user: Row,
    faults: Faults,
}

#[derive(Template)]
#[template(path = "panel/invite.html")]
struct InvitePage {
    view: View,
    faults: Faults,
    input: Invitation,
}

/// The link of an invitation, where there is no mail to send it by.
#[derive(Template)]
#[template(path = "panel/invited.html")]
struct InvitedPage {
    view: View,
    email: String,
    link: Zeroizing<String>,
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts of a user, each shown by itself")]
struct Row {
    id: String,
    email: String,
    role: Role,
    role_word: &'static str,
    disabled: bool,
    second_factor: bool,
    api_basic: bool,
    own: bool,
    /// Whether whoever looks may change it.
    changeable: bool,
}

struct Invitation {
    email: String,
    role: String,
}

struct RoleChange(Option<Role>);

struct Change;

impl Act for Invitation {
    const RIGHT: Right = Right::Govern;

    fn read(fields: &Fields) -> Self {
        Self { email: fields.text("email"), role: fields.text("role") }
    }
}

impl Act for RoleChange {
    const RIGHT: Right = Right::Govern;

    fn read(fields: &Fields) -> Self {
        Self(Role::from_word(fields.raw("role")))
    }
}

impl Act for Change {
    const RIGHT: Right = Right::Govern;

    fn read(_: &Fields) -> Self {
        Self
    }
}

/// Users of one page of the list.
const PER_PAGE: u32 = 50;
const LIST: &str = "/panel/users";

pub(super) fn pages() -> Pages {
    Pages::default()
        .page(LIST, list)
        .form("/panel/users/new", show_invitation, invite)
        .form("/panel/users/{id}", show, set_role)
        .form("/panel/users/{id}/disable", ask_disable, disable)
        .form("/panel/users/{id}/enable", ask_enable, enable)
        .form("/panel/users/{id}/two-step-off", ask_reset, reset_second_factor)
        .form("/panel/users/{id}/link", ask_link, send_link)
}

async fn list(
    State(app): State<App>,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
    who: SignedIn,
) -> Result<Response, Refusal> {
    let query = crate::transport::Form::from_query(query.as_deref().unwrap_or_default())?;
    let part = Page { after: query.get("after").map(str::to_owned), limit: PER_PAGE };
    let users = app.services.administration.users(&who.merchant.id, part).await?;
    let full = users.len() == PER_PAGE as usize;
    let more = users.last().filter(|_| full).map(|user| user.id.to_string());
    let users = users.iter().map(|user| row(user, &who)).collect();
    page(&UsersPage { view: who.view(Section::Users), users, more })
}

async fn show(State(app): State<App>, Word(id): Word, who: SignedIn) -> Result<Response, Refusal> {
    let user = find(&app, &who, &id).await?;
    page(&UserPage { user: row(&user, &who), view: who.view(Section::Users), faults: Faults::default() })
}

async fn set_role(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, input: RoleChange(role) }: Proven<RoleChange>,
) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    let role = role.ok_or_else(Refusal::invalid)?;
    match app.services.administration.set_role(&who.actor(), user.id, role).await {
        Ok(()) => {
            let text = format!("{} is {} now.", user.email.as_str(), role_word(role).to_lowercase());
            who.done(&format!("{LIST}/{}", user.id), Flash::good(text)).await
        }
        Err(Error::LastOwner) => {
            let faults = Faults::one("role", LAST_OWNER);
            let page_ = UserPage { user: row(&user, &who), view: who.view(Section::Users), faults };
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &page_)
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_invitation(_: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    page(&InvitePage { input: who.draft(), view: who.view(Section::Users), faults: Faults::default() })
}

async fn invite(State(app): State<App>, Proven { who, input, .. }: Proven<Invitation>) -> Result<Response, Refusal> {
    let (email, role) = (EmailAddress::new(&input.email), Role::from_word(&input.role));
    let mut faults = Faults::default();
    if email.is_none() {
        faults.add("email", "Give an e-mail address.");
    }
    if role.is_none() {
        faults.add("role", "Choose what they may do.");
    }
    let again = |status, faults| page_with(status, &InvitePage { view: who.view(Section::Users), faults, input });
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let (Some(email), Some(role)) = (email, role) else { return again(wrong, faults) };
    if let Err(refusal) = app.services.gate.admit_invitation(&email, &who.merchant.id, &who.arrival) {
        let Reason::RateLimited(seconds) = refusal.reason() else { return Err(refusal) };
        return again(StatusCode::TOO_MANY_REQUESTS, Faults::one("", wait(*seconds)));
    }
    let known = email.clone();
    match app.services.administration.invite_user(&who.actor(), &who.merchant.id, email, role).await {
        Ok(invited) => hand_over(&app, &who, &invited.user, invited.token.expose_secret()).await,
        Err(Error::Invalid(_)) => again(wrong, Faults::one("email", "This is not an e-mail address.")),
        Err(Error::TooMany) => {
            again(wrong, Faults::one("", format!("There are {} users, which is the most.", Administration::MAX_USERS)))
        }
        Err(Error::Taken) => {
            let taken = app.services.administration.user_by_email(&known).await?;
            // Without mail the answer is the link itself, and there is none.
            if !app.services.mailer.is_on() || taken.is_none_or(|taken| taken.merchant == who.merchant.id) {
                return again(wrong, Faults::one("email", "This address has a login already and cannot be invited."));
            }
            // That an address is known to another merchant is told to its owner alone.
            let merchant = who.merchant.name.clone();
            app.services.mailer.send(&known, &Notice::InvitedElsewhere { merchant }).await;
            who.done(LIST, on_its_way(&known)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn on_its_way(email: &EmailAddress) -> Flash {
    Flash::good(format!("An invitation is on its way to {}.", email.as_str()))
}

/// Sends the link, or shows it once where there is no mail.
async fn hand_over(app: &App, who: &SignedIn, user: &User, token: &str) -> Result<Response, Refusal> {
    let (link, email) = (link(app, token), user.email.as_str().to_owned());
    if app.services.mailer.is_on() {
        let merchant = who.merchant.name.clone();
        app.services.mailer.send(&user.email, &Notice::Invitation { merchant, link }).await;
        return who.done(LIST, on_its_way(&user.email)).await;
    }
    page(&InvitedPage { view: who.view(Section::Users), email, link })
}

async fn ask_disable(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    let text = "Every session ends at once and log-in is refused until you enable the user again. API keys stay.";
    ask(&who, Section::Users, question(&user, "disable", "Disable", text, "Disable user"))
}

async fn disable(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Change>,
) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    match app.services.administration.disable_user(&who.actor(), user.id).await {
        Ok(_) => {
            app.services.panel_sessions.end_all(&user, None).await?;
            who.done(LIST, Flash::good(format!("{} is disabled.", user.email.as_str()))).await
        }
        Err(Error::LastOwner) => who.done(LIST, Flash::bad(LAST_OWNER)).await,
        Err(error) => Err(error.into()),
    }
}

async fn ask_enable(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    let text = "The user can log in again with the same password. Old sessions stay ended.";
    let question = question(&user, "enable", "Enable", text, "Enable user");
    ask(&who, Section::Users, Question { danger: false, ..question })
}

async fn enable(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Change>,
) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    app.services.administration.enable_user(&who.actor(), user.id).await?;
    who.done(LIST, Flash::good(format!("{} can log in again.", user.email.as_str()))).await
}

async fn ask_reset(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    let text = "For a user who lost the authenticator and the recovery codes. Make sure that it is really them who asks. \
                The password alone will do until they set it up again; every session ends.";
    ask(&who, Section::Users, question(&user, "two-step-off", "Switch off two-step log-in of", text, "Switch off"))
}

async fn reset_second_factor(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Change>,
) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    if app.services.administration.reset_second_factor(&who.actor(), user.id).await? {
        app.services.panel_sessions.end_all(&user, None).await?;
        app.services.mailer.send(&user.email, &Notice::SecondFactorReset { at: who.arrival.now }).await;
    }
    who.done(LIST, Flash::good(format!("Two-step log-in of {} is off.", user.email.as_str()))).await
}

async fn ask_link(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    let text = "The user gets a new link that sets a password within 72 hours. Earlier links end; the password that is \
                set now stays until then.";
    let question = question(&user, "link", "Send a password link to", text, "Send link");
    ask(&who, Section::Users, Question { danger: false, ..question })
}

async fn send_link(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Change>,
) -> Result<Response, Refusal> {
    let user = find_to_change(&app, &who, &id).await?;
    app.services.gate.admit_invitation(&user.email, &who.merchant.id, &who.arrival)?;
    match app.services.administration.make_link(&who.actor(), &user).await {
        Ok(token) => hand_over(&app, &who, &user, token.expose_secret()).await,
        Err(Error::NotUsable) => who.done(LIST, Flash::bad("A disabled user gets no link: enable it first.")).await,
        Err(error) => Err(error.into()),
    }
}

fn question(user: &User, step: &str, verb: &str, text: &str, button: &'static str) -> Question {
    Question {
        title: format!("{verb} {}?", user.email.as_str()),
        text: text.to_owned(),
        button,
        danger: true,
        path: format!("{LIST}/{}/{step}", user.id),
        back: format!("{LIST}/{}", user.id),
    }
}

/// A user of the same merchant; all others are not there.
async fn find(app: &App, who: &SignedIn, id: &str) -> Result<User, Refusal> {
    let absent = || Refusal::new(Reason::NotFound);
    let id = UserId::parse(id).ok_or_else(absent)?;
    let user = app.services.administration.user(id).await?.ok_or_else(absent)?;
    who.mine(&user.merchant, who.mode)?;
    Ok(user)
}

/// As [`find`], and this user may change it.
async fn find_to_change(app: &App, who: &SignedIn, id: &str) -> Result<User, Refusal> {
    let user = find(app, who, id).await?;
    if may_change(who, &user) { Ok(user) } else { Err(Refusal::new(Reason::ScopeDenied)) }
}

/// An owner must not get at the whole server through an administrator of the merchant; administration refuses it too.
fn may_change(who: &SignedIn, user: &User) -> bool {
    !user.administrator || who.user.administrator
}

fn row(user: &User, who: &SignedIn) -> Row {
    Row {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        role: user.role,
        role_word: role_word(user.role),
        disabled: user.disabled,
        second_factor: user.second_factor.is_some(),
        api_basic: user.api_basic,
        own: user.id == who.user.id,
        changeable: who.may(Right::Govern) && may_change(who, user),
    }
}

const LAST_OWNER: &str = "This is the last owner who can log in. Make somebody else an owner first.";
