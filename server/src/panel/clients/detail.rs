//! `/panel/clients/{client}`: one client and its secrets.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Dialect, ROOT, find, masked, path_of, secrets};
use crate::account::Credential;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::address_list;
use crate::panel::last_use::{LastUses, Used};
use crate::panel::moment::Moment;
use crate::panel::place::Named;
use crate::panel::standing::Standing;
use crate::panel::{Pages, Section, SignedIn, View, page};

#[derive(Template)]
#[template(path = "panel/clients/detail.html")]
struct ClientPage {
    view: View,
    root: &'static str,
    path: String,
    name: String,
    public_id: String,
    imported: bool,
    dialect: &'static Dialect,
    scopes: Vec<String>,
    created: Moment,
    secrets: Vec<Row>,
    /// Whether one of its secrets can be used.
    usable: bool,
}

struct Row {
    id: String,
    masked: String,
    addresses: String,
    used: Option<Used>,
    standing: Standing,
}

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/clients/{client}", show)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let client = find(&app, &who, id).await?;
    let secrets = secrets(&app, &client).await?;
    let mut uses = LastUses::of(&app, &secrets).await?;
    let rows: Vec<_> = secrets.iter().map(|secret| row(secret, uses.take(secret.id), &who)).collect();
    page(&ClientPage {
        view: who.view(Section::Clients),
        root: ROOT,
        path: path_of(id),
        public_id: client.public_id(),
        imported: client.foreign.is_some(),
        dialect: Dialect::of(client.dialect),
        scopes: client.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        created: Moment(client.created_at),
        usable: rows.iter().any(|row| row.standing.usable),
        secrets: rows,
        name: client.name,
    })
}

fn row(secret: &Credential, used: Option<Used>, who: &SignedIn) -> Row {
    Row {
        id: secret.id.as_str().to_owned(),
        masked: masked(secret),
        addresses: address_list::in_words(&secret.ip_list),
        used,
        standing: Standing::of(&secret.lifecycle, who.arrival.now),
    }
}
