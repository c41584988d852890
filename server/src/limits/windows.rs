//! Quota windows of one process.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Bucket, CLOCK_STEP_MS, Figures, Quota, Quotas, QuotasUnavailable, Window};

/// Exact sliding windows, kept as the times of the grants.
///
/// A grant at *g* counts in a window while `now − g < length`. All windows of a bucket are debited together or not at
/// all, and a refused call is not counted. The log of a subject never holds more entries than its largest limit.
#[derive(Debug)]
pub struct QuotaWindows<S> {
    shards: Vec<Mutex<Shard<S>>>,
    hasher: RandomState,
    capacity: usize,
    when_full: WhenFull,
}

/// What a full table does with a new subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenFull {
    /// Forgets the subject that was quiet for the longest time.
    Forget,
    /// Refuses the new one.
    Refuse,
}

type Shard<S> = HashMap<(&'static str, S), Log>;

/// Where the windows of a bucket begin in a log.
type Starts = [usize; Bucket::MAX_WINDOWS];

/// The grants of one subject in one bucket, oldest first.
#[derive(Debug, Default)]
struct Log {
    grants: VecDeque<i64>,
    /// The longest window of the bucket: after it a grant says nothing any more.
    longest_ms: i64,
}

impl<S: Hash + Eq + Clone> QuotaWindows<S> {
    /// Shards of the map, so that subjects do not wait for each other.
    const SHARDS: usize = 16;

    /// Windows for at most about `subjects` authenticated subjects at a time; a new one beyond them is refused.
    #[must_use]
    pub fn new(subjects: usize) -> Self {
        Self {
            shards: (0..Self::SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            capacity: subjects.div_ceil(Self::SHARDS),
            when_full: WhenFull::Refuse,
        }
    }

    /// The same for subjects that strangers choose, such as addresses: a new one takes the place of the quietest, so
    /// that filling the table shuts nobody out.
    #[must_use]
    pub fn forgetting(subjects: usize) -> Self {
        Self { when_full: WhenFull::Forget, ..Self::new(subjects) }
    }

    /// Takes one grant if every window has room; `now_ms` is milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// How the windows stand when one of them is full. A new subject is also refused, for one second, while the table
    /// is full of live subjects: memory is bounded and the limit is never skipped.
    pub fn debit(&self, bucket: &Bucket, subject: &S, now_ms: i64) -> Result<Quota, Quota> {
        let mut shard = self.shard(subject);
        let key = (bucket.name, subject.clone());
        // Nearly every subject was there before.
        if let Some(log) = shard.get_mut(&key) {
            return log.debit(bucket, now_ms);
        }
        if shard.len() >= self.capacity {
            shard.retain(|_, log| log.grants.back().is_some_and(|last| now_ms - last < log.longest_ms));
            if shard.len() >= self.capacity {
                match self.when_full {
                    WhenFull::Forget => forget_quietest(&mut shard),
                    WhenFull::Refuse => return Err(Quota::full(bucket, now_ms)),
                }
            }
        }
        shard.entry(key).or_default().debit(bucket, now_ms)
    }

    /// How the windows stand; looking changes nothing.
    pub fn peek(&self, bucket: &Bucket, subject: &S, now_ms: i64) -> Quota {
        let shard = self.shard(subject);
        match shard.get(&(bucket.name, subject.clone())) {
            Some(log) => log.state(bucket, &log.starts(bucket, now_ms), now_ms),
            None => Log::default().state(bucket, &Starts::default(), now_ms),
        }
    }

    /// Forgets the subjects that have no live grant.
    pub fn sweep(&self, now_ms: i64) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, log| log.grants.back().is_some_and(|last| now_ms - last < log.longest_ms));
        }
    }

    /// Gives the latest grant back.
    pub fn credit(&self, bucket: &Bucket, subject: &S) {
        if let Some(log) = self.shard(subject).get_mut(&(bucket.name, subject.clone())) {
            log.grants.pop_back();
        }
    }

    fn shard(&self, subject: &S) -> MutexGuard<'_, Shard<S>> {
        let index = usize::try_from(self.hasher.hash_one(subject) % Self::SHARDS as u64).unwrap_or_default();
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<S: Hash + Eq + Clone + Send + Sync> Quotas<S> for QuotaWindows<S> {
    async fn debit(
        &self,
        bucket: &Bucket,
        subject: &S,
        now_ms: i64,
    ) -> Result<Result<Quota, Quota>, QuotasUnavailable> {
        Ok(self.debit(bucket, subject, now_ms))
    }

    async fn peek(&self, bucket: &Bucket, subject: &S, now_ms: i64) -> Result<Quota, QuotasUnavailable> {
        Ok(self.peek(bucket, subject, now_ms))
    }

    fn sweep(&self, now_ms: i64) {
        self.sweep(now_ms);
    }
}

fn forget_quietest<S: Hash + Eq + Clone>(shard: &mut Shard<S>) {
    let quietest = shard.iter().min_by_key(|(_, log)| log.grants.back().copied()).map(|(key, _)| key.clone());
    if let Some(key) = quietest {
        shard.remove(&key);
    }
}

impl Log {
    fn debit(&mut self, bucket: &Bucket, now_ms: i64) -> Result<Quota, Quota> {
        self.longest_ms = bucket.windows().map(|window| window.length_ms()).max().unwrap_or_default();
        self.follow_clock(now_ms, CLOCK_STEP_MS);
        // Requests that overtook each other must not reorder the log.
        let now_ms = self.grants.back().map_or(now_ms, |last| now_ms.max(*last));
        self.forget_old(now_ms);
        let starts = self.starts(bucket, now_ms);
        let before = self.state(bucket, &starts, now_ms);
        if before.wait_ms > 0 {
            return Err(before);
        }
        self.grants.push_back(now_ms);
        Ok(self.state(bucket, &starts, now_ms))
    }

    /// Where each window begins: what comes before has left it.
    fn starts(&self, bucket: &Bucket, now_ms: i64) -> Starts {
        let mut starts = Starts::default();
        for (start, window) in starts.iter_mut().zip(bucket.windows()) {
            let gone = |grant: &i64| now_ms - grant >= window.length_ms();
            // Of the longest window nothing has left: that was forgotten.
            *start = if self.grants.front().is_some_and(gone) { self.grants.partition_point(gone) } else { 0 };
        }
        starts
    }

    fn state(&self, bucket: &Bucket, starts: &Starts, now_ms: i64) -> Quota {
        let figures = |(window, start): (Window, &usize)| {
            let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
            Figures {
                used: (self.grants.len() - start) as u64,
                oldest_ms: self.grants.get(*start).copied(),
                leaving_ms: self.grants.len().checked_sub(limit).and_then(|leaving| self.grants.get(leaving)).copied(),
            }
        };
        Quota::tightest(bucket, now_ms, bucket.windows().zip(starts).map(figures))
    }

    /// A grant stamped while the clock was ahead would otherwise block its subject until the clock is there again.
    fn follow_clock(&mut self, now_ms: i64, step_ms: i64) {
        let ahead = self.grants.back().map_or(0, |last| last - now_ms);
        if ahead > step_ms {
            self.grants.iter_mut().for_each(|grant| *grant -= ahead);
        }
    }

    fn forget_old(&mut self, now_ms: i64) {
        while self.grants.front().is_some_and(|first| now_ms - first >= self.longest_ms) {
            self.grants.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: Bucket = Bucket::new("test", &[Window::new(10, 60), Window::new(100, 3600)]);

    #[test]
    fn two_windows_block_and_free_as_published() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../vectors/eighty-eight-pay.json")).unwrap();
        let vector = vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == "88pay/two-windows").unwrap();
        let windows = QuotaWindows::new(64);
        #[expect(clippy::cast_possible_truncation, reason = "small test figures")]
        let mut asks: Vec<_> = vector["expected"]["asks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ask| ((ask["at_s"].as_f64().unwrap() * 1000.0) as i64, ask))
            .collect();
        asks.sort_by_key(|(at, _)| *at);
        let mut grants = (0..10).map(|n| n * 60_000).peekable();
        for (at, ask) in asks {
            while grants.peek().is_some_and(|grant| *grant <= at) {
                let grant = grants.next().unwrap();
                for n in 0..10 {
                    assert!(windows.debit(&TOKENS, &"m", grant).is_ok(), "grant {n} at {grant}");
                }
            }
            let answer = windows.debit(&TOKENS, &"m", at);
            if ask["verdict"] == "200" {
                assert!(answer.is_ok(), "at {at}");
            } else {
                assert_eq!(answer.unwrap_err().retry_after_s(), ask["retry_after"].as_u64().unwrap(), "at {at}");
            }
        }
    }

    #[test]
    fn a_refused_call_is_not_counted() {
        let windows = QuotaWindows::new(64);
        for _ in 0..10 {
            windows.debit(&TOKENS, &"m", 0).unwrap();
        }
        for _ in 0..50 {
            windows.debit(&TOKENS, &"m", 1_000).unwrap_err();
        }
        let quota = windows.debit(&TOKENS, &"m", 60_000).unwrap();
        assert_eq!((quota.limit, quota.remaining), (10, 9));
        assert_eq!(windows.peek(&TOKENS, &"m", 60_000).remaining, 9);
    }

    #[test]
    fn reports_the_tightest_window_and_on_a_tie_the_longer() {
        const TIE: Bucket = Bucket::new("tie", &[Window::new(5, 60), Window::new(5, 3600)]);
        let windows = QuotaWindows::new(64);
        let quota = windows.debit(&TIE, &"m", 7_000).unwrap();
        assert_eq!((quota.remaining, quota.reset_ms), (4, 7_000 + 3_600_000));
    }

    #[test]
    fn a_clock_that_was_a_day_ahead_blocks_nobody_for_a_day() {
        let windows = QuotaWindows::new(64);
        windows.debit(&TOKENS, &"m", 86_400_000).unwrap();
        for _ in 0..9 {
            windows.debit(&TOKENS, &"m", 0).unwrap();
        }
        assert!(windows.debit(&TOKENS, &"m", 0).is_err());
        assert!(windows.debit(&TOKENS, &"m", 60_000).is_ok());
    }

    #[test]
    fn a_table_of_strangers_forgets_the_quietest() {
        let windows = QuotaWindows::forgetting(16);
        for subject in 0..1_000 {
            assert!(windows.debit(&TOKENS, &subject, subject).is_ok(), "subject {subject}");
        }
        windows.sweep(60_000_000);
        assert!(windows.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    #[test]
    fn a_full_table_refuses_a_new_subject_and_keeps_the_old_ones() {
        let windows = QuotaWindows::new(16);
        let mut refused = 0;
        for subject in 0..1_000 {
            refused += usize::from(windows.debit(&TOKENS, &subject, 0).is_err());
        }
        assert!(refused >= 984, "{refused}");
        assert!(windows.debit(&TOKENS, &5_000, 3_600_000).is_ok(), "dead subjects make room");
    }
}
