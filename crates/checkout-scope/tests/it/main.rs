//! Integration tests.

#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is a failed test")]

mod auto_traits;
mod laws;
mod lifetimes;
mod lists;
mod paths;
mod permits;
mod refusals;
mod support;
mod vectors;
