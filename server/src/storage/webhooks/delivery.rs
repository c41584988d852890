//! What is delivered, and how far it got.

use serde_json::json;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;

use super::{EndpointId, SealedBearer, WebhookDialect};
use crate::account::{Actor, MerchantId, NewAuditEntry};
use crate::hex::hex;

/// How a delivery is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A static bearer secret, if the endpoint has one.
    Alternative,
    /// `X-Caibo-Signature`.
    Caibo,
    /// A token in `Authorization`.
    EightyEightPay,
    /// `signature` beside the other members.
    PledgBack,
    /// A token that is the whole body.
    PledgTransfer,
}

/// Something that happened and is to be told: written in the transaction that made it happen.
#[derive(Clone)]
pub struct Notice {
    /// `webhook-id`, the same for each attempt and each endpoint.
    pub message_id: MessageId,
    /// How it is signed.
    pub format: Format,
    /// The object's own target; without one it goes to every active endpoint the merchant registered for the dialect.
    pub url: Option<String>,
    /// The body before signing, JSON.
    pub body: String,
    /// When it happened.
    pub created_at: OffsetDateTime,
}

/// Says what is to be told about a change, inside its transaction; `None` when it is nobody's business.
pub type Notify<'n, T> = &'n (dyn for<'a> Fn(&'a T) -> Option<Notice> + Send + Sync + 'n);

/// The id of a message: `msg_`, 12 hex digits of milliseconds since 1970 and 20 of randomness, so that ids made later
/// sort later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// A 2xx came.
    Delivered,
    /// Every attempt failed, or none can succeed.
    Failed,
    /// There will be another attempt.
    Pending,
    /// Its endpoint is gone (410).
    Stopped,
}

/// A stored delivery: one message to one endpoint.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message_id: MessageId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// How it is signed.
    pub format: Format,
    /// The body before signing.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u32,
    /// The next attempt; `None` when it is over.
    pub due_at: Option<OffsetDateTime>,
    /// When it was caused.
    pub created_at: OffsetDateTime,
}

/// A delivery somebody is attempting: nobody else will before the lease is over.
#[derive(Clone)]
pub struct LeasedDelivery {
    /// The lease it was taken under; an attempt is recorded only while its endpoint is still leased under it.
    pub lease: String,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The target.
    pub url: String,
    /// The endpoint's static secret.
    pub bearer: Option<SealedBearer>,
    /// What to deliver.
    pub delivery: Delivery,
}

/// An attempt that was made.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub made_at: OffsetDateTime,
    /// How long it took.
    pub duration: Duration,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// An answer with this HTTP status.
    Answered(u16),
    /// No answer.
    Failed(AttemptError),
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptError {
    /// One of the addresses of the name is not public.
    AddressRefused,
    /// The body cannot be signed in its format.
    BodyUnsignable,
    /// No address took the connection.
    ConnectFailed,
    /// The name has no address.
    NameNotResolved,
    /// There is no live secret to sign with.
    NoSecret,
    /// What is stored of the delivery or its endpoint does not read.
    RecordUnreadable,
    /// The answer is not HTTP, or its head is too large.
    ResponseMalformed,
    /// A secret to sign with is stored and does not open: it is damaged, or the key file lacks its key.
    SecretUnreadable,
    /// The URL is none that deliveries go to.
    TargetRefused,
    /// The whole attempt took too long.
    TimedOut,
    /// TLS failed: most often the certificate.
    TlsFailed,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is delivered.
    Delivered,
    /// It is given up.
    Failed,
    /// The endpoint is disabled, and everything that waits for it is stopped.
    Gone,
    /// There is another attempt.
    Retry {
        /// When.
        at: OffsetDateTime,
    },
}

impl Format {
    const ALL: [Self; 5] = [Self::Alternative, Self::Caibo, Self::EightyEightPay, Self::PledgBack, Self::PledgTransfer];

    /// Whose format it is.
    #[must_use]
    pub fn dialect(self) -> WebhookDialect {
        match self {
            Self::Alternative => WebhookDialect::Alternative,
            Self::Caibo => WebhookDialect::Caibo,
            Self::EightyEightPay => WebhookDialect::EightyEightPay,
            Self::PledgBack | Self::PledgTransfer => WebhookDialect::Pledg,
        }
    }

    /// The word in the database and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Caibo => "caibo",
            Self::EightyEightPay => "88pay",
            Self::PledgBack => "pledg_back",
            Self::PledgTransfer => "pledg_transfer",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

impl MessageId {
    /// Random bytes of an id.
    pub const RANDOM_BYTES: usize = 10;

    /// Makes an id out of the time in milliseconds since 1970 and random bytes.
    #[must_use]
    pub fn new(at_ms: i64, random: [u8; Self::RANDOM_BYTES]) -> Self {
        let ms = at_ms.max(0);
        Self(format!("msg_{ms:012x}{}", hex(&random)))
    }

    /// Reads an id as storage or a caller gives it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("msg_")?;
        let fits = digits.len() == 12 + 2 * Self::RANDOM_BYTES
            && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LeasedDelivery {
    /// What the audit log tells when this attempt finds its endpoint gone.
    #[must_use]
    pub fn endpoint_disabled(&self, at: OffsetDateTime) -> NewAuditEntry {
        let detail = [
            ("dialect", json!(self.delivery.format.dialect().as_str())),
            ("message", json!(self.delivery.message_id.as_str())),
            ("mode", json!(self.mode.as_str())),
        ];
        NewAuditEntry {
            actor: Actor::system(),
            at,
            merchant: Some(self.merchant.clone()),
            action: "webhook_endpoint.disabled",
            subject: self.delivery.endpoint.as_str().to_owned(),
            detail: detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

impl DeliveryState {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Stopped => "stopped",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Delivered, Self::Failed, Self::Pending, Self::Stopped].into_iter().find(|state| state.as_str() == text)
    }
}

impl AttemptError {
    const ALL: [Self; 11] = [
        Self::AddressRefused,
        Self::BodyUnsignable,
        Self::ConnectFailed,
        Self::NameNotResolved,
        Self::NoSecret,
        Self::RecordUnreadable,
        Self::ResponseMalformed,
        Self::SecretUnreadable,
        Self::TargetRefused,
        Self::TimedOut,
        Self::TlsFailed,
    ];

    /// The word in the database and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AddressRefused => "address_refused",
            Self::BodyUnsignable => "body_unsignable",
            Self::ConnectFailed => "connect_failed",
            Self::NameNotResolved => "name_not_resolved",
            Self::NoSecret => "no_secret",
            Self::RecordUnreadable => "record_unreadable",
            Self::ResponseMalformed => "response_malformed",
            Self::SecretUnreadable => "secret_unreadable",
            Self::TargetRefused => "target_refused",
            Self::TimedOut => "timed_out",
            Self::TlsFailed => "tls_failed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.as_str() == text)
    }

    /// Whether no later attempt can come to anything else.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::BodyUnsignable | Self::RecordUnreadable | Self::TargetRefused)
    }

    /// The word that a merchant may be told. Whether a name is unknown or leads into our network is one: the difference
    /// would let names inside be found out.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::AddressRefused | Self::NameNotResolved => "no_public_address",
            other => other.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_sort_by_time_and_read_back() {
        let early = MessageId::new(1_767_225_600_000, [0xff; 10]);
        let late = MessageId::new(1_767_225_600_001, [0; 10]);
        assert!(early < late);
        assert_eq!(MessageId::parse(late.as_str()), Some(late.clone()));
        assert!(tollgate_webhook_hmac::standard::MessageId::parse(late.as_str()).is_ok());
        for text in ["", "msg_", "msg_x", &late.as_str().to_uppercase(), &format!("{}0", late.as_str())] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_word_reads_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_stored(format.as_str()), Some(format));
        }
        for error in AttemptError::ALL {
            assert_eq!(AttemptError::from_stored(error.as_str()), Some(error));
            let hidden = matches!(error, AttemptError::AddressRefused | AttemptError::NameNotResolved);
            assert_eq!(error.told(), if hidden { "no_public_address" } else { error.as_str() });
        }
    }
}
