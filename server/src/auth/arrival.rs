//! The facts of a request that the decision needs.

use std::net::IpAddr;

use time::OffsetDateTime;
use tollgate_apikey::Mode;
use tollgate_client_address::ClientAddress;

/// Which credentials a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerMode {
    /// Both; the credential decides.
    Any,
    /// Live ones only.
    Live,
    /// Test ones only.
    Test,
}

/// When and from where a request came, and to which kind of listener.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The time of day, read once per request.
    pub now: OffsetDateTime,
    /// The true client address.
    pub client: ClientAddress,
    /// The mode of the listener.
    pub mode: ListenerMode,
}

impl Arrival {
    /// The true client address, where it is known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.client {
            ClientAddress::Known(address) => Some(address),
            ClientAddress::Unknown => None,
        }
    }
}

impl ListenerMode {
    /// Whether a credential of this mode exists here.
    #[must_use]
    pub fn admits(self, mode: Mode) -> bool {
        match self {
            Self::Any => true,
            Self::Live => mode == Mode::Live,
            Self::Test => mode == Mode::Test,
        }
    }

    /// The mode of what is made here when the caller does not say: the listener's, or test.
    #[must_use]
    pub fn default_mode(self) -> Mode {
        match self {
            Self::Live => Mode::Live,
            Self::Any | Self::Test => Mode::Test,
        }
    }

    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}
