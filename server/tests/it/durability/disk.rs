//! A disk that is full, that fails, or that cannot be written: every write is refused in its dialect's shape until the
//! disk is back, and then every write is done again, by the same process.
//!
//! Mounting and tracing take rights that not every machine gives: a test that lacks them says so and is skipped, unless
//! `TOLLGATE_REQUIRE_SERVICES=1`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::binary::{Dev, command, fails};
use super::load::{Acknowledged, Shop, shown};
use super::wire::{Done, Reply, Wire, basic};

/// A file system of its own; unmounted when dropped.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mebibytes; the write-ahead log takes four before it is emptied.
    const SIZE: &str = "size=12m,mode=0700";

    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder };
        fs::create_dir(disk.path()).unwrap();
        allowed("mount", &disk.run("mount", &["-t", "tmpfs", "-o", Self::SIZE, "tmpfs"])).then_some(disk)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// A file beside the disk, where there is always space.
    fn log(&self) -> File {
        File::create(self.folder.path().join("log")).unwrap()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(program);
        let output = command.args(arguments).arg(self.path()).output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(said)
    }

    fn remount(&self, mode: &str) {
        self.run("mount", &["-o", &format!("remount,{mode}")]).unwrap();
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut filler = File::options().append(true).create(true).open(self.filler()).unwrap();
        for size in [64 * 1024, 4096, 1] {
            let end = std::iter::repeat_with(|| filler.write_all(&vec![0; size])).find_map(Result::err);
            assert_eq!(end.unwrap().kind(), ErrorKind::StorageFull);
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.run("umount", &["-l"]);
    }
}

/// Lets every one of these system calls of a process fail, until dropped.
struct Failing {
    strace: Child,
}

impl Failing {
    fn calls(dev: &Dev, calls: &str, error: &str) -> Option<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        strace.args(["-e", &format!("inject={calls}:error={error}"), "-p", &dev.id().to_string()]);
        let started = strace.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string());
        let mut strace = match started {
            Ok(strace) => strace,
            Err(said) => {
                assert!(!allowed("strace", &Err(said)));
                return None;
            }
        };
        let mut said = String::new();
        let mut lines = BufReader::new(strace.stderr.take().unwrap());
        while lines.read_line(&mut said).unwrap() > 0 {
            if said.contains("attached") {
                // Reads on, so that strace never waits for somebody to read.
                std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(drop));
                return Some(Self { strace });
            }
        }
        strace.wait().unwrap();
        assert!(!allowed("strace", &Err(said)));
        None
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "INT", &self.strace.id().to_string()]).status();
        let _ = self.strace.wait();
    }
}

/// Whether the machine let the test do that.
#[track_caller]
fn allowed(what: &str, done: &Result<(), String>) -> bool {
    let required = std::env::var("TOLLGATE_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    if let Err(said) = done {
        assert!(!required, "{what} is required: {said}");
        eprintln!("skipped: {what} is not possible here: {}", said.trim());
    }
    done.is_ok()
}

/// A server on a disk, and everything that a disk can break.
struct House {
    shop: Shop,
    wire: Wire,
    invoice: Value,
    checkout: String,
    known: Acknowledged,
    spent: usize,
}

impl House {
    fn of(dev: &Dev, data: &Path) -> Self {
        let (shop, wire) = (Shop::of(dev.printed()), Wire::to(dev, data));
        let access = shop.access_token(&wire).unwrap();
        let checkout = format!("Bearer {}", shop.open_checkout(&wire, &access).unwrap().text("/token"));
        let methods = wire.ask("GET /checkout/payment-methods", &[("authorization", &checkout)], "").unwrap();
        let method = methods.json().pointer("/0/id").or(methods.json().pointer("/data/0/id")).cloned();
        let invoice = json!({
            "amount": "120.50", "payment_date": "2026-01-01", "payment_method": "card",
            "payment_method_id": method.unwrap_or_else(|| panic!("{methods:?}")),
        });
        Self { shop, wire, invoice, checkout, known: Acknowledged::default(), spent: 0 }
    }

    /// One write of each kind: its name, its answer, and what that must be while the disk is broken.
    fn write(&mut self, turn: usize) -> Vec<(&'static str, Reply, Value)> {
        let (shop, wire, name) = (&self.shop, &self.wire, format!("disk-{turn}"));
        let problem = json!({
            "type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "unavailable",
            "detail": "Try again later.",
        });
        let pledg = json!({ "error": "temporarily_unavailable", "error_description": "Try again later." });
        let card = json!({
            "success": false, "message": "Service unavailable", "data": { "code": "unavailable" },
        });
        let eighty_eight = json!({ "status": "Error", "code": 503, "message": "Service unavailable" });
        let mut answers = Vec::new();

        let requested = shop.request_payment(wire).unwrap();
        answers.push(("payment request", requested, problem.clone()));
        let minted = shop.mint(wire, "1").unwrap();
        if minted.status == 201 {
            self.known.grants.push(("1".to_owned(), minted.text("/token")));
        }
        // The tenth live token is the last one; this is no write then.
        if minted.status != 429 {
            answers.push(("checkout token", minted, problem));
        }
        let answer = shop.challenge(wire).unwrap();
        let redeemed = shop.redeem(wire, &answer).unwrap();
        if redeemed.status == 200 {
            self.known.redeemed.push(answer);
        }
        answers.push(("challenge", redeemed, card.clone()));
        let session = shop.session(wire).unwrap();
        let charged = Shop::charge(wire, &session, &name).unwrap();
        self.known.charges.push((name.clone(), (charged.status == 200).then(|| charged.body.clone())));
        answers.push(("charge", charged, eighty_eight));
        let ordered = shop.order(wire, &name).unwrap();
        self.known.orders.push((name, (ordered.status == 201).then(|| ordered.body.clone())));
        answers.push(("order", ordered, card));
        let person = basic(&shop.person.0, &shop.person.1);
        let path = format!("POST /api/purchases/{}/credit_by_transfer", shop.purchase);
        let credited = wire.ask(&path, &[("authorization", &person)], r#"{"amount_cents":1}"#).unwrap();
        answers.push(("credit", credited, pledg));
        answers
    }

    /// What is done once: the invoice is paid.
    fn pay_invoice(&self) -> Reply {
        let headers = [("authorization", &*self.checkout)];
        self.wire.ask("POST /checkout/v1/payments", &headers, &self.invoice.to_string()).unwrap()
    }

    /// Writes until no write is done any more: a log that has room in its file takes some.
    fn write_until_refused(&mut self) {
        for turn in 0..400 {
            let answers = self.write(turn);
            let mut refused = 0;
            for (what, reply, body) in &answers {
                if reply.status == 503 {
                    assert_eq!(&reply.json(), body, "{what}");
                    refused += 1;
                } else {
                    assert!(matches!(reply.status, 200 | 201), "{what}: {reply:?}");
                }
            }
            if refused == answers.len() {
                return;
            }
        }
        panic!("the disk still takes writes");
    }

    /// The broken disk is in nobody's way who only reads, and the commands say what is wrong.
    fn reads_go_on(&self) {
        let ask = |line: &str, header: (&str, &str)| self.wire.ask(line, &[header], "").unwrap().status;
        assert_eq!(ask("GET /payment-requests/1", ("x-api-key", &self.shop.caibo)), 200);
        assert_eq!(ask("GET /v1/orders", ("x-api-key", &self.shop.cardpluspay)), 200);
        assert_eq!(ask("GET /v1/orders", ("x-api-key", "cpp_test_sk_unknown")), 401);
        let refused = self.wire.command(&self.shop.issue()).unwrap();
        assert!(matches!(&refused, Done::Refused(said) if said.contains("not available")), "{refused:?}");
        let invoice = self.pay_invoice();
        let body = json!({ "code": "unavailable", "message": "try again later", "validation_errors": {} });
        assert_eq!((invoice.status, invoice.json()), (503, body));
    }

    /// The first write of every kind is done.
    fn writes_go_on(&mut self) {
        for (what, reply, _) in self.write(1000) {
            assert!(matches!(reply.status, 200 | 201), "{what}: {reply:?}");
        }
        let (_, key) = shown(self.wire.command(&self.shop.issue()).unwrap());
        self.known.issued.push(key);
        assert_eq!(self.pay_invoice().status, 201, "what was refused was not done");
    }

    /// Everything that was acknowledged holds, and what was not is whole or absent.
    fn holds(&mut self, dev: &Dev, data: &Path) {
        self.wire = Wire::to(dev, data);
        self.known.holds(&self.shop, &self.wire, &mut self.spent);
        self.known.orders.clear();
        let verified = self.wire.command(&json!({ "audit": { "verify": { "against": null } } })).unwrap();
        assert!(matches!(verified, Done::Record(..)), "{verified:?}");
    }
}

/// Starts, and again at the same address.
fn start(disk: &Disk, address: &str) -> Dev {
    Dev::start_for_load(&disk.data(), address, disk.log())
}

fn address(dev: &Dev) -> String {
    dev.text("/sandbox").replace("http://", "")
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room_again() {
    let Some(disk) = Disk::mount() else { return };
    let dev = start(&disk, "127.0.77.2:0");
    let (mut house, address) = (House::of(&dev, &disk.data()), address(&dev));
    disk.fill();
    house.write_until_refused();
    house.reads_go_on();
    disk.make_room();
    house.writes_go_on();
    house.holds(&dev, &disk.data());
    assert_eq!(dev.stop(), Some(0));
    let dev = start(&disk, &address);
    house.holds(&dev, &disk.data());
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_server_that_dies_on_a_full_disk_comes_back_with_all_that_it_acknowledged() {
    let Some(disk) = Disk::mount() else { return };
    let dev = start(&disk, "127.0.77.3:0");
    let (mut house, address) = (House::of(&dev, &disk.data()), address(&dev));
    disk.fill();
    house.write_until_refused();
    dev.kill();
    disk.make_room();
    let dev = start(&disk, &address);
    house.holds(&dev, &disk.data());
    house.writes_go_on();
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_write_that_does_not_reach_the_disk_is_not_acknowledged() {
    const SYNC: &str = "fsync,fdatasync";
    let table = [(SYNC, "EIO"), (SYNC, "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "EROFS"), ("pwrite64", "ENOSPC")];
    for (calls, error) in table {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let log = || File::create(dir.path().join("log")).unwrap();
        let dev = Dev::start_for_load(&data, "127.0.77.4:0", log());
        let (mut house, address) = (House::of(&dev, &data), address(&dev));
        let Some(failing) = Failing::calls(&dev, calls, error) else { return };
        for turn in 0..2 {
            for (what, reply, body) in house.write(turn) {
                assert_eq!((reply.status, reply.json()), (503, body), "{calls} {error}: {what}");
            }
        }
        house.reads_go_on();
        drop(failing);
        house.writes_go_on();
        dev.kill();
        let dev = Dev::start_for_load(&data, &address, log());
        house.holds(&dev, &data);
        assert_eq!(dev.stop(), Some(0));
    }
}

#[test]
fn a_start_on_a_disk_that_cannot_be_written_is_refused() {
    let Some(disk) = Disk::mount() else { return };
    let dev = start(&disk, "127.0.77.5:0");
    assert_eq!(dev.stop(), Some(0));
    let files = listed(&disk.data());
    disk.remount("ro");
    fails(&mut command(&disk.data()), "tollgate.db cannot be written: give the user that runs tollgate");
    assert_eq!(listed(&disk.data()), files, "nothing is left behind");
    let new = disk.path().join("new");
    fails(&mut command(&new), "cannot be used as data directory");
    disk.remount("rw");
    assert_eq!(start(&disk, "127.0.77.5:0").stop(), Some(0));
}

#[test]
fn a_start_on_a_full_disk_fails_and_leaves_nothing_that_is_half_made() {
    let Some(disk) = Disk::mount() else { return };
    disk.fill();
    let data = disk.data();
    let mut start = command(&data);
    fails(&mut start, "No space left on device");
    disk.make_room();
    let dev = self::start(&disk, "127.0.77.6:0");
    let mut house = House::of(&dev, &data);
    house.writes_go_on();
    assert_eq!(dev.stop(), Some(0));
}

fn listed(folder: &Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
        })
        .collect();
    files.sort();
    files
}
