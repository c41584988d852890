//! Certificates made for a test, and clients that trust them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tollgate::transport::TlsIdentity;

/// Writes `certificate.pem` and `key.pem` for `localhost` into a directory, in place of what is there.
pub(crate) fn write_certificate(folder: &Path) -> TlsIdentity {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = TlsIdentity { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    fs::write(&identity.certificate, cert.pem()).unwrap();
    write_secret(&identity.key, &signing_key.serialize_pem());
    identity
}

/// Writes a file that only its owner can read.
pub(crate) fn write_secret(path: &PathBuf, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A client that trusts this certificate and offers these protocols.
pub(crate) fn client(identity: &TlsIdentity, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&identity.certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// Shakes hands on a connection.
pub(crate) async fn shake_hands(client: &TlsConnector, stream: TcpStream) -> TlsStream<TcpStream> {
    client.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}
