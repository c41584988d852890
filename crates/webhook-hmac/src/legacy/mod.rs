//! What existing payment APIs send: weaker than the two schemes beside it, each in its own way, and named so.
//!
//! Where the sender offers Standard Webhooks headers too, check those with [`standard`](crate::standard) and take
//! what is here as an addition.

pub mod eighty_eight_pay;
pub mod pledg;
pub mod static_bearer;
