//! The page that asks before something is done.

use askama::Template;
use axum::response::Response;

use super::{Section, SignedIn, View, page};
use crate::auth::Refusal;

/// What is asked; the form goes to the page's own path.
#[derive(Template)]
#[template(path = "panel/sure.html")]
pub(super) struct SurePage {
    view: View,
    title: String,
    text: String,
    /// What the button says.
    button: &'static str,
    /// Whether it cannot be undone with ease.
    danger: bool,
    path: String,
    /// Where Cancel leads.
    back: String,
}

/// A question, its button and where Cancel leads.
pub(super) struct Question {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) button: &'static str,
    pub(super) danger: bool,
    pub(super) path: String,
    pub(super) back: String,
}

/// Asks.
pub(super) fn ask(who: &SignedIn, section: Section, question: Question) -> Result<Response, Refusal> {
    let Question { title, text, button, danger, path, back } = question;
    page(&SurePage { view: who.view(section), title, text, button, danger, path, back })
}
