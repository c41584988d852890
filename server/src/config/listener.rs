//! `[[listener]]`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use http::Uri;
use serde::Deserialize;
use tollgate_client_address::TrustedProxies;

use super::dialects::choose;
use super::error::Problem;
use super::panel::switch;
use crate::account::Switch;
use crate::auth::ListenerMode;
use crate::dialects::Dialect;
use crate::transport::TlsIdentity;

/// One address to listen on.
pub struct ListenerConfig {
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Which credentials it serves.
    pub mode: ListenerMode,
    /// Its external base URL: `https://`, a host, at most a port.
    pub base_url: String,
    /// What keeps its requests from being read on the way.
    pub security: Security,
    /// The dialects it speaks, at least one.
    pub dialects: Vec<&'static dyn Dialect>,
    /// Whether the control panel is served here.
    pub panel: Switch,
}

/// What keeps requests from being read on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    /// These proxies end TLS before us.
    Terminator(TrustedProxies),
    /// TLS ends here.
    Tls(TlsIdentity),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    address: SocketAddr,
    mode: Mode,
    base_url: String,
    tls: Option<Tls>,
    terminator: Option<Terminator>,
    dialects: Option<Vec<String>>,
    panel: Option<bool>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Any,
    Live,
    Test,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terminator {
    trusted_proxies: Vec<String>,
}

/// All listeners; keys in problems count them from 1, in the order of the file.
pub(super) fn resolve_all(
    sections: Vec<Section>,
    enabled: &[&'static dyn Dialect],
    panel: Switch,
    folder: &Path,
) -> Result<Vec<ListenerConfig>, Problem> {
    let mut listeners: Vec<ListenerConfig> = Vec::new();
    for (n, section) in sections.into_iter().enumerate() {
        let place = format!("listener {}:", n + 1);
        let listener = section.resolve(&place, enabled, panel, folder)?;
        if listeners.iter().any(|other| other.collides_with(listener.address)) {
            return Err(Problem::key(format!("{place} address"), "is that of another listener"));
        }
        listeners.push(listener);
    }
    if listeners.is_empty() { Err(Problem::key("listener", "is missing: name at least one")) } else { Ok(listeners) }
}

impl Section {
    fn resolve(
        self,
        place: &str,
        enabled: &[&'static dyn Dialect],
        panel: Switch,
        folder: &Path,
    ) -> Result<ListenerConfig, Problem> {
        let problem = |key: &str, what: &'static str| Problem::key(format!("{place} {key}"), what);
        let mode = match self.mode {
            Mode::Any => ListenerMode::Any,
            Mode::Live => ListenerMode::Live,
            Mode::Test => ListenerMode::Test,
        };
        if !is_base_url(&self.base_url) {
            return Err(problem(
                "base_url",
                "must be https:// and a host in lower case, with nothing behind it but a port",
            ));
        }
        let security = match (self.tls, self.terminator) {
            (Some(tls), None) => {
                Security::Tls(TlsIdentity { certificate: folder.join(tls.certificate), key: folder.join(tls.key) })
            }
            (None, Some(terminator)) => terminator.resolve(place)?,
            (None, None) => {
                return Err(problem(
                    "tls",
                    "is missing: this address would take credentials over plain HTTP; give tls, or terminator if a proxy ends TLS",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(problem("tls", "and terminator exclude each other: TLS ends in one place"));
            }
        };
        let dialects = match &self.dialects {
            None => enabled.to_vec(),
            Some(names) => choose(&format!("{place} dialects"), names, enabled, "is not in dialects.enabled")?,
        };
        // A token belongs to one mode; on a listener for both there would be none for the other (rule A4).
        if mode == ListenerMode::Any
            && let Some(dialect) = dialects.iter().find(|dialect| !dialect.fits_any_mode())
        {
            let what = format!(
                "\"any\" does not fit {}: give the listener dialects without it, or mode live or test",
                dialect.name()
            );
            return Err(Problem::key(format!("{place} mode"), what));
        }
        let panel = self.panel.map_or(panel, switch);
        Ok(ListenerConfig { address: self.address, mode, base_url: self.base_url, security, dialects, panel })
    }
}

impl Terminator {
    fn resolve(self, place: &str) -> Result<Security, Problem> {
        let key = format!("{place} terminator.trusted_proxies");
        if self.trusted_proxies.is_empty() {
            return Err(Problem::key(key, "is empty: name the addresses or networks of the proxies"));
        }
        match TrustedProxies::parse(&self.trusted_proxies) {
            Ok(proxies) => Ok(Security::Terminator(proxies)),
            Err(error) => Err(Problem::key(key, format!("holds what is no network: {error}"))),
        }
    }
}

impl ListenerConfig {
    /// Whether this address is taken; the system chooses another port each time it is asked to.
    pub(super) fn collides_with(&self, address: SocketAddr) -> bool {
        self.address == address && address.port() != 0
    }
}

impl std::fmt::Debug for ListenerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dialects: Vec<_> = self.dialects.iter().map(|dialect| dialect.name()).collect();
        f.debug_struct("ListenerConfig")
            .field("address", &self.address)
            .field("mode", &self.mode)
            .field("base_url", &self.base_url)
            .field("security", &self.security)
            .field("dialects", &dialects)
            .field("panel", &self.panel)
            .finish()
    }
}

/// `https://` and an authority as it is written in `iss`: lower case, no user, no path, no slash at the end.
fn is_base_url(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://") else { return false };
    let fits = |uri: &Uri| {
        uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(|read| read.as_str() == authority && !authority.contains('@'))
            && !authority.ends_with(':')
    };
    !authority.bytes().any(|byte| byte.is_ascii_uppercase()) && text.parse().is_ok_and(|uri| fits(&uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_an_https_origin() {
        let table = [
            ("https://pay.example", true),
            ("https://pay.example:8443", true),
            ("https://[2001:db8::1]:8443", true),
            ("http://pay.example", false),
            ("HTTPS://pay.example", false),
            ("https://Pay.example", false),
            ("https://pay.example/", false),
            ("https://pay.example/v1", false),
            ("https://pay.example?x=1", false),
            ("https://pay.example#x", false),
            ("https://user@pay.example", false),
            ("https://pay.example:", false),
            ("https://:8443", false),
            ("https://", false),
            ("pay.example", false),
            ("", false),
        ];
        for (text, fits) in table {
            assert_eq!(is_base_url(text), fits, "{text:?}");
        }
    }
}
