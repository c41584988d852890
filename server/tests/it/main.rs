//! Tests that drive the real router, and the real binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod alternative;
mod architecture;
mod binary;
mod caibo;
mod cardpluspay;
mod edge;
mod eighty_eight_pay;
mod interop;
mod leaks;
mod oauth;
mod pledg;
mod sixth_dialect;
mod storage;
mod world;
