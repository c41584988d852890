//! The Tollgate reference server: five payment-API authentication dialects on one account model.
//!
//! The parts, from the inside out: [`account`] and [`payments`] are the domain, [`auth`] is the decision, [`limits`]
//! counts, [`storage`] keeps, [`keys`] holds the server's own secrets, [`dialects`] are the wire, [`openapi`] describes it,
//! [`webhooks`] delivers what they tell, [`transport`] reads requests, [`edge`] is the outermost layer, [`telemetry`] is
//! what the operator sees, [`config`] what the operator says, and [`cli`] starts it all.

pub mod account;
pub mod administration;
pub mod app;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod data_directory;
pub mod demo;
pub mod dialects;
pub mod doctor;
pub mod edge;
pub mod errands;
mod hex;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod new_file;
pub mod openapi;
pub mod panel;
pub mod payments;
mod request_id;
pub mod rng;
pub mod shop;
pub mod storage;
pub mod telemetry;
pub mod transport;
pub mod usage;
pub mod webhooks;
