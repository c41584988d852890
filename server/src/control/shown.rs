//! A record as it is shown.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PlainText;

/// Named values in a fixed order, and the secret that is shown this once.
///
/// The names are stable: they are the columns of tables and the members of the JSON that is printed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    members: Vec<(Cow<'static, str>, Value)>,
    secret: Option<PlainText>,
}

impl Shown {
    /// The values.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> Option<&PlainText> {
        self.secret.as_ref()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_secret(mut self, secret: impl Into<PlainText>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Whether a change was made by this call, or was there before.
    pub(super) fn changed(id: impl Into<Value>, changed: bool) -> Self {
        Self::default().with("id", id).with("changed", changed)
    }
}
