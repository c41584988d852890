//! Invoices a customer can pay.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::{Created, Idempotency, Notify, Render, StorageError};
use crate::account::MerchantId;
use crate::payments::{Invoice, InvoiceStatus, NewInvoicePayment, PaymentMethod};

/// What an attempt to pay an invoice came to.
#[derive(Debug)]
pub enum InvoicePaymentOutcome {
    /// It was paid, now or by the first call with the same key; or the key was used with another body.
    Created(Created),
    /// The payment method is not of the kind that was named.
    OtherKind,
    /// The invoice is not open.
    NotPayable,
    /// The customer has no such payment method.
    UnknownMethod,
}

/// Invoices and what customers pay them with. Every write is on disk before the call returns.
#[async_trait]
pub trait Invoices: Send + Sync {
    /// Stores an invoice.
    async fn insert_invoice(&self, invoice: &Invoice) -> Result<(), StorageError>;
    /// Reads an invoice of a merchant and mode.
    async fn invoice(&self, merchant: &MerchantId, mode: Mode, id: &str) -> Result<Option<Invoice>, StorageError>;
    /// Moves an invoice to another state, as the merchant's back office does; `false` when there is none.
    async fn set_invoice_status(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &str,
        status: InvoiceStatus,
    ) -> Result<bool, StorageError>;
    /// Stores a payment method.
    async fn insert_payment_method(&self, method: &PaymentMethod) -> Result<(), StorageError>;
    /// The payment methods of one customer, oldest first, at most `limit`.
    async fn payment_methods(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        customer_id: &str,
        limit: u32,
    ) -> Result<Vec<PaymentMethod>, StorageError>;
    /// Pays an open invoice in full: of any number of calls at once one does.
    ///
    /// `render` makes the answer kept for repetitions, and `notify` says what the merchant is told, inside the
    /// transaction.
    async fn pay_invoice(
        &self,
        new: NewInvoicePayment,
        idempotency: Option<Idempotency>,
        render: Render<'_, NewInvoicePayment>,
        notify: Notify<'_, NewInvoicePayment>,
    ) -> Result<InvoicePaymentOutcome, StorageError>;
}
