//! Mail by SMTP.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use zeroize::Zeroizing;

use super::Message;
use crate::account::EmailAddress;

/// The server that takes our mail.
#[derive(Clone)]
pub struct SmtpServer {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub security: SmtpSecurity,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// The address our mail comes from.
    pub from: String,
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all: for a relay on this machine.
    LoopbackOnly,
    /// TLS after a plain greeting, or no mail (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
}

/// The mail server's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The address our mail comes from is none.
    #[error("the sender's address is not an e-mail address")]
    From,
    /// The name of the server cannot be used.
    #[error("the mail server cannot be used")]
    Server(#[source] lettre::transport::smtp::Error),
}

pub(super) struct Transport {
    from: Mailbox,
    smtp: AsyncSmtpTransport<Tokio1Executor>,
}

/// Whether mail could be sent to this address; whether somebody is there is not known before.
#[must_use]
pub fn is_address(text: &EmailAddress) -> bool {
    text.as_str().parse::<Address>().is_ok()
}

impl SmtpServer {
    /// How long one message may take.
    const TIMEOUT: Duration = Duration::from_secs(20);

    pub(super) fn transport(&self) -> Result<Transport, SmtpError> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let from: Address = self.from.parse().map_err(|_| SmtpError::From)?;
        let builder = match self.security {
            SmtpSecurity::LoopbackOnly => Smtp::builder_dangerous(&self.host),
            SmtpSecurity::StartTls => Smtp::starttls_relay(&self.host).map_err(SmtpError::Server)?,
            SmtpSecurity::Tls => Smtp::relay(&self.host).map_err(SmtpError::Server)?,
        };
        let builder = builder.port(self.port).timeout(Some(Self::TIMEOUT));
        let builder = match &self.credentials {
            Some((name, password)) => builder.credentials(Credentials::new(name.clone(), password.to_string())),
            None => builder,
        };
        Ok(Transport { from: Mailbox::new(Some("Tollgate".to_owned()), from), smtp: builder.build() })
    }
}

impl Transport {
    /// Sends a message; a failure is logged without the address and the text.
    pub(super) async fn send(&self, message: &Message) {
        let Ok(to) = message.to.as_str().parse::<Address>() else {
            tracing::warn!("a message was not sent: the user's address is not one that mail can go to");
            return;
        };
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&message.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.to_string());
        let mail = match mail {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a message could not be written");
                return;
            }
        };
        if let Err(error) = self.smtp.send(mail).await {
            let (transient, kind) = (error.is_transient(), error.status().map(u16::from));
            tracing::error!(transient, kind, "a message was not sent");
        }
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, from, credentials } = self;
        f.debug_struct("SmtpServer")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .field("from", from)
            .field("credentials", &credentials.as_ref().map(|_| "redacted"))
            .finish()
    }
}
