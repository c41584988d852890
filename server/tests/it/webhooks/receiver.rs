//! A merchant's receiver, and an internet that leads to it.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tollgate::webhooks::Network;

/// A public address that stands for the receiver.
pub(crate) const PUBLIC: &str = "93.184.215.14";

/// One delivery as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) request_line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// What the receiver does with a delivery.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Answers these bytes and closes.
    Bytes(String),
    /// Answers the first bytes, then holds the connection open without a word.
    Hold(String),
    /// Answers a head, then a body that goes on until the sender hangs up.
    Endless,
}

/// A TLS server with a certificate for its names; it answers 200 unless told otherwise.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    roots: RootCertStore,
    script: Arc<Mutex<Script>>,
    arrivals: tokio::sync::Mutex<mpsc::UnboundedReceiver<Received>>,
}

#[derive(Default)]
struct Script {
    next: VecDeque<Reply>,
    always: Option<Reply>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Bytes(format!("HTTP/1.1 {status} Word\r\ncontent-length: 0\r\n\r\n"))
    }
}

impl Received {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert!(found.next().is_none(), "{name} came twice");
        value
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }
}

impl Receiver {
    pub(crate) async fn start(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, arrivals) = mpsc::unbounded_channel();
        let script = Arc::new(Mutex::new(Script::default()));
        let (acceptor, told) = (TlsAcceptor::from(Arc::new(config)), script.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, told, sender) = (acceptor.clone(), told.clone(), sender.clone());
                tokio::spawn(async move {
                    // A sender that dislikes the certificate leaves here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = serve(stream, &told, &sender).await;
                    }
                });
            }
        });
        Self { address, roots, script, arrivals: tokio::sync::Mutex::new(arrivals) }
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        self.roots.clone()
    }

    /// Answers the next delivery so.
    pub(crate) fn then(&self, reply: Reply) {
        self.script.lock().unwrap().next.push_back(reply);
    }

    /// Answers every delivery so that has no answer of its own.
    pub(crate) fn always(&self, reply: Reply) {
        self.script.lock().unwrap().always = Some(reply);
    }

    /// Waits for a delivery; a test whose delivery never comes fails instead of hanging.
    pub(crate) async fn arrival(&self) -> Received {
        let mut arrivals = self.arrivals.lock().await;
        let arrival = tokio::time::timeout(Duration::from_mins(1), arrivals.recv()).await;
        arrival.expect("a delivery arrives").unwrap()
    }

    /// The deliveries that have arrived and were not looked at.
    pub(crate) async fn arrived(&self) -> Vec<Received> {
        let mut arrivals = self.arrivals.lock().await;
        std::iter::from_fn(|| arrivals.try_recv().ok()).collect()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &Mutex<Script>,
    sender: &mpsc::UnboundedSender<Received>,
) -> io::Result<()> {
    let received = read(&mut stream).await?;
    let reply = {
        let mut script = script.lock().unwrap();
        script.next.pop_front().or_else(|| script.always.clone()).unwrap_or_else(|| Reply::status(200))
    };
    // Before the answer: when the sender has it, the arrival is there to be seen.
    sender.send(received).unwrap();
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(bytes.as_bytes()).await?;
            stream.shutdown().await
        }
        Reply::Hold(bytes) => {
            stream.write_all(bytes.as_bytes()).await?;
            stream.flush().await?;
            stream.read(&mut [0; 1]).await.map(|_| ())
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            loop {
                stream.write_all(b"5\r\nagain\r\n").await?;
            }
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Received> {
    let mut bytes = Vec::new();
    let head_len = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8(bytes[..head_len].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let request_line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    while bytes.len() < head_len + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body = String::from_utf8(bytes[head_len..].to_vec()).unwrap();
    Ok(Received { request_line, headers, body })
}

/// Names, addresses, and where a connection to an address really leads.
#[derive(Default)]
pub(crate) struct Internet {
    /// The answers to each look-up of a name, in turn; the last one stays.
    names: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    routes: Mutex<HashMap<IpAddr, Route>>,
    resolved: Mutex<Vec<String>>,
    dialled: Mutex<Vec<SocketAddr>>,
    dialling: tokio::sync::Notify,
}

#[derive(Clone, Copy)]
enum Route {
    To(SocketAddr),
    /// Takes the connection and never says a word.
    Nowhere,
}

impl Internet {
    /// An internet in which a name leads to a receiver.
    pub(crate) fn with(name: &str, receiver: &Receiver) -> Arc<Self> {
        let internet = Self::default();
        internet.name(name, &[&[PUBLIC]]);
        internet.route(PUBLIC, receiver);
        Arc::new(internet)
    }

    /// The answers to each look-up of a name, in turn.
    pub(crate) fn name(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect()).collect();
        self.names.lock().unwrap().insert(name.to_owned(), answers);
    }

    pub(crate) fn route(&self, address: &str, receiver: &Receiver) {
        self.routes.lock().unwrap().insert(address.parse().unwrap(), Route::To(receiver.address));
    }

    /// Connections to this address hang.
    pub(crate) fn dead(&self, address: &str) {
        self.routes.lock().unwrap().insert(address.parse().unwrap(), Route::Nowhere);
    }

    pub(crate) fn resolved(&self) -> Vec<String> {
        self.resolved.lock().unwrap().clone()
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().iter().map(ToString::to_string).collect()
    }

    /// Waits until this many connections were asked for.
    pub(crate) async fn until_dialled(&self, count: usize) {
        while self.dialled.lock().unwrap().len() < count {
            self.dialling.notified().await;
        }
    }
}

#[async_trait]
impl Network for Internet {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.resolved.lock().unwrap().push(name.to_owned());
        let mut names = self.names.lock().unwrap();
        let answers = names.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        let last = answers.len() == 1;
        let answer = if last { answers.front().cloned() } else { answers.pop_front() };
        answer.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.dialled.lock().unwrap().push(address);
        self.dialling.notify_one();
        let route = self.routes.lock().unwrap().get(&address.ip()).copied();
        match route {
            Some(Route::To(there)) => TcpStream::connect(there).await,
            Some(Route::Nowhere) => std::future::pending().await,
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}
