//! Mail to panel users: links that set a password, and notices of what happened to their account.
//!
//! No answer waits for a mail server: a message is kept in the database, and one task sends one after the other.

mod notice;
mod post;
mod smtp;

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::account::EmailAddress;

pub use notice::Notice;
pub use post::PostParts;
pub use smtp::{SmtpError, SmtpSecurity, SmtpServer, is_address};

use post::Post;

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
    Printed(Paper),
    /// They are sent.
    Posted(Arc<Post>),
}

/// What messages are printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Standard error, where standard output is for a program that reads it.
    Error,
    /// Standard output.
    Output,
}

impl Mailer {
    /// Nobody sends anything.
    #[must_use]
    pub fn none() -> Self {
        Self(Sink::None)
    }

    /// Prints messages: for a server that is tried out on this machine.
    #[must_use]
    pub fn printed(on: Paper) -> Self {
        Self(Sink::Printed(on))
    }

    /// Keeps messages; [`kept`](Self::kept) answers them. For tests.
    #[must_use]
    pub fn keeping() -> Self {
        Self(Sink::Kept(watch::Sender::default()))
    }

    /// Sends messages through this server, once [`run`](Self::run) runs; until then, and meanwhile, they are kept.
    ///
    /// # Errors
    ///
    /// [`SmtpError`] when the server's settings cannot be used.
    pub fn smtp(server: &SmtpServer, parts: PostParts) -> Result<Self, SmtpError> {
        Ok(Self(Sink::Posted(Arc::new(Post::new(parts, server.transport()?)))))
    }

    /// Sends what is due until `stop` says so, and a while longer if something is due then; what is not sent stays for
    /// the next start. Where messages go elsewhere there is nothing to do.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        if let Sink::Posted(post) = &self.0 {
            post.run(stop).await;
        }
    }

    /// Tries every message that is due now, one after the other; answers how many.
    pub async fn send_due(&self) -> usize {
        match &self.0 {
            Sink::Posted(post) => post.send_due().await,
            _ => 0,
        }
    }

    /// Whether messages go anywhere.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self.0, Sink::None)
    }

    /// Takes a message; what becomes of it is in the log only, because no answer may depend on it.
    pub async fn send(&self, to: &EmailAddress, notice: &Notice) {
        let message = notice.message(to);
        match &self.0 {
            Sink::None => tracing::warn!(notice = notice.label(), "there is no [mail]: a message was not sent"),
            Sink::Kept(kept) => kept.send_modify(|kept| kept.push(message)),
            Sink::Printed(on) => print(&message, *on),
            Sink::Posted(post) => post.put(message, notice).await,
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

fn print(message: &Message, on: Paper) {
    let Message { to, subject, text } = message;
    let text = Zeroizing::new(format!("\nMail to {}: {subject}\n{}\n", to.as_str(), text.as_str()));
    // With the paper gone there is nobody to tell.
    let _ = match on {
        Paper::Error => std::io::stderr().write_all(text.as_bytes()),
        Paper::Output => std::io::stdout().write_all(text.as_bytes()),
    };
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
            Sink::Printed(_) => "Mailer(printed)",
            Sink::Posted(_) => "Mailer(smtp)",
        })
    }
}
