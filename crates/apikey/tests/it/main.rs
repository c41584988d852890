//! Integration tests.

mod auto_traits;
mod fixtures;
mod imported;
mod laws;
mod life;
mod refusals;
mod traps;
mod vectors;
