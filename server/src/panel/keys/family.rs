//! The three dialects with API keys, in words.

use tollgate_apikey::{Mode, Overlap};

use crate::account::{Credential, CredentialKind, KeyFamily};

/// A dialect with API keys.
pub(super) struct Family {
    /// In addresses.
    pub(super) word: &'static str,
    /// On pages.
    pub(super) name: &'static str,
    pub(super) keys: KeyFamily,
    /// What its keys are for.
    pub(super) about: &'static str,
    /// What making a new one in the place of another is called.
    pub(super) rotate: &'static str,
    /// The overlap that is picked at first.
    pub(super) overlap: Overlap,
    /// The beginning of its keys in live and in test mode.
    prefixes: [&'static str; 2],
}

impl Family {
    pub(super) fn of(kind: CredentialKind) -> Option<&'static Self> {
        ALL.iter().find(|family| family.keys.kind == kind)
    }

    pub(super) fn by_word(word: &str) -> Option<&'static Self> {
        ALL.iter().find(|family| family.word == word)
    }

    /// The prefix of its keys in a mode.
    pub(super) fn prefix(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Live => self.prefixes[0],
            Mode::Test => self.prefixes[1],
        }
    }

    /// A key as it may be shown: its prefix and its last four characters.
    pub(super) fn masked(&self, key: &Credential) -> String {
        format!("{}…{}", self.prefix(key.mode), key.last_four)
    }
}

pub(super) static ALL: [Family; 3] = [
    Family {
        word: "caibo",
        name: "Caibo",
        keys: KeyFamily::CAIBO,
        about: "Payment requests and checkout tokens.",
        rotate: "Re-generate",
        overlap: Overlap::NONE,
        prefixes: ["caibo_live_sk_", "caibo_test_sk_"],
    },
    Family {
        word: "88pay",
        name: "88Pay",
        keys: KeyFamily::EIGHTY_EIGHT_PAY,
        about: "Exchanged for session tokens that make charges.",
        rotate: "Rotate",
        overlap: Overlap::ONE_DAY,
        prefixes: ["sk_live_", "sk_test_"],
    },
    Family {
        word: "cardpluspay",
        name: "CardPlusPay",
        keys: KeyFamily::CARDPLUSPAY,
        about: "The balance and orders of gift cards.",
        rotate: "Rotate",
        overlap: Overlap::ONE_DAY,
        prefixes: ["cpp_live_sk_", "cpp_test_sk_"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_are_those_of_the_keys() {
        for family in &ALL {
            for mode in [Mode::Live, Mode::Test] {
                let minted = family.keys.format.mint(mode, |bytes: &mut [u8]| {
                    bytes.fill(7);
                    Ok::<_, std::convert::Infallible>(())
                });
                let text = minted.unwrap().expose_secret().to_owned();
                let rest = text.strip_prefix(family.prefix(mode)).unwrap();
                assert_eq!(rest.len(), 12 + 32 + 6, "{}", family.word);
            }
        }
    }
}
