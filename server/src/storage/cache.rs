//! A bounded cache that a racing fill cannot poison.

use std::future::Future;
use std::hash::Hash;
use std::sync::Mutex;

use quick_cache::sync::Cache;

/// Records by id, read through to storage.
///
/// A fill notes the generation before it reads; an [`invalidate`](Self::invalidate) after the commit raises the
/// generation and removes the record under the same lock that a fill inserts under. So a fill that read the old
/// record either inserted before the invalidation, which removes it, or finds the generation changed and does not
/// insert. Absent records are not cached: an unknown id never evicts a known one.
#[derive(Debug)]
pub struct FencedCache<K, V> {
    /// `None` keeps nothing.
    records: Option<Cache<K, V>>,
    generation: Mutex<u64>,
}

impl<K: Hash + Eq + Clone, V: Clone> FencedCache<K, V> {
    /// A cache of at most `capacity` records; of none, every read loads.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { records: (capacity > 0).then(|| Cache::new(capacity)), generation: Mutex::new(0) }
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
        let Some(records) = &self.records else { return load.await };
        if let Some(hit) = records.get(key) {
            return Ok(Some(hit));
        }
        let before = *self.lock();
        let loaded = load.await?;
        if let Some(record) = &loaded {
            let generation = self.lock();
            if *generation == before {
                records.insert(key.clone(), record.clone());
            }
        }
        Ok(loaded)
    }

    /// Forgets a record after its change was committed; no fill that began before can bring it back.
    pub fn invalidate(&self, key: &K) {
        let mut generation = self.lock();
        *generation += 1;
        if let Some(records) = &self.records {
            records.remove(key);
        }
    }

    /// Forgets every record for which `stale` says so, under the same fence.
    pub fn invalidate_where(&self, stale: impl Fn(&V) -> bool) {
        let mut generation = self.lock();
        *generation += 1;
        if let Some(records) = &self.records {
            records.retain(|_, record| !stale(record));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, u64> {
        // The guarded number is valid at every step, so a panic elsewhere cannot have broken it.
        self.generation.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn a_fill_that_raced_an_invalidation_does_not_stay() {
        let cache = FencedCache::new(8);
        let raced = cache
            .read(&1, async {
                cache.invalidate(&1); // the revoke commits while the old record is being read
                Ok::<_, Infallible>(Some("old"))
            })
            .await;
        assert_eq!(raced, Ok(Some("old")));
        assert_eq!(cache.read(&1, async { Ok::<_, Infallible>(Some("new")) }).await, Ok(Some("new")));
    }

    #[tokio::test]
    async fn serves_a_hit_without_loading_and_forgets_on_demand() {
        let cache = FencedCache::new(8);
        assert_eq!(cache.read(&1, async { Ok::<_, Infallible>(Some(10)) }).await, Ok(Some(10)));
        assert_eq!(cache.read(&1, async { Err("storage was asked") }).await, Ok(Some(10)));
        cache.invalidate_where(|value| *value == 10);
        assert_eq!(cache.read(&1, async { Err("storage was asked") }).await, Err("storage was asked"));
    }

    #[tokio::test]
    async fn a_cache_of_nothing_loads_every_time() {
        let cache = FencedCache::new(0);
        assert_eq!(cache.read(&1, async { Ok::<_, Infallible>(Some(10)) }).await, Ok(Some(10)));
        assert_eq!(cache.read(&1, async { Err("storage was asked") }).await, Err("storage was asked"));
    }
}
