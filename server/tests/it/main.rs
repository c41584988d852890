//! Tests that drive the real router, and the real binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod administration;
mod alternative;
mod architecture;
mod binary;
mod browser;
mod caibo;
mod cardpluspay;
mod certificate;
mod command_line;
mod config;
mod connections;
mod disabled;
mod doctor;
mod documents;
mod durability;
mod edge;
mod eighty_eight_pay;
mod https;
mod interop;
mod leaks;
mod main_page;
mod metrics;
mod must_refuse;
mod oauth;
mod openapi;
mod panel;
mod pledg;
mod sdk;
mod secret_keys;
mod serve;
mod shop;
mod signing_keys;
mod sixth_dialect;
mod webhooks;
mod world;
