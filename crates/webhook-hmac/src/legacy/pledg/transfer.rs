use std::borrow::Borrow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use subtle::{Choice, ConstantTimeEq as _};

use super::back::{read_object, refused};
use super::{MAX_TOKEN_BYTES, NotificationSecret, VerifiedNotification};
use crate::error::{BodyError, BodyErrorKind, ConfigError, VerifyError, VerifyErrorKind};
use crate::json::{self, Json, Object};
use crate::{ReplayId, keys};

/// The JOSE header that a signer writes.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The JOSE header members that change how a token is read or where its key comes from, and so refuse it.
const FORBIDDEN_HEADER_MEMBERS: [&str; 7] = ["b64", "crit", "jku", "jwk", "x5c", "x5u", "zip"];

/// The payload members that make a token something else than a notification: a signed request has `data`, and a token
/// with a life of its own has a time.
const FORBIDDEN_PAYLOAD_MEMBERS: [&str; 4] = ["data", "exp", "iat", "nbf"];

/// What a transfer-mode notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFields {
    reference: String,
    created: String,
    transfer_order_item_uid: String,
    amount_cents: u64,
    merchant_uid: Option<String>,
    purchase_uid: Option<String>,
}

impl TransferFields {
    /// The merchant's reference of the purchase.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// When the transfer was made, as the sender wrote it.
    #[must_use]
    pub fn created(&self) -> &str {
        &self.created
    }

    /// The id of the transfer, never empty.
    #[must_use]
    pub fn transfer_order_item_uid(&self) -> &str {
        &self.transfer_order_item_uid
    }

    /// The amount, in hundredths of the currency's unit.
    #[must_use]
    pub fn amount_cents(&self) -> u64 {
        self.amount_cents
    }

    /// The merchant, where the sender names it.
    #[must_use]
    pub fn merchant_uid(&self) -> Option<&str> {
        self.merchant_uid.as_deref()
    }

    /// The purchase, where the sender names it.
    #[must_use]
    pub fn purchase_uid(&self) -> Option<&str> {
        self.purchase_uid.as_deref()
    }

    pub(super) fn read_unsigned(body: &[u8]) -> Result<Self, BodyErrorKind> {
        let object = read_object(body)?;
        if object.contains_key("signature") {
            return Err(BodyErrorKind::Signed);
        }
        Self::read(&object).ok_or(BodyErrorKind::Member)
    }

    fn read(object: &Object) -> Option<Self> {
        if FORBIDDEN_PAYLOAD_MEMBERS.iter().any(|name| object.contains_key(*name)) {
            return None;
        }
        let Some(Json::Whole(amount_cents)) = object.get("amount_cents") else {
            return None;
        };
        let uid = json::text(object, "transfer_order_item_uid").filter(|uid| !uid.is_empty())?;
        Some(Self {
            reference: json::text(object, "reference")?.to_owned(),
            created: json::text(object, "created")?.to_owned(),
            transfer_order_item_uid: uid.to_owned(),
            amount_cents: *amount_cents,
            merchant_uid: optional_text(object, "merchant_uid")?,
            purchase_uid: optional_text(object, "purchase_uid")?,
        })
    }

    /// The payload of a token.
    fn to_json(&self) -> String {
        let mut out = String::from("{");
        let texts = [
            ("reference", self.reference.as_str()),
            ("created", &self.created),
            ("transfer_order_item_uid", &self.transfer_order_item_uid),
        ];
        for (name, value) in texts {
            json::push_member(&mut out, name, value);
        }
        out.push_str(",\"amount_cents\":");
        out.push_str(&self.amount_cents.to_string());
        for (name, value) in [("merchant_uid", &self.merchant_uid), ("purchase_uid", &self.purchase_uid)] {
            if let Some(value) = value {
                json::push_member(&mut out, name, value);
            }
        }
        out.push('}');
        out
    }
}

/// Signs transfer-mode notifications.
pub struct TransferSigner {
    key: hmac::Key,
}

impl TransferSigner {
    /// Takes the newest secret: the format has room for one signature.
    #[must_use]
    pub fn new(secret: &NotificationSecret) -> Self {
        Self { key: key(secret) }
    }

    /// The body to send, `{"signature":"<token>"}`, for a plain body with the same members.
    ///
    /// # Errors
    ///
    /// The kinds of [`UnsignedNotification::transfer`](super::UnsignedNotification::transfer), and
    /// [`TooLarge`](BodyErrorKind::TooLarge) when the token would be longer than [`MAX_TOKEN_BYTES`].
    pub fn sign(&self, body: &[u8]) -> Result<String, BodyError> {
        let payload = TransferFields::read_unsigned(body)?.to_json();
        let mut token = URL_SAFE_NO_PAD.encode(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let tag = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BodyErrorKind::TooLarge.into());
        }
        Ok(format!("{{\"signature\":\"{token}\"}}"))
    }
}

impl fmt::Debug for TransferSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferSigner(..)")
    }
}

/// Verifies transfer-mode notifications.
pub struct TransferVerifier {
    keys: Vec<hmac::Key>,
}

impl TransferVerifier {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(secrets: impl IntoIterator<Item = impl Borrow<NotificationSecret>>) -> Result<Self, ConfigError> {
        Ok(Self { keys: keys::collect(secrets, |secret| Ok(key(secret.borrow())))? })
    }

    /// Reads the body, whose only member is `signature`, and checks its token under every live secret.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](VerifyErrorKind::BodyTooLarge), [`Unsigned`](VerifyErrorKind::Unsigned) without a `signature`,
    /// [`Malformed`](VerifyErrorKind::Malformed), [`WrongScheme`](VerifyErrorKind::WrongScheme) for a header that is
    /// not that of an HS256 token, [`NoMatch`](VerifyErrorKind::NoMatch).
    pub fn verify(&self, body: &[u8]) -> Result<VerifiedNotification<TransferFields>, VerifyError> {
        let object = read_object(body).map_err(refused)?;
        let token = match object.get("signature") {
            None => return Err(VerifyErrorKind::Unsigned.into()),
            Some(Json::Text(token)) if object.len() == 1 => token,
            Some(_) => return Err(VerifyErrorKind::Malformed.into()),
        };
        let fields = self.open(token)?;
        let replay_id = ReplayId::of("pledg-transfer", &[fields.transfer_order_item_uid.as_bytes()]);
        Ok(VerifiedNotification::new(fields, replay_id))
    }

    /// Checks the tag before it looks into header or payload.
    fn open(&self, token: &str) -> Result<TransferFields, VerifyErrorKind> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyErrorKind::Malformed);
        }
        let (signed, tag) = token.rsplit_once('.').ok_or(VerifyErrorKind::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyErrorKind::Malformed)?;
        let tag = <[u8; 32]>::try_from(decode(tag)?).map_err(|_| VerifyErrorKind::Malformed)?;
        let (header, payload) = (decode(header)?, decode(payload)?);
        let mut hit = Choice::from(0);
        for key in &self.keys {
            hit |= hmac::sign(key, signed.as_bytes()).as_ref().ct_eq(&tag);
        }
        if !bool::from(hit) {
            return Err(VerifyErrorKind::NoMatch);
        }
        let header = json::parse_object(&header).ok_or(VerifyErrorKind::Malformed)?;
        if !is_notification_header(&header) {
            return Err(VerifyErrorKind::WrongScheme);
        }
        json::parse_object(&payload)
            .and_then(|payload| TransferFields::read(&payload))
            .ok_or(VerifyErrorKind::Malformed)
    }
}

impl fmt::Debug for TransferVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferVerifier").field("keys", &self.keys.len()).finish()
    }
}

/// HS256 under the ASCII bytes of the secret.
fn key(secret: &NotificationSecret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

/// Decodes one part of a token, which may not be empty.
fn decode(part: &str) -> Result<Vec<u8>, VerifyErrorKind> {
    let decoded = URL_SAFE_NO_PAD.decode(part).map_err(|_| VerifyErrorKind::Malformed)?;
    if decoded.is_empty() { Err(VerifyErrorKind::Malformed) } else { Ok(decoded) }
}

fn is_notification_header(header: &Object) -> bool {
    let is_typ = header.get("typ").is_none_or(|typ| matches!(typ, Json::Text(typ) if typ == "JWT"));
    is_typ
        && json::text(header, "alg") == Some("HS256")
        && !FORBIDDEN_HEADER_MEMBERS.iter().any(|name| header.contains_key(*name))
}

/// A member that may be absent or `null`, but not of another type.
#[expect(clippy::option_option, reason = "the outer one refuses, the inner one says absent")]
fn optional_text(object: &Object, name: &str) -> Option<Option<String>> {
    match object.get(name) {
        None | Some(Json::Null) => Some(None),
        Some(_) => json::text(object, name).map(|text| Some(text.to_owned())),
    }
}
