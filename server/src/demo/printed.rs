//! The credentials of the demo merchant, in the form `dev` prints them.

use serde::Serialize;

/// What `dev` prints. A value that is `None` was shown at the first start and is kept nowhere in clear.
#[derive(Serialize)]
pub struct Printed {
    /// Base URL of the listener for test credentials.
    pub sandbox: String,
    /// Base URL of the listener for live credentials.
    pub live: String,
    /// Origin of the demo shop, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
    /// The merchant id, sandbox spelling.
    pub merchant_id_test: String,
    /// The merchant id.
    pub merchant_id_live: String,
    /// The login of a person.
    pub panel: Panel,
    /// Caibo.
    pub caibo: Caibo,
    /// 88Pay.
    #[serde(rename = "88pay")]
    pub eighty_eight_pay: EightyEightPay,
    /// Pledg.
    pub pledg: Pledg,
    /// Alternative Payments.
    pub alternative: Alternative,
    /// CardPlusPay.
    pub cardpluspay: CardPlusPay,
}

/// The login of a person.
#[derive(Serialize)]
pub struct Panel {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: Option<String>,
    /// User id, decimal text.
    pub user_id: String,
    /// E-mail address of an administrator, who sees every merchant.
    pub admin_email: String,
    /// The administrator's password.
    pub admin_password: Option<String>,
}

/// Caibo credentials.
#[derive(Serialize)]
pub struct Caibo {
    /// Test key.
    pub api_key_test: Option<String>,
    /// Live key.
    pub api_key_live: Option<String>,
    /// An open payment request, test mode.
    pub payment_request_id: i64,
    /// Signs deliveries, test mode.
    pub webhook_secret: String,
    /// The registered origin of the demo shop.
    pub origin: String,
}

/// 88Pay credentials.
#[derive(Serialize)]
pub struct EightyEightPay {
    /// Test key.
    pub api_key_test: Option<String>,
    /// Live key.
    pub api_key_live: Option<String>,
}

/// Pledg credentials.
#[derive(Serialize)]
pub struct Pledg {
    /// Client id, test mode.
    pub key: String,
    /// Client secret.
    pub secret: Option<String>,
    /// Signs requests, test mode.
    pub signing_secret: String,
    /// Signs notifications, test mode; data directories of the first releases have none.
    pub notification_secret: Option<String>,
    /// The `mer_` alias, test mode.
    pub merchant_uid: String,
    /// An authorized purchase, test mode.
    pub purchase_uid: String,
}

/// Alternative Payments credentials.
#[derive(Serialize)]
pub struct Alternative {
    /// Client id, test mode.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Option<String>,
    /// A customer, test mode.
    pub customer_id: String,
    /// An open invoice of that customer.
    pub invoice_id: String,
}

/// CardPlusPay credentials.
#[derive(Serialize)]
pub struct CardPlusPay {
    /// Test key.
    pub api_key: Option<String>,
    /// An item that can be ordered, test mode.
    pub item_id: i64,
    /// Test key of a second merchant whose requests must be signed.
    pub signed_api_key: Option<String>,
    /// PKCS#8 PEM that answers its challenges.
    pub private_key_pem: Option<String>,
}

impl Printed {
    /// One line of JSON.
    ///
    /// # Errors
    ///
    /// None in practice: every member is text or a number.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Whether this is the start at which everything can be shown.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.panel.password.is_some()
    }
}
