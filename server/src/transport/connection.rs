//! The life of one connection, from the handshake to its end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::noted_timer::NotedTimer;
use super::unread::Unread;
use super::{Bounds, Front, Patience, Wire};
use crate::telemetry::Meter;

/// What a connection needs of its listener.
#[derive(Clone)]
pub(super) struct Host<F> {
    pub(super) front: F,
    pub(super) wire: Wire,
    pub(super) bounds: Bounds,
    pub(super) meter: Option<Meter>,
    pub(super) stop: watch::Receiver<bool>,
}

impl<F: Front> Host<F> {
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
        let (head, answer) = (NotedTimer::start(), NotedTimer::start());
        let caller = Caller::new(self.front.of_connection(), peer, Patience::OfConnection(answer.clone()));
        let connection = http1::Builder::new()
            .timer(head.clone())
            .header_read_timeout(self.bounds.header)
            .max_buf_size(usize::from(Bounds::HEADER_BYTES))
            // Answers are short: copied behind their heads they cost less than a list of places does in the kernel.
            .writev(false)
            .serve_connection(TokioIo::new(stream), Caller::service(&caller));
        self.watch(connection, &caller, &[head, answer]).await;
    }

    async fn speak_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, peer: SocketAddr) {
        // Requests share the connection, each with a task and a time of its own.
        let caller = Caller::new(self.front.of_connection(), peer, Patience::Alone);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(Bounds::STREAMS)
            .max_header_list_size(u32::from(Bounds::HEADER_BYTES))
            .initial_stream_window_size(Bounds::STREAM_WINDOW)
            .initial_connection_window_size(Bounds::CONNECTION_WINDOW)
            .keep_alive_interval(self.bounds.ping)
            .keep_alive_timeout(self.bounds.ping)
            .serve_connection(TokioIo::new(stream), Caller::service(&caller));
        self.watch(connection, &caller, &[]).await;
    }

    /// Drives a connection; asks it to end when the server stops, when it is old, and when it has been quiet; and cuts
    /// it off when it has not ended in time.
    ///
    /// One timer rings for all of this: most wakings are requests, and each timer would be looked at for each.
    async fn watch(mut self, connection: impl GracefulConnection, caller: &Caller<F>, timers: &[NotedTimer]) {
        let mut connection = pin!(connection);
        // Behind a waker of its own: all connections share the signal, and would take its lock with each request.
        let mut stopped: FuturesUnordered<_> = [self.stop.wait_for(|stop| *stop)].into_iter().collect();
        // What comes of the connection when it is old; once it was asked to end, when it is cut off.
        let mut last = sleep(self.bounds.age).deadline();
        let mut look = sleep(self.bounds.quiet).deadline();
        let mut alarm = pin!(sleep_until(last.min(look)));
        let mut seen = caller.answers();
        let mut ending = false;
        let late = || timers.iter().filter_map(NotedTimer::due).min().map(Instant::from_std);
        loop {
            let mut end = false;
            tokio::select! {
                biased;
                // What went wrong on the wire is the client's to know.
                _ = connection.as_mut() => return,
                // A sender that is gone means stop, too.
                _ = stopped.next(), if !ending => end = true,
                now = rings(alarm.as_mut(), late) => {
                    let is_late = |timer: &&NotedTimer| timer.due().is_some_and(|due| Instant::from_std(due) <= now);
                    timers.iter().filter(is_late).for_each(NotedTimer::expire);
                    if now >= last {
                        if ending {
                            return;
                        }
                        end = true;
                    } else if !ending && now >= look {
                        let count = caller.answers();
                        end = count == seen;
                        seen = count;
                        look = now + self.bounds.quiet;
                    }
                }
            }
            if end {
                ending = true;
                connection.as_mut().graceful_shutdown();
                last = sleep(self.bounds.grace).deadline();
            }
            let next = if ending { last } else { last.min(look) };
            alarm.as_mut().reset(next);
        }
    }
}

/// Waits for the alarm, or for what is late before; answers the moment it was set to.
async fn rings(mut alarm: Pin<&mut tokio::time::Sleep>, late: impl Fn() -> Option<Instant>) -> Instant {
    poll_fn(|context| {
        if let Some(late) = late().filter(|late| *late < alarm.deadline()) {
            alarm.as_mut().reset(late);
        }
        alarm.as_mut().poll(context).map(|()| alarm.deadline())
    })
    .await
}

/// Who is at the other end of a connection, and what it is answered by.
struct Caller<F> {
    front: F,
    peer: SocketAddr,
    patience: Patience,
    answers: AtomicU64,
}

impl<F: Front> Caller<F> {
    fn new(front: F, peer: SocketAddr, patience: Patience) -> Arc<Self> {
        Arc::new(Self { front, peer, patience, answers: AtomicU64::new(0) })
    }

    /// How many answers it was given.
    fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// The front as a service of this connection.
    fn service(
        caller: &Arc<Self>,
    ) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + use<F> {
        let caller = caller.clone();
        service_fn(move |request: Request<Incoming>| {
            let caller = caller.clone();
            async move {
                let request =
                    request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(Unread::new(body)) });
                let answer = caller.front.answer(caller.peer, &caller.patience, request).await;
                caller.answers.fetch_add(1, Ordering::Relaxed);
                Ok(answer)
            }
        })
    }
}
