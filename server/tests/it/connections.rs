//! How long a connection may take for what, and how many there may be: a listener with short bounds in this process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tollgate::telemetry::Metrics;
use tollgate::transport::{Bounds, Front, Patience, ServeError, TlsIdentity, Wire, bind};

use super::certificate::{client, shake_hands, write_certificate};

const SHORT: Duration = Duration::from_millis(200);
/// Short, and still enough for a request on a machine that has other things to do.
const AMPLE: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_mins(10);
/// What a test waits for anything at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// Every bound far away; a test brings one of them near.
const FAR: Bounds = Bounds {
    connections: 100,
    per_address: 100,
    handshake: LONG,
    header: LONG,
    quiet: LONG,
    age: LONG,
    grace: LONG,
    ping: LONG,
};

/// Opens an HTTP/2 connection (RFC 9113 §3.4): the preface and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The first half of a request's headers on stream 1: HEADERS without `END_HEADERS`.
const HALF_A_REQUEST: &[u8] = b"\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82";
/// `GET http://localhost/` on stream 1, complete: `:method`, `:scheme`, `:path` from the static table, `:authority`.
const REQUEST: &[u8] = b"\x00\x00\x0e\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x09localhost";

/// The type of a frame with a part of a body.
const DATA: u8 = 0;

struct Listening {
    address: SocketAddr,
    identity: TlsIdentity,
    metrics: Metrics,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ServeError>>,
    _files: TempDir,
}

impl Listening {
    fn start(front: impl Front, bounds: Bounds, tls: bool) -> Self {
        let files = tempfile::tempdir().unwrap();
        let identity = write_certificate(files.path());
        let wire = if tls { Wire::Tls(watch::channel(identity.load().unwrap()).1) } else { Wire::Plain };
        let bound = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = bound.address();
        let metrics = Metrics::new();
        let meter = Some(metrics.meter(address, "test"));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(bound.serve(front, wire, bounds, meter, stopped));
        Self { address, identity, metrics, stop, task, _files: files }
    }

    async fn plain(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn tls(&self, protocols: &[&[u8]]) -> tokio_rustls::client::TlsStream<TcpStream> {
        shake_hands(&client(&self.identity, protocols), self.plain().await).await
    }

    /// Stops the listener; it must come to its end.
    async fn end(self) {
        self.stop.send_replace(true);
        patient(self.task).await.unwrap().unwrap();
    }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it did not happen")
}

/// Everything until the connection closes, which it must.
async fn until_closed(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset closes, too.
    let _ = patient(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// Asks over HTTP/1.1 on a connection that stays, and reads the answer to the end of its body.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    while !text.ends_with("hello") {
        let byte = patient(stream.read_u8()).await.unwrap();
        text.push(char::from(byte));
    }
    text
}

/// The types of HTTP/2 frames.
fn frame_types(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [a, b, c, kind, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        types.push(*kind);
        bytes = rest.get(5 + length..).unwrap_or_default();
    }
    types
}

/// Answers when the time of a request is over.
#[derive(Clone)]
struct Slow;

impl Front for Slow {
    async fn answer(&self, _: SocketAddr, patience: &Patience, _: Request) -> Response {
        patience.end(SHORT).await;
        "hello".into_response()
    }
}

#[tokio::test]
async fn the_time_of_a_request_ends_with_no_other_bound_near() {
    let begun = Instant::now();
    for (count, tls) in [(2, false), (4, true)] {
        let listening = Listening::start(Slow, FAR, tls);
        if tls {
            let mut stream = listening.tls(&[b"http/1.1"]).await;
            ask(&mut stream, "/").await;
            ask(&mut stream, "/").await;
        } else {
            let mut stream = listening.plain().await;
            ask(&mut stream, "/").await;
            ask(&mut stream, "/").await;
        }
        assert!(begun.elapsed() >= count * SHORT, "each of the requests took its time");
        listening.end().await;
    }
    let listening = Listening::start(Slow, FAR, true);
    let mut stream = listening.tls(&[b"h2"]).await;
    stream.write_all(&[PREFACE, REQUEST].concat()).await.unwrap();
    let mut bytes = Vec::new();
    while !frame_types(&bytes).contains(&DATA) {
        assert_ne!(patient(stream.read_buf(&mut bytes)).await.unwrap(), 0);
    }
    assert!(begun.elapsed() >= 5 * SHORT);
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_ended() {
    let listening = Listening::start(hello(), Bounds { handshake: SHORT, ..FAR }, true);
    for (label, begun) in [
        ("nothing", &b""[..]),
        ("half a record", b"\x16\x03\x01\x02\x00\x01\x00"),
        ("no TLS", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ] {
        let mut stream = listening.plain().await;
        stream.write_all(begun).await.unwrap();
        let sent = until_closed(stream).await;
        assert!(!String::from_utf8_lossy(&sent).contains("HTTP"), "{label}: nothing is answered in clear");
    }
    let text = listening.metrics.text().unwrap();
    let line = format!("tollgate_tls_handshakes_failed_total{{listener=\"{}\"}} 3", listening.address);
    assert!(text.contains(&line), "{text}");
    listening.end().await;
}

#[tokio::test]
async fn a_slow_head_is_ended_on_plain_and_encrypted_connections() {
    for tls in [false, true] {
        let listening = Listening::start(hello(), Bounds { header: SHORT, ..FAR }, tls);
        for begun in ["", "GET /", "GET / HTTP/1.1\r\nhost: localhost\r\n", "PRI * HTTP/2.0\r\n"] {
            if tls {
                for protocols in [&[b"http/1.1".as_slice()][..], &[]] {
                    let mut stream = listening.tls(protocols).await;
                    stream.write_all(begun.as_bytes()).await.unwrap();
                    until_closed(stream).await;
                }
            } else {
                let mut stream = listening.plain().await;
                stream.write_all(begun.as_bytes()).await.unwrap();
                until_closed(stream).await;
            }
        }
        listening.end().await;
    }
}

#[tokio::test]
async fn a_connection_that_asks_no_more_is_ended() {
    let listening = Listening::start(hello(), Bounds { header: AMPLE, ..FAR }, false);
    let mut stream = listening.plain().await;
    assert!(ask(&mut stream, "/").await.starts_with("HTTP/1.1 200"));
    until_closed(stream).await;
    listening.end().await;
}

#[tokio::test]
async fn an_http2_connection_that_asks_for_nothing_is_ended() {
    const HEADERS: u8 = 1;
    const GO_AWAY: u8 = 7;
    let listening = Listening::start(hello(), Bounds { quiet: AMPLE, grace: SHORT, ..FAR }, true);
    let mut cases = JoinSet::new();
    for (label, begun) in [
        ("nothing", vec![]),
        ("half a preface", PREFACE[..9].to_vec()),
        ("a preface", PREFACE.to_vec()),
        ("half a request", [PREFACE, HALF_A_REQUEST].concat()),
        ("one request and then nothing", [PREFACE, REQUEST].concat()),
    ] {
        let mut stream = listening.tls(&[b"h2"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        stream.write_all(&begun).await.unwrap();
        cases.spawn(async move { (label, begun.len(), frame_types(&until_closed(stream).await)) });
    }
    while let Some(case) = cases.join_next().await {
        let (label, sent, frames) = case.unwrap();
        assert!(sent < PREFACE.len() || frames.contains(&GO_AWAY), "{label}: {frames:?}");
        assert_eq!(frames.contains(&HEADERS), label.starts_with("one request"), "{label}: {frames:?}");
    }
    listening.end().await;
}

#[tokio::test]
async fn an_http2_peer_that_answers_no_ping_is_gone() {
    let listening = Listening::start(hello(), Bounds { ping: SHORT, ..FAR }, true);
    let mut stream = listening.tls(&[b"h2"]).await;
    stream.write_all(PREFACE).await.unwrap();
    let frames = frame_types(&until_closed(stream).await);
    assert!(frames.contains(&6), "a ping was sent: {frames:?}");
    listening.end().await;
}

#[tokio::test]
async fn an_http1_answer_that_is_not_taken_does_not_hold_the_connection() {
    // More than the buffers of both sides hold.
    let flood = Router::new().route("/", get(|| async { vec![b'x'; 32 << 20] }));
    let listening = Listening::start(flood, Bounds { quiet: SHORT, grace: SHORT, ..FAR }, false);
    let mut stream = listening.plain().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let open = format!("tollgate_connections{{listener=\"{}\"}} ", listening.address);
    let count = |n: u8| listening.metrics.text().unwrap().contains(&format!("{open}{n}\n"));
    // It is open, it is cut while the client still does not read, and what was sent ends early.
    patient(async {
        while !count(1) {
            tokio::task::yield_now().await;
        }
        while !count(0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(until_closed(stream).await.len() < 32 << 20);
    listening.end().await;
}

#[tokio::test]
async fn a_connection_of_some_age_is_ended_however_busy() {
    let listening = Listening::start(hello(), Bounds { age: AMPLE, ..FAR }, false);
    let mut stream = listening.plain().await;
    let mut last = ask(&mut stream, "/").await;
    // Each answer leaves the connection open until one does not, or it is closed between two of them.
    while !last.to_ascii_lowercase().contains("connection: close") {
        let request = stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let mut byte = [0];
        match (request, patient(stream.read(&mut byte)).await) {
            (Ok(()), Ok(1)) => last = format!("{}{}", char::from(byte[0]), answer(&mut stream).await),
            _ => break,
        }
    }
    until_closed(stream).await;
    listening.end().await;
}

#[tokio::test]
async fn an_address_that_has_its_connections_gets_no_more_where_tls_ends() {
    let listening = Listening::start(hello(), Bounds { per_address: 2, ..FAR }, true);
    let mut held = [listening.tls(&[b"http/1.1"]).await, listening.tls(&[b"h2"]).await];
    for _ in 0..3 {
        let sent = until_closed(listening.plain().await).await;
        assert!(sent.is_empty(), "it is closed before the handshake: {sent:?}");
    }
    assert!(ask(&mut held[0], "/").await.starts_with("HTTP/1.1 200"), "those that stand run on");
    let metric = |line: &str| listening.metrics.text().unwrap().contains(line);
    let refused = format!("tollgate_connections_refused_total{{listener=\"{}\"}} 3\n", listening.address);
    assert!(metric(&refused), "{}", listening.metrics.text().unwrap());

    drop(held);
    let none = format!("tollgate_connections{{listener=\"{}\"}} 0\n", listening.address);
    patient(async {
        while !metric(&none) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut next = listening.tls(&[b"http/1.1"]).await;
    assert!(ask(&mut next, "/").await.starts_with("HTTP/1.1 200"), "a place that was left can be taken");
    drop(next);
    listening.end().await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn an_address_that_has_its_connections_takes_none_of_another() {
    let listening = Listening::start(hello(), Bounds { connections: 3, per_address: 1, ..FAR }, true);
    let held = listening.tls(&[b"http/1.1"]).await;
    until_closed(listening.plain().await).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
    let stream = socket.connect(listening.address).await.unwrap();
    let mut other = shake_hands(&client(&listening.identity, &[b"http/1.1"]), stream).await;
    assert!(ask(&mut other, "/").await.starts_with("HTTP/1.1 200"));
    drop((held, other));
    listening.end().await;
}

#[tokio::test]
async fn all_connections_of_a_plain_listener_may_come_from_the_terminator() {
    let listening = Listening::start(hello(), Bounds { per_address: 1, ..FAR }, false);
    let mut streams = [listening.plain().await, listening.plain().await];
    for stream in &mut streams {
        assert!(ask(stream, "/").await.starts_with("HTTP/1.1 200"));
    }
    drop(streams);
    listening.end().await;
}

#[tokio::test]
async fn connections_beyond_the_cap_wait() {
    type Order = Arc<Mutex<Vec<String>>>;
    async fn note(State(order): State<Order>, Path(name): Path<String>) -> &'static str {
        order.lock().unwrap().push(name);
        "hello"
    }
    let order = Order::default();
    let router = Router::new().route("/{name}", get(note)).with_state(order.clone());
    let listening = Listening::start(router, Bounds { connections: 1, ..FAR }, false);
    let mut first = listening.plain().await;
    ask(&mut first, "/first").await;
    let mut second = listening.plain().await;
    second.write_all(b"GET /second HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    for _ in 0..50 {
        ask(&mut first, "/first").await;
    }
    let open = format!("tollgate_connections{{listener=\"{}\"}} 1\n", listening.address);
    assert!(listening.metrics.text().unwrap().contains(&open));
    assert_eq!(order.lock().unwrap().len(), 51, "the second is not served while the first is there");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"), "then it is");
    assert_eq!(order.lock().unwrap().last().map(String::as_str), Some("second"));
    drop(second);
    listening.end().await;
}

#[tokio::test]
async fn a_stop_lets_running_requests_finish_and_cuts_off_what_does_not_end() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = Router::new().route(
        "/",
        get({
            let (begun, go_on) = (begun.clone(), go_on.clone());
            move || async move {
                begun.notify_one();
                go_on.notified().await;
                "hello"
            }
        }),
    );
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    let listening = Listening::start(router.clone(), FAR, false);
    let mut stream = listening.plain().await;
    stream.write_all(request).await.unwrap();
    patient(begun.notified()).await;
    listening.stop.send_replace(true);
    go_on.notify_one();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    let address = listening.address;
    listening.end().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");

    let listening = Listening::start(router, Bounds { grace: SHORT, ..FAR }, false);
    let mut stream = listening.plain().await;
    stream.write_all(request).await.unwrap();
    patient(begun.notified()).await;
    listening.end().await;
    assert_eq!(until_closed(stream).await, b"");
}
