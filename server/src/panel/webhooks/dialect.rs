//! The four dialects with webhooks, in words.

use crate::storage::WebhookDialect;

/// A dialect with webhooks.
pub(super) struct Dialect {
    /// In addresses.
    pub(super) word: &'static str,
    /// On pages.
    pub(super) name: &'static str,
    pub(super) webhooks: WebhookDialect,
    /// What it tells.
    pub(super) about: &'static str,
}

impl Dialect {
    pub(super) fn of(webhooks: WebhookDialect) -> &'static Self {
        match webhooks {
            WebhookDialect::Caibo => &ALL[0],
            WebhookDialect::EightyEightPay => &ALL[1],
            WebhookDialect::Pledg => &ALL[2],
            WebhookDialect::Alternative => &ALL[3],
        }
    }

    pub(super) fn by_word(word: &str) -> Option<&'static Self> {
        ALL.iter().find(|dialect| dialect.word == word)
    }

    /// Whether its deliveries can carry a secret of the endpoint's own.
    pub(super) fn has_bearer(&self) -> bool {
        self.webhooks == WebhookDialect::Alternative
    }
}

pub(super) static ALL: [Dialect; 4] = [
    Dialect {
        word: "caibo",
        name: "Caibo",
        webhooks: WebhookDialect::Caibo,
        about: "An attempt to pay was paid or declined.",
    },
    Dialect { word: "88pay", name: "88Pay", webhooks: WebhookDialect::EightyEightPay, about: "A charge was made." },
    Dialect {
        word: "pledg",
        name: "Pledg",
        webhooks: WebhookDialect::Pledg,
        about: "A purchase was released or credited.",
    },
    Dialect {
        word: "alternative",
        name: "Alternative Payments",
        webhooks: WebhookDialect::Alternative,
        about: "An invoice was paid.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_found_by_kind_and_by_word() {
        for dialect in &ALL {
            assert_eq!(Dialect::of(dialect.webhooks).word, dialect.word);
            assert!(Dialect::by_word(dialect.word).is_some_and(|found| found.webhooks == dialect.webhooks));
        }
        assert!(Dialect::by_word("cardpluspay").is_none());
    }
}
