//! How many of a listener's connections one address may hold.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollgate_client_address::{AddressGroup, ClientAddress};

/// Counts the connections of each address group, so that nobody holds all places of a listener.
///
/// There is an entry for each group with a connection, so there are no more than connections.
#[derive(Debug, Clone)]
pub(super) struct AddressPlaces {
    taken: Arc<Mutex<HashMap<AddressGroup, usize>>>,
    most: usize,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct AddressPlace {
    places: AddressPlaces,
    group: AddressGroup,
}

impl AddressPlaces {
    /// Places of which each group may take `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// A place for a connection from here; `None` when those of its group are taken.
    pub(super) fn take(&self, peer: SocketAddr) -> Option<AddressPlace> {
        let group = ClientAddress::from(peer.ip()).group();
        let mut taken = self.lock();
        let count = taken.get(&group).copied().unwrap_or(0);
        if count >= self.most {
            return None;
        }
        taken.insert(group, count + 1);
        drop(taken);
        Some(AddressPlace { places: self.clone(), group })
    }

    /// The counts are valid at every step, so a panic elsewhere cannot have broken them.
    fn lock(&self) -> MutexGuard<'_, HashMap<AddressGroup, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        match taken.get(&self.group).copied() {
            Some(count) if count > 1 => {
                taken.insert(self.group, count - 1);
            }
            _ => {
                taken.remove(&self.group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_takes_its_places_and_gives_them_back() {
        let places = AddressPlaces::new(2);
        let peer = |text: &str| text.parse::<SocketAddr>().unwrap();
        let first = places.take(peer("203.0.113.7:1")).unwrap();
        let _second = places.take(peer("[::ffff:203.0.113.7]:2")).unwrap();
        assert!(places.take(peer("203.0.113.7:3")).is_none());
        let _other = places.take(peer("203.0.113.8:1")).unwrap();
        drop(first);
        let _third = places.take(peer("203.0.113.7:3")).unwrap();
        assert!(places.take(peer("203.0.113.7:4")).is_none());

        let of_64 = [places.take(peer("[2001:db8::1]:1")), places.take(peer("[2001:db8::ffff:1]:1"))];
        assert!(of_64.iter().all(Option::is_some));
        assert!(places.take(peer("[2001:db8::2]:1")).is_none(), "one /64");
        drop(of_64);
        assert_eq!(places.lock().len(), 2, "nothing is kept of a group that has gone");
    }
}
