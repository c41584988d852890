//! The two dialects with OAuth clients, in words.

use crate::account::ClientDialect;

/// A dialect with OAuth clients.
pub(super) struct Dialect {
    /// In addresses.
    pub(super) word: &'static str,
    /// On pages.
    pub(super) name: &'static str,
    pub(super) clients: ClientDialect,
    /// What its clients are for.
    pub(super) about: &'static str,
}

impl Dialect {
    pub(super) fn of(clients: ClientDialect) -> &'static Self {
        match clients {
            ClientDialect::Alternative => &ALL[1],
            ClientDialect::Pledg => &ALL[0],
        }
    }

    pub(super) fn by_word(word: &str) -> Option<&'static Self> {
        ALL.iter().find(|dialect| dialect.word == word)
    }
}

pub(super) static ALL: [Dialect; 2] = [
    Dialect {
        word: "pledg",
        name: "Pledg",
        clients: ClientDialect::Pledg,
        about: "Access tokens for payment links and purchases.",
    },
    Dialect {
        word: "alternative",
        name: "Alternative Payments",
        clients: ClientDialect::Alternative,
        about: "Access tokens for invoices and checkouts.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_found_by_kind_and_by_word() {
        for dialect in &ALL {
            assert_eq!(Dialect::of(dialect.clients).word, dialect.word);
            assert!(Dialect::by_word(dialect.word).is_some_and(|found| found.clients == dialect.clients));
        }
        assert!(Dialect::by_word("caibo").is_none());
    }
}
