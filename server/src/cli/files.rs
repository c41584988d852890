//! The files that arguments of commands name: secrets are read here, the others named so that a server finds them.

use std::path::Path;

use zeroize::Zeroizing;

use super::{Failure, input};
use crate::control::{
    BackupCommand, ClientCommand, Command, PlainText, RsaKeyCommand, SecretCommand, SecretKeyCommand, UserCommand,
};

/// The longest file with a secret, in bytes.
const MAX_SECRET: usize = 4096;
/// The longest file with a public key, in bytes.
const MAX_PEM: usize = 20 * 1024;

/// Fills in what a command reads from a file.
pub(super) fn read(command: &mut Command) -> Result<(), Failure> {
    match command {
        Command::User(
            UserCommand::Create { password_file: file, password: text, .. }
            | UserCommand::Password { password_file: file, password: text, .. },
        )
        | Command::Client(ClientCommand::Import { secret_file: file, secret: text, .. })
        | Command::WebhookSecret(SecretCommand::Import { secret_file: file, secret: text, .. })
        | Command::RequestSecret(SecretCommand::Import { secret_file: file, secret: text, .. })
        | Command::NotificationSecret(SecretCommand::Import { secret_file: file, secret: text, .. }) => {
            *text = Some(secret(file)?);
        }
        Command::RsaKey(RsaKeyCommand::Register { file, pem, .. }) => {
            *pem = Some(PlainText::new(input::read(file, MAX_PEM)?));
        }
        Command::Backup(BackupCommand { file, .. })
        | Command::SecretKey(SecretKeyCommand::Rotate { secret_file: Some(file), .. }) => {
            *file = std::path::absolute(&*file).map_err(|error| Failure::Input(file.display().to_string(), error))?;
        }
        _ => {}
    }
    Ok(())
}

/// A secret; one line end at its end is the file's.
fn secret(file: &Path) -> Result<PlainText, Failure> {
    let text = input::read(file, MAX_SECRET)?;
    let without = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(PlainText::new(Zeroizing::new(without.to_owned())))
}
