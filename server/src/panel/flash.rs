//! A sentence for the next page.

/// What was done or not, said once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flash {
    /// Whether it tells of a success.
    pub(super) good: bool,
    /// One sentence; what it quotes is escaped by the page.
    pub(super) text: String,
}

impl Flash {
    /// It was done.
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { good: true, text: text.into() }
    }

    /// It was not done.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { good: false, text: text.into() }
    }

    pub(super) fn stored(&self) -> String {
        format!("{}{}", if self.good { '+' } else { '-' }, self.text)
    }

    pub(super) fn from_stored(stored: &str) -> Option<Self> {
        let good = |text| Self { good: true, text };
        let bad = |text| Self { good: false, text };
        stored
            .strip_prefix('+')
            .map(str::to_owned)
            .map(good)
            .or_else(|| stored.strip_prefix('-').map(str::to_owned).map(bad))
    }
}
