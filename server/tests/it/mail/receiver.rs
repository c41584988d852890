//! A mail server of the test's own: it speaks SMTP (RFC 5321) with STARTTLS and AUTH, and does as it is told.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tollgate::mail::{SmtpSecurity, SmtpServer};
use zeroize::Zeroizing;

use crate::certificate::write_certificate;

/// How the receiver behaves; it may change its mind between two messages.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    /// Whether it offers STARTTLS.
    pub(crate) starttls: bool,
    /// Name and password it asks for.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// What it says to a recipient.
    pub(crate) recipient: &'static str,
    /// What it says when the text is there.
    pub(crate) text: &'static str,
    /// The command it never answers.
    pub(crate) silent_at: &'static str,
}

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    /// Headers and text, without the stuffing of dots.
    pub(crate) data: String,
    pub(crate) encrypted: bool,
    pub(crate) logged_in: bool,
}

pub(crate) struct Receiver {
    address: SocketAddr,
    tls: Option<Tls>,
    state: Arc<State>,
}

struct Tls {
    implicit: bool,
    certificate: Vec<u8>,
    _folder: tempfile::TempDir,
}

struct State {
    manners: Mutex<Manners>,
    letters: Mutex<Vec<Letter>>,
    acceptor: Option<TlsAcceptor>,
}

impl Default for Manners {
    fn default() -> Self {
        Self { starttls: false, login: None, recipient: "250 fine", text: "250 taken", silent_at: "never" }
    }
}

impl Receiver {
    /// Without encryption.
    pub(crate) async fn plain(manners: Manners) -> Self {
        Self::open(manners, None).await
    }

    /// With a certificate for `localhost`, used at once or after STARTTLS.
    pub(crate) async fn encrypted(manners: Manners, implicit: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = write_certificate(folder.path());
        let certificate = std::fs::read(&identity.certificate).unwrap();
        let mut config = ServerConfig::clone(&*identity.load().unwrap());
        // Mail is no HTTP.
        config.alpn_protocols.clear();
        let tls = Tls { implicit, certificate, _folder: folder };
        Self::open(manners, Some((tls, TlsAcceptor::from(Arc::new(config))))).await
    }

    async fn open(manners: Manners, tls: Option<(Tls, TlsAcceptor)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tls, acceptor) = tls.unzip();
        let implicit = tls.as_ref().is_some_and(|tls: &Tls| tls.implicit);
        let state = Arc::new(State { manners: Mutex::new(manners), letters: Mutex::default(), acceptor });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(shared.clone(), stream, implicit));
            }
        });
        Self { address, tls, state }
    }

    /// How to reach it.
    pub(crate) fn server(&self) -> SmtpServer {
        let security = match &self.tls {
            None => SmtpSecurity::LoopbackOnly,
            Some(Tls { implicit: true, .. }) => SmtpSecurity::Tls,
            Some(_) => SmtpSecurity::StartTls,
        };
        let login = self.state.manners.lock().unwrap().login;
        SmtpServer {
            host: if self.tls.is_some() { "localhost".to_owned() } else { "127.0.0.1".to_owned() },
            port: self.address.port(),
            security,
            credentials: login.map(|(name, password)| (name.to_owned(), Zeroizing::new(password.to_owned()))),
            from: "tollgate@pay.example".to_owned(),
            authorities: self.tls.as_ref().map(|tls| tls.certificate.clone()),
            timeout: SmtpServer::TIMEOUT,
        }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.state.manners.lock().unwrap());
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.state.letters.lock().unwrap().clone()
    }
}

impl Letter {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (headers, _) = self.data.split_once("\r\n\r\n").unwrap();
        headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The names of all headers.
    pub(crate) fn header_names(&self) -> Vec<&str> {
        let (headers, _) = self.data.split_once("\r\n\r\n").unwrap();
        headers.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| Some(line.split_once(':')?.0)).collect()
    }

    /// The text, decoded.
    pub(crate) fn text(&self) -> String {
        let (_, text) = self.data.split_once("\r\n\r\n").unwrap();
        match self.header("Content-Transfer-Encoding") {
            Some("7bit") => text.to_owned(),
            Some("base64") => {
                let packed: String = text.split_whitespace().collect();
                String::from_utf8(STANDARD.decode(packed).unwrap()).unwrap()
            }
            Some("quoted-printable") => quoted_printable(text),
            other => panic!("{other:?}"),
        }
    }
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&behind[..2]).unwrap(), 16).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A connection; an end by the other side is none of the test's business.
async fn serve(state: Arc<State>, stream: TcpStream, implicit: bool) {
    if implicit {
        let Ok(stream) = state.acceptor.clone().unwrap().accept(stream).await else { return };
        talk(&state, stream, true, true).await;
        return;
    }
    let Some(stream) = talk(&state, stream, false, true).await else { return };
    let Ok(stream) = state.acceptor.clone().unwrap().accept(stream).await else { return };
    talk(&state, stream, true, false).await;
}

/// The conversation; answers the stream when it is to be encrypted from here on.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(state: &State, stream: S, encrypted: bool, greet: bool) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let (mut sender, mut recipients, mut logged_in) = (String::new(), Vec::new(), false);
    if greet {
        say(&mut stream, "220 receiver.example").await?;
    }
    loop {
        let line = hear(&mut stream).await?;
        let manners = state.manners.lock().unwrap().clone();
        let command = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        if command == manners.silent_at {
            std::future::pending::<()>().await;
        }
        match command.as_str() {
            "EHLO" => {
                say(&mut stream, "250-receiver.example").await?;
                if manners.starttls && !encrypted {
                    say(&mut stream, "250-STARTTLS").await?;
                }
                if manners.login.is_some() {
                    say(&mut stream, "250-AUTH PLAIN LOGIN").await?;
                }
                say(&mut stream, "250 SIZE 1000000").await?;
            }
            "STARTTLS" if manners.starttls => {
                say(&mut stream, "220 go on").await?;
                return Some(stream.into_inner());
            }
            "AUTH" => {
                let (name, password) = manners.login.unwrap();
                let expected = STANDARD.encode(format!("\0{name}\0{password}"));
                logged_in = line.split(' ').nth(2) == Some(expected.as_str());
                say(&mut stream, if logged_in { "235 welcome" } else { "535 who are you" }).await?;
            }
            _ if manners.login.is_some() && !logged_in && command != "QUIT" => {
                say(&mut stream, "530 log in first").await?;
            }
            "MAIL" => {
                sender = between(&line);
                say(&mut stream, "250 fine").await?;
            }
            "RCPT" => {
                if manners.recipient.starts_with("250") {
                    recipients.push(between(&line));
                }
                say(&mut stream, manners.recipient).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let mut data = String::new();
                loop {
                    let line = hear(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                if manners.text.starts_with("250") {
                    let (sender, recipients) = (std::mem::take(&mut sender), std::mem::take(&mut recipients));
                    state.letters.lock().unwrap().push(Letter { sender, recipients, data, encrypted, logged_in });
                }
                say(&mut stream, manners.text).await?;
            }
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return None;
            }
            _ => say(&mut stream, "250 fine").await?,
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

/// A line without its end; `None` at the end of the stream.
async fn hear<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    Some(line.strip_suffix("\r\n").unwrap_or_else(|| panic!("a line ends otherwise: {line:?}")).to_owned())
}

fn between(line: &str) -> String {
    line.split_once('<').unwrap().1.split_once('>').unwrap().0.to_owned()
}

/// Whether a file of the data directory, or one beside it, holds this text.
pub(crate) fn files_hold(folder: &Path, text: &str) -> bool {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.is_file() && holds(&path)
    })
}
