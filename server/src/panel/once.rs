//! The page that shows a new secret, this once.

use axum::response::Response;

use askama::Template;

use super::{Section, SignedIn, View, page};
use crate::account::SecretText;
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/once.html")]
struct OncePage {
    view: View,
    once: Once,
}

/// What is shown.
pub(super) struct Once {
    pub(super) title: &'static str,
    /// What it is and what follows, one sentence each.
    pub(super) notes: Vec<String>,
    /// Something public that goes with the secret: its name and text.
    pub(super) beside: Option<(&'static str, String)>,
    /// What the secret is called.
    pub(super) label: &'static str,
    pub(super) text: SecretText,
    /// Whether it can be seen again later.
    pub(super) again: bool,
    /// Where to go then.
    pub(super) next: String,
}

/// The answer to the POST that made it; it is kept by nobody.
pub(super) fn show_once(who: &SignedIn, section: Section, once: Once) -> Result<Response, Refusal> {
    page(&OncePage { view: who.view(section), once })
}
