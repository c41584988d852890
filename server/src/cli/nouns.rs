//! The account commands as they are written: noun, verb, and what all of them take.

use clap::{Args, Subcommand};

use super::account;
use crate::control::{
    AllowListCommand, AuditCommand, BackupCommand, ClientCommand, Command, KeyCommand, MerchantCommand, RsaKeyCommand,
    SecretCommand, SecretKeyCommand, UserCommand,
};

#[derive(Debug, Subcommand)]
pub(super) enum Nouns {
    /// Make, list, approve and suspend merchants
    Merchant(Noun<MerchantCommand>),
    /// Make, list and disable the people who log in to the control panel
    User(Noun<UserCommand>),
    /// Issue, list, rotate and revoke API keys of Caibo, 88Pay and CardPlusPay
    Key(Noun<KeyCommand>),
    /// Make, import, rotate and revoke OAuth clients of Pledg and Alternative Payments
    Client(Noun<ClientCommand>),
    /// Issue, rotate and revoke the secrets that sign webhook deliveries
    WebhookSecret(Noun<SecretCommand>),
    /// Issue, rotate and revoke the secrets that Pledg merchants sign requests with
    RequestSecret(Noun<SecretCommand>),
    /// Issue, rotate and revoke the secrets that sign what Pledg merchants are told
    NotificationSecret(Noun<SecretCommand>),
    /// Register and end the RSA public keys of CardPlusPay request signing
    RsaKey(Noun<RsaKeyCommand>),
    /// Show and change the addresses that server credentials may come from
    AllowList(Noun<AllowListCommand>),
    /// List, check and export the log of changes
    Audit(Noun<AuditCommand>),
    /// Show, rotate and prune the secrets that records are digested and sealed under
    SecretKey(Noun<SecretKeyCommand>),
    /// Copy the database and the keys, also of a running server
    Backup(Plain<BackupCommand>),
}

#[derive(Debug, Args)]
pub(super) struct Noun<V: Subcommand> {
    #[command(flatten)]
    account: account::Arguments,
    #[command(subcommand)]
    verb: V,
}

#[derive(Debug, Args)]
pub(super) struct Plain<C: Args> {
    #[command(flatten)]
    account: account::Arguments,
    #[command(flatten)]
    command: C,
}

impl Nouns {
    /// The command and where it goes.
    pub(super) fn split(self) -> (Command, account::Arguments) {
        match self {
            Self::Merchant(noun) => (Command::Merchant(noun.verb), noun.account),
            Self::User(noun) => (Command::User(noun.verb), noun.account),
            Self::Key(noun) => (Command::Key(noun.verb), noun.account),
            Self::Client(noun) => (Command::Client(noun.verb), noun.account),
            Self::WebhookSecret(noun) => (Command::WebhookSecret(noun.verb), noun.account),
            Self::RequestSecret(noun) => (Command::RequestSecret(noun.verb), noun.account),
            Self::NotificationSecret(noun) => (Command::NotificationSecret(noun.verb), noun.account),
            Self::RsaKey(noun) => (Command::RsaKey(noun.verb), noun.account),
            Self::AllowList(noun) => (Command::AllowList(noun.verb), noun.account),
            Self::Audit(noun) => (Command::Audit(noun.verb), noun.account),
            Self::SecretKey(noun) => (Command::SecretKey(noun.verb), noun.account),
            Self::Backup(plain) => (Command::Backup(plain.command), plain.account),
        }
    }
}
