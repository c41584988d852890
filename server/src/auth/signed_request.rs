//! A request that a Pledg merchant signed with its own secret.

use serde::Deserialize;
use serde_json::{Map, Value};
use tollgate_apikey::Mode;
use tollgate_jwt_session::danger::unverified_claims;
use tollgate_jwt_session::request::{MAX_REQUEST_KEYS, RequestKey, RequestKeys};

use super::gate::token_fault;
use super::{Arrival, Fault, Gate, Principal, Reason, Refusal, Via};
use crate::account::{MerchantId, SecretPurpose};

/// What an unverified request says about whose secret it is signed with.
#[derive(Deserialize)]
struct Claimed {
    data: ClaimedData,
}

#[derive(Deserialize)]
struct ClaimedData {
    #[serde(rename = "merchantUid")]
    merchant_uid: String,
}

impl Gate {
    /// Authenticates the merchant that signed a request; the JSON text it signed comes with it.
    ///
    /// Every secret of the merchant and mode that is in force is tried, newest first, at most [`MAX_REQUEST_KEYS`].
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`] alike for every text that is not a good request, also for an unknown merchant and
    /// for one without a secret.
    pub async fn signed_request(
        &self,
        text: &str,
        mode: Mode,
        arrival: &Arrival,
    ) -> Result<(Principal, String), Refusal> {
        let refused = |fault| self.refuse(fault, arrival);
        let claimed = unverified_claims::<Claimed>(text).map_err(|error| refused(token_fault(error.kind())))?;
        let named = self.vault.merchant_by_alias("mer", &claimed.data.merchant_uid, mode).await?;
        // Nobody's secrets are looked for and its request is checked, too, so that it takes as long; whatever comes of
        // it, it is refused.
        let nobody = MerchantId::new("ZZZ", "00000").map_err(|_| Refusal::new(Reason::Internal))?;
        let keys = self.request_keys(named.as_ref().unwrap_or(&nobody), mode, arrival).await?;
        let known = keys.is_some();
        let keys = keys.map_or_else(nobodys_keys, Ok)?;
        let verified = keys.verify::<Map<String, Value>>(text, arrival.now);
        let merchant = named.filter(|_| known).ok_or_else(|| refused(Fault::Unknown))?;
        let verified = verified.map_err(|error| refused(token_fault(error.kind())))?;
        let payload = verified.claims();
        // A notification is signed with the same algorithm and maybe the same secret; it is no request.
        if !payload.get("data").is_some_and(Value::is_object) || payload.contains_key("transfer_order_item_uid") {
            return Err(refused(Fault::Token));
        }
        let signed = std::str::from_utf8(verified.payload()).map_err(|_| refused(Fault::Malformed))?.to_owned();
        Ok((self.principal(&merchant, mode, Via::SignedRequest).await?, signed))
    }

    /// The merchant's secrets in force; `None` when there is none.
    async fn request_keys(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        arrival: &Arrival,
    ) -> Result<Option<RequestKeys>, Refusal> {
        let internal = || Refusal::new(Reason::Internal);
        let secrets = self.vault.secrets(merchant, mode, SecretPurpose::PledgRequest).await?;
        let usable = secrets.iter().filter(|secret| secret.lifecycle.check(arrival.now).is_ok());
        let mut keys = Vec::new();
        for secret in usable.take(MAX_REQUEST_KEYS) {
            let id = secret.id.as_str();
            let opened = self.sealer.open(secret.key_version, &secret.sealed, id).map_err(|_| internal())?;
            keys.push(RequestKey::new(&opened).and_then(|key| key.with_kid(id)).map_err(|_| internal())?);
        }
        if keys.is_empty() { Ok(None) } else { Ok(Some(RequestKeys::new(keys).map_err(|_| internal())?)) }
    }
}

fn nobodys_keys() -> Result<RequestKeys, Refusal> {
    RequestKey::new(&[0; 32]).and_then(|key| RequestKeys::new([key])).map_err(|_| Refusal::new(Reason::Internal))
}
