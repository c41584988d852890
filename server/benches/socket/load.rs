//! Requests on several connections at once, each sent when the answer before it is there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long and by how many connections at a time a load is sent.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) seconds: u64,
    pub(crate) connections: usize,
}

/// A request as it is sent.
pub(crate) struct Request(Vec<u8>);

/// What is sent, and the status that each answer must have.
pub(crate) struct Load {
    requests: Arc<[Request]>,
    once: bool,
    status: u16,
}

impl Request {
    pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::new("GET", path, headers, "")
    }

    pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let length = body.len().to_string();
        Self::new("POST", path, &[headers, &[("content-length", length.as_str())]].concat(), body)
    }

    fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["\r\n", body]);
        Self(text.into_bytes())
    }
}

impl Load {
    /// The same request for as long as the round lasts.
    pub(crate) fn again(request: Request, status: u16) -> Self {
        Self { requests: Arc::new([request]), once: false, status }
    }

    /// Each of these requests once.
    pub(crate) fn once(requests: Arc<[Request]>, status: u16) -> Self {
        Self { requests, once: true, status }
    }

    /// Sends for as long as the round lasts, or everything; answers how many answers there were.
    pub(crate) async fn run(&self, to: SocketAddr, round: Round) -> usize {
        let (over, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut callers = JoinSet::new();
        for _ in 0..round.connections {
            let (over, next) = (over.clone(), next.clone());
            let (requests, once, status) = (self.requests.clone(), self.once, self.status);
            callers.spawn(async move {
                let mut stream = connect(to).await;
                let mut answer = Vec::new();
                let mut count = 0;
                while !over.load(Ordering::Relaxed) {
                    let place = if once { next.fetch_add(1, Ordering::Relaxed) } else { 0 };
                    let Some(Request(request)) = requests.get(place) else { break };
                    stream.write_all(request).await.unwrap();
                    let (answered, _) = read_answer(&mut stream, &mut answer).await;
                    assert_eq!(answered, status, "{}", String::from_utf8_lossy(&answer));
                    count += 1;
                }
                count
            });
        }
        if !self.once {
            tokio::time::sleep(Duration::from_secs(round.seconds)).await;
            over.store(true, Ordering::Relaxed);
        }
        callers.join_all().await.into_iter().sum()
    }
}

/// One request on a connection of its own; answers the body of the answer.
pub(crate) async fn ask(to: SocketAddr, Request(request): &Request) -> Vec<u8> {
    let mut stream = connect(to).await;
    let mut answer = Vec::new();
    stream.write_all(request).await.unwrap();
    let (_, head) = read_answer(&mut stream, &mut answer).await;
    answer.split_off(head)
}

async fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads one answer; answers its status and the length of its head.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> (u16, usize) {
    answer.clear();
    loop {
        assert_ne!(stream.read_buf(answer).await.unwrap(), 0, "the server hung up");
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = str::from_utf8(&answer[..end]).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if answer.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return (head[9..12].parse().unwrap(), end + 4);
        }
    }
}
