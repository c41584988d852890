//! How nodes on one PostgreSQL keep records in memory, and a revocation is true on all of them when its call returns.
//!
//! **Hearing.** Triggers tell every change of a record that can be in memory, in its transaction. PostgreSQL queues
//! notifications in the order of the commits and delivers them to each listener in that order. A node *pings*: it writes
//! its row of `nodes` and notifies itself in one transaction. When the ping comes back, every change committed before it
//! has come, too, and was applied. From then on the node trusts its memory until the moment before it sent that ping plus
//! its [`Bound`]. Without trust it asks the database for each record. A connection that breaks takes the trust away; the
//! next one listens first, then memory is emptied under the fence of the cache, and only then pings begin.
//!
//! **Settling.** Let a change be committed at the moment *c*, and its caller settle after that. A node that trusts its
//! memory at a moment *t* after settling does so by a ping that it sent at *p*, with *t* < *p* + its bound.
//!
//! - If the ping was committed after *c*, the node had applied the change before the ping came back.
//! - If it was committed before *c*, the row of the node was there at *c*. It is there when the settler reads the rows,
//!   which is after *c*, unless the node took leave (then it trusts nothing) or another settler struck it out (then the
//!   bound had passed on that very number of ping). So the settler waits for this node: until it acknowledges a barrier
//!   that was sent after *c* (then it has applied the change), or for its bound after the rows were read, which is after
//!   *p* + bound.
//!
//! Spans are measured by each machine on a clock that goes on while the machine sleeps, and a settler waits a twentieth
//! longer, so two clocks need not agree on anything but the length of a second. A node that is stopped and goes on asks
//! that clock before it answers from memory. When the database fails, the rows are asked for until it answers or the longest
//! possible bound has passed, which is as good.

mod acknowledged;
mod bound;
mod message;
mod pings;
mod session;
mod settling;
mod trust;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

pub use bound::Bound;
pub(in crate::storage) use message::{Message, NodeId, Told};

use super::Records;
use super::sql::{Database, KnownNode, Line};
use crate::clock::{Clock, Moment};
use crate::rng::{Rng, RngError};
use crate::telemetry::{FeedMeter, FeedSource};
use acknowledged::Acknowledged;
use settling::Rounds;
use trust::Trust;

/// This node's side of the line: what it hears, whether its memory may be trusted, and settling.
#[derive(Debug)]
pub struct Feed {
    id: NodeId,
    bound: Bound,
    line: Line,
    clock: Clock,
    trust: Trust,
    /// Pings sent since the start of the process.
    pings: AtomicU64,
    /// Barriers to acknowledge: the newest of each node.
    due: Mutex<BTreeMap<NodeId, u64>>,
    due_wake: Notify,
    acknowledged: Acknowledged,
    rounds: Rounds,
    /// Nodes that did not answer within their bound.
    silent: Mutex<Vec<KnownNode>>,
    known: AtomicUsize,
    meter: FeedMeter,
}

impl Feed {
    /// How long the line rests before it is made again.
    const REST: Duration = Duration::from_millis(250);

    /// The feed of a database that several processes may share, or `None`. It hears nothing until it [runs](Self::run).
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes for the name of this node.
    pub fn of(database: &Database, bound: Bound, clock: Clock, rng: &Rng) -> Result<Option<Self>, RngError> {
        let Some(line) = database.line() else { return Ok(None) };
        Ok(Some(Self {
            id: NodeId::draw(rng)?,
            bound,
            line,
            clock,
            trust: Trust::default(),
            pings: AtomicU64::new(0),
            due: Mutex::default(),
            due_wake: Notify::new(),
            acknowledged: Acknowledged::default(),
            rounds: Rounds::default(),
            silent: Mutex::default(),
            known: AtomicUsize::new(0),
            meter: FeedMeter::default(),
        }))
    }

    /// This moment, if what is kept in memory may be answered at it.
    #[must_use]
    pub fn trusted_now(&self) -> Option<Moment> {
        let now = self.clock.moment();
        self.trust.holds_at(now).then_some(now)
    }

    /// Hears and pings until `stop` says so; then it takes leave of the other nodes. To be run once, as one task: nobody
    /// else may give trust.
    pub async fn run(&self, records: &Records, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let ended = self.session(records, stop.clone()).await;
            self.trust.take_away();
            let Err(error) = ended else { break };
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the line to the other nodes broke: records are read from the database"
            );
            tokio::select! {
                () = tokio::time::sleep(Self::REST) => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        self.trust.take_away();
        if let Err(error) = self.line.leave(&self.id).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "no leave was taken of the other nodes: the next revocation waits for this one");
        }
    }

    /// Closes its connections, after [`run`](Self::run) has returned.
    pub async fn close(&self) {
        self.line.close().await;
    }
}

impl FeedSource for Feed {
    fn meter(&self) -> &FeedMeter {
        &self.meter
    }

    fn trusted(&self) -> bool {
        self.trusted_now().is_some()
    }

    fn confirmed_age(&self) -> Option<Duration> {
        let confirmed = self.trust.confirmed();
        (confirmed > Moment::FIRST).then(|| self.clock.moment().since(confirmed))
    }

    fn nodes(&self) -> usize {
        self.known.load(Ordering::Relaxed)
    }
}

/// What these locks guard is valid at every step, so a panic elsewhere cannot have broken it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
