//! `[limits]`.

use serde::Deserialize;

use super::error::Problem;
use crate::transport::Bounds;

/// Bounds of each listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Connections at one time.
    pub max_connections: usize,
    /// Of them, those of one address, on listeners where TLS ends.
    pub max_connections_per_address: usize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    max_connections: Option<usize>,
    max_connections_per_address: Option<usize>,
}

/// The most that may be configured.
const MOST: usize = 1_000_000;

impl Section {
    pub(super) fn resolve(self) -> Result<LimitsConfig, Problem> {
        let max_connections = self.max_connections.unwrap_or(Bounds::CONNECTIONS);
        if !(1..=MOST).contains(&max_connections) {
            return Err(Problem::key("limits.max_connections", format!("must be from 1 to {MOST}")));
        }
        let share = Bounds::share_of(max_connections);
        let max_connections_per_address = self.max_connections_per_address.unwrap_or(share);
        if !(1..=max_connections).contains(&max_connections_per_address) {
            let what = format!("must be from 1 to {max_connections}, the max_connections of a listener");
            return Err(Problem::key("limits.max_connections_per_address", what));
        }
        Ok(LimitsConfig { max_connections, max_connections_per_address })
    }
}
