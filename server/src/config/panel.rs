//! `[panel]`.

use serde::Deserialize;

use crate::account::Switch;

/// The control panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanelConfig {
    /// Whether listeners that do not say otherwise serve it.
    pub enabled: Switch,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    enabled: Option<bool>,
}

impl Section {
    pub(super) fn resolve(&self) -> PanelConfig {
        PanelConfig { enabled: switch(self.enabled.unwrap_or(false)) }
    }
}

pub(super) fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}
