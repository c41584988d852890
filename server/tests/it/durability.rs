//! What holds when the machine fails: a server killed under load, a disk that is full, fails or cannot be written.

mod crash;
mod disk;
mod history;
mod load;
mod wire;
