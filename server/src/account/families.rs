//! The key families: how the credentials of each dialect look and what they are stored as.

use tollgate_apikey::{KeyFormat, Mode, PublicIdFormat};

use super::{ClientDialect, CredentialKind};

/// The keys of one dialect; a key of one family is unknown to every other.
#[derive(Debug, Clone, Copy)]
pub struct KeyFamily {
    /// Their text.
    pub format: &'static KeyFormat,
    /// Their stored kind.
    pub kind: CredentialKind,
}

impl KeyFamily {
    /// Caibo keys.
    pub const CAIBO: Self = Self { format: &CAIBO, kind: CredentialKind::CaiboKey };
    /// CardPlusPay keys.
    pub const CARDPLUSPAY: Self = Self { format: &CARDPLUSPAY, kind: CredentialKind::CardPlusPayKey };
    /// Secrets of OAuth clients.
    pub const CLIENT_SECRET: Self = Self { format: &CLIENT_SECRET, kind: CredentialKind::ClientSecret };
    /// 88Pay keys.
    pub const EIGHTY_EIGHT_PAY: Self = Self { format: &EIGHTY_EIGHT_PAY, kind: CredentialKind::EightyEightPayKey };

    /// Every scope that a route of the dialect asks for, parted by blanks; those of a client secret are its client's.
    #[must_use]
    pub fn scopes(self) -> &'static str {
        match self.kind {
            CredentialKind::CaiboKey => "checkout_sessions:write payment_requests:read payment_requests:write",
            CredentialKind::CardPlusPayKey => "balance:read orders:read orders:write",
            CredentialKind::ClientSecret | CredentialKind::ForeignClientSecret => "",
            CredentialKind::EightyEightPayKey => "balance:read charges:write",
        }
    }

    /// The family of API keys of a kind; the secrets of OAuth clients are none.
    #[must_use]
    pub fn of(kind: CredentialKind) -> Option<Self> {
        match kind {
            CredentialKind::CaiboKey => Some(Self::CAIBO),
            CredentialKind::CardPlusPayKey => Some(Self::CARDPLUSPAY),
            CredentialKind::ClientSecret | CredentialKind::ForeignClientSecret => None,
            CredentialKind::EightyEightPayKey => Some(Self::EIGHTY_EIGHT_PAY),
        }
    }
}

impl ClientDialect {
    /// Every scope that a route of the dialect asks for, parted by blanks.
    #[must_use]
    pub fn scopes(self) -> &'static str {
        match self {
            Self::Alternative => "checkout:init",
            Self::Pledg => "",
        }
    }
}

/// Public ids of OAuth clients.
pub static CLIENT_ID: PublicIdFormat =
    PublicIdFormat::new(&[("client_live_", Mode::Live), ("client_test_", Mode::Test)]);

static CAIBO: KeyFormat = KeyFormat::new(&[("caibo_live_sk_", Mode::Live), ("caibo_test_sk_", Mode::Test)]);
static CARDPLUSPAY: KeyFormat = KeyFormat::new(&[("cpp_live_sk_", Mode::Live), ("cpp_test_sk_", Mode::Test)]);
static CLIENT_SECRET: KeyFormat =
    KeyFormat::new(&[("client_secret_live_", Mode::Live), ("client_secret_test_", Mode::Test)]);
static EIGHTY_EIGHT_PAY: KeyFormat = KeyFormat::new(&[("sk_live_", Mode::Live), ("sk_test_", Mode::Test)]);
