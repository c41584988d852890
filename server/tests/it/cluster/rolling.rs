//! Every node is replaced under load, one after the other, and no client notices.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Cluster, client, issue};
use crate::durability::wire::{Reply, Sent, Wire};
use crate::storage::redis_options;

/// Asks the nodes in turn, as a balancer does: the next one when a node takes no connection, or closes it without a word.
fn ask(nodes: &RwLock<Vec<Wire>>, first: usize, key: &str) -> u16 {
    for attempt in 0..30 {
        let wire = nodes.read().unwrap()[(first + attempt) % 3].clone();
        let sent = wire.send("GET /auth/whoami", &[("x-api-key", key), ("x-forwarded-for", &client())], "");
        match sent.map(Sent::read) {
            Some(Ok(answer)) if !answer.is_empty() => return Reply::whole(&answer).expect("a whole answer").status,
            _ => {}
        }
    }
    panic!("no node answers");
}

#[test]
fn a_rolling_restart_fails_no_valid_request() {
    const WORKERS: usize = 4;
    /// Uses of a key, whose calls are limited.
    const USES: usize = 200;
    let Some(redis) = redis_options() else { return };
    let Some(mut cluster) = Cluster::on_shared(&redis) else { return };
    let keys: Vec<_> = (0..200).map(|_| issue(&cluster.shop, &cluster.nodes[0].wire).unwrap().1).collect();
    let nodes = RwLock::new(cluster.nodes.each_ref().map(|node| node.wire.clone()).to_vec());
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let more = |answers: usize| {
        let goal = answered.load(Ordering::Relaxed) + answers;
        super::nodes::until("clients are answered", || answered.load(Ordering::Relaxed) >= goal);
    };
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (keys, nodes, over, answered) = (&keys, &nodes, &over, &answered);
            scope.spawn(move || {
                for turn in 0.. {
                    let key = &keys[(turn / USES * WORKERS + worker) % keys.len()];
                    assert_eq!(ask(nodes, worker + turn, key), 200, "worker {worker}, turn {turn}");
                    answered.fetch_add(1, Ordering::Relaxed);
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for number in 0..3 {
            more(50);
            cluster.nodes[number].stop();
            more(50);
            let wire = cluster.revive(number);
            nodes.write().unwrap()[number] = wire;
        }
        more(50);
        over.store(true, Ordering::Relaxed);
    });
    eprintln!("{} requests over a rolling restart, none failed", answered.load(Ordering::Relaxed));
    cluster.stop();
}
