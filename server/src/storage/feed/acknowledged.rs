//! Which barriers of this node the others have passed.

use std::collections::HashMap;

use tokio::sync::watch;

use super::NodeId;
use crate::storage::sql::KnownNode;

/// The newest barrier of this node that each node has passed; whoever took leave has passed all.
#[derive(Debug)]
pub(super) struct Acknowledged(watch::Sender<HashMap<NodeId, u64>>);

impl Default for Acknowledged {
    fn default() -> Self {
        Self(watch::Sender::new(HashMap::new()))
    }
}

impl Acknowledged {
    /// Nodes remembered at a time; those that are over are dropped beyond.
    const MOST: usize = 1024;

    pub(super) fn note(&self, node: NodeId, number: u64) {
        self.0.send_modify(|passed| {
            let newest = passed.entry(node).or_default();
            *newest = number.max(*newest);
        });
    }

    pub(super) fn note_leave(&self, node: NodeId) {
        self.note(node, u64::MAX);
    }

    /// Drops who is not known any more, if there are many.
    pub(super) fn tidy(&self, known: &[KnownNode]) {
        self.0.send_if_modified(|passed| {
            let many = passed.len() > Self::MOST;
            if many {
                passed.retain(|node, _| known.iter().any(|known| known.id == *node));
            }
            many
        });
    }

    pub(super) fn watch(&self) -> watch::Receiver<HashMap<NodeId, u64>> {
        self.0.subscribe()
    }
}
