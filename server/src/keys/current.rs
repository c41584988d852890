//! A value that is exchanged while it is in use.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// The value of now; who has taken it keeps it until it is done.
///
/// Nobody waits for anybody here, and reading writes to no memory that other threads read.
#[derive(Debug)]
pub(super) struct Current<T>(ArcSwap<T>);

impl<T> Current<T> {
    pub(super) fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    pub(super) fn get(&self) -> Guard<Arc<T>> {
        self.0.load()
    }

    /// Takes the value of another.
    pub(super) fn replace(&self, other: Self) {
        self.0.store(other.0.into_inner());
    }

    pub(super) fn exchange(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}
