//! A bounded cache that a racing fill cannot poison.

use std::future::Future;
use std::hash::Hash;
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};

#[cfg(test)]
use loom::sync::{Mutex, MutexGuard};
use quick_cache::sync::Cache;

/// Records by id, read through to storage.
///
/// A fill notes the generation before it reads; an [`invalidate`](Self::invalidate) after the commit raises the
/// generation and removes the record under the same lock that a fill inserts under. So a fill that read the old
/// record either inserted before the invalidation, which removes it, or finds the generation changed and does not
/// insert. Absent records are not cached: an unknown id never evicts a known one.
#[derive(Debug)]
pub struct FencedCache<K, V> {
    records: Cache<K, V>,
    generation: Mutex<u64>,
}

impl<K: Hash + Eq + Clone, V: Clone> FencedCache<K, V> {
    /// A cache of at most `capacity` records.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { records: Cache::new(capacity), generation: Mutex::new(0) }
    }

    /// The record, from the cache or by `load`.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    pub async fn read<E, F>(&self, key: &K, load: F) -> Result<Option<V>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        if let Some(hit) = self.records.get(key) {
            return Ok(Some(hit));
        }
        let before = *self.lock();
        let loaded = load.await?;
        if let Some(record) = &loaded {
            let generation = self.lock();
            if *generation == before {
                self.records.insert(key.clone(), record.clone());
            }
        }
        Ok(loaded)
    }

    /// Forgets a record after its change was committed; no fill that began before can bring it back.
    pub fn invalidate(&self, key: &K) {
        let mut generation = self.lock();
        *generation += 1;
        self.records.remove(key);
    }

    /// Forgets every record for which `stale` says so, under the same fence.
    pub fn invalidate_where(&self, stale: impl Fn(&V) -> bool) {
        let mut generation = self.lock();
        *generation += 1;
        self.records.retain(|_, record| !stale(record));
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // The guarded number is valid at every step, so a panic elsewhere cannot have broken it.
        self.generation.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The locks are loom's here, so that a test is run in every order that its threads can take.
#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::hash::Hasher;

    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A key at which other threads may come in between: before each use of the table, which loom does not see into.
    struct Key(Arc<AtomicUsize>);

    impl Key {
        fn shared(&self) -> Self {
            Self(self.0.clone())
        }

        fn let_others_in(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Clone for Key {
        fn clone(&self) -> Self {
            self.let_others_in();
            self.shared()
        }
    }

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.let_others_in();
            0.hash(state);
        }
    }

    impl PartialEq for Key {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }

    impl Eq for Key {}

    /// A stored record behind its cache.
    struct House {
        cache: FencedCache<Key, &'static str>,
        storage: Mutex<&'static str>,
        key: Key,
    }

    impl House {
        fn new() -> Arc<Self> {
            let key = Key(Arc::new(AtomicUsize::new(0)));
            Arc::new(Self { cache: FencedCache::new(4), storage: Mutex::new("old"), key })
        }

        fn read(&self) -> Option<&'static str> {
            let load = async { Ok::<_, Infallible>(Some(*self.storage.lock().unwrap())) };
            let Ok(record) = block_on(self.cache.read(&self.key, load));
            record
        }

        fn commit(&self) {
            *self.storage.lock().unwrap() = "new";
        }
    }

    fn fill_on_another_thread(house: &Arc<House>) -> loom::thread::JoinHandle<()> {
        let house = house.clone();
        loom::thread::spawn(move || assert!(house.read().is_some()))
    }

    #[test]
    fn no_order_of_a_fill_and_a_change_leaves_the_old_record() {
        loom::model(|| {
            let house = House::new();
            let fill = fill_on_another_thread(&house);
            house.commit();
            house.cache.invalidate(&house.key);
            assert_eq!(house.read(), Some("new"), "the change has returned");
            fill.join().unwrap();
            assert_eq!(house.read(), Some("new"), "and no fill brings the old record back");
        });
    }

    #[test]
    fn no_order_of_a_fill_and_a_change_of_many_leaves_the_old_record() {
        loom::model(|| {
            let house = House::new();
            let fill = fill_on_another_thread(&house);
            house.commit();
            house.cache.invalidate_where(|record| *record == "old");
            assert_eq!(house.read(), Some("new"));
            fill.join().unwrap();
            assert_eq!(house.read(), Some("new"));
        });
    }

    #[test]
    fn no_order_of_two_fills_and_a_change_leaves_the_old_record() {
        let mut orders = loom::model::Builder::new();
        orders.preemption_bound = Some(3);
        orders.check(|| {
            let house = House::new();
            let fills = [fill_on_another_thread(&house), fill_on_another_thread(&house)];
            house.commit();
            house.cache.invalidate(&house.key);
            assert_eq!(house.read(), Some("new"));
            for fill in fills {
                fill.join().unwrap();
            }
            assert_eq!(house.read(), Some("new"));
        });
    }

    #[test]
    fn serves_a_hit_without_loading_and_forgets_on_demand() {
        loom::model(|| {
            let cache = FencedCache::new(8);
            let read = |load: Result<_, &'static str>| block_on(cache.read(&1, async move { load.map(Some) }));
            assert_eq!(read(Ok(10)), Ok(Some(10)));
            assert_eq!(read(Err("storage was asked")), Ok(Some(10)));
            cache.invalidate_where(|value| *value == 10);
            assert_eq!(read(Err("storage was asked")), Err("storage was asked"));
        });
    }

    #[test]
    fn an_absent_record_takes_no_place() {
        loom::model(|| {
            let cache: FencedCache<i32, i32> = FencedCache::new(8);
            for unknown in 0..100 {
                assert_eq!(block_on(cache.read(&unknown, async { Ok::<_, Infallible>(None) })), Ok(None));
            }
            assert_eq!(cache.records.len(), 0);
        });
    }
}
