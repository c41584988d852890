//! What is kept: the Vault (durable records) and the Ledger (short grants and quotas), and the cache before them.

mod audit;
mod cache;
mod completion;
mod directory;
mod error;
mod feed;
mod invoices;
mod ledger;
mod mails;
mod orders;
mod password_links;
mod purchases;
mod records;
pub mod redis;
mod samples;
mod scope_sets;
mod second_factors;
mod secret_keys;
mod sent_forms;
mod sessions;
mod snapshot;
pub mod sql;
mod url;
mod usage;
mod vault;
mod webhooks;

pub use audit::{AuditFilter, AuditLink, AuditLog};
pub use cache::FencedCache;
pub use completion::complete;
pub use directory::{
    Change, ChangeRefusal, Clients, CredentialChange, Credentials, Directory, ListPart, MerchantChange, MerchantFilter,
    Merchants, RsaKeys, Secrets, UserChange, Users,
};
pub use error::{StorageError, StorageErrorKind};
pub use feed::{Bound, Feed};
pub use invoices::{InvoicePaymentOutcome, Invoices};
pub use ledger::{CheckoutGrant, Claim, Ledger, MintRefusal};
pub use mails::{Mails, WaitingMail};
pub use orders::{OrderOutcome, Orders};
pub use password_links::{LinkPurpose, PasswordLink, PasswordLinks};
pub use purchases::{Credit, CreditOutcome, LinkOutcome, NewCredit, Purchases, ReleaseOutcome, SettledPurchase};
pub use records::{CACHED_TABLES, Owner, REQUEST_SIGNING, Records, RequestSigning};
pub use samples::{SampleBatch, Samples};
pub use second_factors::SecondFactors;
pub use secret_keys::{KeyUse, Resealed, RowId, SealedRecord, SealedRow, SecretKeyRecords};
pub use sent_forms::{FormTurn, SentForms};
pub use sessions::{PanelSession, SessionChange, Sessions};
pub use snapshot::{Snapshot, SnapshotError, Snapshots};
pub use url::StorageUrl;
pub use usage::{HourOfUse, LastUse, UsageBook};
pub use vault::{Answered, Created, Idempotency, NewPaymentAttempt, PaymentAttempt, PaymentOutcome, Render, Vault};
pub use webhooks::{
    Attempt, AttemptError, AttemptOutcome, Delivery, DeliveryCursor, DeliveryState, Endpoint, EndpointId,
    EndpointOrigin, Format, LeasedDelivery, MAX_PASSED_OVER, MessageId, NewEndpoint, NewLease, Next, Notice, Notify,
    SealedBearer, WebhookDialect, WebhookEndpoints, Webhooks,
};
