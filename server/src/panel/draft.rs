//! A form that waits for a log-in.

use serde::{Deserialize, Serialize};
use tollgate_apikey::Mode;

use super::Fields;
use super::fields::Kept;

/// What was typed into a form, and on which page.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft {
    path: String,
    /// Which mode's records the page showed.
    mode: String,
    fields: Vec<Kept>,
}

impl Draft {
    /// The form of this page, without its secrets.
    pub(super) fn of(path: &str, mode: Mode, fields: &Fields) -> Option<String> {
        let draft = Self { path: path.to_owned(), mode: mode.as_str().to_owned(), fields: fields.kept()? };
        serde_json::to_string(&draft).ok()
    }

    /// The page it belongs to.
    pub(super) fn path(stored: &str) -> Option<String> {
        serde_json::from_str::<Self>(stored).ok().map(|draft| draft.path)
    }

    /// The mode it was filled in in.
    pub(super) fn mode(stored: &str) -> Option<Mode> {
        serde_json::from_str::<Self>(stored).ok()?.mode.parse().ok()
    }

    /// Its fields, if it belongs to this page.
    pub(super) fn fields(stored: &str, path: &str) -> Option<Fields> {
        let draft = serde_json::from_str::<Self>(stored).ok().filter(|draft| draft.path == path)?;
        Some(Fields::from_kept(draft.fields))
    }
}
