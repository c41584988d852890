//! Merchants, users and credentials: the domain, without HTTP and without SQL.

mod audit;
mod audit_chain;
mod credential;
mod families;
mod merchant;
mod password;
mod secret_text;
mod totp;
mod user;

pub use audit::{Actor, ActorKind, AuditEntry, AuditHead, NewAuditEntry};
pub use audit_chain::{AuditFault, AuditFaultKind};
pub use credential::{
    ClientDialect, Credential, CredentialKind, ForeignPair, OauthClient, RsaKey, SealedSecret, SecretPurpose,
    renewed_life,
};
pub use families::{CLIENT_ID, KeyFamily};
pub use merchant::{Merchant, MerchantId, MerchantIdError, MerchantStatus, Switch};
pub use password::{PasswordError, PasswordHash, Passwords};
pub use secret_text::SecretText;
pub use totp::{RecoveryCode, TOTP_CLAIMS, TotpSecret, TotpStep};
pub use user::{EmailAddress, Role, SealedTotp, User, UserId};
