//! Mail by SMTP.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
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
    /// Who vouches for its certificate, PEM; `None`: whom this machine trusts.
    pub authorities: Option<Vec<u8>>,
    /// How long one message may take, from the connection to the last answer.
    pub timeout: Duration,
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
    /// Who is to vouch for the server's certificate does not read.
    #[error("the certificates that vouch for the mail server do not read")]
    Authorities(#[source] lettre::transport::smtp::Error),
    /// The name of the server cannot be used.
    #[error("the mail server cannot be used")]
    Server(#[source] lettre::transport::smtp::Error),
}

pub(super) struct Transport {
    from: Mailbox,
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

/// What became of a try.
pub(super) enum Outcome {
    /// The server took it.
    Sent,
    /// The server will never take it, as this code says.
    Refused(u16),
    /// It may be taken later: why, and the server's code if it said one.
    Failed { what: &'static str, code: Option<u16> },
}

/// Whether mail could be sent to this address; whether somebody is there is not known before.
#[must_use]
pub fn is_address(text: &EmailAddress) -> bool {
    text.as_str().parse::<Address>().is_ok()
}

impl SmtpServer {
    /// How long one message may usually take; less than others wait before they try it too.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Whether mail could go through it, as far as its settings tell; nothing is dialled.
    ///
    /// # Errors
    ///
    /// [`SmtpError`] as its variants say.
    pub fn check(&self) -> Result<(), SmtpError> {
        self.transport().map(drop)
    }

    pub(super) fn transport(&self) -> Result<Transport, SmtpError> {
        let from: Address = self.from.parse().map_err(|_| SmtpError::From)?;
        let security = match self.security {
            SmtpSecurity::LoopbackOnly => Tls::None,
            SmtpSecurity::StartTls => Tls::Required(self.tls()?),
            SmtpSecurity::Tls => Tls::Wrapper(self.tls()?),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host).tls(security);
        let builder = builder.port(self.port).timeout(Some(self.timeout));
        let builder = match &self.credentials {
            Some((name, password)) => builder.credentials(Credentials::new(name.clone(), password.to_string())),
            None => builder,
        };
        let from = Mailbox::new(Some("Tollgate".to_owned()), from);
        Ok(Transport { from, smtp: builder.build(), timeout: self.timeout })
    }

    fn tls(&self) -> Result<TlsParameters, SmtpError> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(authorities) = &self.authorities {
            // They stand in the place of the machine's: a relay of one's own needs no public authority.
            builder = builder.certificate_store(CertificateStore::None);
            let authorities = Certificate::from_pem(authorities).map_err(SmtpError::Authorities)?;
            builder = builder.add_root_certificate(authorities);
        }
        builder.build().map_err(SmtpError::Server)
    }
}

impl Transport {
    /// Tries to send a message under this id, which receivers know a repetition by. Neither address nor text is logged.
    pub(super) async fn send(&self, message: &Message, id: &str) -> Outcome {
        let Some(mail) = self.mail(message, id) else { return Outcome::Refused(BAD_MAILBOX) };
        // The library bounds the connecting alone; a server could take for ever over each of its answers.
        let sent = tokio::time::timeout(self.timeout, self.smtp.send(mail)).await;
        let Ok(sent) = sent else { return Outcome::Failed { what: "the mail server is too slow", code: None } };
        let Err(error) = sent else { return Outcome::Sent };
        let code = error.status().map(u16::from);
        match code {
            // What is wrong is how we log in, and not the message.
            Some(code @ (454 | 530 | 534 | 535 | 538)) => {
                Outcome::Failed { what: "the mail server does not let us in", code: Some(code) }
            }
            Some(code) if error.is_permanent() => Outcome::Refused(code),
            Some(_) => Outcome::Failed { what: "the mail server refused for now", code },
            None if error.is_tls() => Outcome::Failed { what: "the way to the mail server is not safe", code },
            None => Outcome::Failed { what: "the mail server was not reached, or broke off", code },
        }
    }

    /// `None` when the address is none that mail can go to.
    fn mail(&self, message: &Message, id: &str) -> Option<lettre::Message> {
        let to: Address = message.to.as_str().parse().ok()?;
        let host = self.from.email.domain();
        lettre::Message::builder()
            .message_id(Some(format!("<{id}@{host}>")))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&message.subject)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.to_string())
            .ok()
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's holiday notice comes back.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What a server says of an address that is none (RFC 5321, 4.2.3).
const BAD_MAILBOX: u16 = 553;

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, from, credentials, authorities, timeout } = self;
        f.debug_struct("SmtpServer")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .field("from", from)
            .field("authorities", &authorities.as_ref().map(Vec::len))
            .field("timeout", timeout)
            .field("credentials", &credentials.as_ref().map(|_| "redacted"))
            .finish()
    }
}
