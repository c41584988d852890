//! The control panel, driven as a browser without script drives it.

pub(crate) mod browser;
pub(crate) mod credentials;
mod forgotten;
mod forms;
mod log_in;
mod pages;
mod postgres;
mod repeat;
mod routes;
pub(crate) mod second_factor;
mod users;
