//! What the server tells its operator: log lines on standard error, and metrics.

mod batch;
mod exporter;
mod feed;
mod json;
mod logs;
mod metrics;
mod timestamp;

pub use batch::Flush;
pub use exporter::exporter;
pub use feed::{FeedMeter, FeedSource};
pub use logs::{AUDIT_TARGET, LogFilter, LogFormat, start};
pub use metrics::{Meter, Metrics, OpenConnection, Seen, WebhookMeter};
