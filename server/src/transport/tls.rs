//! The certificate and key of a TLS listener, and what is spoken with them.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};
use zeroize::Zeroizing;

use crate::keys::read_secret_file;

/// The files of a server certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// PEM: the server's certificate, then those that lead to the root.
    pub certificate: PathBuf,
    /// PEM: the private key of the first certificate, PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
}

/// A certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is not what it should be.
    #[error("{path} holds no {1}", path = .0.display())]
    Content(PathBuf, &'static str),
    /// The key is not that of the certificate, or of a kind that is not supported.
    #[error("{key} does not go with {certificate}: {error}", key = .identity.key.display(), certificate = .identity.certificate.display())]
    Mismatch {
        /// The files.
        identity: TlsIdentity,
        /// What is wrong.
        error: rustls::Error,
    },
    /// Others than its owner and group may read the key, or others than its owner may change it.
    #[error("{path} is open to others than its owner: run chmod 600 on it, or 640 for a group that may read it", path = .0.display())]
    Open(PathBuf),
    /// The file cannot be read.
    #[error("{path} cannot be read: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
}

/// HTTP/2 in ALPN (RFC 9113 §3.1).
pub(super) const H2: &[u8] = b"h2";
/// HTTP/1.1 in ALPN (RFC 7301 §6).
const HTTP_1_1: &[u8] = b"http/1.1";
/// The longest file that is read, in bytes.
const MAX_LEN: u64 = 256 * 1024;

impl TlsIdentity {
    /// Reads both files: TLS 1.2 and 1.3 on ring, HTTP/2 or HTTP/1.1 as the client prefers.
    ///
    /// # Errors
    ///
    /// [`TlsError`] as its variants say.
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mismatch = |error| TlsError::Mismatch { identity: self.clone(), error };
        let pem = read(&self.certificate, 0)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::Content(self.certificate.clone(), "certificate in PEM form"))?;
        if chain.is_empty() {
            return Err(TlsError::Content(self.certificate.clone(), "certificate in PEM form"));
        }
        let pem = read(&self.key, 0o027)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|_| TlsError::Content(self.key.clone(), "unencrypted private key in PEM form"))?;
        // The provider is named here: nothing in this process depends on a default that anybody could install.
        let mut configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(mismatch)?;
        configuration.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
        Ok(Arc::new(configuration))
    }
}

/// Reads a file none of whose `forbidden` permission bits is set.
fn read(path: &Path, forbidden: u32) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let unreadable = |error| TlsError::Unreadable(path.into(), error);
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.mode() & forbidden != 0 {
        return Err(TlsError::Open(path.into()));
    }
    read_secret_file(&file, MAX_LEN).map_err(unreadable)
}
