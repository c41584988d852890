//! Metrics of the line between nodes that share a database.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

/// Where the numbers of the line go.
#[derive(Debug, Clone)]
pub struct FeedMeter {
    lag: Histogram,
    settled: Histogram,
}

/// What is asked of the line at each scrape, so that numbers of one that hangs are not those of its last good moment.
pub trait FeedSource: fmt::Debug + Send + Sync {
    /// What it counted.
    fn meter(&self) -> &FeedMeter;
    /// Whether records in memory are answered now.
    fn trusted(&self) -> bool;
    /// How long ago the newest ping that came back was sent; `None` before the first.
    fn confirmed_age(&self) -> Option<Duration>;
    /// Nodes that may keep records in memory, when they were last counted.
    fn nodes(&self) -> usize;
}

/// Shows a line once there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct FeedCollector(Arc<OnceLock<Arc<dyn FeedSource>>>);

/// Upper bounds of the buckets in seconds, up to the longest that a revocation waits.
const SECONDS: [f64; 11] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 11.0];

impl FeedMeter {
    /// A ping came back so long after it was sent.
    pub fn ping(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// A change held on every node so long after its commit.
    pub fn settled(&self, took: Duration) {
        self.settled.observe(took.as_secs_f64());
    }
}

impl Default for FeedMeter {
    fn default() -> Self {
        Self { lag: Histogram::new(SECONDS), settled: Histogram::new(SECONDS) }
    }
}

impl FeedCollector {
    /// From now on shows this one; there is one a process.
    pub(super) fn show(&self, source: Arc<dyn FeedSource>) {
        let _ = self.0.set(source);
    }
}

impl Collector for FeedCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(source) = self.0.get() else { return Ok(()) };
        let seconds = Some(&Unit::Seconds);
        let meter = source.meter();
        let lag = "Time until a ping to the other nodes came back through the database";
        meter.lag.encode(encoder.encode_descriptor("feed_lag", lag, seconds, MetricType::Histogram)?)?;
        let settled = "Time from the commit of a revocation until it held on every node";
        meter.settled.encode(encoder.encode_descriptor("feed_settling", settled, seconds, MetricType::Histogram)?)?;
        let trusted = ConstGauge::new(i64::from(source.trusted()));
        let help = "Whether records in memory are answered (1) or each is read from the database (0)";
        trusted.encode(encoder.encode_descriptor("feed_trusted", help, None, MetricType::Gauge)?)?;
        if let Some(age) = source.confirmed_age() {
            let help = "Age of the newest ping that came back";
            let age = ConstGauge::new(age.as_secs_f64());
            age.encode(encoder.encode_descriptor("feed_confirmed_age", help, seconds, MetricType::Gauge)?)?;
        }
        let nodes = ConstGauge::new(i64::try_from(source.nodes()).unwrap_or(i64::MAX));
        let help = "Nodes that may keep records in memory";
        nodes.encode(encoder.encode_descriptor("feed_nodes", help, None, MetricType::Gauge)?)
    }
}
