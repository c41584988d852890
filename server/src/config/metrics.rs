//! `[metrics]`.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// Metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Where a scraper asks for them, over plain HTTP.
    pub address: SocketAddr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    address: Option<SocketAddr>,
}

/// The port when none is named.
const PORT: u16 = 9464;

impl Section {
    pub(super) fn resolve(self) -> MetricsConfig {
        MetricsConfig { address: self.address.unwrap_or((Ipv4Addr::LOCALHOST, PORT).into()) }
    }
}
