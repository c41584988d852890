//! Carrying a command out.

use time::OffsetDateTime;
use tokio::sync::mpsc::Sender;

use super::{Command, Refused, Reply, Shown};
use crate::account::SecretPurpose;
use crate::administration::Administration;

/// Carries a command out and sends the answer in parts, the last of which says how it ended.
///
/// A change is true before its answer is sent. Nobody has to listen.
pub async fn execute(administration: &Administration, command: Command, now: OffsetDateTime, replies: &Sender<Reply>) {
    let last = match run(administration, command, now, replies).await {
        Ok(records) if records.is_empty() => Reply::End,
        Ok(records) => match replies.send(Reply::Records(records)).await {
            Ok(()) => Reply::End,
            Err(_) => return,
        },
        Err(refused) => Reply::Refused(refused),
    };
    // A reader that went away does not undo what was done.
    let _ = replies.send(last).await;
}

async fn run(
    administration: &Administration,
    command: Command,
    now: OffsetDateTime,
    replies: &Sender<Reply>,
) -> Result<Vec<Shown>, Refused> {
    match command {
        Command::AllowList(command) => command.run(administration).await,
        Command::Audit(command) => command.run(administration, replies).await,
        Command::Backup(command) => command.run(administration).await,
        Command::Client(command) => command.run(administration, now).await,
        Command::Key(command) => command.run(administration, now).await,
        Command::Merchant(command) => command.run(administration).await,
        Command::NotificationSecret(command) => {
            command.run(SecretPurpose::PledgNotification, administration, now).await
        }
        Command::RequestSecret(command) => command.run(SecretPurpose::PledgRequest, administration, now).await,
        Command::RsaKey(command) => command.run(administration, now).await,
        Command::SecretKey(command) => command.run(administration, replies).await,
        Command::User(command) => command.run(administration).await,
        Command::WebhookSecret(command) => command.run(SecretPurpose::Webhook, administration, now).await,
    }
}
