//! From a stored body to the bytes and headers of one attempt.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use tollgate_apikey::KeyId;
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::{BackSigner, NotificationSecret, TransferSigner};
use tollgate_webhook_hmac::legacy::static_bearer::StaticSecret;
use tollgate_webhook_hmac::timestamped::Hash;
use tollgate_webhook_hmac::{WebhookSecret, standard, timestamped};

use crate::rng::{Rng, RngError};
use crate::storage::{AttemptError, Delivery, Format};

/// The live secrets of a merchant and mode.
pub(super) struct Secrets {
    /// Newest first, at most [`MAX_SECRETS`](tollgate_webhook_hmac::MAX_SECRETS).
    pub(super) webhook: Vec<(KeyId, WebhookSecret)>,
    /// Newest first; needed for Pledg's formats only.
    pub(super) notification: Option<NotificationSecret>,
    /// The static secret of an Alternative subscription.
    pub(super) bearer: Option<StaticSecret>,
}

/// An attempt ready to be sent.
pub(super) struct Signed {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// Nothing was signed.
#[derive(Debug)]
pub(super) enum SigningFault {
    /// The attempt fails.
    Attempt(AttemptError),
    /// There is no attempt.
    Randomness(RngError),
}

const X_CAIBO_SIGNATURE: HeaderName = HeaderName::from_static("x-caibo-signature");

/// Signs an attempt anew: first as its dialect does, then, over the bytes that go out, with the Standard Webhooks
/// headers.
///
/// Without a live webhook secret nothing is sent, in no dialect: an unsigned delivery teaches receivers to take one.
pub(super) fn sign(
    delivery: &Delivery,
    secrets: &Secrets,
    now: OffsetDateTime,
    rng: &Rng,
) -> Result<Signed, SigningFault> {
    let mut headers = HeaderMap::new();
    let mut body = delivery.body.clone();
    let all = || secrets.webhook.iter().map(|(_, secret)| secret);
    let no_secret = |_| AttemptError::NoSecret;
    let unsignable = |_| AttemptError::BodyUnsignable;
    let signer = standard::Signer::new(all()).map_err(no_secret)?;
    match delivery.format {
        Format::Alternative => {
            if let Some(bearer) = &secrets.bearer {
                headers.insert(AUTHORIZATION, sensitive(bearer.expose_authorization())?);
            }
        }
        Format::Caibo => {
            let signature = timestamped::Signer::new(Hash::Sha512, all()).map_err(no_secret)?;
            headers.insert(X_CAIBO_SIGNATURE, sensitive(&signature.sign(body.as_bytes(), now))?);
        }
        Format::EightyEightPay => {
            // The cipher takes keys of 32 bytes; a secret of another length was imported for the other scheme.
            let mut keys = secrets.webhook.iter().map(|(id, secret)| TokenKey::new(id.as_str(), secret));
            let key = keys.find_map(Result::ok).ok_or(AttemptError::NoSecret)?;
            let notification = eighty_eight_pay::Notification::parse(body.as_bytes()).map_err(unsignable)?;
            let token = eighty_eight_pay::Signer::new(key).sign(&notification, now, |bytes| rng.fill(bytes));
            headers.insert(AUTHORIZATION, sensitive(&token.map_err(SigningFault::Randomness)?)?);
        }
        Format::PledgBack => {
            let secret = secrets.notification.as_ref().ok_or(AttemptError::NoSecret)?;
            let signature = BackSigner::new(secret).sign(body.as_bytes()).map_err(unsignable)?;
            let members = body.strip_suffix('}').ok_or(AttemptError::BodyUnsignable)?;
            body = format!("{members},\"signature\":\"{signature}\"}}");
        }
        Format::PledgTransfer => {
            let secret = secrets.notification.as_ref().ok_or(AttemptError::NoSecret)?;
            body = TransferSigner::new(secret).sign(body.as_bytes()).map_err(unsignable)?;
        }
    }
    let id = standard::MessageId::parse(delivery.message_id.as_str()).map_err(|_| AttemptError::BodyUnsignable)?;
    for (name, value) in signer.sign(id, body.as_bytes(), now).pairs() {
        headers.insert(HeaderName::from_static(name), sensitive(value)?);
    }
    Ok(Signed { headers, body })
}

impl From<AttemptError> for SigningFault {
    fn from(error: AttemptError) -> Self {
        Self::Attempt(error)
    }
}

/// A value that no debug output shows.
fn sensitive(value: &str) -> Result<HeaderValue, AttemptError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| AttemptError::BodyUnsignable)?;
    value.set_sensitive(true);
    Ok(value)
}
