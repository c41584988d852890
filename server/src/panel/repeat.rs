//! What is sent twice, by a double click or by a reload, is done once.

use axum::response::Response;

use super::rotation::{Stale, stale_page};
use super::{Section, SignedIn};
use crate::administration::Error;
use crate::app::App;
use crate::auth::{OnceFor, Refusal};
use crate::storage::{FormTurn, StorageError};

/// What became of it.
pub(super) enum Done<T> {
    /// It was done now.
    Now(T),
    /// It was done before, or is under way; the page of what came of it, if that is known.
    Before(Option<String>),
}

/// Makes something for the form that was sent, unless that form made it already. `place` is the page of what was made.
pub(super) async fn once_for_form<T>(
    app: &App,
    who: &SignedIn,
    change: impl Future<Output = Result<T, Error>>,
    place: impl FnOnce(&T) -> String,
) -> Result<Done<T>, Error> {
    // Only the handler of a page could lack it, and pages make nothing.
    let sent = who.sent.as_ref().ok_or_else(StorageError::unavailable)?;
    once(app, who, OnceFor::Form(&sent.id, &sent.path), change, place).await
}

/// Rotates a record, unless its rotation is under way in another tab or on another node.
pub(super) async fn once_for_record<T>(
    app: &App,
    who: &SignedIn,
    record: &str,
    change: impl Future<Output = Result<T, Error>>,
) -> Result<Done<T>, Error> {
    once(app, who, OnceFor::Record(record), change, |_| String::new()).await
}

/// A handler of a form reaches its end also when the browser goes away, so a turn that was taken is used.
async fn once<T>(
    app: &App,
    who: &SignedIn,
    once: OnceFor<'_>,
    change: impl Future<Output = Result<T, Error>>,
    place: impl FnOnce(&T) -> String,
) -> Result<Done<T>, Error> {
    let sessions = &app.services.panel_sessions;
    let turn = match sessions.take_turn(&who.session, once, who.arrival.now).await? {
        (turn, FormTurn::First) => turn,
        (_, FormTurn::Again { place }) => return Ok(Done::Before(place)),
    };
    match change.await {
        Ok(made) => {
            report(sessions.settle_turn(turn, &place(&made)).await);
            Ok(Done::Now(made))
        }
        // It may have been made after all.
        Err(error @ Error::Storage(_)) => Err(error),
        Err(error) => {
            report(sessions.release_turn(turn).await);
            Err(error)
        }
    }
}

/// The change is made or refused whatever becomes of the note.
fn report(noted: Result<(), StorageError>) {
    if let Err(error) = noted {
        tracing::warn!(error = &error as &dyn std::error::Error, "the outcome of a form was not noted");
    }
}

/// The page for a form that was sent before.
pub(super) fn sent_before(
    who: &SignedIn,
    section: Section,
    made: Option<String>,
    list: (&'static str, &str),
) -> Result<Response, Refusal> {
    let text = match made {
        Some(_) => {
            "This form made it when it was sent first, and nothing more was made now. A secret was shown then, once. If \
             nobody kept it, rotate it or start again."
        }
        None => {
            "This form was sent before, and nothing more was done now. What came of it the first time is in the list, in \
             a moment at the latest. If it is not there, start again."
        }
    };
    let (words, path) = list;
    let mut links: Vec<_> = made.map(|path| ("See what was made", path)).into_iter().collect();
    links.push((words, path.to_owned()));
    stale_page(who, section, Stale { title: "This form was sent already", text: text.to_owned(), links })
}
