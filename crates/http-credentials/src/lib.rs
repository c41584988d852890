#![doc = include_str!("../README.md")]

mod authorization;
mod basic;
mod bearer;
mod carrier;
mod error;
mod form;
mod key_text;
mod presented;
mod reader;
mod single;

pub use http;

pub use crate::authorization::{Authorization, MAX_AUTHORIZATION_VALUE, MAX_SCHEME};
pub use crate::basic::{BasicCredentials, BasicToken, MAX_BASIC_TOKEN};
pub use crate::bearer::BearerToken;
pub use crate::carrier::{Carrier, Scheme};
pub use crate::error::{ShapeError, ShapeErrorKind};
pub use crate::key_text::{KeyText, MAX_KEY_TEXT, key_text};
pub use crate::presented::Presented;
pub use crate::reader::Reader;
pub use crate::single::single;
