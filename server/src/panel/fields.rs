//! The fields of a form that was sent, or of one that waited for a log-in.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::SecretText;
use crate::transport;

/// Names and values; what is not there reads as empty.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, Value)>);

/// The value of one field; printed by nobody.
#[derive(Default)]
struct Value(Zeroizing<String>);

/// What may be kept of one field.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    name: String,
    value: String,
}

impl Fields {
    /// The most that is kept of a form, in bytes of names and values.
    const MAX_KEPT: usize = 32 * 1024;

    /// The fields of a form.
    pub(super) fn new(form: &transport::Form) -> Self {
        let value = |text: &str| Value(Zeroizing::new(text.to_owned()));
        Self(form.iter().map(|(name, text)| (name.to_owned(), value(text))).collect())
    }

    pub(super) fn from_kept(kept: Vec<Kept>) -> Self {
        Self(kept.into_iter().map(|Kept { name, value }| (name, Value(Zeroizing::new(value)))).collect())
    }

    /// A field as it was typed.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| &value.0)
    }

    /// A field without blanks around it.
    pub(super) fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// A secret field, as it was typed.
    pub(super) fn secret(&self, name: &str) -> SecretText {
        SecretText::new(self.raw(name).to_owned())
    }

    /// Whether a box is ticked, or a field is there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The fields whose names begin so, for a group of boxes: the rest of each name.
    pub(super) fn ticked<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, _)| name.strip_prefix(prefix))
    }

    /// What may wait for a log-in: no secret, and not too much; `None` when there is nothing.
    pub(super) fn kept(&self) -> Option<Vec<Kept>> {
        let kept = self.0.iter().filter(|(name, _)| !is_secret(name));
        let kept: Vec<_> = kept.map(|(name, value)| Kept { name: name.clone(), value: value.0.to_string() }).collect();
        let len: usize = kept.iter().map(|kept| kept.name.len() + kept.value.len()).sum();
        (!kept.is_empty() && len <= Self::MAX_KEPT).then_some(kept)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("redacted")
    }
}

/// The field that carries the token of the form.
pub(super) const TOKEN: &str = "form_token";

fn is_secret(name: &str) -> bool {
    name == TOKEN || ["password", "secret", "otp", "code"].iter().any(|word| name.contains(word))
}
