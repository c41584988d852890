//! `/panel/clients/import`: a client that was made elsewhere keeps its id and its secret.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::create::{NAME, SCOPES, named};
use super::{Dialect, path_of};
use crate::account::SecretText;
use crate::administration::{Error, NewClient};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::place::Word;
use crate::panel::scope_choice::{ScopeBox, ScopeChoice};
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page_with};

#[derive(Template)]
#[template(path = "panel/clients/import.html")]
struct ImportPage {
    view: View,
    faults: Faults,
    dialect: &'static Dialect,
    called: String,
    foreign_id: String,
    scopes: Vec<ScopeBox>,
}

struct Import {
    name: String,
    foreign_id: String,
    foreign_secret: SecretText,
    scopes: ScopeChoice,
}

impl Act for Import {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            // Byte for byte: blanks around it may belong to it.
            foreign_id: fields.raw("foreign_id").to_owned(),
            foreign_secret: fields.secret("foreign_secret"),
            scopes: ScopeChoice::read(fields),
        }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/clients/import/{dialect}", show, import)
}

/// The password comes first: a typed secret does not wait for it.
async fn show(Word(word): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, named(&word)?, &who.draft(), Faults::default())
}

async fn import(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, input }: Proven<Import>,
) -> Result<Response, Refusal> {
    let dialect = named(&word)?;
    let Some(scopes) = input.scopes.scopes(dialect.clients.scopes()) else {
        return form(&who, dialect, &input, Faults::one("scopes", SCOPES));
    };
    let new = NewClient {
        dialect: dialect.clients,
        merchant: who.merchant.id.clone(),
        mode: who.mode,
        scopes,
        name: input.name.clone(),
    };
    let secret = SecretText::new(input.foreign_secret.expose_secret().to_owned());
    let imported = app.services.administration.import_client(&who.actor(), new, &input.foreign_id, secret).await;
    let fault = match imported {
        Ok(client) => {
            let flash = Flash::good("The client was taken over. Its id and secret work as they did.");
            return who.done(&path_of(client.id), flash).await;
        }
        Err(Error::Invalid("name")) => ("name", NAME),
        Err(Error::Invalid("client id")) => {
            ("foreign_id", "An id has 1 to 255 bytes without control characters, and does not look like one of ours.")
        }
        Err(Error::Taken) => ("foreign_id", "This id cannot be taken over: it is in use."),
        Err(Error::Weak) => ("foreign_secret", "The secret is too short to be safe: 16 bytes at least."),
        Err(Error::Invalid("secret")) => (
            "foreign_secret",
            "A secret has 1024 bytes at most without control characters, and does not look like one of ours.",
        ),
        Err(Error::Invalid("pair")) => {
            ("foreign_secret", "Id and secret together are too long for an Authorization header.")
        }
        Err(error) => return Err(error.into()),
    };
    form(&who, dialect, &input, Faults::one(fault.0, fault.1))
}

fn form(who: &SignedIn, dialect: &'static Dialect, new: &Import, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let form = ImportPage {
        view: who.view(Section::Clients),
        faults,
        dialect,
        called: new.name.clone(),
        foreign_id: new.foreign_id.clone(),
        scopes: new.scopes.boxes(dialect.clients.scopes()),
    };
    page_with(status, &form)
}
