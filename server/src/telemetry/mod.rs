//! What the server tells its operator: log lines on standard error, and metrics.

mod exporter;
mod logs;
mod metrics;

pub use exporter::exporter;
pub use logs::{LogFilter, LogFormat, start};
pub use metrics::{Meter, Metrics, OpenConnection, Seen, WebhookMeter};
