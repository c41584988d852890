//! Behaviour of the public API, against the shared vectors, published attack vectors and generated inputs.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod auto_traits;
mod bounds;
mod laws;
mod payloads;
mod refusals;
mod requests;
mod sessions;
mod support;
mod vectors;
mod wycheproof_sets;
