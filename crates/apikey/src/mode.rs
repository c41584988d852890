use std::fmt;
use std::str::FromStr;

use crate::error::{ParseError, ParseErrorKind};

/// Whether a credential moves money or only pretends to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mode {
    /// Real payments.
    Live,
    /// The sandbox.
    Test,
}

impl Mode {
    /// The lower-case name: `live` or `test`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl FromStr for Mode {
    type Err = ParseError;

    /// Reads the lower-case name, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Mode`](ParseErrorKind::Mode) for any other text.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            _ => Err(ParseErrorKind::Mode.into()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
