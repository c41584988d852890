//! `/panel/clients`: every client, newest first, a page at a time.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Dialect, ROOT, find, path_of, secrets};
use crate::account::OauthClient;
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::moment::Moment;
use crate::panel::place::Behind;
use crate::panel::standing::Standing;
use crate::panel::{Pages, Section, SignedIn, View, page};

#[derive(Template)]
#[template(path = "panel/clients/list.html")]
struct ListPage {
    view: View,
    clients: Vec<Row>,
    /// Whether it is the beginning of the list.
    first: bool,
    /// The id behind which the list goes on.
    more: Option<String>,
}

struct Row {
    name: String,
    public_id: String,
    imported: bool,
    dialect: &'static str,
    created: Moment,
    /// Of its newest usable secret; `None` when it has none.
    standing: Option<Standing>,
    /// How many of its secrets can be used.
    usable: usize,
    path: String,
}

/// Clients of a page.
const LIMIT: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(State(app): State<App>, Behind(after): Behind, who: SignedIn) -> Result<Response, Refusal> {
    if let Some(after) = after {
        // Where another's client stands in time is nobody's business.
        find(&app, &who, after).await?;
    }
    let part = Page { after: after.map(|id| id.as_str().to_owned()), limit: LIMIT + 1 };
    let mut clients = app.services.administration.clients(&who.merchant.id, who.mode, part).await?;
    let more = clients.len() > LIMIT as usize;
    clients.truncate(LIMIT as usize);
    let more = if more { clients.last().map(|client| client.id.as_str().to_owned()) } else { None };
    let mut rows = Vec::with_capacity(clients.len());
    for client in clients {
        rows.push(row(&app, &who, client).await?);
    }
    page(&ListPage { view: who.view(Section::Clients), clients: rows, first: after.is_none(), more })
}

async fn row(app: &App, who: &SignedIn, client: OauthClient) -> Result<Row, Refusal> {
    let now = who.arrival.now;
    let secrets = secrets(app, &client).await?;
    let mut usable = secrets.iter().map(|secret| Standing::of(&secret.lifecycle, now)).filter(|one| one.usable);
    let standing = usable.next();
    Ok(Row {
        public_id: client.public_id(),
        imported: client.foreign.is_some(),
        dialect: Dialect::of(client.dialect).name,
        created: Moment(client.created_at),
        usable: usable.count() + usize::from(standing.is_some()),
        standing,
        path: path_of(client.id),
        name: client.name,
    })
}
