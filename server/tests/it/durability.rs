//! What holds when the machine fails: a server killed under load, a disk that is full, fails or cannot be written.

mod crash;
mod disk;
mod history;
pub(crate) mod load;
pub(crate) mod wire;
