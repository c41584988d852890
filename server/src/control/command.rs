//! What an operator can ask for.

use serde::{Deserialize, Serialize};

use super::{
    AllowListCommand, AuditCommand, BackupCommand, ClientCommand, KeyCommand, MerchantCommand, RsaKeyCommand,
    SecretCommand, SecretKeyCommand, UserCommand,
};

/// A noun with its verb: the words of the command line, and with the secrets read from files the line on the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Merchants
    Merchant(MerchantCommand),
    /// People who log in to the control panel
    User(UserCommand),
    /// API keys of Caibo, 88Pay and CardPlusPay
    Key(KeyCommand),
    /// OAuth clients of Pledg and Alternative Payments
    Client(ClientCommand),
    /// Secrets that sign webhook deliveries
    WebhookSecret(SecretCommand),
    /// Secrets that Pledg merchants sign requests with
    RequestSecret(SecretCommand),
    /// Secrets that sign what Pledg merchants are told
    NotificationSecret(SecretCommand),
    /// RSA public keys that `CardPlusPay` requests are signed for
    RsaKey(RsaKeyCommand),
    /// Addresses that server credentials may come from
    AllowList(AllowListCommand),
    /// The log of changes
    Audit(AuditCommand),
    /// The server's own secrets
    SecretKey(SecretKeyCommand),
    /// A copy of everything
    Backup(BackupCommand),
}
