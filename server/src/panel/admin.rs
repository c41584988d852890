//! `/panel/admin…`: every merchant, for those who run the server.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::moment::Moment;
use super::place::Word;
use super::sure::{Question, ask};
use super::view::role_word;
use super::{Act, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page};
use crate::account::{Merchant, MerchantId, MerchantStatus};
use crate::administration::Page;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::transport;

#[derive(Template)]
#[template(path = "panel/merchants.html")]
struct MerchantsPage {
    view: View,
    merchants: Vec<Row>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "panel/merchant.html")]
struct MerchantPage {
    view: View,
    merchant: Row,
    users: Vec<Person>,
}

struct Row {
    id: String,
    name: String,
    currency: String,
    since: Moment,
    status: MerchantStatus,
}

struct Person {
    email: String,
    role: &'static str,
    disabled: bool,
    sessions: usize,
}

struct Operation;

impl Act for Operation {
    const RIGHT: Right = Right::Operate;

    fn read(_: &Fields) -> Self {
        Self
    }
}

/// Merchants of one page of the list.
const PER_PAGE: u32 = 50;
/// Users of a merchant that are shown.
const MOST_USERS: u32 = 500;
const LIST: &str = "/panel/admin";

pub(super) fn pages() -> Pages {
    Pages::default()
        .page(LIST, list)
        .page("/panel/admin/{merchant}", show)
        .form("/panel/admin/{merchant}/activate", ask_activate, activate)
        .form("/panel/admin/{merchant}/suspend", ask_suspend, suspend)
        .form("/panel/admin/{merchant}/end-sessions", ask_end, end_sessions)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery, who: SignedIn) -> Result<Response, Refusal> {
    check(&who)?;
    let query = transport::Form::from_query(query.as_deref().unwrap_or_default())?;
    let part = Page { after: query.get("after").map(str::to_owned), limit: PER_PAGE };
    let merchants = app.services.administration.merchants(part).await?;
    let full = merchants.len() == PER_PAGE as usize;
    let more = merchants.last().filter(|_| full).map(|merchant| merchant.id.to_string());
    let merchants = merchants.into_iter().map(row).collect();
    page(&MerchantsPage { view: who.view(Section::Administration), merchants, more })
}

async fn show(State(app): State<App>, Word(id): Word, who: SignedIn) -> Result<Response, Refusal> {
    check(&who)?;
    let merchant = find(&app, &id).await?;
    let mut users = Vec::new();
    for user in app.services.administration.users(&merchant.id, Page::first(MOST_USERS)).await? {
        let sessions = app.services.panel_sessions.list(&user, who.arrival.now).await?.len();
        let (email, role) = (user.email.as_str().to_owned(), role_word(user.role));
        users.push(Person { email, role, disabled: user.disabled, sessions });
    }
    page(&MerchantPage { view: who.view(Section::Administration), merchant: row(merchant), users })
}

async fn ask_activate(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    check(&who)?;
    let merchant = find(&app, &id).await?;
    let text = "Its live credentials work from now on. Do this when its checks (KYC) are finished.";
    ask(&who, Section::Administration, question(&merchant, "activate", "Activate", text, false))
}

async fn activate(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Operation>,
) -> Result<Response, Refusal> {
    set_status(&app, &who, &id, MerchantStatus::Active, "is active").await
}

async fn ask_suspend(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    check(&who)?;
    let merchant = find(&app, &id).await?;
    let text = "Every call with its credentials and tokens is refused from the next one on, live and test. Its users can \
                still log in to the panel.";
    ask(&who, Section::Administration, question(&merchant, "suspend", "Suspend", text, true))
}

async fn suspend(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Operation>,
) -> Result<Response, Refusal> {
    set_status(&app, &who, &id, MerchantStatus::Suspended, "is suspended").await
}

async fn ask_end(State(app): State<App>, Word(id): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    check(&who)?;
    let merchant = find(&app, &id).await?;
    let text = "Every user of this merchant is logged out of the panel. Their passwords stay.";
    ask(&who, Section::Administration, question(&merchant, "end-sessions", "End every session of", text, true))
}

async fn end_sessions(
    State(app): State<App>,
    Word(id): Word,
    Proven { who, .. }: Proven<Operation>,
) -> Result<Response, Refusal> {
    let merchant = find(&app, &id).await?;
    let ended = app.services.administration.end_sessions(&who.actor(), &merchant.id, Some(&who.session)).await?;
    let text = format!("{ended} sessions of {} were ended.", merchant.name);
    who.done(&format!("{LIST}/{}", merchant.id), Flash::good(text)).await
}

async fn set_status(
    app: &App,
    who: &SignedIn,
    id: &str,
    status: MerchantStatus,
    word: &str,
) -> Result<Response, Refusal> {
    let merchant = find(app, id).await?;
    app.services.administration.set_merchant_status(&who.actor(), &merchant.id, status).await?;
    who.done(&format!("{LIST}/{}", merchant.id), Flash::good(format!("{} {word}.", merchant.name))).await
}

/// To everybody else these pages are not there.
fn check(who: &SignedIn) -> Result<(), Refusal> {
    if who.may(Right::Operate) { Ok(()) } else { Err(Refusal::new(Reason::NotFound)) }
}

async fn find(app: &App, id: &str) -> Result<Merchant, Refusal> {
    let absent = || Refusal::new(Reason::NotFound);
    let (parsed, _) = MerchantId::parse(id).map_err(|_| absent())?;
    // The plain spelling is the one address of a merchant.
    let found = if parsed.as_str() == id { app.services.administration.merchant(&parsed).await? } else { None };
    found.ok_or_else(absent)
}

fn question(merchant: &Merchant, step: &str, verb: &'static str, text: &str, danger: bool) -> Question {
    Question {
        title: format!("{verb} {}?", merchant.name),
        text: text.to_owned(),
        button: match step {
            "activate" => "Activate",
            "suspend" => "Suspend",
            _ => "End sessions",
        },
        danger,
        path: format!("{LIST}/{}/{step}", merchant.id),
        back: format!("{LIST}/{}", merchant.id),
    }
}

fn row(merchant: Merchant) -> Row {
    let Merchant { id, name, currency, created_at, status, .. } = merchant;
    Row { id: id.to_string(), name, currency, since: Moment(created_at), status }
}
