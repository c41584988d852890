//! Where a delivery may go.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Position, Url};

use super::is_public;

/// Which targets deliveries may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetPolicy {
    /// As [`Public`](Self::Public), and besides any port of this machine's loopback addresses over http or https: for
    /// `tollgate dev`, so that a person can try it.
    Development,
    /// HTTPS on port 443 or 8443 of public addresses.
    Public,
}

/// A URL of a form that the policy admits; what its name resolves to is judged at each attempt.
#[derive(Clone)]
pub struct TargetUrl {
    url: Url,
    /// Whether it has the form of a public target; every other one must be loopback.
    is_public_form: bool,
}

impl TargetPolicy {
    /// The ports of a public receiver.
    const PORTS: [u16; 2] = [443, 8443];
    /// Names that no public resolver answers for (RFC 6761, RFC 6762, RFC 9476, ICANN's reserved `internal`).
    const LOCAL_SUFFIXES: [&str; 6] = [".alt", ".home.arpa", ".internal", ".invalid", ".local", ".localhost"];

    /// Reads a target: absolute, in one spelling, without user information or fragment.
    ///
    /// `None` for every other text: other schemes and ports, literal addresses that are not public, names of one label,
    /// names with a full stop at the end, and spellings of hosts that mean another one (`0x7f.1`).
    #[must_use]
    pub fn target(self, text: &str) -> Option<TargetUrl> {
        let plain = text.len() <= TargetUrl::MAX_BYTES
            && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#'));
        let (scheme, rest) = text.split_once("://").filter(|_| plain)?;
        let url = Url::parse(text).ok()?;
        let (host, port) = (url.host()?, url.port_or_known_default()?);
        let authority = rest.split(['/', '?']).next()?.to_ascii_lowercase();
        let canonical = authority == host.to_string() || authority == format!("{host}:{port}");
        if !canonical || url.scheme() != scheme.to_ascii_lowercase() {
            return None;
        }
        let is_public_form = url.scheme() == "https" && Self::PORTS.contains(&port) && is_public_host(&host);
        let admitted = match self {
            Self::Development => matches!(url.scheme(), "http" | "https") && (is_public_form || may_be_local(&host)),
            Self::Public => is_public_form,
        };
        admitted.then_some(TargetUrl { url, is_public_form })
    }

    /// Whether an address the target's name resolved to may be dialled.
    #[must_use]
    pub fn admits(self, target: &TargetUrl, address: IpAddr) -> bool {
        match self {
            Self::Development => (target.is_public_form && is_public(address)) || address.is_loopback(),
            Self::Public => target.is_public_form && is_public(address),
        }
    }
}

impl TargetUrl {
    /// The longest URL.
    pub const MAX_BYTES: usize = 2048;

    /// The host: a name or a literal address.
    #[must_use]
    pub fn host(&self) -> Host<&str> {
        // Every target has a host; an empty name resolves to nothing.
        self.url.host().unwrap_or(Host::Domain(""))
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of the `Host` header: the port only where it is not the scheme's own.
    #[must_use]
    pub fn host_header(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    /// Path and query, as they are sent.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    /// Scheme, host and port: all that a log line says about a target.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.url[..Position::AfterPort]
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TargetUrl").field(&self.origin()).finish()
    }
}

fn is_public_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            name.contains('.')
                && !name.ends_with('.')
                && !TargetPolicy::LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        }
        Host::Ipv4(address) => is_public((*address).into()),
        Host::Ipv6(address) => is_public((*address).into()),
    }
}

fn may_be_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_policy_admits_https_to_public_hosts_in_one_spelling() {
        let table = [
            ("plain", "https://shop.example/hook?x=1", true),
            ("without a path", "https://shop.example", true),
            ("the default port, named", "https://shop.example:443/", true),
            ("the other port", "https://shop.example:8443/", true),
            ("upper case", "HTTPS://Shop.Example/", true),
            ("a public literal", "https://8.8.8.8/", true),
            ("a public literal, IPv6", "https://[2606:4700:4700::1111]/", true),
            ("http", "http://shop.example/", false),
            ("http on 443", "http://shop.example:443/", false),
            ("another scheme", "ftp://shop.example/", false),
            ("ssh's port", "https://shop.example:22/", false),
            ("port 80", "https://shop.example:80/", false),
            ("an empty port", "https://shop.example:/", false),
            ("a port with a zero in front", "https://shop.example:0443/", false),
            ("user information", "https://user@shop.example/", false),
            ("user and password", "https://user:pw@shop.example/", false),
            ("empty user information", "https://@shop.example/", false),
            ("a host behind user information", "https://shop.example@10.0.0.1/", false),
            ("mapped", "http://[::ffff:10.0.0.1]", false),
            ("mapped over https", "https://[::ffff:10.0.0.1]/", false),
            ("mapped and public", "https://[::ffff:8.8.8.8]/", false),
            ("hexadecimal and short", "https://0x7f.1/", false),
            ("octal", "https://0177.0.0.1/", false),
            ("one number", "https://2130706433/", false),
            ("one public number", "https://134744072/", false),
            ("a percent-encoded host", "https://%31%30.0.0.1/", false),
            ("full-width digits", "https://１２７.0.0.1/", false),
            ("private", "https://10.0.0.1/", false),
            ("metadata", "https://169.254.169.254/latest/meta-data/", false),
            ("NAT64", "https://[64:ff9b::a00:1]/", false),
            ("loopback", "https://127.0.0.1/", false),
            ("loopback, IPv6", "https://[::1]/", false),
            ("unspecified", "https://0.0.0.0/", false),
            ("localhost", "https://localhost/", false),
            ("localhost with a full stop", "https://localhost./", false),
            ("below localhost", "https://shop.localhost/", false),
            ("one label", "https://intranet/", false),
            ("internal", "https://metadata.google.internal/", false),
            ("a full stop at the end", "https://shop.example./", false),
            ("a fragment", "https://shop.example/#x", false),
            ("a backslash", "https://shop.example\\@10.0.0.1/", false),
            ("a tab inside", "https://shop.exa\tmple/", false),
            ("a blank in front", " https://shop.example/", false),
            ("a line end behind", "https://shop.example/\n", false),
            ("one slash", "https:/shop.example/", false),
            ("no host", "https:///hook", false),
            ("no scheme", "//shop.example/", false),
            ("nothing", "", false),
        ];
        for (label, text, admitted) in table {
            assert_eq!(TargetPolicy::Public.target(text).is_some(), admitted, "{label}: {text:?}");
        }
        let long = format!("https://shop.example/{}", "x".repeat(TargetUrl::MAX_BYTES));
        assert!(TargetPolicy::Public.target(&long).is_none());
    }

    #[test]
    fn development_adds_loopback_and_nothing_else() {
        let table = [
            ("http://127.0.0.1:9000/hook", true),
            ("https://127.0.0.1:9443/hook", true),
            ("http://localhost:9000/", true),
            ("http://[::1]:9000/", true),
            ("https://shop.example/", true),
            ("http://shop.example/", false),
            ("https://shop.example:9443/", false),
            ("http://10.0.0.1/", false),
            ("http://0x7f.1/", false),
            ("http://169.254.169.254/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("file://localhost/etc/passwd", false),
        ];
        for (text, admitted) in table {
            assert_eq!(TargetPolicy::Development.target(text).is_some(), admitted, "{text:?}");
        }
        let (public, local) = ("8.8.8.8".parse().unwrap(), "127.0.0.1".parse().unwrap());
        let private = "10.0.0.1".parse().unwrap();
        let here = TargetPolicy::Development.target("http://localhost:9000/").unwrap();
        let there = TargetPolicy::Development.target("https://shop.example/").unwrap();
        for (target, address, admitted) in [
            (&here, local, true),
            (&here, public, false),
            (&here, private, false),
            (&there, public, true),
            (&there, private, false),
        ] {
            assert_eq!(TargetPolicy::Development.admits(target, address), admitted, "{target:?} {address}");
        }
        assert!(!TargetPolicy::Public.admits(&there, local));
    }

    #[test]
    fn what_is_logged_is_the_origin_alone() {
        let target = TargetPolicy::Public.target("https://shop.example:8443/hook/s3cret?token=s3cret").unwrap();
        assert_eq!(target.origin(), "https://shop.example:8443");
        assert_eq!(format!("{target:?}"), "TargetUrl(\"https://shop.example:8443\")");
        assert_eq!(target.path_and_query(), "/hook/s3cret?token=s3cret");
        assert_eq!(target.host_header(), "shop.example:8443");
    }
}
