//! Integration tests.
#![expect(clippy::unwrap_used, reason = "tests stop where something unexpected happens")]

mod auto_traits;
mod first_use;
mod key_refusals;
mod laws;
mod merchant;
mod openssl;
mod refusals;
mod support;
mod vectors;
mod wycheproof;
