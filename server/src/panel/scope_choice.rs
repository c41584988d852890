//! The boxes of a form that asks what a credential permits.

use tollgate_apikey::Scopes;

use super::Fields;

/// One box.
pub(super) struct ScopeBox {
    /// The scope.
    pub(super) name: &'static str,
    /// What it permits.
    pub(super) words: &'static str,
    /// Whether it is ticked.
    pub(super) ticked: bool,
}

/// What was ticked; of a form that was not sent yet, everything.
pub(super) struct ScopeChoice(Option<Vec<String>>);

impl ScopeChoice {
    pub(super) fn read(fields: &Fields) -> Self {
        Self(fields.has("chosen").then(|| fields.ticked("scope.").map(str::to_owned).collect()))
    }

    /// The boxes for these scopes (parted by blanks).
    pub(super) fn boxes(&self, offered: &'static str) -> Vec<ScopeBox> {
        let ticked = |name: &str| self.0.as_ref().is_none_or(|ticked| ticked.iter().any(|known| known == name));
        let offered = offered.split(' ').filter(|name| !name.is_empty());
        offered.map(|name| ScopeBox { name, words: words(name), ticked: ticked(name) }).collect()
    }

    /// What was ticked of these scopes; `None` when it is nothing although there is something to tick.
    pub(super) fn scopes(&self, offered: &'static str) -> Option<Scopes> {
        let ticked: Vec<_> = self.boxes(offered).iter().filter(|one| one.ticked).map(|one| one.name).collect();
        if ticked.is_empty() && !offered.is_empty() {
            return None;
        }
        Scopes::parse(&ticked.join(" ")).ok()
    }
}

/// What a scope permits.
fn words(scope: &str) -> &'static str {
    match scope {
        "balance:read" => "Read the balance",
        "charges:write" => "Make charges",
        "checkout:init" => "Begin checkouts for customers",
        "checkout_sessions:write" => "Make checkout tokens for browsers",
        "orders:read" => "List orders",
        "orders:write" => "Place orders, which spends the balance",
        "payment_requests:read" => "Read payment requests",
        "payment_requests:write" => "Make payment requests",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{ClientDialect, KeyFamily};

    #[test]
    fn every_scope_is_explained() {
        let keys = [KeyFamily::CAIBO, KeyFamily::CARDPLUSPAY, KeyFamily::EIGHTY_EIGHT_PAY].map(KeyFamily::scopes);
        let clients = [ClientDialect::Alternative, ClientDialect::Pledg].map(ClientDialect::scopes);
        for scope in keys.iter().chain(&clients).flat_map(|scopes| scopes.split(' ')).filter(|scope| !scope.is_empty())
        {
            assert_ne!(words(scope), "", "{scope}");
        }
    }

    #[test]
    fn nothing_ticked_is_no_choice_and_what_is_not_offered_cannot_be_ticked() {
        let choice = |ticked: &[&str]| ScopeChoice(Some(ticked.iter().map(|&name| name.to_owned()).collect()));
        assert!(choice(&[]).scopes("a b").is_none());
        assert!(choice(&["c"]).scopes("a b").is_none());
        assert_eq!(choice(&["a", "c"]).scopes("a b").unwrap().to_string(), "a");
        assert_eq!(ScopeChoice(None).scopes("a b").unwrap().to_string(), "a b");
        assert_eq!(choice(&[]).scopes("").unwrap().to_string(), "");
    }
}
