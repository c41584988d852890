//! `[alternative]`.

use serde::Deserialize;

use super::error::Problem;
use crate::dialects::Dialect;
use crate::dialects::alternative::Alternative;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    invalid_client_status: Option<u16>,
}

impl Section {
    /// The dialect as it is configured.
    pub(super) fn resolve(&self) -> Result<&'static dyn Dialect, Problem> {
        match self.invalid_client_status {
            None | Some(401) => Ok(&Alternative::STANDARD),
            Some(403) => Ok(&Alternative::DOCUMENTED),
            Some(_) => Err(Problem::key("alternative.invalid_client_status", "must be 401 or 403")),
        }
    }
}
