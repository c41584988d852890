//! One connection that hears, from its beginning to its end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::pings::Pings;
use super::{Feed, Message, lock};
use crate::storage::sql::{Ear, KnownNode};
use crate::storage::{Records, StorageError};

impl Feed {
    /// Pings within a bound.
    const PINGS: u32 = 4;
    /// How long a connection may take until it hears.
    const BEGINNING: Duration = Duration::from_secs(15);
    /// How often dead nodes are looked for; longer than what the longest bound takes to pass.
    const LOOK: Duration = Duration::from_secs(15);
    /// A line on which nothing came back for so long is made anew; and at least so long as so many bounds.
    const SILENCE: (Duration, u32) = (Duration::from_secs(5), 4);

    /// Hears, pings and acknowledges over one connection; `Ok` when `stop` said so.
    pub(super) async fn session(&self, records: &Records, mut stop: watch::Receiver<bool>) -> Result<(), StorageError> {
        let begin = async {
            let ear = self.line.listen().await?;
            // What changed while nobody listened was not heard. In this order: what is read from here on is kept only if
            // the changes after it are heard.
            records.forget_all();
            records.load(self.clock.now()).await?;
            Ok::<_, StorageError>(ear)
        };
        let ear = tokio::select! {
            begun = tokio::time::timeout(Self::BEGINNING, begin) => begun.map_err(|_| StorageError::unavailable())??,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let pings = Pings::new(self.clock.moment());
        tokio::select! {
            heard = self.hear(ear, records, &pings) => heard,
            pinged = self.ping(&pings, stop) => pinged,
            never = self.acknowledge() => match never {},
        }
    }

    /// Applies what is said, in its order.
    async fn hear(&self, mut ear: Ear, records: &Records, pings: &Pings) -> Result<(), StorageError> {
        loop {
            match ear.next().await? {
                Message::Changed(told) => records.apply(told, self.clock.now()),
                Message::Everything => {
                    records.forget_all();
                    records.load(self.clock.now()).await?;
                }
                Message::Ping { node, number } if node == self.id => {
                    let now = self.clock.moment();
                    if let Some(sent) = pings.came_back(number, now) {
                        self.trust.give(sent, self.bound);
                        self.meter.ping(now.since(sent));
                    }
                }
                // Its own barrier is passed like those of others: what it says covers what this node keeps, too.
                Message::Barrier { origin, number } if origin == self.id => self.acknowledged.note(origin, number),
                Message::Barrier { origin, number } => {
                    let mut due = lock(&self.due);
                    let newest = due.entry(origin).or_default();
                    *newest = number.max(*newest);
                    drop(due);
                    self.due_wake.notify_one();
                }
                Message::Ack { node, origin, number } if origin == self.id => self.acknowledged.note(node, number),
                // Of others, for others.
                Message::Ack { .. } | Message::Ping { .. } => {}
                Message::Gone(node) => self.acknowledged.note_leave(node),
            }
        }
    }

    /// Pings several times within the bound. A ping that failed is only one that does not come back.
    async fn ping(&self, pings: &Pings, mut stop: watch::Receiver<bool>) -> Result<(), StorageError> {
        let silence = Self::SILENCE.0.max(self.bound.span() * Self::SILENCE.1);
        let mut looked = (self.clock.stopwatch(), HashMap::new());
        while !*stop.borrow() {
            if pings.silence(self.clock.moment()) > silence {
                return Err(StorageError::unavailable());
            }
            let number = self.pings.fetch_add(1, Ordering::Relaxed) + 1;
            pings.send(number, self.clock.moment());
            if let Err(error) = self.line.ping(&self.id, number, self.bound).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a ping was not sent");
            }
            let silent = std::mem::take(&mut *lock(&self.silent));
            for node in silent {
                self.strike_out(&node).await;
            }
            if looked.1.is_empty() || looked.0.elapsed() >= Self::LOOK {
                let nodes = self.look(&looked.1).await;
                // From after they were read.
                looked = (self.clock.stopwatch(), nodes);
            }
            tokio::select! {
                () = tokio::time::sleep(self.bound.span() / Self::PINGS) => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        Ok(())
    }

    /// Strikes out the nodes that did not ping since the last look, and answers what is to be compared at the next one.
    async fn look(&self, before: &HashMap<String, i64>) -> HashMap<String, i64> {
        let Ok(nodes) = self.line.nodes().await else { return HashMap::new() };
        self.known.store(nodes.len(), Ordering::Relaxed);
        self.acknowledged.tidy(&nodes);
        for node in nodes.iter().filter(|node| before.get(node.id.as_str()) == Some(&node.renewed)) {
            self.strike_out(node).await;
        }
        nodes.into_iter().map(|node| (node.id.as_str().to_owned(), node.renewed)).collect()
    }

    async fn strike_out(&self, node: &KnownNode) {
        // Whoever is left over is struck out later.
        if let Err(error) = self.line.strike_out(node).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a silent node was not struck out");
        }
    }

    /// Tells other nodes that their barriers are passed; those that came meanwhile go together.
    async fn acknowledge(&self) -> Infallible {
        loop {
            let due = std::mem::take(&mut *lock(&self.due));
            for (origin, number) in due {
                // One that is lost lets the other wait for the bound of this node.
                if let Err(error) = self.line.say(&Message::Ack { node: self.id.clone(), origin, number }).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a barrier was not acknowledged");
                }
            }
            self.due_wake.notified().await;
        }
    }
}
