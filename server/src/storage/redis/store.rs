//! The connection to Redis.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionAddr, IntoConnectionInfo, TlsCertificates};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::storage::StorageUrl;

/// A handle on one Redis; its connection is made again when it breaks.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    namespace: Arc<str>,
}

/// Which Redis, and under which names.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://…` on this machine, `rediss://…` elsewhere.
    pub url: StorageUrl,
    /// What every key starts with, so that several systems can share a Redis.
    pub namespace: String,
    /// Whether Redis must keep its data when it is started again.
    pub durability: Durability,
}

/// What is asked of Redis about a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It may forget everything: a challenge answered before can then be answered again within its life, and quota
    /// windows start empty.
    MayForget,
    /// It must write an append-only file.
    MustKeep,
}

/// Redis cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The authority is no certificate.
    #[error("the ca of the ledger holds no certificate in PEM form")]
    Authority,
    /// It is on another machine and the connection would not prove which.
    #[error("a Redis on another machine needs a rediss:// URL")]
    Insecure,
    /// It would throw single uses away to make room for others.
    #[error("Redis must run with maxmemory-policy noeviction, not {0}")]
    Evicts(String),
    /// It forgets everything when it is started again.
    #[error("Redis must run with appendonly yes")]
    Forgets,
    /// An authority is named for a connection without certificates.
    #[error("the ca of the ledger goes with a rediss:// URL")]
    Plain,
    /// It does not answer, or refuses.
    #[error("Redis cannot be used: {0}")]
    Unreachable(#[from] redis::RedisError),
    /// The URL does not read; it may hold a password and is not repeated.
    #[error("the Redis URL does not read: it must be redis://user:password@host:port/number, or rediss://")]
    Url,
}

impl RedisStore {
    /// How long a command may take before the caller is refused.
    const RESPONSE: Duration = Duration::from_secs(1);
    /// How long a connection may take.
    const CONNECT: Duration = Duration::from_secs(2);

    /// Connects, and checks that Redis keeps what it is given.
    ///
    /// # Errors
    ///
    /// [`RedisError`] as its variants say.
    pub async fn open(options: &RedisOptions) -> Result<Self, RedisError> {
        let client = client(&options.url)?;
        if !is_protected(client.get_connection_info().addr()) {
            return Err(RedisError::Insecure);
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Self::CONNECT))
            .set_response_timeout(Some(Self::RESPONSE));
        let mut connection = ConnectionManager::new_with_config(client, config).await?;
        let memory: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
        match line(&memory, "maxmemory_policy") {
            Some("noeviction") => {}
            other => return Err(RedisError::Evicts(other.unwrap_or("an unknown one").to_owned())),
        }
        let persistence: String = redis::cmd("INFO").arg("persistence").query_async(&mut connection).await?;
        if options.durability == Durability::MustKeep && line(&persistence, "aof_enabled") != Some("1") {
            return Err(RedisError::Forgets);
        }
        Ok(Self { connection, namespace: options.namespace.as_str().into() })
    }

    /// The connection, shared by all callers.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// A key of this namespace.
    pub(super) fn key(&self, kind: &str, rest: &[u8]) -> Vec<u8> {
        [self.namespace.as_bytes(), b":", kind.as_bytes(), b":", rest].concat()
    }
}

/// A client that is not connected yet.
fn client(url: &StorageUrl) -> Result<Client, RedisError> {
    let Some(authority) = url.authority() else {
        return Client::open(url.expose_secret()).map_err(|_| RedisError::Url);
    };
    let info = url.expose_secret().into_connection_info().map_err(|_| RedisError::Url)?;
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(RedisError::Plain);
    }
    if !holds_certificate(authority) {
        return Err(RedisError::Authority);
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(authority.to_vec()) };
    Client::build_with_tls(info, certificates).map_err(|_| RedisError::Authority)
}

fn holds_certificate(pem: &[u8]) -> bool {
    let mut found = CertificateDer::pem_slice_iter(pem).peekable();
    found.peek().is_some() && found.all(|certificate| certificate.is_ok())
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

fn line<'i>(info: &'i str, name: &str) -> Option<&'i str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn is_protected(address: &ConnectionAddr) -> bool {
    match address {
        ConnectionAddr::Tcp(host, _) => {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        ConnectionAddr::TcpTls { insecure, .. } => !insecure,
        ConnectionAddr::Unix(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_redis_elsewhere_must_prove_itself_and_no_error_shows_the_password() {
        for (url, insecure) in [
            ("redis://u:secret@cache.example/", true),
            ("redis://u:secret@192.0.2.1/", true),
            ("rediss://u:secret@cache.example/#insecure", true),
            ("http://u:secret@127.0.0.1/", false),
        ] {
            let options = RedisOptions {
                url: StorageUrl::new(url.to_owned()),
                namespace: "t".into(),
                durability: Durability::MayForget,
            };
            let error = RedisStore::open(&options).await.unwrap_err();
            assert_eq!(matches!(error, RedisError::Insecure), insecure, "{url}: {error}");
            assert!(!format!("{error} {error:?} {options:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn reads_lines_of_info() {
        let info = "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(line(info, "maxmemory_policy"), Some("noeviction"));
        assert_eq!(line(info, "maxmemory_pol"), None);
    }
}
