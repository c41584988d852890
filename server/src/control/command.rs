//! What an operator can ask for.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::{
    AllowListCommand, AuditCommand, ClientCommand, KeyCommand, MerchantCommand, RsaKeyCommand, SecretCommand,
    UserCommand,
};

/// A noun with its verb: the words of the command line, and with the secrets read from files the line on the socket.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Merchants
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// People who log in to the control panel
    #[command(subcommand)]
    User(UserCommand),
    /// API keys of Caibo, 88Pay and CardPlusPay
    #[command(subcommand)]
    Key(KeyCommand),
    /// OAuth clients of Pledg and Alternative Payments
    #[command(subcommand)]
    Client(ClientCommand),
    /// Secrets that sign webhook deliveries
    #[command(subcommand)]
    WebhookSecret(SecretCommand),
    /// Secrets that Pledg merchants sign requests with
    #[command(subcommand)]
    RequestSecret(SecretCommand),
    /// RSA public keys that `CardPlusPay` requests are signed for
    #[command(subcommand)]
    RsaKey(RsaKeyCommand),
    /// Addresses that server credentials may come from
    #[command(subcommand)]
    AllowList(AllowListCommand),
    /// The log of changes
    #[command(subcommand)]
    Audit(AuditCommand),
}
