//! Mail to panel users: links that set a password, and notices of what happened to their account.
//!
//! Sending never holds up an answer: a message is queued, and one task sends one after the other.

mod notice;
mod smtp;

use std::fmt;
use std::io::Write;

use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use crate::account::EmailAddress;

pub use notice::Notice;
pub use smtp::{SmtpError, SmtpSecurity, SmtpServer, is_address};

/// A message to one person. Its text may hold a link that opens an account.
#[derive(Clone)]
pub struct Message {
    /// Whom it goes to.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: Zeroizing<String>,
}

/// Takes messages.
#[derive(Clone, Default)]
pub struct Mailer(Sink);

#[derive(Clone, Default)]
enum Sink {
    /// Nobody sends them.
    #[default]
    None,
    /// They are kept for who asks.
    Kept(watch::Sender<Vec<Message>>),
    /// They are printed, as this is the machine of who reads them.
    Printed,
    /// They are sent.
    Queued(mpsc::Sender<Message>),
}

impl Mailer {
    /// Messages that wait to be sent; further ones are dropped and logged.
    const QUEUE: usize = 256;

    /// Nobody sends anything.
    #[must_use]
    pub fn none() -> Self {
        Self(Sink::None)
    }

    /// Prints messages on standard output: for a server that is tried out on this machine.
    #[must_use]
    pub fn printed() -> Self {
        Self(Sink::Printed)
    }

    /// Keeps messages; [`kept`](Self::kept) answers them. For tests.
    #[must_use]
    pub fn keeping() -> Self {
        Self(Sink::Kept(watch::Sender::default()))
    }

    /// Sends messages through this server, one after the other, in a task that ends with the last mailer.
    ///
    /// # Errors
    ///
    /// [`SmtpError`] when the server's settings cannot be used.
    pub fn smtp(server: &SmtpServer) -> Result<Self, SmtpError> {
        let transport = server.transport()?;
        let (sender, mut receiver) = mpsc::channel(Self::QUEUE);
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                transport.send(&message).await;
            }
        });
        Ok(Self(Sink::Queued(sender)))
    }

    /// Whether messages go anywhere.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self.0, Sink::None)
    }

    /// Takes a message; what becomes of it is in the log only, because no answer may depend on it.
    pub fn send(&self, to: &EmailAddress, notice: &Notice) {
        let message = notice.message(to);
        match &self.0 {
            Sink::None => tracing::warn!(notice = notice.label(), "there is no [mail]: a message was not sent"),
            Sink::Kept(kept) => kept.send_modify(|kept| kept.push(message)),
            Sink::Printed => {
                let Message { to, subject, text } = &message;
                // With standard output closed there is nobody to tell.
                let _ = writeln!(std::io::stdout(), "\nMail to {}: {subject}\n{}", to.as_str(), text.as_str());
            }
            Sink::Queued(queue) => {
                if queue.try_send(message).is_err() {
                    tracing::error!(notice = notice.label(), "a message was not sent: too many wait already");
                }
            }
        }
    }

    /// The messages that were kept.
    #[must_use]
    pub fn kept(&self) -> Vec<Message> {
        match &self.0 {
            Sink::Kept(kept) => kept.borrow().clone(),
            _ => Vec::new(),
        }
    }

    /// The messages that were kept, as soon as there are so many; messages are written behind the answers.
    pub async fn kept_from(&self, count: usize) -> Vec<Message> {
        if let Sink::Kept(kept) = &self.0 {
            // The sender lives as long as this mailer.
            let _ = kept.subscribe().wait_for(|kept| kept.len() >= count).await;
        }
        self.kept()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(redacted)")
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Sink::None => "Mailer(none)",
            Sink::Kept(_) => "Mailer(keeping)",
            Sink::Printed => "Mailer(printed)",
            Sink::Queued(_) => "Mailer(smtp)",
        })
    }
}
