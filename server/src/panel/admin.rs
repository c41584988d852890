//! `/panel/admin…`: every merchant, for those who run the server.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::moment::Moment;
use super::place::Word;
use super::query::query_of;
use super::sure::{Question, ask};
use super::view::role_word;
use super::{Act, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page};
use crate::account::{Merchant, MerchantId, MerchantStatus, User, UserId};
use crate::administration::Page;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::storage::MerchantFilter;
use crate::transport;

#[derive(Template)]
#[template(path = "panel/merchants.html")]
struct MerchantsPage {
    view: View,
    merchants: Vec<Row>,
    wanted: Wanted,
    filtered: bool,
    /// The query of the next page.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "panel/merchant.html")]
struct MerchantPage {
    view: View,
    merchant: Row,
    users: Vec<Person>,
    /// Whether it is the beginning of the list of users.
    first: bool,
    /// The id behind which the list of users goes on.
    more: Option<String>,
}

/// What is looked for.
struct Wanted {
    text: String,
    status: String,
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
    sessions: u64,
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
/// Users of one page of a merchant's.
const USERS_PER_PAGE: u32 = 50;
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
    let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
    let wanted = Wanted { text: text("text"), status: text("status") };
    let filter = wanted.filter();
    let after = query.get("after").map(str::to_owned);
    let part = Page { after, limit: PER_PAGE + 1 };
    let mut merchants = app.services.administration.find_merchants(&filter, part).await?;
    let full = merchants.len() > PER_PAGE as usize;
    merchants.truncate(PER_PAGE as usize);
    let more = merchants.last().filter(|_| full).map(|last| wanted.query(last.id.as_str()));
    let merchants = merchants.into_iter().map(row).collect();
    let filtered = filter != MerchantFilter::default();
    page(&MerchantsPage { view: who.view(Section::Administration), merchants, wanted, filtered, more })
}

async fn show(
    State(app): State<App>,
    Word(id): Word,
    RawQuery(query): RawQuery,
    who: SignedIn,
) -> Result<Response, Refusal> {
    check(&who)?;
    let merchant = find(&app, &id).await?;
    let query = transport::Form::from_query(query.as_deref().unwrap_or_default())?;
    let after = query.get("after").map(str::to_owned);
    let (first, part) = (after.is_none(), Page { after, limit: USERS_PER_PAGE + 1 });
    let mut users = app.services.administration.users(&merchant.id, part).await?;
    let full = users.len() > USERS_PER_PAGE as usize;
    users.truncate(USERS_PER_PAGE as usize);
    let more = users.last().filter(|_| full).map(|last| last.id.to_string());
    let sessions = app.services.panel_sessions.count(&merchant.id, who.arrival.now).await?;
    let users = users.into_iter().map(|user| person(&user, &sessions)).collect();
    page(&MerchantPage { view: who.view(Section::Administration), merchant: row(merchant), users, first, more })
}

fn person(user: &User, sessions: &HashMap<UserId, u64>) -> Person {
    Person {
        email: user.email.as_str().to_owned(),
        role: role_word(user.role),
        disabled: user.disabled,
        sessions: sessions.get(&user.id).copied().unwrap_or_default(),
    }
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
    let text = match ended {
        0 => format!("{} had no session.", merchant.name),
        1 => format!("One session of {} was ended.", merchant.name),
        more => format!("{more} sessions of {} were ended.", merchant.name),
    };
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

impl Wanted {
    fn filter(&self) -> MerchantFilter {
        let all = [MerchantStatus::Active, MerchantStatus::PendingKyc, MerchantStatus::Suspended];
        let status = all.into_iter().find(|status| status.as_str() == self.status);
        MerchantFilter { text: self.text.clone(), status }
    }

    fn query(&self, after: &str) -> String {
        query_of(&[("text", &self.text), ("status", &self.status), ("after", after)])
    }
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
