//! Metrics: what each listener was asked, what it answered, and how long that took; and what webhooks came to.
//!
//! Every label has few values, all of them ours: addresses of listeners, names of dialects, route templates, statuses,
//! reasons and outcomes. Nothing of a request is a label, so no caller can make one.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::feed::{FeedCollector, FeedSource};

/// The metrics of the server.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    families: Families,
    feed: FeedCollector,
}

/// Where one listener's numbers go.
#[derive(Debug, Clone)]
pub struct Meter {
    listener: Arc<String>,
    mode: &'static str,
    connections: Gauge,
    connections_refused: Counter,
    handshakes_failed: Counter,
    families: Families,
}

/// Where the numbers of webhook delivery go.
#[derive(Debug, Clone)]
pub struct WebhookMeter(Family<AttemptLabels, Counter>);

/// One request and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'r> {
    /// The dialect that owns the path, or `-`.
    pub dialect: &'static str,
    /// The method, or `other`.
    pub method: &'static str,
    /// The route template, or `-`.
    pub route: &'r str,
    /// The status of the answer.
    pub status: u16,
    /// Why it was refused, or `-`.
    pub reason: &'static str,
    /// From the head of the request to the head of the answer.
    pub elapsed: Duration,
}

/// A connection that counts as open until this is dropped.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

#[derive(Debug, Clone)]
struct Families {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    connections: Family<ListenerLabels, Gauge>,
    connections_refused: Family<ListenerLabels, Counter>,
    handshakes_failed: Family<ListenerLabels, Counter>,
    webhook_attempts: Family<AttemptLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: Arc<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    listener: Arc<String>,
    mode: &'static str,
    dialect: &'static str,
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    listener: Arc<String>,
    mode: &'static str,
    dialect: &'static str,
    method: &'static str,
    route: String,
    status: u16,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    dialect: &'static str,
    outcome: &'static str,
}

/// Upper bounds of the buckets in seconds, up to the longest a request may take.
const SECONDS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0];

impl Metrics {
    /// The media type of [`text`](Self::text).
    pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Metrics that count from zero.
    #[must_use]
    pub fn new() -> Self {
        let families = Families {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            connections: Family::default(),
            connections_refused: Family::default(),
            handshakes_failed: Family::default(),
            webhook_attempts: Family::default(),
        };
        let mut registry = Registry::with_prefix("tollgate");
        registry.register("requests", "Requests by their answer", families.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            families.seconds.clone(),
        );
        registry.register("connections", "Open connections", families.connections.clone());
        registry.register(
            "connections_refused",
            "Connections closed because their address had as many as it may",
            families.connections_refused.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "TLS handshakes that failed or took too long",
            families.handshakes_failed.clone(),
        );
        registry.register(
            "webhook_attempts",
            "Attempts to deliver a webhook by what came of them",
            families.webhook_attempts.clone(),
        );
        let feed = FeedCollector::default();
        registry.register_collector(Box::new(feed.clone()));
        Self { registry: Arc::new(registry), families, feed }
    }

    /// Shows the line to other nodes, too.
    pub fn watch_feed(&self, feed: Arc<dyn FeedSource>) {
        self.feed.show(feed);
    }

    /// The meter of the listener at this address.
    #[must_use]
    pub fn meter(&self, listener: SocketAddr, mode: &'static str) -> Meter {
        let listener = Arc::new(listener.to_string());
        let labels = ListenerLabels { listener: listener.clone() };
        Meter {
            listener,
            mode,
            connections: self.families.connections.get_or_create_owned(&labels),
            connections_refused: self.families.connections_refused.get_or_create_owned(&labels),
            handshakes_failed: self.families.handshakes_failed.get_or_create_owned(&labels),
            families: self.families.clone(),
        }
    }

    /// The meter of webhook delivery.
    #[must_use]
    pub fn webhook_meter(&self) -> WebhookMeter {
        WebhookMeter(self.families.webhook_attempts.clone())
    }

    /// All of them, in the text form of `OpenMetrics` 1.0.
    ///
    /// # Errors
    ///
    /// [`fmt::Error`] when a metric does not print.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// Counts a request.
    pub fn request(&self, seen: Seen<'_>) {
        let Seen { dialect, method, route, status, reason, elapsed } = seen;
        let (listener, mode, route) = (self.listener.clone(), self.mode, route.to_owned());
        let labels = RouteLabels { listener, mode, dialect, method, route };
        self.families.seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
        let RouteLabels { listener, route, .. } = labels;
        let labels = RequestLabels { listener, mode, dialect, method, route, status, reason };
        self.families.requests.get_or_create(&labels).inc();
    }

    /// Counts a connection for as long as it is open.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// Counts a connection that was closed because its address had as many as it may.
    pub fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Counts a TLS handshake that came to nothing.
    pub fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }
}

impl WebhookMeter {
    /// Counts an attempt: whose format it was in, and what came of it.
    pub fn attempt(&self, dialect: &'static str, outcome: &'static str) {
        self.0.get_or_create(&AttemptLabels { dialect, outcome }).inc();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}
