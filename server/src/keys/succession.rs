//! The keys of one kind in the order in which they sign: which is next, current, previous or dead at a moment.

use tollgate_jwt_session::MAX_CLOCK_SKEW;

use super::signing_entry::SigningEntry;

/// What a signing key is for at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published and accepted, but it does not sign yet.
    Next,
    /// It signs.
    Current,
    /// It no longer signs; tokens that it signed may still live.
    Previous,
    /// Nothing it signed is accepted.
    Dead,
}

/// The keys of one kind in the order in which they sign.
pub(super) struct Succession<'f> {
    keys: Vec<Reign<'f>>,
}

/// A key, and when it is over; moments are Unix seconds.
pub(super) struct Reign<'f> {
    pub(super) entry: &'f SigningEntry,
    /// From when on nothing it signed lives; `None` while nothing is to follow it.
    pub(super) dead_at: Option<i64>,
}

impl<'f> Succession<'f> {
    /// Orders the keys of one kind. Keys without a date come before all others, and of them the first of the file signs
    /// last: so did the releases that wrote no dates.
    pub(super) fn new(entries: impl Iterator<Item = &'f SigningEntry>) -> Self {
        let (dated, mut ordered): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.use_from.is_some());
        ordered.reverse();
        ordered.extend(dated);
        ordered.sort_by_key(|entry| entry.use_from);
        let successors = |index: usize| ordered.iter().skip(index + 1).find_map(|entry| entry.use_from);
        let keys = ordered.iter().enumerate().map(|(index, entry)| {
            let last_token = entry.kind.longest_lifetime() + MAX_CLOCK_SKEW;
            let outlived = successors(index).map(|taken_over| taken_over.saturating_add(last_token.whole_seconds()));
            let dead_at = [outlived, entry.verify_until].into_iter().flatten().min();
            Reign { entry, dead_at }
        });
        Self { keys: keys.collect() }
    }

    /// The keys and their states at `now`, the one that signs first, then those to come, then those that were.
    pub(super) fn at(&self, now: i64) -> Vec<(&Reign<'f>, KeyState)> {
        // Before the first date the first key signs: a clock that was set back must not stop the server.
        let current = self.keys.iter().rposition(|key| key.entry.use_from.is_none_or(|from| from <= now)).unwrap_or(0);
        let state = |index: usize, key: &Reign<'_>| match index.cmp(&current) {
            std::cmp::Ordering::Greater => KeyState::Next,
            std::cmp::Ordering::Equal => KeyState::Current,
            std::cmp::Ordering::Less if key.dead_at.is_some_and(|dead| dead <= now) => KeyState::Dead,
            std::cmp::Ordering::Less => KeyState::Previous,
        };
        let mut keys: Vec<_> = self.keys.iter().enumerate().map(|(index, key)| (key, state(index, key))).collect();
        keys.sort_by_key(|(_, state)| match state {
            KeyState::Current => 0,
            KeyState::Next => 1,
            KeyState::Previous => 2,
            KeyState::Dead => 3,
        });
        keys
    }

    /// The moments at which a state changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = i64> {
        self.keys.iter().flat_map(|key| [key.entry.use_from, key.dead_at]).flatten()
    }
}

impl KeyState {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Dead => "dead",
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::keys::token_kind::TokenKind;
    use crate::rng::Rng;

    fn entry(kid: &str, use_from: Option<i64>, verify_until: Option<i64>) -> SigningEntry {
        let mut entry =
            SigningEntry::generate(TokenKind::EightyEightPay, OffsetDateTime::UNIX_EPOCH, 0, &Rng::system()).unwrap();
        kid.clone_into(&mut entry.kid);
        (entry.use_from, entry.verify_until) = (use_from, verify_until);
        entry
    }

    fn states(entries: &[SigningEntry], now: i64) -> String {
        let succession = Succession::new(entries.iter());
        let states: Vec<_> =
            succession.at(now).iter().map(|(key, state)| format!("{} {}", key.entry.kid, state.as_str())).collect();
        states.join(", ")
    }

    #[test]
    fn a_key_signs_from_its_date_on_and_verifies_until_its_last_token_is_dead() {
        let keys = [entry("a", Some(0), None), entry("b", Some(1000), None)];
        for (now, expected) in [
            (-5, "a current, b next"),
            (0, "a current, b next"),
            (999, "a current, b next"),
            (1000, "b current, a previous"),
            // 60 seconds of life and 5 of skew
            (1064, "b current, a previous"),
            (1065, "b current, a dead"),
        ] {
            assert_eq!(states(&keys, now), expected, "at {now}");
        }
        assert_eq!(Succession::new(keys.iter()).changes().collect::<Vec<_>>(), [0, 1065, 1000]);
    }

    #[test]
    fn a_key_that_may_be_known_is_dead_when_the_next_one_signs() {
        let keys = [entry("a", Some(0), None), entry("b", Some(970), Some(1000)), entry("c", Some(1000), None)];
        assert_eq!(states(&keys, 999), "b current, c next, a previous");
        assert_eq!(states(&keys, 1000), "c current, a previous, b dead");
    }

    #[test]
    fn keys_without_dates_stay_until_one_with_a_date_follows() {
        let old = [entry("first", None, None), entry("second", None, None)];
        assert_eq!(states(&old, i64::MAX), "first current, second previous");
        let old = [entry("first", None, None), entry("second", None, None), entry("new", Some(1000), None)];
        assert_eq!(states(&old, 999), "first current, new next, second previous");
        assert_eq!(states(&old, 1000), "new current, second previous, first previous");
        assert_eq!(states(&old, 1065), "new current, second dead, first dead");
    }

    #[test]
    fn the_order_in_the_file_does_not_matter_between_dates() {
        let keys = [entry("c", Some(2000), None), entry("a", Some(0), None), entry("b", Some(1000), None)];
        assert_eq!(states(&keys, 1500), "b current, c next, a dead");
    }
}
