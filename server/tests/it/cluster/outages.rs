//! PostgreSQL and Redis stop, go on, die and come back under load: what is answered is right, or 503.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tollgate::clock::Clock;

use super::nodes::until;
use super::{Cluster, Postgres, Redis, client, issue, whoami};
use crate::durability::load::{BALANCE, PRICE};
use crate::durability::wire::{Done, Wire};

/// How often each answer was given to good keys and to dead ones.
type Told = BTreeMap<(&'static str, u16), usize>;

/// Asks every node with good keys and with dead ones, and revokes, while `disturb` runs.
fn under_load(cluster: &Cluster, disturb: impl FnOnce()) -> Told {
    let wires = cluster.nodes.each_ref().map(|node| node.wire.clone());
    let key = || issue(&cluster.shop, &wires[0]).unwrap();
    let good: Vec<_> = (0..60).map(|_| key().1).collect();
    let ended: Vec<_> = (0..10)
        .map(|n| {
            let (id, text) = key();
            assert!(revoke(&wires[n % 3], &id));
            text
        })
        .collect();
    let (over, told) = (AtomicBool::new(false), Mutex::new(Told::new()));
    let note = |who, status| *told.lock().unwrap().entry((who, status)).or_default() += 1;
    std::thread::scope(|scope| {
        for (worker, wire) in wires.iter().cycle().take(6).enumerate() {
            let (good, ended, over, note) = (&good, &ended, &over, &note);
            scope.spawn(move || {
                for turn in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    note("good", whoami(wire, &good[(turn / 100 * 6 + worker) % good.len()]));
                    note("dead", whoami(wire, &ended[turn % ended.len()]));
                }
            });
        }
        let (over_now, note, wires) = (&over, &note, &wires);
        let shop = &cluster.shop;
        scope.spawn(move || {
            for turn in 0.. {
                if over_now.load(Ordering::Relaxed) {
                    break;
                }
                let Some((id, text)) = issue(shop, &wires[turn % 3]) else { continue };
                let first = whoami(&wires[(turn + 1) % 3], &text);
                note("good", first);
                // Only what was acknowledged must be so.
                if revoke(&wires[turn % 3], &id) {
                    for wire in wires {
                        note("dead", whoami(wire, &text));
                    }
                }
            }
        });
        disturb();
        over.store(true, Ordering::Relaxed);
    });
    for wire in &wires {
        until("good keys pass again", || whoami(wire, &good[0]) == 200);
        until("dead keys are known again", || whoami(wire, &ended[0]) == 401);
    }
    cluster.until_trusted();
    told.into_inner().unwrap()
}

/// Whether the revocation was acknowledged.
fn revoke(wire: &Wire, id: &str) -> bool {
    matches!(wire.command(&json!({ "key": { "revoke": { "key": id } } })), Some(Done::Record(..)))
}

#[track_caller]
fn only_right_answers(told: &Told) {
    eprintln!("{told:?}");
    for answer in told.keys() {
        assert!(matches!(answer, ("good", 200 | 503) | ("dead", 401 | 503)), "{told:?}");
    }
    assert!(told.contains_key(&("good", 200)) && told.contains_key(&("dead", 401)), "{told:?}");
}

/// A failure lasts for a while.
fn rest(span: Duration) {
    std::thread::sleep(span);
}

#[test]
fn a_redis_that_stops_and_comes_back_makes_no_wrong_answer() {
    let (Some(mut redis), Some(postgres)) = (Redis::start(), Postgres::start()) else { return };
    let cluster = Cluster::on(postgres.url(), &redis.options());
    let told = under_load(&cluster, || {
        rest(Duration::from_millis(300));
        redis.signal(Signal::STOP);
        rest(Duration::from_millis(2_500));
        redis.signal(Signal::CONT);
        rest(Duration::from_millis(500));
        redis.crash();
        rest(Duration::from_secs(1));
        redis.restart();
        rest(Duration::from_secs(1));
    });
    only_right_answers(&told);
    assert!(told.contains_key(&("good", 503)), "the quota of a key cannot be asked for: {told:?}");
    cluster.stop();
}

#[test]
fn a_postgres_that_stops_and_comes_back_makes_no_wrong_answer() {
    let (Some(redis), Some(mut postgres)) = (Redis::start(), Postgres::start()) else { return };
    let cluster = Cluster::on(postgres.url(), &redis.options());
    let told = under_load(&cluster, || {
        rest(Duration::from_millis(300));
        postgres.freeze();
        rest(Duration::from_millis(1_500));
        postgres.thaw();
        rest(Duration::from_secs(1));
        postgres.crash();
        // Longer than a request waits for a connection.
        rest(Duration::from_millis(6_500));
        postgres.restart();
        rest(Duration::from_millis(1_500));
    });
    only_right_answers(&told);
    assert!(told.contains_key(&("good", 503)), "nothing is answered from a memory that is not trusted: {told:?}");
    cluster.stop();
}

#[test]
fn connections_that_are_cut_in_the_middle_leave_nothing_half_written() {
    const ORDERS: usize = 60;
    let (Some(redis), Some(postgres)) = (Redis::start(), Postgres::start()) else { return };
    let cluster = Cluster::on(postgres.url(), &redis.options());
    let over = AtomicBool::new(false);
    let wires = cluster.nodes.each_ref().map(|node| node.wire.clone());
    let (keys, clock) = (Mutex::new(Vec::new()), Clock::system());
    std::thread::scope(|scope| {
        let orders: Vec<_> = (0..3)
            .map(|worker| {
                let (shop, wires) = (&cluster.shop, &wires);
                scope.spawn(move || {
                    for turn in 0..ORDERS / 3 {
                        let call = format!("{worker}-{turn}");
                        until("the order is made", || {
                            let reply = shop.order(&wires[(worker + turn) % 3], &call).unwrap();
                            // Calls are limited by the minute, and repeated ones count.
                            assert!(matches!(reply.status, 201 | 429 | 503), "{reply:?}");
                            reply.status == 201
                        });
                    }
                })
            })
            .collect();
        for wire in &wires {
            let (shop, over, keys) = (&cluster.shop, &over, &keys);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let Some((id, text)) = issue(shop, wire) else { continue };
                    let ended = revoke(wire, &id);
                    keys.lock().unwrap().push((text, ended));
                }
            });
        }
        let (watch, mut cuts) = (clock.stopwatch(), 0);
        while cuts < 12 || watch.elapsed() < Duration::from_secs(2) {
            cluster.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = 'tollgate' AND (state <> 'idle' OR query LIKE 'LISTEN%')",
            );
            cuts += 1;
            rest(Duration::from_millis(120));
        }
        over.store(true, Ordering::Relaxed);
        for orders in orders {
            orders.join().unwrap();
        }
    });
    for (n, (key, ended)) in keys.into_inner().unwrap().iter().enumerate() {
        // What was not acknowledged may have happened.
        let expected: &[u16] = if *ended { &[401] } else { &[200, 401] };
        assert!(expected.contains(&whoami(&wires[n % 3], key)), "{ended}");
    }
    let headers = [("x-api-key", &*cluster.shop.cardpluspay), ("x-forwarded-for", &client())];
    let left = BALANCE - ORDERS * PRICE;
    until("the balance is told, which is limited by the minute", || {
        let reply = wires[0].ask("GET /v1/balance", &headers, "").unwrap();
        let told = reply.status == 200;
        if told {
            assert_eq!(reply.text("/data/balance"), format!("{}.{:02}", left / 100, left % 100), "each order once");
        }
        told
    });
    for wire in &wires {
        let verified = wire.command(&json!({ "audit": { "verify": { "against": null } } }));
        assert!(matches!(verified, Some(Done::Record(..))), "{verified:?}");
    }
    cluster.stop();
}
