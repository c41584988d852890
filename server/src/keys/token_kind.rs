//! The kinds of token, and what their keys have in common.

use serde::{Deserialize, Serialize};
use time::Duration;
use tollgate_jwt_session::{Algorithm, MAX_LIFETIME};

/// The kinds of token; each has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// Control-panel logins.
    Panel,
    /// 88Pay session tokens.
    #[serde(rename = "88pay")]
    EightyEightPay,
    /// Pledg access tokens.
    Pledg,
    /// Alternative access tokens.
    Alternative,
    /// Alternative checkout tokens.
    AlternativeCheckout,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Panel, Self::EightyEightPay, Self::Pledg, Self::Alternative, Self::AlternativeCheckout];

    /// The algorithm of its keys.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::EightyEightPay | Self::Alternative => Algorithm::Es256,
            Self::Panel | Self::Pledg | Self::AlternativeCheckout => Algorithm::Hs256,
        }
    }

    /// How long its tokens live unless a merchant chose otherwise.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        Duration::seconds(match self {
            Self::Panel => 1800,
            Self::EightyEightPay => 60,
            Self::Pledg => 600,
            Self::Alternative => 3600,
            Self::AlternativeCheckout => 900,
        })
    }

    /// How long any of its tokens may live: a merchant chooses the life of its checkout tokens.
    #[must_use]
    pub fn longest_lifetime(self) -> Duration {
        match self {
            Self::AlternativeCheckout => MAX_LIFETIME,
            _ => self.lifetime(),
        }
    }

    /// Its name in the key file and before the key names on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::EightyEightPay => "88pay",
            Self::Pledg => "pledg",
            Self::Alternative => "alternative",
            Self::AlternativeCheckout => "alternative-checkout",
        }
    }

    /// What the names of its keys begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Panel => "pnl",
            Self::EightyEightPay => "88p",
            Self::Pledg => "plg",
            Self::Alternative => "alt",
            Self::AlternativeCheckout => "chk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_the_key_file_as_it_is_named() {
        for kind in TokenKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
    }
}
