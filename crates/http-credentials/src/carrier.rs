use http::HeaderName;

/// A place in which a route looks for a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// A header whose whole value is the credential, for example `X-API-Key`.
    ApiKeyHeader(HeaderName),
    /// The `Authorization` header under one scheme.
    Authorization(Scheme),
}

/// An `Authorization` scheme a route can accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `Basic` (RFC 7617).
    Basic,
    /// `Bearer` (RFC 6750).
    Bearer,
}
