//! One attempt on the wire: resolve once, check every address, dial a checked one, read the status, hang up.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Host;

use super::{Network, SystemNetwork, TargetPolicy, TargetUrl};
use crate::storage::AttemptError;

/// Sends one request to a target that the policy admits.
///
/// There is no connection pool, no redirect, no proxy and no cookie; the body of the answer is not read.
#[derive(Clone)]
pub struct Dialler {
    policy: TargetPolicy,
    network: Arc<dyn Network>,
    tls: TlsConnector,
    limits: DialLimits,
}

/// How much an attempt may take.
#[derive(Debug, Clone, Copy)]
pub struct DialLimits {
    /// From the resolution of the name to the head of the answer.
    pub total: Duration,
    /// For one address to take the connection, so that a dead one leaves time for the next.
    pub connect: Duration,
}

/// Certificates for TLS could not be set up.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("TLS for webhook delivery cannot be set up")]
pub struct TlsSetupError;

/// Addresses of a name that are checked; a name with more is refused.
const MAX_ADDRESSES: usize = 32;
/// Addresses that are dialled, one after the other.
const MAX_DIALLED: usize = 3;
/// Bytes of the head of an answer.
const MAX_HEAD_BYTES: usize = 16 * 1024;

impl Default for DialLimits {
    fn default() -> Self {
        Self { total: Duration::from_secs(5), connect: Duration::from_secs(2) }
    }
}

impl Dialler {
    /// A dialler over the operating system's network that trusts Mozilla's certificate authorities.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`].
    pub fn system(policy: TargetPolicy) -> Result<Self, TlsSetupError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::new(policy, Arc::new(SystemNetwork), roots, DialLimits::default())
    }

    /// A dialler over this network that trusts these certificate authorities.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`].
    pub fn new(
        policy: TargetPolicy,
        network: Arc<dyn Network>,
        roots: RootCertStore,
        limits: DialLimits,
    ) -> Result<Self, TlsSetupError> {
        // The provider is named, not taken from the process, where another library may have put something else.
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsSetupError)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { policy, network, tls: TlsConnector::from(Arc::new(config)), limits })
    }

    /// Which targets it dials.
    #[must_use]
    pub fn policy(&self) -> TargetPolicy {
        self.policy
    }

    /// Posts a body and answers the HTTP status.
    ///
    /// # Errors
    ///
    /// [`AttemptError`] when there was no answer in time, or none was asked for.
    pub async fn post(&self, target: &TargetUrl, headers: HeaderMap, body: String) -> Result<u16, AttemptError> {
        let attempt = async {
            let addresses = self.checked_addresses(target).await?;
            let stream = self.connect(&addresses, target.port()).await?;
            let request = request(target, headers, body)?;
            if !target.is_https() {
                return exchange(stream, request).await;
            }
            let name = match target.host() {
                Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| AttemptError::TargetRefused)?,
                Host::Ipv4(address) => ServerName::IpAddress(IpAddr::from(address).into()),
                Host::Ipv6(address) => ServerName::IpAddress(IpAddr::from(address).into()),
            };
            let stream = self.tls.connect(name, stream).await.map_err(|_| AttemptError::TlsFailed)?;
            exchange(stream, request).await
        };
        tokio::time::timeout(self.limits.total, attempt).await.map_err(|_| AttemptError::TimedOut)?
    }

    /// The target's addresses, all of which the policy admits: one bad address condemns the name.
    async fn checked_addresses(&self, target: &TargetUrl) -> Result<Vec<IpAddr>, AttemptError> {
        let addresses = match target.host() {
            Host::Domain(name) => self.network.resolve(name).await.map_err(|_| AttemptError::NameNotResolved)?,
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
        };
        if addresses.is_empty() {
            return Err(AttemptError::NameNotResolved);
        }
        let admitted =
            addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|address| self.policy.admits(target, *address));
        if admitted { Ok(addresses) } else { Err(AttemptError::AddressRefused) }
    }

    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, AttemptError> {
        for address in addresses.iter().take(MAX_DIALLED) {
            let connecting = self.network.connect(SocketAddr::new(*address, port));
            if let Ok(Ok(stream)) = tokio::time::timeout(self.limits.connect, connecting).await {
                return Ok(stream);
            }
        }
        Err(AttemptError::ConnectFailed)
    }
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialler").field("policy", &self.policy).field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn request(target: &TargetUrl, headers: HeaderMap, body: String) -> Result<Request<Full<Bytes>>, AttemptError> {
    let host = HeaderValue::from_str(target.host_header()).map_err(|_| AttemptError::TargetRefused)?;
    let mut request = Request::post(target.path_and_query())
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| AttemptError::TargetRefused)?;
    *request.headers_mut() = headers;
    let fixed = [
        (HOST, host),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (USER_AGENT, HeaderValue::from_static("tollgate-webhooks")),
        (CONNECTION, HeaderValue::from_static("close")),
    ];
    request.headers_mut().extend(fixed);
    Ok(request)
}

/// Sends the request and reads the head of the answer; then the connection is dropped.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, AttemptError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|_| AttemptError::ResponseMalformed)?;
    let answer = sender.send_request(request);
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        answer = &mut answer => status(answer),
        // The connection may end in the moment it hands the answer over.
        _ = &mut connection => status(answer.await),
    }
}

fn status<B>(answer: hyper::Result<http::Response<B>>) -> Result<u16, AttemptError> {
    answer.map(|answer| answer.status().as_u16()).map_err(|_| AttemptError::ResponseMalformed)
}
