//! Integration tests.

mod auto_traits;
mod fixtures;
mod laws;
mod life;
mod refusals;
mod traps;
mod vectors;
