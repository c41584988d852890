//! Behaviour of the crate through its public API.

mod auto_traits;
mod interop;
mod laws;
mod refusals;
mod support;
mod traps;
mod vectors;
mod wycheproof;
