//! Five hundred people with wrong passwords at once, against the real binary: memory stays that of the permits.

use std::fs::{self, File};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::binary::Dev;

/// Memory of one hash, in KiB (RFC 9106: m = 19 MiB).
const HASH: u64 = 19 * 1024;
/// What five hundred connections, their threads' stacks and the allocator may take beside the hashes, in KiB.
const REST: u64 = 48 * 1024;

/// The greatest resident memory so far, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn five_hundred_wrong_passwords_at_once_cost_the_memory_of_the_permits() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Dev::start(&data).stop();
    // Started again, as the first start hashes the passwords of the demo.
    let dev = Dev::start_for_load(&data, "127.0.0.1:0", File::create("/dev/null").unwrap());
    let before = peak(dev.id());
    let ask = |n: usize| {
        let basic = STANDARD.encode(format!("user{n}@demo-shop.example:wrong"));
        let request = format!(
            "POST /api/purchases/pur_x/release HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Basic {basic}\r\n\
             content-length: 0\r\n\r\n"
        );
        dev.raw(request.as_bytes()).split(' ').nth(1).unwrap_or("none").to_owned()
    };
    let statuses: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..500).map(|n| scope.spawn(move || ask(n))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let count = |wanted: &str| statuses.iter().filter(|status| *status == wanted).count();
    assert!(count("401") > 0, "{statuses:?}");
    assert_eq!(count("401") + count("503"), 500, "hashed and refused, or not hashed: {statuses:?}");
    let permits = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let grown = peak(dev.id()) - before;
    assert!(grown <= permits * HASH + REST, "{grown} KiB for {permits} permits");
    assert_eq!(dev.stop(), Some(0));
}
