//! A curl command line, read as a shell and curl would read it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::capture::{Capture, CaptureError, Header, Scheme, split_address};

/// Reads a command line; variables stay as they are written.
pub(super) fn read(text: &str) -> Result<Capture, CaptureError> {
    let words = words(text)?;
    let mut line = CommandLine::default();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let (option, joined) = split_option(word);
        match (joined, takes_value(option)) {
            (Some(value), true) => line.option(option, value),
            (_, true) => line.option(option, words.next().map_or("", |value| value)),
            (_, false) => line.plain(word),
        }
    }
    line.finish()
}

#[derive(Default)]
struct CommandLine {
    method: Option<String>,
    address: Option<Zeroizing<String>>,
    headers: Vec<Header>,
    body: Option<Zeroizing<Vec<u8>>>,
    in_query: bool,
    head: bool,
}

impl CommandLine {
    fn option(&mut self, option: &str, value: &str) {
        match option {
            "-X" | "--request" => self.method = Some(value.to_owned()),
            "--url" => self.address = Some(Zeroizing::new(value.to_owned())),
            "-H" | "--header" => match value.split_once(':') {
                Some((name, value)) => self.header(name.trim_end(), value),
                // `Name;` sends the header without a value; anything else without a colon is not sent.
                None if value.ends_with(';') => self.header(value.trim_end_matches(';'), ""),
                None => {}
            },
            "-u" | "--user" => {
                let pair = Zeroizing::new(STANDARD.encode(value));
                self.header("Authorization", &Zeroizing::new(["Basic ", pair.as_str()].concat()));
            }
            "--oauth2-bearer" => self.header("Authorization", &Zeroizing::new(["Bearer ", value].concat())),
            "--json" => {
                self.data(value);
                self.header("Content-Type", "application/json");
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode" => self.data(value),
            _ => {}
        }
    }

    fn plain(&mut self, word: &str) {
        match word {
            "-G" | "--get" => self.in_query = true,
            "-I" | "--head" => self.head = true,
            _ if !word.starts_with('-') && self.address.is_none() => {
                self.address = Some(Zeroizing::new(word.to_owned()));
            }
            _ => {}
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        self.headers.push(Header::new(name, value, 1));
    }

    /// Several pieces of data are joined with `&`.
    fn data(&mut self, piece: &str) {
        let mut body = self.body.take().unwrap_or_default();
        if !body.is_empty() {
            body.push(b'&');
        }
        body.extend_from_slice(piece.as_bytes());
        self.body = Some(body);
    }

    fn finish(mut self) -> Result<Capture, CaptureError> {
        let address = self.address.ok_or(CaptureError::NoAddress)?;
        let with_scheme =
            if address.contains("://") { address } else { Zeroizing::new(["http://", address.as_str()].concat()) };
        let (scheme, host, target) = split_address(&with_scheme);
        let mut target = Zeroizing::new(target.to_owned());
        if self.in_query
            && let Some(body) = self.body.take()
        {
            let joint = if target.contains('?') { '&' } else { '?' };
            target.push(joint);
            target.push_str(&String::from_utf8_lossy(&body));
        }
        let posts = self.body.is_some();
        let method = match self.method {
            Some(method) => method,
            None if self.head => "HEAD".to_owned(),
            None => if posts { "POST" } else { "GET" }.to_owned(),
        };
        let typed = self.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type"));
        if posts && !typed {
            self.headers.push(Header::new("Content-Type", "application/x-www-form-urlencoded", 1));
        }
        let body = Some(self.body.unwrap_or_default());
        let scheme = if scheme == Scheme::Unknown { Scheme::Http } else { scheme };
        Ok(Capture { method, target, scheme, host, headers: self.headers, body, broken: Vec::new() })
    }
}

/// `-Xvalue`, `--name=value`, or the option alone.
fn split_option(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
    }
    match word.get(..2).filter(|option| word.len() > 2 && takes_value(option)) {
        Some(option) => (option, word.get(2..)),
        None => (word, None),
    }
}

fn takes_value(option: &str) -> bool {
    WITH_VALUE.contains(&option)
}

/// The words of a shell line: quotes, backslashes, and lines that a backslash continues.
fn words(text: &str) -> Result<Vec<Zeroizing<String>>, CaptureError> {
    let mut words = Vec::new();
    // Of full capacity from the start: growing would leave a copy behind.
    let fresh = || Zeroizing::new(String::with_capacity(text.len()));
    let (mut word, mut open, mut quote) = (fresh(), false, None);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => (quote, open) = (Some(c), true),
            (Some(mark), _) if mark == c => quote = None,
            (None | Some('"'), '\\') => match characters.next() {
                Some('\n') | None => {}
                Some('\r') => {
                    characters.next();
                }
                Some(next) => {
                    if quote.is_some() && !"\"\\$`".contains(next) {
                        word.push('\\');
                    }
                    word.push(next);
                    open = true;
                }
            },
            (None, _) if c.is_ascii_whitespace() => {
                if open {
                    words.push(std::mem::replace(&mut word, fresh()));
                }
                open = false;
                if c == '\n' {
                    break;
                }
            }
            _ => {
                word.push(c);
                open = true;
            }
        }
    }
    if quote.is_some() {
        return Err(CaptureError::Unclosed);
    }
    if open {
        words.push(word);
    }
    Ok(words)
}

/// Options of curl that are followed by a value.
const WITH_VALUE: &[&str] = &[
    "-A",
    "-b",
    "-c",
    "-d",
    "-e",
    "-F",
    "-H",
    "-K",
    "-m",
    "-o",
    "-T",
    "-u",
    "-w",
    "-x",
    "-X",
    "--cacert",
    "--cert",
    "--connect-timeout",
    "--connect-to",
    "--cookie",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--form",
    "--header",
    "--json",
    "--key",
    "--max-time",
    "--oauth2-bearer",
    "--output",
    "--proxy",
    "--referer",
    "--request",
    "--resolve",
    "--retry",
    "--upload-file",
    "--url",
    "--user",
    "--user-agent",
    "--write-out",
];
