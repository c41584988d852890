//! `/panel/clients/new`: a new client, its first secret shown once.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::dialect::{self, Dialect};
use super::{ROOT, path_of};
use crate::administration::{Error, NewClient};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::once::{Once, show_once};
use crate::panel::place::Word;
use crate::panel::repeat::{Done, once_for_form, sent_before};
use crate::panel::scope_choice::{ScopeBox, ScopeChoice};
use crate::panel::{Act, Faults, Fields, Pages, Proven, Right, Section, SignedIn, View, page, page_with};

#[derive(Template)]
#[template(path = "panel/clients/choose.html")]
struct ChoosePage {
    view: View,
    dialects: &'static [Dialect],
}

#[derive(Template)]
#[template(path = "panel/clients/create.html")]
struct CreatePage {
    view: View,
    faults: Faults,
    dialect: &'static Dialect,
    new: Create,
    scopes: Vec<ScopeBox>,
}

struct Create {
    name: String,
    scopes: ScopeChoice,
}

impl Act for Create {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { name: fields.text("name"), scopes: ScopeChoice::read(fields) }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/clients/new", choose).form("/panel/clients/new/{dialect}", show, create)
}

/// The dialect a path names.
pub(super) fn named(word: &str) -> Result<&'static Dialect, Refusal> {
    Dialect::by_word(word).ok_or_else(|| Refusal::new(Reason::NotFound))
}

async fn choose(who: SignedIn) -> Result<Response, Refusal> {
    page(&ChoosePage { view: who.view(Section::Clients), dialects: &dialect::ALL })
}

async fn show(Word(word): Word, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, named(&word)?, who.draft(), Faults::default())
}

async fn create(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, input }: Proven<Create>,
) -> Result<Response, Refusal> {
    let dialect = named(&word)?;
    let Some(scopes) = input.scopes.scopes(dialect.clients.scopes()) else {
        return form(&who, dialect, input, Faults::one("scopes", SCOPES));
    };
    let new = NewClient {
        dialect: dialect.clients,
        merchant: who.merchant.id.clone(),
        mode: who.mode,
        scopes,
        name: input.name.clone(),
    };
    let actor = who.actor();
    let creation = app.services.administration.create_client(&actor, new);
    let (client, issued) = match once_for_form(&app, &who, creation, |(client, _)| path_of(client.id)).await {
        Ok(Done::Now(made)) => made,
        Ok(Done::Before(made)) => return sent_before(&who, Section::Clients, made, ("All clients", ROOT)),
        Err(Error::Invalid("name")) => return form(&who, dialect, input, Faults::one("name", NAME)),
        Err(error) => return Err(error.into()),
    };
    let once = Once {
        title: "Your new client",
        notes: vec![format!("It works with {} from now on, in {} mode. The id is no secret.", dialect.name, who.mode)],
        beside: Some(("Client id", client.public_id())),
        label: "Client secret",
        text: issued.text,
        again: false,
        next: path_of(client.id),
    };
    show_once(&who, Section::Clients, once)
}

fn form(who: &SignedIn, dialect: &'static Dialect, new: Create, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let scopes = new.scopes.boxes(dialect.clients.scopes());
    page_with(status, &CreatePage { view: who.view(Section::Clients), faults, dialect, new, scopes })
}

pub(super) const NAME: &str = "A name has 64 characters at most, on one line.";
pub(super) const SCOPES: &str = "Tick at least one: a client without permissions opens nothing.";
