//! `/panel/keys`: every key, newest first, a page at a time.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tollgate_client_address::Entries;

use super::{Family, ROOT, find, path_of};
use crate::account::Credential;
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::address_list;
use crate::panel::last_use::{LastUses, Used};
use crate::panel::place::Behind;
use crate::panel::standing::Standing;
use crate::panel::{Pages, Section, SignedIn, View, page};

#[derive(Template)]
#[template(path = "panel/keys/list.html")]
struct ListPage {
    view: View,
    keys: Vec<Row>,
    /// Whether it is the beginning of the list.
    first: bool,
    /// The id behind which the list goes on.
    more: Option<String>,
}

struct Row {
    name: String,
    masked: String,
    dialect: &'static str,
    scopes: Vec<String>,
    /// Empty when it may come from anywhere.
    addresses: String,
    used: Option<Used>,
    standing: Standing,
    path: String,
    rotate: &'static str,
}

/// Keys of a page.
const LIMIT: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(State(app): State<App>, Behind(after): Behind, who: SignedIn) -> Result<Response, Refusal> {
    if let Some(after) = after {
        // Where another's key stands in time is nobody's business.
        find(&app, &who, after).await?;
    }
    let part = Page { after: after.map(|id| id.as_str().to_owned()), limit: LIMIT + 1 };
    let mut keys = app.services.administration.keys(&who.merchant.id, who.mode, part).await?;
    let more = keys.len() > LIMIT as usize;
    keys.truncate(LIMIT as usize);
    let more = if more { keys.last().map(|key| key.id.as_str().to_owned()) } else { None };
    let mut uses = LastUses::of(&app, &keys).await?;
    let rows = keys.iter().filter_map(|key| row(key, uses.take(key.id), &who)).collect();
    page(&ListPage { view: who.view(Section::Keys), keys: rows, first: after.is_none(), more })
}

fn row(key: &Credential, used: Option<Used>, who: &SignedIn) -> Option<Row> {
    let family = Family::of(key.kind)?;
    Some(Row {
        name: key.name.clone(),
        masked: family.masked(key),
        dialect: family.name,
        scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        addresses: match key.ip_list.entries() {
            Entries::Unrestricted => String::new(),
            Entries::Only(_) => address_list::in_words(&key.ip_list),
        },
        used,
        standing: Standing::of(&key.lifecycle, who.arrival.now),
        path: path_of(key.id),
        rotate: family.rotate,
    })
}
