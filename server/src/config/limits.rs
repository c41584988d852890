//! `[limits]`.

use serde::Deserialize;

use super::error::Problem;
use crate::transport::Bounds;

/// Bounds of each listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Connections at one time.
    pub max_connections: usize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    max_connections: Option<usize>,
}

/// The most that may be configured.
const MOST: usize = 1_000_000;

impl Section {
    pub(super) fn resolve(self) -> Result<LimitsConfig, Problem> {
        let max_connections = self.max_connections.unwrap_or(Bounds::CONNECTIONS);
        if (1..=MOST).contains(&max_connections) {
            Ok(LimitsConfig { max_connections })
        } else {
            Err(Problem::key("limits.max_connections", format!("must be from 1 to {MOST}")))
        }
    }
}
