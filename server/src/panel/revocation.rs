//! The page that asks before something is killed for good.

use askama::Template;
use axum::response::Response;

use super::{Act, Fields, Right, Section, SignedIn, View, page};
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/revoke.html")]
struct RevokePage {
    view: View,
    doomed: Doomed,
}

/// What is to be killed.
pub(super) struct Doomed {
    pub(super) title: String,
    /// What the button says.
    pub(super) verb: &'static str,
    /// How it is called: a masked text.
    pub(super) shown: String,
    /// What follows, one sentence each.
    pub(super) notes: Vec<&'static str>,
    /// Where a change of mind leads.
    pub(super) back: String,
    /// The path of the form.
    pub(super) path: String,
}

/// That it shall be killed.
pub(super) struct Revoke;

impl Act for Revoke {
    const RIGHT: Right = Right::Develop;

    fn read(_: &Fields) -> Self {
        Self
    }
}

pub(super) fn revocation_page(who: &SignedIn, section: Section, doomed: Doomed) -> Result<Response, Refusal> {
    page(&RevokePage { view: who.view(section), doomed })
}
