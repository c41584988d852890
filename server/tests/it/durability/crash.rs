//! kill -9 under load: what was acknowledged is there after the restart, and what was not is whole or absent.
//!
//! `TOLLGATE_CRASH_ROUNDS` says how often; 12 unless said.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc;

use serde_json::json;
use tollgate::account::KeyFamily;

use super::super::binary::Dev;
use super::load::{Acknowledged, Shop, WORKERS, work};
use super::wire::{Done, Wire};

fn rounds() -> usize {
    std::env::var("TOLLGATE_CRASH_ROUNDS").map_or(12, |text| text.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut dev = start(&data, "127.0.77.1:0");
    // Tokens name the address that issued them: it stays the same.
    let address = dev.text("/sandbox").replace("http://", "");
    let shop = Shop::of(dev.printed());
    let (mut lasting, mut acknowledged, mut spent) = (Acknowledged::default(), 0, 0);
    let mut head: Option<String> = None;
    for round in 0..rounds() {
        let wire = Wire::to(&dev, &data);
        // From a kill in the first writes to one in the midst of many, checkpoints of the log included.
        let (known, after) = (killed_under_load(dev, &shop, &wire, round, 1 + round * 37 % 90), start(&data, &address));
        dev = after;
        let wire = Wire::to(&dev, &data);
        known.holds(&shop, &wire, &mut spent);
        head = Some(chain(&wire, head.as_deref()));
        acknowledged += known.len();
        lasting.issued.extend(known.issued);
        lasting.dead.extend(known.dead);
        lasting.paid.extend(known.paid);
    }
    let wire = Wire::to(&dev, &data);
    lasting.holds(&shop, &wire, &mut spent);
    every_change_is_in_the_log(&wire, &lasting);
    assert_eq!(dev.stop(), Some(0));
    eprintln!("{} kills, {acknowledged} acknowledged writes, none lost", rounds());
}

fn start(data: &Path, address: &str) -> Dev {
    Dev::start_for_load(data, address, File::create("/dev/null").unwrap())
}

/// Loads the server from all sides, kills it once `writes` were acknowledged, and answers what is known then.
fn killed_under_load(dev: Dev, shop: &Shop, wire: &Wire, round: usize, writes: usize) -> Acknowledged {
    let (told, telling) = mpsc::channel();
    let workers: Vec<_> = WORKERS
        .into_iter()
        .enumerate()
        .map(|(number, worker)| {
            let (shop, wire, told) = (shop.clone(), wire.clone(), told.clone());
            std::thread::spawn(move || work(&shop, &wire, worker, &format!("{round}-{number}"), &told))
        })
        .collect();
    drop(told);
    for _ in 0..writes {
        telling.recv().unwrap();
    }
    dev.kill();
    let mut known = Acknowledged::default();
    for worker in workers {
        known.add(worker.join().unwrap());
    }
    known
}

/// The audit log verifies and still holds the head of the round before; answers its head now.
fn chain(wire: &Wire, before: Option<&str>) -> String {
    match wire.command(&json!({ "audit": { "verify": { "against": before } } })).unwrap() {
        Done::Record(report, None) => report["head"].as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn every_change_is_in_the_log(wire: &Wire, lasting: &Acknowledged) {
    let Some(Done::Lines(lines)) = wire.command(&json!({ "audit": { "export": { "merchant": null } } })) else {
        panic!("no export");
    };
    for key in lasting.issued.iter().chain(&lasting.dead) {
        let id = KeyFamily::CARDPLUSPAY.format.parse(key).unwrap().id();
        assert!(lines.contains(id.as_str()), "the log tells of {}", id.as_str());
    }
}
