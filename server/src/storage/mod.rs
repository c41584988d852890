//! What is kept: the Vault (durable records) and the Ledger (short grants and quotas), and the cache before them.

mod cache;
mod completion;
mod error;
mod invoices;
mod ledger;
mod orders;
mod purchases;
mod records;
pub mod redis;
pub mod sql;
mod url;
mod vault;

pub use cache::FencedCache;
pub use completion::complete;
pub use error::{StorageError, StorageErrorKind};
pub use invoices::{InvoicePaymentOutcome, Invoices};
pub use ledger::{CheckoutGrant, Claim, Ledger, MintRefusal};
pub use orders::{OrderOutcome, Orders};
pub use purchases::{Credit, CreditOutcome, LinkOutcome, NewCredit, Purchases, ReleaseOutcome};
pub use records::{Owner, Records, RequestSigning};
pub use url::StorageUrl;
pub use vault::{Answered, Created, Idempotency, PaymentOutcome, Render, Vault};
