//! The form of every rotation: how long the old one still works.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use tollgate_apikey::Overlap;

use super::overlap_choice::{OFFERED, OverlapChoice};
use super::{Act, Faults, Fields, Right, Section, SignedIn, View, page_with};
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/rotate.html")]
struct RotatePage {
    view: View,
    faults: Faults,
    subject: Subject,
    choice: OverlapChoice,
    offered: [(&'static str, &'static str); 4],
}

#[derive(Template)]
#[template(path = "panel/stale.html")]
struct StalePage {
    view: View,
    stale: Stale,
}

/// What is to be rotated.
pub(super) struct Subject {
    pub(super) title: String,
    /// What the button says.
    pub(super) verb: &'static str,
    /// How it is called: a masked text.
    pub(super) shown: String,
    /// What becomes of it.
    pub(super) notes: Vec<String>,
    /// What its page has seen of it: sent back with the form.
    pub(super) seen: String,
    /// The path of the form.
    pub(super) path: String,
    /// Where a change of mind leads.
    pub(super) back: String,
}

/// What a second tab is told.
pub(super) struct Stale {
    pub(super) title: &'static str,
    pub(super) text: String,
    /// Where to go on: words and path.
    pub(super) links: Vec<(&'static str, String)>,
}

/// What was sent.
pub(super) struct Rotate {
    pub(super) choice: OverlapChoice,
    /// What the page had seen of the subject.
    pub(super) seen: String,
}

impl Act for Rotate {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { choice: OverlapChoice::read(fields), seen: fields.text("seen") }
    }
}

/// The page with its form.
pub(super) fn rotation_page(
    who: &SignedIn,
    section: Section,
    subject: Subject,
    choice: OverlapChoice,
    default: Overlap,
    faults: Faults,
) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let choice = choice.or(default);
    page_with(status, &RotatePage { view: who.view(section), faults, subject, choice, offered: OFFERED })
}

/// The page for whoever comes too late.
pub(super) fn stale_page(who: &SignedIn, section: Section, stale: Stale) -> Result<Response, Refusal> {
    page_with(StatusCode::CONFLICT, &StalePage { view: who.view(section), stale })
}
