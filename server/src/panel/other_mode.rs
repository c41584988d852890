//! The page for a form that was filled in in the other mode.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use tollgate_apikey::Mode;

use super::log_in::Next;
use super::{Section, SignedIn, View, page_with};
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/other_mode.html")]
struct OtherModePage {
    view: View,
    /// The mode of the form, if it came from a page of one.
    meant: Option<&'static str>,
    /// The page of the form.
    path: String,
}

/// Says that nothing was done, and leads back to what was typed, which is kept.
pub(super) fn page_of(who: &SignedIn, meant: Option<Mode>, path: &str) -> Result<Response, Refusal> {
    let path = Next::read(path).path().to_owned();
    let page = OtherModePage { view: who.view(Section::None), meant: meant.map(Mode::as_str), path };
    page_with(StatusCode::CONFLICT, &page)
}
