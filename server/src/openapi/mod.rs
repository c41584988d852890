//! The description of the API (OpenAPI 3.1), put together from the routes that are served.
//!
//! A [`Route`] is a method, a path, a handler and an [`Operation`] in one statement, and [`Routes`] take nothing else, so
//! no route is served without its description. Bodies are described by the schema of their Rust types; refusals are
//! described by rendering them, so that the description shows the very bytes a client gets.

mod access;
mod document;
mod endpoint;
mod headers;
mod operation;
mod refusals;
mod route;
mod schemas;
mod table;

pub use access::{Access, Scheme, SchemeKind, Tag};
pub use document::{Document, Renderer};
pub use operation::Operation;
pub use route::{Route, Routes};
pub use schemas::SchemaOf;
pub use table::{Served, Table};

pub(crate) use endpoint::endpoint;
