//! The pages of keys, clients, signing, lists and webhooks.

pub(super) mod access;
pub(super) mod clients;
mod inert;
pub(super) mod keys;
pub(super) mod objects;
mod records;
pub(super) mod signing;
pub(super) mod webhooks;

pub(super) use objects::ROUTES;

use crate::world::Answer;

/// The text that is shown once.
#[track_caller]
pub(crate) fn shown(answer: &Answer) -> String {
    answer.expect_page(200, "id=\"secret\"");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    let (_, rest) = text.split_once("id=\"secret\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// How often a text is in a page.
fn count(answer: &Answer, text: &str) -> usize {
    answer.text().matches(text).count()
}
