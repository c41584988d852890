//! `/panel/keys`: every key, newest first, a page at a time.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::row::{Row, rows};
use super::{ROOT, find};
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::place::Behind;
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
    let keys = rows(&app, &who, &keys).await?;
    page(&ListPage { view: who.view(Section::Keys), keys, first: after.is_none(), more })
}
