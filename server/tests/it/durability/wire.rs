//! The two ends of a server that a test talks to: HTTP, and the command socket. Either may break off at any moment.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::binary::Dev;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a server can be reached.
#[derive(Clone)]
pub(crate) struct Wire {
    address: String,
    socket: PathBuf,
    /// Header lines of every request.
    always: &'static str,
}

/// A request that was sent and not answered yet.
pub(crate) struct Sent(TcpStream);

/// An answer that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What a command on the socket came to.
#[derive(Debug)]
pub(crate) enum Done {
    /// The first record, and the secret that was shown with it.
    Record(Value, Option<String>),
    /// Lines, as they came.
    Lines(String),
    /// Refused, with this sentence.
    Refused(String),
}

impl Wire {
    pub(crate) fn to(dev: &Dev, data: &Path) -> Self {
        Self { address: dev.text("/sandbox").replace("http://", ""), socket: data.join("tollgate.sock"), always: "" }
    }

    /// A server that believes it is behind a proxy.
    pub(crate) fn forwarded(address: SocketAddr, data: &Path) -> Self {
        let always = "x-forwarded-proto: https\r\n";
        Self { address: address.to_string(), socket: data.join("tollgate.sock"), always }
    }

    /// Asks, and answers what came whole; `None` when the server broke off.
    pub(crate) fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Option<Reply> {
        Reply::whole(&self.send(line, headers, body)?.read().ok()?)
    }

    /// Sends a request; `None` when nobody takes it.
    pub(crate) fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Option<Sent> {
        let mut request = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\n{}connection: close\r\ncontent-length: {}\r\n",
            self.always,
            body.len()
        );
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request.push_str("content-type: application/json\r\n");
        }
        for (name, value) in headers {
            request.extend([name, ": ", value, "\r\n"]);
        }
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).ok()?;
        Some(Sent(stream))
    }

    /// Sends a command, and answers what came whole; `None` when the server broke off.
    pub(crate) fn command(&self, command: &Value) -> Option<Done> {
        let mut stream = UnixStream::connect(&self.socket).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        let mut done = Done::Lines(String::new());
        for part in BufReader::new(stream).lines() {
            let part: Value = serde_json::from_str(&part.ok()?).ok()?;
            if part == "end" {
                return Some(done);
            }
            let (kind, content) = part.as_object().unwrap().iter().next().unwrap();
            match (kind.as_str(), &mut done) {
                ("records", _) => done = first_record(&content[0]),
                ("lines", Done::Lines(lines)) => lines.push_str(content.as_str().unwrap()),
                ("refused", _) => return Some(Done::Refused(content["sentence"].as_str().unwrap().to_owned())),
                _ => panic!("{part}"),
            }
        }
        None
    }
}

impl Sent {
    /// What came until the server closed or broke off, if anything did.
    pub(crate) fn read(mut self) -> std::io::Result<String> {
        let mut answer = Vec::new();
        let read = self.0.read_to_end(&mut answer);
        if answer.is_empty() {
            read?;
        }
        Ok(String::from_utf8(answer).unwrap())
    }
}

impl Reply {
    pub(crate) fn whole(answer: &str) -> Option<Self> {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let reply = Self { status, head: head.to_lowercase(), body: body.to_owned() };
        (reply.header("content-length")?.parse() == Ok(body.len())).then_some(reply)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// A text or number of the body, by pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        match self.json().pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => panic!("{pointer} in {self:?}"),
        }
    }
}

/// `Authorization: Basic` of this pair.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn first_record(record: &Value) -> Done {
    let members = record["members"].as_array().unwrap();
    let members = members.iter().map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone())).collect();
    Done::Record(Value::Object(members), record["secret"].as_str().map(str::to_owned))
}
