use std::borrow::Borrow;
use std::fmt;

use ring::digest;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::status::Status;
use super::{MAX_BODY_BYTES, NotificationSecret, VerifiedNotification};
use crate::error::{BodyError, BodyErrorKind, ConfigError, VerifyError, VerifyErrorKind};
use crate::json::{self, Json, Object};
use crate::{ReplayId, hex, keys};

/// The bytes of a signature.
const DIGEST_BYTES: usize = 32;

/// The members of a back-mode notification that its signature covers.
///
/// `null` reads as the empty text and a boolean as `true` or `false`, as they are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackFields {
    created_at: String,
    error: String,
    id: String,
    reference: String,
    sandbox: String,
    status: Status,
}

impl BackFields {
    /// When the notification was made, as the sender wrote it.
    #[must_use]
    pub fn created_at(&self) -> &str {
        &self.created_at
    }

    /// The error text, empty if there is none.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The id of the notification, never empty.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The merchant's reference of the purchase.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// `true`, `false` or whatever text the sender wrote.
    #[must_use]
    pub fn sandbox(&self) -> &str {
        &self.sandbox
    }

    /// The state of the purchase.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    pub(super) fn read_unsigned(body: &[u8]) -> Result<Self, BodyErrorKind> {
        let object = read_object(body)?;
        if object.contains_key("signature") {
            return Err(BodyErrorKind::Signed);
        }
        Self::read(&object)
    }

    fn read(object: &Object) -> Result<Self, BodyErrorKind> {
        let id = signed_text(object, "id")?;
        if id.is_empty() {
            return Err(BodyErrorKind::Member);
        }
        Ok(Self {
            created_at: signed_text(object, "created_at")?,
            error: signed_text(object, "error")?,
            id,
            reference: signed_text(object, "reference")?,
            sandbox: signed_text(object, "sandbox")?,
            status: json::text(object, "status")
                .ok_or(BodyErrorKind::Member)
                .and_then(|status| Status::parse(status).ok_or(BodyErrorKind::Status))?,
        })
    }

    /// The signed members in the order in which they are signed.
    fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("created_at", &self.created_at),
            ("error", &self.error),
            ("id", &self.id),
            ("reference", &self.reference),
            ("sandbox", &self.sandbox),
            ("status", self.status.as_str()),
        ]
    }

    /// SHA-256 over `key=value`, joined by the secret.
    fn digest(&self, secret: &str) -> digest::Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        for (index, (name, value)) in self.pairs().into_iter().enumerate() {
            if index > 0 {
                context.update(secret.as_bytes());
            }
            for part in [name, "=", value] {
                context.update(part.as_bytes());
            }
        }
        context.finish()
    }

    /// Whether a value holds the joint, so that the signed text could be cut in another way.
    fn holds(&self, secret: &str) -> bool {
        self.pairs().into_iter().any(|(_, value)| value.contains(secret))
    }
}

/// Signs back-mode notifications.
pub struct BackSigner {
    secret: Zeroizing<String>,
}

impl BackSigner {
    /// Takes the newest secret: the format has room for one signature.
    #[must_use]
    pub fn new(secret: &NotificationSecret) -> Self {
        Self { secret: Zeroizing::new(secret.expose_secret().to_owned()) }
    }

    /// The value of `signature`, 64 upper-case hex digits, for a body that does not have it yet.
    ///
    /// Add it to the body as one more member; the others may then be written in any order.
    ///
    /// # Errors
    ///
    /// Every [`BodyErrorKind`]: the body is read as the receiver will read it.
    pub fn sign(&self, body: &[u8]) -> Result<String, BodyError> {
        let fields = BackFields::read_unsigned(body)?;
        if fields.holds(&self.secret) {
            return Err(BodyErrorKind::ContainsSecret.into());
        }
        let mut signature = String::with_capacity(2 * DIGEST_BYTES);
        hex::push_upper(&mut signature, fields.digest(&self.secret).as_ref());
        Ok(signature)
    }
}

impl fmt::Debug for BackSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackSigner(..)")
    }
}

/// Verifies back-mode notifications.
pub struct BackVerifier {
    secrets: Vec<Zeroizing<String>>,
}

impl BackVerifier {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(secrets: impl IntoIterator<Item = impl Borrow<NotificationSecret>>) -> Result<Self, ConfigError> {
        let secrets = keys::collect(secrets, |secret| Ok(Zeroizing::new(secret.borrow().expose_secret().to_owned())))?;
        Ok(Self { secrets })
    }

    /// Reads the body and checks its signature under every live secret; hex digits may be in any case.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](VerifyErrorKind::BodyTooLarge), [`Unsigned`](VerifyErrorKind::Unsigned) without a `signature`,
    /// [`Malformed`](VerifyErrorKind::Malformed), [`NoMatch`](VerifyErrorKind::NoMatch).
    pub fn verify(&self, body: &[u8]) -> Result<VerifiedNotification<BackFields>, VerifyError> {
        let object = read_object(body).map_err(refused)?;
        let signature = match object.get("signature") {
            None => return Err(VerifyErrorKind::Unsigned.into()),
            Some(Json::Text(digits)) => digits,
            Some(_) => return Err(VerifyErrorKind::Malformed.into()),
        };
        let mut presented = [0; DIGEST_BYTES];
        hex::decode_any(signature, &mut presented).ok_or(VerifyErrorKind::Malformed)?;
        let fields = BackFields::read(&object).map_err(refused)?;
        let mut hit = Choice::from(0);
        for secret in &self.secrets {
            hit |= fields.digest(secret).as_ref().ct_eq(&presented);
        }
        // The search for the joint takes a time that depends on the secret, so strangers never get that far.
        if !bool::from(hit) || self.secrets.iter().any(|secret| fields.holds(secret)) {
            return Err(VerifyErrorKind::NoMatch.into());
        }
        let replay_id = ReplayId::of("pledg-back", &[fields.id.as_bytes(), fields.status.as_str().as_bytes()]);
        Ok(VerifiedNotification::new(fields, replay_id))
    }
}

impl fmt::Debug for BackVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackVerifier").field("secrets", &self.secrets.len()).finish()
    }
}

/// Reads the object of a body, within the bound.
pub(super) fn read_object(body: &[u8]) -> Result<Object, BodyErrorKind> {
    if body.len() > MAX_BODY_BYTES {
        return Err(BodyErrorKind::TooLarge);
    }
    json::parse_object(body).ok_or(BodyErrorKind::Json)
}

pub(super) fn refused(kind: BodyErrorKind) -> VerifyErrorKind {
    match kind {
        BodyErrorKind::TooLarge => VerifyErrorKind::BodyTooLarge,
        _ => VerifyErrorKind::Malformed,
    }
}

/// A signed member as the signing string spells it.
fn signed_text(object: &Object, name: &str) -> Result<String, BodyErrorKind> {
    match object.get(name) {
        Some(Json::Null) => Ok(String::new()),
        Some(Json::Bool(value)) => Ok(value.to_string()),
        _ => json::text(object, name).map(str::to_owned).ok_or(BodyErrorKind::Member),
    }
}
