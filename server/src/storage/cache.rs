//! A bounded cache that a racing fill cannot poison.

use std::future::Future;
use std::hash::Hash;
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

#[cfg(test)]
use loom::sync::{Mutex, MutexGuard};
use quick_cache::sync::Cache;

use crate::clock::Moment;

/// Records by id, read through to storage.
///
/// A fill notes the generation before it reads; an [`invalidate`](Self::invalidate) after the commit raises the
/// generation and removes the record under the same lock that a fill inserts under. So a fill that read the old
/// record either inserted before the invalidation, which removes it, or finds the generation changed and does not
/// insert. Absent records are not cached: an unknown id never evicts a known one.
///
/// Whether what is kept may be answered at all, the caller says at each read.
#[derive(Debug)]
pub struct FencedCache<K, V> {
    records: Cache<K, Kept<V>>,
    /// How long a record is kept at most; `None` is for ever.
    life: Option<Duration>,
    generation: Mutex<u64>,
}

#[derive(Debug, Clone)]
struct Kept<V> {
    record: V,
    until: Moment,
}

impl<K: Hash + Eq + Clone, V: Clone> FencedCache<K, V> {
    /// A cache of at most `capacity` records, each kept for `life` at most.
    #[must_use]
    pub fn new(capacity: usize, life: Option<Duration>) -> Self {
        Self { records: Cache::new(capacity), life, generation: Mutex::new(0) }
    }

    /// The record, from the cache or by `load`.
    ///
    /// `trusted` is this moment, or `None` when it is not certain that every change was heard: then storage is asked, and
    /// nothing is kept.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    pub async fn read<E, F>(&self, key: &K, trusted: Option<Moment>, load: F) -> Result<Option<V>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        let Some(now) = trusted else { return load.await };
        if let Some(hit) = self.records.get(key)
            && now < hit.until
        {
            return Ok(Some(hit.record));
        }
        let before = *self.lock();
        let loaded = load.await?;
        if let Some(record) = &loaded {
            // From the moment before it was read.
            let until = self.life.map_or(Moment::LAST, |life| now.after(life));
            let kept = Kept { record: record.clone(), until };
            let generation = self.lock();
            if *generation == before {
                self.records.insert(key.clone(), kept);
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
        self.records.retain(|_, kept| !stale(&kept.record));
    }

    /// Forgets every record, under the same fence.
    pub fn invalidate_all(&self) {
        let mut generation = self.lock();
        *generation += 1;
        self.records.clear();
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
    use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    const NOW: Option<Moment> = Some(Moment::FIRST);

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
            Arc::new(Self { cache: FencedCache::new(4, None), storage: Mutex::new("old"), key })
        }

        fn read(&self) -> Option<&'static str> {
            let load = async { Ok::<_, Infallible>(Some(*self.storage.lock().unwrap())) };
            let Ok(record) = block_on(self.cache.read(&self.key, NOW, load));
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

    /// A node that hears of changes over a line that can break.
    struct Node {
        house: Arc<House>,
        /// Whether it is listening, and what was told since.
        line: Mutex<Line>,
        trusted: AtomicBool,
    }

    #[derive(Default)]
    struct Line {
        listening: bool,
        told: bool,
    }

    impl Node {
        fn new() -> Arc<Self> {
            let line = Mutex::new(Line { listening: true, told: false });
            Arc::new(Self { house: House::new(), line, trusted: AtomicBool::new(true) })
        }

        /// Another node changes the record: a commit tells those that listen at that moment.
        fn commit(&self) {
            let mut line = self.line.lock().unwrap();
            self.house.commit();
            line.told = line.listening;
        }

        /// What was told is heard.
        fn hear(&self) {
            if std::mem::take(&mut self.line.lock().unwrap().told) {
                self.house.cache.invalidate(&self.house.key);
            }
        }

        fn lose_the_line(&self) {
            self.trusted.store(false, Ordering::SeqCst);
            *self.line.lock().unwrap() = Line::default();
        }

        fn take_it_up_again(&self) {
            self.line.lock().unwrap().listening = true;
            self.house.cache.invalidate_all();
            self.trusted.store(true, Ordering::SeqCst);
        }

        fn read(&self) -> Option<&'static str> {
            let trusted = self.trusted.load(Ordering::SeqCst).then_some(Moment::FIRST);
            let load = async { Ok::<_, Infallible>(Some(*self.house.storage.lock().unwrap())) };
            let Ok(record) = block_on(self.house.cache.read(&self.house.key, trusted, load));
            record
        }
    }

    #[test]
    fn no_order_of_a_fill_and_what_another_node_tells_leaves_the_old_record() {
        loom::model(|| {
            let node = Node::new();
            let filling = node.clone();
            let fill = loom::thread::spawn(move || assert!(filling.read().is_some()));
            node.commit();
            node.hear();
            assert_eq!(node.read(), Some("new"), "the change was heard");
            fill.join().unwrap();
            assert_eq!(node.read(), Some("new"));
        });
    }

    #[test]
    fn no_order_of_a_fill_a_change_and_a_broken_line_leaves_the_old_record() {
        let mut orders = loom::model::Builder::new();
        orders.preemption_bound = Some(3);
        orders.check(|| {
            let node = Node::new();
            let (filling, changing) = (node.clone(), node.clone());
            let fill = loom::thread::spawn(move || assert!(filling.read().is_some()));
            let change = loom::thread::spawn(move || changing.commit());
            node.lose_the_line();
            assert!(node.read().is_some(), "storage is asked");
            node.take_it_up_again();
            change.join().unwrap();
            node.hear();
            assert_eq!(node.read(), Some("new"), "told before the line broke, while it was, or after");
            fill.join().unwrap();
            assert_eq!(node.read(), Some("new"));
        });
    }

    #[test]
    fn serves_a_hit_without_loading_and_forgets_on_demand() {
        loom::model(|| {
            let cache = FencedCache::new(8, None);
            let read = |load: Result<_, &'static str>| block_on(cache.read(&1, NOW, async move { load.map(Some) }));
            assert_eq!(read(Ok(10)), Ok(Some(10)));
            assert_eq!(read(Err("storage was asked")), Ok(Some(10)));
            cache.invalidate_where(|value| *value == 10);
            assert_eq!(read(Err("storage was asked")), Err("storage was asked"));
            assert_eq!(read(Ok(11)), Ok(Some(11)));
            cache.invalidate_all();
            assert_eq!(read(Err("storage was asked")), Err("storage was asked"));
        });
    }

    #[test]
    fn an_absent_record_takes_no_place() {
        loom::model(|| {
            let cache: FencedCache<i32, i32> = FencedCache::new(8, None);
            for unknown in 0..100 {
                assert_eq!(block_on(cache.read(&unknown, NOW, async { Ok::<_, Infallible>(None) })), Ok(None));
            }
            assert_eq!(cache.records.len(), 0);
        });
    }

    #[test]
    fn who_is_not_trusted_is_asked_for_nothing_and_given_nothing_to_keep() {
        loom::model(|| {
            let cache = FencedCache::new(8, None);
            let read = |trusted, load: Result<_, &'static str>| {
                block_on(cache.read(&1, trusted, async move { load.map(Some) }))
            };
            assert_eq!(read(None, Ok(10)), Ok(Some(10)));
            assert_eq!(read(NOW, Ok(11)), Ok(Some(11)), "the one before was not kept");
            assert_eq!(read(None, Err("storage was asked")), Err("storage was asked"));
            assert_eq!(read(NOW, Err("storage was asked")), Ok(Some(11)));
        });
    }

    #[test]
    fn a_record_is_loaded_again_at_the_end_of_its_life() {
        loom::model(|| {
            let cache = FencedCache::new(8, Some(Duration::from_mins(1)));
            let read = |at: u64, record: i32| {
                let trusted = Some(Moment::FIRST.after(Duration::from_millis(at)));
                block_on(cache.read(&1, trusted, async { Ok::<_, Infallible>(Some(record)) }))
            };
            assert_eq!(
                [read(5, 1), read(60_004, 2), read(60_005, 3), read(60_006, 4)],
                [1, 1, 3, 3].map(|n| Ok(Some(n)))
            );
        });
    }
}
