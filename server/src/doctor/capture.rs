//! A captured request: raw HTTP/1.1, the `> ` lines of `curl -v`, or a curl command line.

use zeroize::Zeroizing;

use super::curl;

/// A request as it was sent, as far as the capture shows it.
pub(super) struct Capture {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: Zeroizing<String>,
    pub(super) scheme: Scheme,
    /// `host[:port]`.
    pub(super) host: Option<String>,
    pub(super) headers: Vec<Header>,
    /// `None` when the capture does not show it.
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    /// Lines in the header section that are no headers.
    pub(super) broken: Vec<usize>,
}

/// What carries the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    Unknown,
}

/// One header line.
pub(super) struct Header {
    /// As it was written.
    pub(super) name: String,
    /// Without blanks and tabs at its ends, which a reader of HTTP takes away; continued lines are kept with their ends.
    pub(super) value: Zeroizing<String>,
    pub(super) line: usize,
}

/// The input is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// A curl command line without an address.
    #[error("the curl command line names no address")]
    NoAddress,
    /// Neither of the three forms.
    #[error("the input is no HTTP/1.1 request, no output of curl -v and no curl command line")]
    NotARequest,
    /// A quotation mark is not closed.
    #[error("a quotation mark in the curl command line is not closed")]
    Unclosed,
}

impl Capture {
    /// Reads any of the three forms.
    pub(super) fn parse(input: &str) -> Result<Self, CaptureError> {
        let start = input.trim_start_matches(['\u{feff}', '\r', '\n', ' ']);
        if ["curl ", "$ curl ", "curl.exe "].iter().any(|name| start.starts_with(name)) {
            return curl::read(start.trim_start_matches("$ "));
        }
        let verbose = |line: &str| line == ">" || line.starts_with("> ");
        if input.lines().any(verbose) {
            let lines = input.lines().enumerate().filter_map(|(n, line)| {
                let rest = line.strip_prefix("> ").or_else(|| line.strip_prefix('>'));
                rest.filter(|_| verbose(line.trim_end())).map(|rest| (n + 1, rest))
            });
            let mut capture = Self::read(&lines.collect::<Vec<_>>(), None)?;
            capture.scheme = scheme_of_log(input);
            return Ok(capture);
        }
        let skipped = input.len() - start.len();
        let first = input.get(..skipped).unwrap_or_default().lines().count();
        let body = body_start(start).map(|at| Zeroizing::new(start.as_bytes().get(at..).unwrap_or_default().to_vec()));
        let lines: Vec<_> = start.lines().enumerate().map(|(n, line)| (n + 1 + first, line)).collect();
        Self::read(&lines, body)
    }

    /// Reads a request line and headers, up to an empty line.
    fn read(lines: &[(usize, &str)], body: Option<Zeroizing<Vec<u8>>>) -> Result<Self, CaptureError> {
        let (_, request_line) = lines.first().ok_or(CaptureError::NotARequest)?;
        let mut words = request_line.split_ascii_whitespace();
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(CaptureError::NotARequest);
        };
        if !version.starts_with("HTTP/") || method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(CaptureError::NotARequest);
        }
        let (scheme, host, target) = split_address(target);
        let mut capture = Self {
            method: method.to_owned(),
            target: Zeroizing::new(target.to_owned()),
            scheme,
            host,
            headers: Vec::new(),
            body,
            broken: Vec::new(),
        };
        for (line, text) in lines.iter().skip(1).take_while(|(_, text)| !text.trim_end().is_empty()) {
            capture.push_line(*line, text);
        }
        if capture.host.is_none() {
            let host = capture.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"));
            capture.host = host.map(|header| header.value.to_string());
        }
        Ok(capture)
    }

    fn push_line(&mut self, line: usize, text: &str) {
        let continued = text.starts_with([' ', '\t']);
        if let Some((name, value)) = text.split_once(':').filter(|(name, _)| !continued && is_name(name)) {
            self.headers.push(Header::new(name, value, line));
            return;
        }
        self.broken.push(line);
        if let Some(last) = self.headers.last_mut() {
            last.value = Zeroizing::new([last.value.as_str(), "\n", text.trim_end()].concat());
        }
    }

    /// The header lines of a name, in any case.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Header> {
        self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    }

    /// The first of them.
    pub(super) fn first(&self, name: &str) -> Option<&Header> {
        self.all(name).next()
    }

    pub(super) fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    pub(super) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

impl Header {
    pub(super) fn new(name: &str, value: &str, line: usize) -> Self {
        let value = value.trim_end_matches(['\r', '\n']).trim_matches([' ', '\t']);
        Self { name: name.to_owned(), value: Zeroizing::new(value.to_owned()), line }
    }
}

/// Scheme, authority and target of an address; a target alone has neither of the others.
pub(super) fn split_address(address: &str) -> (Scheme, Option<String>, &str) {
    let scheme = |name: &str| address.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let (scheme, rest) = if scheme("https://") {
        (Scheme::Https, address.get(8..).unwrap_or_default())
    } else if scheme("http://") {
        (Scheme::Http, address.get(7..).unwrap_or_default())
    } else {
        return (Scheme::Unknown, None, address);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (scheme, Some(host.to_owned()), if target.is_empty() { "/" } else { target })
}

/// Where the body starts: behind the first empty line, if there is anything.
fn body_start(text: &str) -> Option<usize> {
    let ends = ["\r\n\r\n", "\n\n"].iter().filter_map(|end| Some(text.find(end)? + end.len()));
    ends.min().filter(|at| *at < text.len())
}

/// What curl said about the connection.
fn scheme_of_log(log: &str) -> Scheme {
    let said = |words: &str| log.lines().any(|line| line.starts_with('*') && line.contains(words));
    if said("SSL connection using") || said("TLS handshake") {
        Scheme::Https
    } else if said("Connected to ") {
        Scheme::Http
    } else {
        Scheme::Unknown
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
