use ring::digest;

use super::{MAX_BODY_BYTES, MAX_MEMBER_BYTES};
use crate::error::{BodyError, BodyErrorKind};
use crate::json::{self, Object};

/// A notification body of the right form; nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    body: &'a [u8],
    transaction_id: String,
    transaction_amount: String,
    transaction_status: String,
}

impl<'a> Notification<'a> {
    /// Reads a body, which must be strict JSON with the texts `transaction_id`, `transaction_amount` and
    /// `transaction_status`, each 1 to [`MAX_MEMBER_BYTES`] bytes without control characters.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](BodyErrorKind::TooLarge), [`Json`](BodyErrorKind::Json) or [`Member`](BodyErrorKind::Member).
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(BodyErrorKind::TooLarge.into());
        }
        let object = json::parse_object(body).ok_or(BodyErrorKind::Json)?;
        Ok(Self {
            body,
            transaction_id: member(&object, "transaction_id")?,
            transaction_amount: member(&object, "transaction_amount")?,
            transaction_status: member(&object, "transaction_status")?,
        })
    }

    /// The body as it was read.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The id of the transaction.
    #[must_use]
    pub fn transaction_id(&self) -> &str {
        &self.transaction_id
    }

    /// The amount, as the sender wrote it.
    #[must_use]
    pub fn transaction_amount(&self) -> &str {
        &self.transaction_amount
    }

    /// The state of the transaction, as the sender wrote it.
    #[must_use]
    pub fn transaction_status(&self) -> &str {
        &self.transaction_status
    }

    /// The members that the token repeats, by name.
    pub(super) fn members(&self) -> [(&'static str, &str); 3] {
        [
            ("transaction_id", &self.transaction_id),
            ("transaction_amount", &self.transaction_amount),
            ("transaction_status", &self.transaction_status),
        ]
    }

    pub(super) fn body_sha256(&self) -> digest::Digest {
        digest::digest(&digest::SHA256, self.body)
    }
}

fn member(object: &Object, name: &str) -> Result<String, BodyErrorKind> {
    json::text(object, name)
        .filter(|text| (1..=MAX_MEMBER_BYTES).contains(&text.len()))
        .map(str::to_owned)
        .ok_or(BodyErrorKind::Member)
}
