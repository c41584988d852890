//! The stored forms of credentials; none of them holds a plain secret.

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Scopes};
use tollgate_client_address::IpList;

use super::{CLIENT_ID, MerchantId, UserId};

/// What a digest-only credential opens; a credential of one kind is unknown to every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A `caibo_…_sk_` key.
    CaiboKey,
    /// A `cpp_…_sk_` key.
    CardPlusPayKey,
    /// The secret of an OAuth client.
    ClientSecret,
    /// An `sk_…` key of 88Pay.
    EightyEightPayKey,
    /// The secret an OAuth client was imported with.
    ForeignClientSecret,
}

/// A verify-only credential: public id, digest, lifecycle, limits.
///
/// The digest is kept as bytes and version; [`tollgate_apikey::KeyDigest`] is rebuilt where it is compared.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its public id.
    pub id: KeyId,
    /// What it opens.
    pub kind: CredentialKind,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The user it was made for, where the dialect has one key per user.
    pub user: Option<UserId>,
    /// The OAuth client it is a secret of.
    pub client: Option<KeyId>,
    /// Its mode.
    pub mode: Mode,
    /// Version of the pepper the digest was made with.
    pub pepper_version: u32,
    /// HMAC-SHA256 of the full text.
    pub digest: [u8; 32],
    /// What it permits.
    pub scopes: Scopes,
    /// Where it may come from.
    pub ip_list: IpList,
    /// Until when it may be used.
    pub lifecycle: Lifecycle,
    /// The last four characters, for display; empty for a text made elsewhere.
    pub last_four: Box<str>,
    /// What its owner calls it; may be empty.
    pub name: String,
}

/// The OAuth dialect a client belongs to; it is unknown to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientDialect {
    /// Alternative Payments.
    Alternative,
    /// Pledg.
    Pledg,
}

/// A registered OAuth client.
#[derive(Debug, Clone)]
pub struct OauthClient {
    /// The id part of its client id text.
    pub id: KeyId,
    /// Where it works.
    pub dialect: ClientDialect,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// What its tokens may ask for.
    pub scopes: Scopes,
    /// Since when it exists.
    pub created_at: OffsetDateTime,
    /// What its owner calls it; may be empty.
    pub name: String,
    /// The pair it was imported with, if it was made elsewhere.
    pub foreign: Option<ForeignPair>,
}

/// What an imported OAuth client keeps of the pair it was made with elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPair {
    /// Its client id text, byte for byte.
    pub id: String,
    /// The credential that holds the digest of its secret.
    pub secret: KeyId,
}

/// What a secret that must be readable again is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretPurpose {
    /// Signs the notifications a Pledg merchant gets.
    PledgNotification,
    /// Verifies requests a Pledg merchant signs.
    PledgRequest,
    /// Signs webhook deliveries.
    Webhook,
}

/// A secret needed in clear, sealed with AES-256-GCM under a key-encryption key.
#[derive(Debug, Clone)]
pub struct SealedSecret {
    /// Its public id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: SecretPurpose,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// Version of the key-encryption key.
    pub key_version: u32,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// Until when it may be used.
    pub lifecycle: Lifecycle,
}

/// An RSA public key registered for request signing.
#[derive(Debug, Clone)]
pub struct RsaKey {
    /// Its public id.
    pub id: KeyId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// `SubjectPublicKeyInfo`, DER.
    pub spki: Vec<u8>,
    /// base64url SHA-256 of the DER, for display.
    pub fingerprint: String,
    /// Until when it may be used.
    pub lifecycle: Lifecycle,
}

impl Credential {
    /// This new credential with the limits of the one it replaces: scopes, address list, name, and as long a life from
    /// `now` as the other had from its making.
    #[must_use]
    pub fn inheriting(mut self, old: &Self, now: OffsetDateTime) -> Self {
        self.scopes = old.scopes.clone();
        self.ip_list = old.ip_list.clone();
        self.name.clone_from(&old.name);
        self.lifecycle = renewed_life(&old.lifecycle, now);
        self
    }
}

/// As long a life from `now` as the other had from its making; without end if that had none.
#[must_use]
pub fn renewed_life(old: &Lifecycle, now: OffsetDateTime) -> Lifecycle {
    match old.expires_at() {
        Some(end) => Lifecycle::new(now).expiring_at(now.saturating_add(end - old.created_at())),
        None => Lifecycle::new(now),
    }
}

impl ForeignPair {
    /// The longest client id text that is taken over, in bytes.
    pub const MAX_ID_LEN: usize = 255;
}

impl OauthClient {
    /// Its client id text: the native spelling, or the one it was imported with.
    #[must_use]
    pub fn public_id(&self) -> String {
        match &self.foreign {
            Some(pair) => pair.id.clone(),
            // The format has a prefix for either mode.
            None => CLIENT_ID.from_id(self.mode, self.id).map(|id| id.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

impl CredentialKind {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CaiboKey => "caibo_key",
            Self::CardPlusPayKey => "cardpluspay_key",
            Self::ClientSecret => "client_secret",
            Self::EightyEightPayKey => "88pay_key",
            Self::ForeignClientSecret => "foreign_client_secret",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::CaiboKey, Self::CardPlusPayKey, Self::ClientSecret, Self::EightyEightPayKey, Self::ForeignClientSecret]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl ClientDialect {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Pledg => "pledg",
        }
    }
}

impl SecretPurpose {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PledgNotification => "pledg_notification",
            Self::PledgRequest => "pledg_request",
            Self::Webhook => "webhook",
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use tollgate_client_address::Cidr;

    use super::*;

    fn credential(created_at: OffsetDateTime) -> Credential {
        Credential {
            id: KeyId::parse("A00000000001").unwrap(),
            kind: CredentialKind::CaiboKey,
            merchant: MerchantId::new("COL", "7QX2Z").unwrap(),
            user: None,
            client: None,
            mode: Mode::Test,
            pepper_version: 1,
            digest: [0; 32],
            scopes: Scopes::parse("a b").unwrap(),
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(created_at),
            last_four: "0000".into(),
            name: String::new(),
        }
    }

    #[test]
    fn a_new_credential_is_no_wider_than_the_one_it_replaces() {
        let made = OffsetDateTime::UNIX_EPOCH;
        let now = made + Duration::days(80);
        let mut old = credential(made);
        old.scopes = Scopes::parse("a").unwrap();
        old.ip_list = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
        old.lifecycle = Lifecycle::new(made).expiring_at(made + Duration::days(90));
        let new = credential(now).inheriting(&old, now);
        assert_eq!(new.scopes.to_string(), "a");
        assert!(!new.ip_list.permits(&std::net::IpAddr::from([198, 51, 100, 9]).into()));
        assert!(new.ip_list.permits(&std::net::IpAddr::from([203, 0, 113, 7]).into()));
        assert_eq!(new.lifecycle.expires_at(), Some(now + Duration::days(90)));
    }

    #[test]
    fn a_life_without_end_stays_so_and_a_very_long_one_does_not_overflow() {
        let made = OffsetDateTime::UNIX_EPOCH;
        let endless = credential(made);
        assert_eq!(credential(made).inheriting(&endless, made).lifecycle.expires_at(), None);
        let mut long = credential(made);
        long.lifecycle = Lifecycle::new(made).expiring_at(time::macros::datetime!(9999-12-31 0:00 UTC));
        let new = credential(made).inheriting(&long, made + Duration::days(10_000));
        assert!(new.lifecycle.expires_at().is_some());
    }
}
