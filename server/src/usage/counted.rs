//! What was counted since the last time it was written down.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::ClientAddress;

use crate::account::MerchantId;
use crate::storage::{HourOfUse, LastUse};

/// Calls by merchant, mode and hour, and the last use of each credential.
#[derive(Default)]
pub(super) struct Counted {
    hours: HashMap<MerchantId, Hours>,
    uses: HashMap<KeyId, (OffsetDateTime, ClientAddress)>,
}

/// The counts of one merchant by mode and hour: few, as they are written down every few seconds.
type Hours = Vec<((Mode, i64), Count)>;

/// How many calls there were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) requests: u64,
    pub(super) refusals: u64,
}

impl Counted {
    /// Merchants and credentials counted at a time; what comes on top is not counted.
    const MOST: usize = 200_000;

    pub(super) fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.uses.is_empty()
    }

    /// Counts calls of a merchant in one hour.
    pub(super) fn add(&mut self, merchant: &MerchantId, mode: Mode, hour: i64, more: Count) {
        let room = self.hours.len() < Self::MOST;
        match self.hours.get_mut(merchant) {
            Some(hours) => add(hours, mode, hour, more),
            None if room => add(self.hours.entry(merchant.clone()).or_default(), mode, hour, more),
            None => {}
        }
    }

    /// Notes when and from where a credential was used.
    pub(super) fn note(&mut self, credential: KeyId, at: OffsetDateTime, client: ClientAddress) {
        let room = self.uses.len() < Self::MOST;
        match self.uses.entry(credential) {
            Entry::Occupied(mut last) if last.get().0 <= at => drop(last.insert((at, client))),
            Entry::Vacant(first) if room => drop(first.insert((at, client))),
            Entry::Occupied(_) | Entry::Vacant(_) => {}
        }
    }

    /// Takes in what was counted elsewhere.
    pub(super) fn take_in(&mut self, other: Self) {
        for (merchant, hours) in other.hours {
            for ((mode, hour), count) in hours {
                self.add(&merchant, mode, hour, count);
            }
        }
        for (credential, (at, client)) in other.uses {
            self.note(credential, at, client);
        }
    }

    /// The hours as they are written down.
    pub(super) fn hours(&self) -> Vec<HourOfUse> {
        let row = |merchant: &MerchantId, ((mode, hour), Count { requests, refusals }): &((Mode, i64), Count)| {
            HourOfUse { merchant: merchant.clone(), mode: *mode, hour: *hour, requests: *requests, refusals: *refusals }
        };
        self.hours.iter().flat_map(|(merchant, hours)| hours.iter().map(move |hour| row(merchant, hour))).collect()
    }

    /// The last uses as they are written down.
    pub(super) fn uses(&self) -> Vec<LastUse> {
        let address = |client: &ClientAddress| match client {
            ClientAddress::Known(address) => Some(address.to_string()),
            ClientAddress::Unknown => None,
        };
        let row = |(credential, (at, client)): (&KeyId, &(OffsetDateTime, ClientAddress))| LastUse {
            credential: *credential,
            at: *at,
            address: address(client),
        };
        self.uses.iter().map(row).collect()
    }
}

fn add(hours: &mut Hours, mode: Mode, hour: i64, more: Count) {
    match hours.iter_mut().find(|(at, _)| *at == (mode, hour)) {
        Some((_, count)) => {
            count.requests = count.requests.saturating_add(more.requests);
            count.refusals = count.refusals.saturating_add(more.refusals);
        }
        None => hours.push(((mode, hour), more)),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn what_two_threads_counted_comes_together_and_the_later_use_stays() {
        let merchant = MerchantId::new("COL", "7QX2Z").unwrap();
        let (first, second) = (KeyId::parse("A00000000001").unwrap(), KeyId::parse("A00000000002").unwrap());
        let (early, client) = (OffsetDateTime::UNIX_EPOCH, ClientAddress::Unknown);
        let late = early + Duration::SECOND;
        let (mut one, mut other) = (Counted::default(), Counted::default());
        one.add(&merchant, Mode::Test, 7, Count { requests: 2, refusals: 1 });
        one.note(first, late, client);
        one.note(second, early, client);
        other.add(&merchant, Mode::Test, 7, Count { requests: 3, refusals: 0 });
        other.add(&merchant, Mode::Live, 7, Count { requests: 1, refusals: 0 });
        other.note(first, early, client);
        other.note(second, late, client);
        one.take_in(other);
        let mut hours: Vec<_> = one.hours().iter().map(|row| (row.mode, row.requests, row.refusals)).collect();
        hours.sort_by_key(|row| row.1);
        assert_eq!(hours, [(Mode::Live, 1, 0), (Mode::Test, 5, 1)]);
        assert!(one.uses().iter().all(|last| last.at == late));
        assert_eq!(one.uses().len(), 2);
    }
}
