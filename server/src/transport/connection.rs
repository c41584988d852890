//! The life of one connection, from the handshake to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::{Bounds, Wire};
use crate::telemetry::Meter;

/// What a connection needs of its listener.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) router: Router,
    pub(super) wire: Wire,
    pub(super) bounds: Bounds,
    pub(super) meter: Option<Meter>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Host {
    /// Serves a connection until it ends, whoever ends it.
    pub(super) async fn attend(self, stream: TcpStream, peer: SocketAddr) {
        // Answers are short and written at once: waiting for more only delays them. Failing to say so is no harm.
        let _ = stream.set_nodelay(true);
        let configuration = match &self.wire {
            Wire::Plain => return self.speak_http1(stream, peer).await,
            Wire::Tls(configuration) => configuration.borrow().clone(),
        };
        let handshake = TlsAcceptor::from(configuration).accept(stream);
        let Ok(Ok(stream)) = timeout(self.bounds.handshake, handshake).await else {
            if let Some(meter) = &self.meter {
                meter.handshake_failed();
            }
            return;
        };
        // The client's choice in ALPN decides, and not what it sends first: each protocol is bounded from its first byte.
        if stream.get_ref().1.alpn_protocol() == Some(super::tls::H2) {
            self.speak_http2(stream, peer).await;
        } else {
            self.speak_http1(stream, peer).await;
        }
    }

    async fn speak_http1(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, peer: SocketAddr) {
        let answers = Answers::default();
        let service = answers.counting(self.router.clone(), peer);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.header)
            .max_buf_size(usize::from(Bounds::HEADER_BYTES))
            .serve_connection(TokioIo::new(stream), service);
        self.watch(connection, &answers).await;
    }

    async fn speak_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, peer: SocketAddr) {
        let answers = Answers::default();
        let service = answers.counting(self.router.clone(), peer);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(Bounds::STREAMS)
            .max_header_list_size(u32::from(Bounds::HEADER_BYTES))
            .initial_stream_window_size(Bounds::STREAM_WINDOW)
            .initial_connection_window_size(Bounds::CONNECTION_WINDOW)
            .keep_alive_interval(self.bounds.ping)
            .keep_alive_timeout(self.bounds.ping)
            .serve_connection(TokioIo::new(stream), service);
        self.watch(connection, &answers).await;
    }

    /// Drives a connection; asks it to end when the server stops, when it is old, and when it has been quiet; and cuts
    /// it off when it has not ended in time.
    async fn watch(mut self, connection: impl GracefulConnection, answers: &Answers) {
        let mut connection = pin!(connection);
        let mut age = pin!(sleep(self.bounds.age));
        let mut quiet = pin!(sleep(self.bounds.quiet));
        let mut stopped = pin!(self.stop.wait_for(|stop| *stop));
        let mut seen = answers.count();
        loop {
            tokio::select! {
                biased;
                // What went wrong on the wire is the client's to know.
                _ = connection.as_mut() => return,
                // A sender that is gone means stop, too.
                _ = stopped.as_mut() => break,
                () = age.as_mut() => break,
                () = quiet.as_mut() => {
                    let count = answers.count();
                    if count == seen {
                        break;
                    }
                    seen = count;
                    quiet.set(sleep(self.bounds.quiet));
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(self.bounds.grace, connection).await;
    }
}

/// How many answers a connection was given.
#[derive(Clone, Default)]
struct Answers(Arc<AtomicU64>);

impl Answers {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The router as a service of one connection, which notes each answer.
    fn counting(
        &self,
        router: Router,
        peer: SocketAddr,
    ) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + use<> {
        let answers = self.clone();
        service_fn(move |request: Request<Incoming>| {
            let mut router = router.clone();
            let answers = answers.clone();
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                let answer: Result<Response<Body>, Infallible> = tower::Service::call(&mut router, request).await;
                answers.0.fetch_add(1, Ordering::Relaxed);
                answer
            }
        })
    }
}
