use http::HeaderName;

use crate::basic::BasicToken;
use crate::bearer::BearerToken;
use crate::key_text::KeyText;

/// What a request presents in the places a [`Reader`](crate::Reader) looks at.
///
/// The list is closed on purpose: a caller decides about each case and the compiler sees that none is left out.
#[derive(Debug)]
#[must_use]
pub enum Presented<'h> {
    /// No credential of an accepted kind.
    None,
    /// A credential of an accepted kind that is not well formed; answer it as a wrong one.
    Malformed,
    /// A credential that fills a header of its own.
    Key {
        /// The header it came in, as the reader names it.
        header: HeaderName,
        /// Its text.
        text: KeyText<'h>,
    },
    /// `Authorization: Basic`.
    Basic(BasicToken<'h>),
    /// `Authorization: Bearer`.
    Bearer(BearerToken<'h>),
}
