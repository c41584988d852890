//! What the shop's server does for its page: it holds the keys and gives out tokens for what is in the basket.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Sandbox;

/// The shop's credentials, test mode.
pub struct Keys {
    /// Caibo key.
    pub caibo: Zeroizing<String>,
    /// OAuth client of the Alternative dialect.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Zeroizing<String>,
}

/// An invoice and its customer.
#[derive(Debug, Clone)]
pub struct InvoiceIds {
    /// `inv_…`
    pub invoice_id: String,
    /// `cus_…`
    pub customer_id: String,
}

/// The shop's accounts department: it writes invoices, which the payment API only collects.
#[async_trait]
pub trait Books: Send + Sync {
    /// Writes a new open invoice to the shop's one customer; `None` when that did not work.
    async fn open_invoice(&self) -> Option<InvoiceIds>;
}

/// The shop's server.
pub struct Till {
    sandbox: Sandbox,
    keys: Keys,
    origin: String,
    books: Box<dyn Books>,
    /// The invoice that the one shopper of this demo looks at; a real shop has it in the shopper's session.
    invoice: Mutex<Option<InvoiceIds>>,
}

/// The shop could not do what its page asked for; the text holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The accounts department did not answer.
    #[error("no invoice could be written")]
    Books,
    /// The API's answer does not read.
    #[error("the payment API gave an answer that does not read")]
    Malformed,
    /// The page asks for a token before there is an invoice.
    #[error("there is no invoice yet")]
    NoInvoice,
    /// The API refused; its status.
    #[error("the payment API answered {0}")]
    Refused(u16),
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Till {
    /// A shop whose page is served at `origin`.
    #[must_use]
    pub fn new(sandbox: Sandbox, keys: Keys, origin: &str, books: Box<dyn Books>) -> Self {
        Self { sandbox, keys, origin: origin.to_owned(), books, invoice: Mutex::default() }
    }

    /// Where browsers reach the API.
    pub(super) fn api(&self) -> &str {
        self.sandbox.base_url()
    }

    /// A payment request over what is in the basket, and a token for its payment page.
    pub(super) async fn payment_session(&self) -> Result<Value, ShopError> {
        let order = json!({ "amount": 49.90, "unit": "EUR", "referenceId": "mugs-2", "originDomain": self.origin });
        let key = || (X_API_KEY, self.keys.caibo.clone());
        let made = self.sandbox.post("/payment-requests", key(), JSON, order.to_string()).await?;
        let id = made["id"].as_i64().ok_or(ShopError::Malformed)?;
        let path = format!("/payment-requests/{id}/checkout-session");
        let session = self.sandbox.post(&path, key(), JSON, "{}".to_owned()).await?;
        Ok(json!({ "requestId": id, "token": session["token"] }))
    }

    /// A new invoice, and a token for it.
    pub(super) async fn new_invoice(&self) -> Result<Value, ShopError> {
        let ids = self.books.open_invoice().await.ok_or(ShopError::Books)?;
        *self.invoice.lock().unwrap_or_else(PoisonError::into_inner) = Some(ids);
        self.invoice_token().await
    }

    /// A further token for the invoice that the shopper looks at; which one that is, the page is not asked.
    pub(super) async fn invoice_token(&self) -> Result<Value, ShopError> {
        let ids = self.invoice.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(ShopError::NoInvoice)?;
        let grant = "grant_type=client_credentials".to_owned();
        let access = self.sandbox.post("/oauth/token", self.basic(), FORM, grant).await?;
        let access = access["access_token"].as_str().ok_or(ShopError::Malformed)?;
        let bearer = (AUTHORIZATION, Zeroizing::new(format!("Bearer {access}")));
        let body = json!({ "customer_id": ids.customer_id, "invoice_id": ids.invoice_id });
        self.sandbox.post("/v1/checkout-auth/init", bearer, JSON, body.to_string()).await
    }

    /// Ends a token before its time.
    pub(super) async fn revoke(&self, token: &str) -> Result<(), ShopError> {
        // A token is base64url and dots, which a form takes as they are; anything else is not a token.
        if !token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
            return Err(ShopError::Malformed);
        }
        self.sandbox.post("/oauth/revoke", self.basic(), FORM, format!("token={token}")).await.map(drop)
    }

    fn basic(&self) -> (HeaderName, Zeroizing<String>) {
        let pair = Zeroizing::new(format!("{}:{}", self.keys.client_id, *self.keys.client_secret));
        (AUTHORIZATION, Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
    }
}
