//! What is wrong with which field.

/// Sentences to be shown beside the fields of a form.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// One fault.
    pub(super) fn one(field: &'static str, text: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, text);
        faults
    }

    /// Says what is wrong with a field; an empty name stands for the form as a whole.
    pub(super) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }

    /// What is wrong with a field; empty when nothing is.
    pub(super) fn of(&self, field: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == field).map_or("", |(_, text)| text.as_str())
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
