//! Waiting until a change holds on every node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Bound, Feed, Message, lock};
use crate::clock::Stopwatch;
use crate::storage::StorageError;
use crate::storage::sql::KnownNode;

/// Who has asked to settle, and the newest round.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// Callers so far. Each takes its number after its commit.
    asked: AtomicU64,
    newest: tokio::sync::Mutex<Newest>,
}

#[derive(Debug, Default)]
struct Newest {
    /// Callers with a number up to this one are covered by the round.
    covers: u64,
    number: u64,
    round: Option<Arc<Round>>,
}

/// A barrier that was sent, and who is to pass it.
#[derive(Debug)]
struct Round {
    number: u64,
    nodes: Vec<KnownNode>,
    since: Stopwatch,
}

impl Feed {
    /// Rest before the database is asked again.
    const AGAIN: Duration = Duration::from_millis(100);

    /// Waits until what was committed before this call holds on every node. It cannot fail: what could not be asked for is
    /// waited out.
    pub async fn settle(&self) {
        let took = self.clock.stopwatch();
        let asked = self.rounds.asked.fetch_add(1, Ordering::SeqCst) + 1;
        // Without an answer of the database: by then, nobody trusts what it knew before the commit.
        let longest = Bound::new(Bound::MAX).unwrap_or_default().elsewhere();
        match tokio::time::timeout(longest, self.round_for(asked)).await {
            Ok(round) => self.wait_for(&round).await,
            Err(_) => {
                tracing::warn!("the database did not say which nodes there are: the longest bound was waited out");
            }
        }
        self.meter.settled(took.elapsed());
    }

    /// The round that covers a caller. While one is begun, those who come wait, and share the next.
    async fn round_for(&self, asked: u64) -> Arc<Round> {
        let mut newest = self.rounds.newest.lock().await;
        if newest.covers >= asked
            && let Some(round) = &newest.round
        {
            return round.clone();
        }
        loop {
            // Whoever has a number now has committed, and the barrier comes after.
            let covers = self.rounds.asked.load(Ordering::SeqCst);
            newest.number += 1;
            match self.begin_round(newest.number).await {
                Ok(round) => {
                    let round = Arc::new(round);
                    (newest.covers, newest.round) = (covers, Some(round.clone()));
                    return round;
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a revocation waits for the database");
                    tokio::time::sleep(Self::AGAIN).await;
                }
            }
        }
    }

    async fn begin_round(&self, number: u64) -> Result<Round, StorageError> {
        self.line.say(&Message::Barrier { origin: self.id.clone(), number }).await?;
        let nodes = self.line.nodes().await?;
        // From after the rows were read: the pings they stand for were sent before.
        Ok(Round { number, nodes, since: self.clock.stopwatch() })
    }

    /// Waits until every node has passed the barrier or trusts nothing that it knew before.
    async fn wait_for(&self, round: &Round) {
        let mut passed = self.acknowledged.watch();
        loop {
            let left: Vec<_> = {
                let passed = passed.borrow_and_update();
                let waiting = |node: &&KnownNode| passed.get(&node.id).is_none_or(|number| *number < round.number);
                round.nodes.iter().filter(waiting).cloned().collect()
            };
            let Some(longest) = left.iter().map(|node| node.bound.elsewhere()).max() else { return };
            let Some(rest) = longest.checked_sub(round.since.elapsed()).filter(|rest| !rest.is_zero()) else {
                tracing::warn!(nodes = left.len(), "a revocation waited for nodes that did not answer");
                return lock(&self.silent).extend(left);
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                changed = passed.changed() => if changed.is_err() { tokio::time::sleep(rest).await },
            }
        }
    }
}
