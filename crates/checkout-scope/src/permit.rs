//! The proof that a request is permitted.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{grant::Grant, template::Template};

/// Proof that a live grant permits this request; only [`AllowList::permit`](crate::AllowList::permit) and its routed
/// sister make one.
///
/// A handler that takes a permit takes its object from it, never from the path, the query or the body. It is not
/// `Clone`, and gives no way to a [`MintAuthority`](crate::MintAuthority) or to a longer life.
#[derive(Debug)]
#[must_use]
pub struct Permit<O> {
    object: O,
    expires_at: OffsetDateTime,
    template: Arc<str>,
}

impl<O> Permit<O> {
    /// The object that the request may touch.
    pub const fn object(&self) -> &O {
        &self.object
    }

    /// The first whole second in which the grant behind it is dead, in UTC.
    #[must_use]
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The path template of the allow-list entry that matched.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }
}

impl<O: Clone> Permit<O> {
    pub(crate) fn new(grant: &Grant<O>, template: &Template) -> Self {
        Self { object: grant.object().clone(), expires_at: grant.expires_at(), template: Arc::clone(template.text()) }
    }
}
