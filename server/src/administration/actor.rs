//! Who asks for a change.

pub use crate::account::{Actor, ActorKind};
