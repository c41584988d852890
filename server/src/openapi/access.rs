//! How a kind of route is called: what it takes as credential, and what that credential can be refused for.

use super::SchemaOf;
use crate::auth::Reason;

/// What all routes of one kind have in common. One constant for each kind, beside the code that authenticates it.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// The name of the kind, in front of the names of its shared responses, such as `CaiboKey`.
    pub name: &'static str,
    /// The group of the operations.
    pub tag: Tag,
    /// The credentials: any one of these sets, each complete. Empty for a route that takes none in its headers.
    pub ways: &'static [&'static [Scheme]],
    /// What is refused before the body is read.
    pub refusals: &'static [Reason],
    /// The schema of a refusal's body.
    pub error: SchemaOf,
    /// Headers of every success, with their one value.
    pub headers: &'static [(&'static str, &'static str)],
    /// Whether answers say how the quota stands.
    pub quota: bool,
}

/// A group of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The name of the group.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
}

/// A credential, or one of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in the document.
    pub name: &'static str,
    /// Where it stands in a request.
    pub kind: SchemeKind,
    /// What it is and where it comes from.
    pub description: &'static str,
}

/// Where a credential stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeKind {
    /// `Authorization: Basic`.
    Basic,
    /// `Authorization: Bearer`, and what the token is.
    Bearer(&'static str),
    /// A header of this name.
    Header(&'static str),
    /// A parameter of the query of this name.
    Query(&'static str),
}
