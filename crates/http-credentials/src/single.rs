use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::ShapeError;

/// Reads a header that may come at most once: `None` when it is absent.
///
/// The first value is never preferred over a later one: which of two a proxy in front has looked at is unknown.
///
/// # Errors
///
/// [`Repeated`](crate::ShapeErrorKind::Repeated) when the header comes twice or more, with the same value too.
pub fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, ShapeError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ShapeError::repeated(name));
    }
    Ok(first)
}
