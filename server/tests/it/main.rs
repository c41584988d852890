//! Tests that drive the real router, and the real binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod alternative;
mod architecture;
mod binary;
mod browser;
mod caibo;
mod cardpluspay;
mod edge;
mod eighty_eight_pay;
mod interop;
mod leaks;
mod main_page;
mod oauth;
mod pledg;
mod sdk;
mod shop;
mod sixth_dialect;
mod world;
