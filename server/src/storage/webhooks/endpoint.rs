//! Where deliveries go.

use std::fmt;

use ring::digest::{Context, SHA256};
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use crate::account::MerchantId;
use crate::hex::hex;

/// A dialect that sends webhooks; CardPlusPay documents none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookDialect {
    /// Alternative Payments: a static bearer secret.
    Alternative,
    /// Caibo: `X-Caibo-Signature`.
    Caibo,
    /// 88Pay: an encrypted token in `Authorization`.
    EightyEightPay,
    /// Pledg: a signature in the body.
    Pledg,
}

/// The id of an endpoint: `whe_` and 32 hex digits.
///
/// It is derived from merchant, mode, dialect and URL, so that a target has one record however often it is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointId(String);

/// A secret as storage keeps it.
#[derive(Debug, Clone)]
pub struct SealedBearer {
    /// Version of the key-encryption key.
    pub key_version: u32,
    /// Nonce, ciphertext and tag; the context is the endpoint's id.
    pub sealed: Vec<u8>,
}

/// An endpoint to be registered; its URL was checked.
#[derive(Clone)]
pub struct NewEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// Whose events it gets.
    pub dialect: WebhookDialect,
    /// The target.
    pub url: String,
    /// The static secret of an Alternative subscription.
    pub bearer: Option<SealedBearer>,
}

/// A stored endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Its members.
    pub details: NewEndpoint,
    /// How it came to be known.
    pub origin: EndpointOrigin,
    /// Since when it is known.
    pub created_at: OffsetDateTime,
    /// Since when nothing is sent to it, because it answered 410; `None` while it is active.
    pub disabled_at: Option<OffsetDateTime>,
}

/// How an endpoint came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// An object named it, such as `notifyUrl`: it gets the events of such objects.
    Named,
    /// The merchant registered it: it gets every event of its dialect that has no target of its own.
    Registered,
}

impl WebhookDialect {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Caibo => "caibo",
            Self::EightyEightPay => "88pay",
            Self::Pledg => "pledg",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Alternative, Self::Caibo, Self::EightyEightPay, Self::Pledg]
            .into_iter()
            .find(|dialect| dialect.as_str() == text)
    }
}

impl EndpointId {
    /// Bytes of the digest that are kept: no two targets of all merchants meet by accident.
    const DIGEST_BYTES: usize = 16;

    /// The id of a target.
    #[must_use]
    pub fn of(merchant: &MerchantId, mode: Mode, dialect: WebhookDialect, url: &str) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [merchant.as_str(), mode.as_str(), dialect.as_str(), url] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let digest = context.finish();
        Self(format!("whe_{}", hex(&digest.as_ref()[..Self::DIGEST_BYTES])))
    }

    /// Reads an id as a caller sent it; one that is not ours names no endpoint.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("whe_")?;
        let fits = digits.len() == 2 * Self::DIGEST_BYTES
            && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NewEndpoint {
    /// The id it will have.
    #[must_use]
    pub fn id(&self) -> EndpointId {
        EndpointId::of(&self.merchant, self.mode, self.dialect, &self.url)
    }
}

impl fmt::Debug for NewEndpoint {
    /// Without the URL: merchants put secrets into queries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEndpoint")
            .field("merchant", &self.merchant)
            .field("mode", &self.mode)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_depends_on_every_part_and_on_their_borders() {
        let [a, b] = ["7QX2Z", "7QX2ZA"].map(|id| MerchantId::new("COL", id).unwrap());
        let url = "https://shop.example/hook";
        let known = EndpointId::of(&a, Mode::Test, WebhookDialect::Caibo, url);
        assert_eq!(EndpointId::of(&a, Mode::Test, WebhookDialect::Caibo, url), known);
        assert_eq!(EndpointId::parse(known.as_str()), Some(known.clone()));
        for other in [
            EndpointId::of(&b, Mode::Test, WebhookDialect::Caibo, url),
            EndpointId::of(&a, Mode::Live, WebhookDialect::Caibo, url),
            EndpointId::of(&a, Mode::Test, WebhookDialect::Pledg, url),
            EndpointId::of(&a, Mode::Test, WebhookDialect::Caibo, "https://shop.example/hook?"),
        ] {
            assert_ne!(other, known);
        }
        for text in ["", "whe_", &known.as_str()[..35], &known.as_str().to_uppercase(), &format!("{known}0")] {
            assert_eq!(EndpointId::parse(text), None, "{text:?}");
        }
    }
}
