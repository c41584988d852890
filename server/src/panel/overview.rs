//! `/panel`: how things stand.

use askama::Template;
use axum::response::Response;

use super::{Pages, ROOT, Section, SignedIn, View, page};
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/overview.html")]
struct OverviewPage {
    view: View,
}

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(who: SignedIn) -> Result<Response, Refusal> {
    page(&OverviewPage { view: who.view(Section::Overview) })
}
