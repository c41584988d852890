//! Commands of the operator, carried out here or by the server that runs on the data directory.
//!
//! A data directory belongs to one process. The server that has it listens on a socket inside it; the command line
//! sends its [`Command`] there, or, when no server runs, opens the directory and executes the same command itself.

mod allow_list;
mod audit;
mod backup;
mod client;
mod command;
mod execute;
mod key;
mod listener;
mod merchant;
mod reply;
mod rsa_key;
mod sealed_secret;
mod secret_key;
mod sender;
mod shown;
mod user;
mod wire;
mod words;

pub use allow_list::AllowListCommand;
pub use audit::AuditCommand;
pub use backup::BackupCommand;
pub use client::ClientCommand;
pub use command::Command;
pub use execute::execute;
pub use key::KeyCommand;
pub use listener::{Listener, ListenerError};
pub use merchant::MerchantCommand;
pub use reply::{Refused, Reply};
pub use rsa_key::RsaKeyCommand;
pub use sealed_secret::SecretCommand;
pub use secret_key::SecretKeyCommand;
pub use sender::{SendError, Sender};
pub use shown::Shown;
pub use user::UserCommand;
pub use wire::{MAX_COMMAND, MAX_REPLY};
pub use words::{KeyDialect, ModeWord, PlainText, SecretKindWord};
