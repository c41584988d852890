//! The control panel, driven as a browser without script drives it.

pub(crate) mod browser;
mod credentials;
mod forgotten;
mod forms;
mod log_in;
mod pages;
mod repeat;
mod routes;
mod second_factor;
mod users;
