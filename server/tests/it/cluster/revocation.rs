//! A revocation is true on every node from the instant its call returned, also on one that was asleep when it was made.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tollgate::clock::Clock;

use super::{Cluster, Node, dead, issue, whoami};
use crate::durability::wire::{Done, Reply};
use crate::storage::redis_options;

fn rounds() -> usize {
    std::env::var("TOLLGATE_CLUSTER_ROUNDS").map_or(500, |text| text.parse().unwrap())
}

/// Every so many rounds a node sleeps through the revocation.
const ASLEEP: usize = 20;

#[test]
fn what_was_revoked_on_one_node_is_refused_on_the_others_when_the_call_returns() {
    let Some(redis) = redis_options() else { return };
    let Some(cluster) = Cluster::on_shared(&redis) else { return };
    let clock = Clock::system();
    let (mut slowest, mut slept, mut remembered) = (Duration::ZERO, 0, 0);
    for round in 0..rounds() {
        let by = round % 3;
        let others = [&cluster.nodes[(by + 1) % 3], &cluster.nodes[(by + 2) % 3]];
        let by = &cluster.nodes[by];
        let (id, key) = issue(&cluster.shop, &by.wire).unwrap();
        for node in others {
            // The first use fills the memory, the second is answered from it.
            assert_eq!([whoami(&node.wire, &key), whoami(&node.wire, &key)], [200, 200], "round {round}");
        }
        remembered += usize::from(others.iter().all(|node| node.metric("feed_trusted") == Some(1.0)));
        let asleep = round % ASLEEP == ASLEEP - 1;
        if asleep {
            others[0].signal(Signal::STOP);
        }
        let watch = clock.stopwatch();
        end(by, &cluster.shop.merchant, &id, round);
        let took = watch.elapsed();
        if asleep {
            // In its queue before it wakes, or at once after.
            let early = (round / ASLEEP).is_multiple_of(2).then(|| dead(&others[0].wire, &key));
            others[0].signal(Signal::CONT);
            let sent = early.unwrap_or_else(|| dead(&others[0].wire, &key));
            refused(&Reply::whole(&sent.read().unwrap()).unwrap(), round);
            slept += 1;
        } else {
            slowest = slowest.max(took);
        }
        for node in others {
            refused(&Reply::whole(&dead(&node.wire, &key).read().unwrap()).unwrap(), round);
        }
        if round % 10 == 7 {
            let approve = json!({ "merchant": { "approve": { "merchant": cluster.shop.merchant } } });
            expect(by.wire.command(&approve).as_ref());
        }
        if asleep {
            // Or the next round would find it without trust, which refuses for another reason.
            cluster.until_trusted();
        }
    }
    eprintln!("{} revocations, {slept} past a sleeping node; without one the slowest took {slowest:?}", rounds());
    // Where the database was slower than the bound, nothing would be shown about memory.
    assert!(remembered >= rounds() / 4, "both others had the key in memory {remembered} times");
    cluster.stop();
}

#[track_caller]
fn refused(reply: &Reply, round: usize) {
    let expected = if round % 10 == 7 { 403 } else { 401 };
    assert_eq!(reply.status, expected, "round {round}: {reply:?}");
}

/// Ends a key: by its revocation, by a rotation without overlap, or with its merchant.
fn end(by: &Node, merchant: &str, id: &str, round: usize) {
    let command: Value = match round % 10 {
        7 => json!({ "merchant": { "suspend": { "merchant": merchant } } }),
        3 | 6 => json!({ "key": { "rotate": { "key": id, "overlap": 0 } } }),
        _ => json!({ "key": { "revoke": { "key": id } } }),
    };
    expect(by.wire.command(&command).as_ref());
}

#[track_caller]
fn expect(done: Option<&Done>) {
    assert!(matches!(done, Some(Done::Record(..) | Done::Lines(_))), "{done:?}");
}

#[test]
fn a_node_that_died_delays_one_revocation_by_the_bound_and_no_more() {
    let Some(redis) = redis_options() else { return };
    let Some(mut cluster) = Cluster::on_shared(&redis) else { return };
    cluster.nodes[2].signal(Signal::KILL);
    let clock = Clock::system();
    let mut took = Vec::new();
    for _ in 0..10 {
        let (id, key) = issue(&cluster.shop, &cluster.nodes[0].wire).unwrap();
        assert_eq!(whoami(&cluster.nodes[1].wire, &key), 200);
        let watch = clock.stopwatch();
        end(&cluster.nodes[0], &cluster.shop.merchant, &id, 0);
        took.push(watch.elapsed());
        assert_eq!(whoami(&cluster.nodes[1].wire, &key), 401);
    }
    let bound = Duration::from_millis(Cluster::BOUND_MS);
    assert!(took[0] >= bound, "it could have trusted its memory for so long: {took:?}");
    assert!(took[2..].iter().any(|took| *took < bound), "it was struck out: {took:?}");
    cluster.nodes[2].reap();
    cluster.revive(2);
    cluster.stop();
}
