//! The question before something is killed for good.

use axum::response::Response;

use super::sure::{Question, ask};
use super::{Act, Fields, Right, Section, SignedIn};
use crate::auth::Refusal;

/// What is to be killed.
pub(super) struct Doomed {
    pub(super) title: String,
    /// What the button says.
    pub(super) verb: &'static str,
    /// How it is called: a masked text.
    pub(super) shown: String,
    /// What follows.
    pub(super) note: &'static str,
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

/// Asks; who may not do it is told so at once.
pub(super) fn ask_to_revoke(who: &SignedIn, section: Section, doomed: Doomed) -> Result<Response, Refusal> {
    who.must(Revoke::RIGHT)?;
    let Doomed { title, verb, shown, note, back, path } = doomed;
    ask(who, section, Question { title, text: format!("{shown}: {note}"), button: verb, danger: true, path, back })
}
