//! Merchants, users and credentials: the domain, without HTTP and without SQL.

mod credential;
mod families;
mod merchant;
mod password;
mod user;

pub use credential::{ClientDialect, Credential, CredentialKind, OauthClient, RsaKey, SealedSecret, SecretPurpose};
pub use families::{CLIENT_ID, KeyFamily};
pub use merchant::{Merchant, MerchantId, MerchantIdError, MerchantStatus};
pub use password::{PasswordError, PasswordHash, Passwords};
pub use user::{EmailAddress, User, UserId};
