//! `[mail]`.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::Problem;
use crate::account::EmailAddress;
use crate::mail::{SmtpError, SmtpSecurity, SmtpServer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    host: String,
    port: Option<u16>,
    security: Option<Security>,
    from: String,
    user: Option<String>,
    password_file: Option<PathBuf>,
    authorities: Option<PathBuf>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Security {
    None,
    StartTls,
    Tls,
}

/// The longest password file, in bytes.
const MAX_PASSWORD: u64 = 4096;
/// The longest file of certificates, in bytes.
const MAX_AUTHORITIES: u64 = 1024 * 1024;
/// How a certificate begins.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

impl Section {
    pub(super) fn resolve(self, folder: &Path) -> Result<SmtpServer, Problem> {
        let security = match self.security.unwrap_or(Security::StartTls) {
            Security::None if !is_loopback(&self.host) => {
                let what =
                    "\"none\" fits a relay on this machine only: give host 127.0.0.1 or ::1, or use starttls or tls";
                return Err(Problem::key("mail.security", what));
            }
            Security::None => SmtpSecurity::LoopbackOnly,
            Security::StartTls => SmtpSecurity::StartTls,
            Security::Tls => SmtpSecurity::Tls,
        };
        if self.host.is_empty() {
            return Err(Problem::key("mail.host", "is empty"));
        }
        if EmailAddress::new(&self.from).is_none_or(|from| from.as_str().split('@').count() != 2) {
            return Err(Problem::key("mail.from", "is not an e-mail address"));
        }
        let credentials = match (self.user, self.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => Some((user, read_password(&folder.join(file))?)),
            (Some(_), None) => return Err(Problem::key("mail.password_file", "is missing beside user")),
            (None, Some(_)) => return Err(Problem::key("mail.user", "is missing beside password_file")),
        };
        if credentials.is_some() && security == SmtpSecurity::LoopbackOnly {
            return Err(Problem::key("mail.user", "does not fit security \"none\": the password would go in clear"));
        }
        let port = self.port.unwrap_or(match security {
            SmtpSecurity::LoopbackOnly => 25,
            SmtpSecurity::StartTls => 587,
            SmtpSecurity::Tls => 465,
        });
        let authorities = match self.authorities {
            Some(_) if security == SmtpSecurity::LoopbackOnly => {
                return Err(Problem::key(
                    "mail.authorities",
                    "does not fit security \"none\": there is no certificate",
                ));
            }
            Some(file) => Some(read_authorities(&folder.join(file))?),
            None => None,
        };
        let (from, timeout) = (self.from, SmtpServer::TIMEOUT);
        let server = SmtpServer { host: self.host, port, security, credentials, from, authorities, timeout };
        match server.check() {
            Ok(()) => Ok(server),
            Err(error @ SmtpError::Authorities(_)) => Err(Problem::key("mail.authorities", error.to_string())),
            Err(error @ SmtpError::From) => Err(Problem::key("mail.from", error.to_string())),
            Err(error @ SmtpError::Server(_)) => Err(Problem::key("mail.host", error.to_string())),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_authorities(path: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error| Problem::key("mail.authorities", format!("{} cannot be read: {error}", path.display()));
    let mut pem = Vec::new();
    File::open(path).map_err(unreadable)?.take(MAX_AUTHORITIES).read_to_end(&mut pem).map_err(unreadable)?;
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(Problem::key("mail.authorities", format!("{} holds no PEM certificate", path.display())));
    }
    Ok(pem)
}

/// The first line of the file.
fn read_password(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let unreadable = |error| Problem::key("mail.password_file", format!("{} cannot be read: {error}", path.display()));
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(unreadable)?;
    {
        use std::os::unix::fs::MetadataExt;
        let mode = file.metadata().map_err(unreadable)?.mode();
        if mode & 0o007 != 0 {
            let what = format!("{} can be read by everybody: run chmod o= on it", path.display());
            return Err(Problem::key("mail.password_file", what));
        }
    }
    file.take(MAX_PASSWORD).read_to_string(&mut text).map_err(unreadable)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Problem::key("mail.password_file", format!("{} is empty", path.display())));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
