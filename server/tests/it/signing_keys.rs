//! J5: token keys are exchanged under a running server, and nobody meets a key that was not published before.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, mpsc};

use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tollgate::app::Services;
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::keys::{KeyFile, KeyFileChange, KeyState, RefreshError, RotationError, RotationReason, TokenKind};
use tollgate::rng::Rng;
use tollgate::transport::Channel;
use tollgate_client_address::TrustedProxies;
use tollgate_jwt_session::danger;

use super::alternative::{Client, init};
use super::binary::Dev;
use super::world::{Call, SANDBOX, T0, World, options, world};

const DAY: u64 = 86_400;

fn key_file(world: &World) -> PathBuf {
    world.data().join(Services::KEYS)
}

/// Rotates in the file, as the command does, and answers the names of the new keys.
fn rotate(world: &World, kinds: &[TokenKind], use_after: Duration, reason: RotationReason) -> Vec<String> {
    let mut change = KeyFileChange::begin(&key_file(world)).unwrap();
    let added = change.keys.rotate(kinds, use_after, reason, world.now(), &Rng::system()).unwrap();
    change.commit(&Rng::system()).unwrap();
    added.into_iter().map(|line| line.kid).collect()
}

async fn published(world: &World) -> Vec<String> {
    let keys = world.send(Call::get("/.well-known/jwks.json")).await.json();
    let mut kids: Vec<_> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

fn kid(token: &str) -> String {
    danger::unverified_kid(token).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_running_server_follows_a_rotation_to_the_second() {
    let world = world().await;
    let client = Client::demo(&world);
    let first = client.token(&world).await;
    let mut keys = published(&world).await;
    assert_eq!(keys.len(), 2, "one of 88Pay and one of Alternative");

    let next = rotate(&world, &[TokenKind::Alternative], Duration::DAY, RotationReason::Routine).remove(0);
    assert!(world.services.signing_keys.refresh(world.now()).unwrap());
    assert!(!world.services.signing_keys.refresh(world.now()).unwrap(), "the same file is not read again");
    keys.push(next.clone());
    keys.sort();
    assert_eq!(published(&world).await, keys, "the next key is there a day before it signs");
    world.advance(1);
    assert_eq!(world.send(init(&world, &first)).await.status, 200, "what was signed before");

    world.advance(DAY - 2);
    let last = client.token(&world).await;
    assert_eq!(kid(&last), kid(&first), "one second before its time the new key does not sign");
    world.advance(1);
    let new = client.token(&world).await;
    assert_eq!(kid(&new), next, "at its time it does");
    for (label, token) in [("old key", &last), ("new key", &new)] {
        assert_eq!(world.send(init(&world, token)).await.status, 200, "{label}");
    }

    // The last token of the old key lives 3600 s from one second before the switch.
    world.advance(3598);
    assert_eq!(world.send(init(&world, &last)).await.status, 200, "in its last second");
    world.advance(1);
    assert_eq!(world.send(init(&world, &last)).await.status, 401, "at its end");
    assert_eq!(published(&world).await, keys, "published while a token may live, 5 s of clock skew included");
    world.advance(6);
    keys.retain(|key| *key != kid(&first));
    assert_eq!(published(&world).await, keys, "and no longer");
}

#[tokio::test]
async fn every_kind_of_token_survives_a_rotation() {
    let world = world().await;
    let who = |token: &str| Call::get("/api/a_secured_endpoint").bearer(token);
    let pledg =
        Client { id: world.text("/pledg/key"), secret: world.text("/pledg/secret"), listener: ListenerMode::Test };
    let buy = || pledg.sign(Call::post("/api/token")).form("grant_type=client_credentials");
    let secret_kinds = [TokenKind::Panel, TokenKind::Pledg, TokenKind::AlternativeCheckout];
    let panel = world.log_in(ListenerMode::Test).await;
    let access = world.send(buy()).await.member("access_token");
    let checkout = world.send(init(&world, &Client::demo(&world).token(&world).await)).await.member("token");

    let new = rotate(&world, &secret_kinds, Duration::ZERO, RotationReason::Routine);
    assert!(world.services.signing_keys.refresh(world.now()).unwrap());
    let path = format!("/users/{}/apikey", world.text("/panel/user_id"));
    assert_eq!(world.send(Call::put(&path).bearer(&panel)).await.status, 200, "panel");
    assert_eq!(world.send(who(&access)).await.status, 200, "Pledg");
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&checkout)).await.status, 200, "checkout");

    let panel = world.log_in(ListenerMode::Test).await;
    let access = world.send(buy()).await.member("access_token");
    world.advance(1);
    let checkout = world.send(init(&world, &Client::demo(&world).token(&world).await)).await.member("token");
    assert_eq!([kid(&panel), kid(&access), kid(&checkout)].as_slice(), new, "a MAC key needs no publication");
    assert_eq!(published(&world).await.len(), 2, "and is never published");
    assert_eq!(world.send(who(&access)).await.status, 200);
}

#[tokio::test]
async fn what_a_compromised_key_signed_is_dead_when_the_new_one_signs() {
    let world = world().await;
    let client = Client::demo(&world);
    let old = client.token(&world).await;
    let waiting = rotate(&world, &[TokenKind::Alternative], Duration::DAY, RotationReason::Routine).remove(0);
    let next = rotate(&world, &[TokenKind::Alternative], Duration::MINUTE, RotationReason::Compromised).remove(0);
    world.services.signing_keys.refresh(world.now()).unwrap();
    let keys = published(&world).await;
    assert!(keys.contains(&next) && !keys.contains(&waiting), "what lay beside the known key is not used: {keys:?}");
    world.advance(59);
    assert_eq!(world.send(init(&world, &old)).await.status, 200);
    world.advance(1);
    assert_eq!(world.send(init(&world, &old)).await.status, 401);
    assert!(!published(&world).await.contains(&kid(&old)));
    assert_eq!(kid(&client.token(&world).await), next);
}

#[tokio::test]
async fn a_key_that_may_be_known_is_dead_when_it_was_promised_to_be() {
    let world = world().await;
    let client = Client::demo(&world);
    let old = client.token(&world).await;
    let kinds = [TokenKind::Alternative];
    rotate(&world, &kinds, Duration::HOUR, RotationReason::Compromised);
    world.advance(1800);
    let next = rotate(&world, &kinds, Duration::hours(10), RotationReason::Compromised).remove(0);
    assert!(world.services.signing_keys.refresh(world.now()).unwrap());
    let lines = KeyFile::read(&key_file(&world)).unwrap().signing_keys(&kinds, world.now());
    let promised = Some(T0 + 3600);
    assert_eq!((lines[0].kid.as_str(), lines[0].dead_at), (kid(&old).as_str(), promised));
    assert_eq!((lines[1].kid.as_str(), lines[1].use_from), (next.as_str(), promised), "it signs earlier than asked");
    world.advance(1799);
    let last = client.token(&world).await;
    assert_eq!((kid(&last), world.send(init(&world, &last)).await.status.as_u16()), (kid(&old), 200));
    world.advance(1);
    assert_eq!(world.send(init(&world, &last)).await.status, 401);
    assert_eq!(kid(&client.token(&world).await), next);

    // A later emergency may still come earlier.
    rotate(&world, &kinds, Duration::HOUR, RotationReason::Compromised);
    let now = rotate(&world, &kinds, Duration::ZERO, RotationReason::Compromised).remove(0);
    assert!(world.services.signing_keys.refresh(world.now()).unwrap());
    assert_eq!(kid(&client.token(&world).await), now);
}

#[tokio::test]
async fn a_damaged_key_file_leaves_the_keys_in_use() {
    let world = world().await;
    let keys = &world.services.signing_keys;
    let path = key_file(&world);
    let good = fs::read_to_string(&path).unwrap();
    let without = |purpose: &str| {
        let entries: Vec<_> = good.split("[[signing]]").filter(|entry| !entry.contains(purpose)).collect();
        entries.join("[[signing]]")
    };
    let before = published(&world).await;
    for (label, text) in [
        ("half a file", good[..good.len() / 2].to_owned()),
        ("nothing", String::new()),
        ("a kind without a key", without("\"pledg\"")),
        ("a key that is none", good.replace("MIGHAgEA", "MIGHAgEB")),
    ] {
        fs::write(&path, text).unwrap();
        assert!(keys.refresh(world.now()).is_err(), "{label}");
        assert!(!keys.refresh(world.now()).unwrap(), "{label}: said once");
        assert_eq!(published(&world).await, before, "{label}");
        world.advance(1);
        let token = Client::demo(&world).token(&world).await;
        assert_eq!(world.send(init(&world, &token)).await.status, 200, "{label}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(keys.refresh(world.now()), Err(RefreshError::File(_))), "missing");
    assert!(!keys.refresh(world.now()).unwrap(), "missing: said once");
    fs::write(&path, &good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(keys.refresh(world.now()).is_err(), "others can read it");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keys.refresh(world.now()).unwrap(), "with its mode it is read");
}

/// The file that release 0.1.0 wrote, before keys had dates.
#[tokio::test]
async fn a_key_file_without_dates_signs_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(Services::KEYS);
    fs::write(&path, include_str!("signing_keys/first_format.toml")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
    let services = Arc::new(Services::open(dir.path(), options(clock.clone())).await.unwrap());
    let listener =
        services.listener(ListenerMode::Test, SANDBOX, TrustedProxies::new(Vec::new()), Channel::Loopback).unwrap();
    let rings = listener.rings(clock.now());
    let signing: Vec<_> = [&rings.panel, &rings.session, &rings.pledg, &rings.alternative, &rings.checkout]
        .iter()
        .map(|ring| ring.keys().kids().next().unwrap().as_str())
        .collect();
    let first = ["pnl-7d168c42", "88p-eda7fc7e", "plg-bcf0e0d7", "alt-b9e4395b", "chk-4a846060"];
    assert_eq!(signing, first);

    let mut change = KeyFileChange::begin(&path).unwrap();
    let reason = RotationReason::Routine;
    change.keys.rotate(&TokenKind::ALL, Duration::DAY, reason, clock.now(), &Rng::system()).unwrap();
    change.commit(&Rng::system()).unwrap();
    assert!(services.signing_keys.refresh(clock.now()).unwrap());
    assert_eq!(listener.rings(clock.now()).session.keys().kids().next().unwrap().as_str(), first[1], "it still signs");
    let later = clock.now() + Duration::DAY;
    let kids: Vec<_> = listener.rings(later).session.keys().kids().map(|kid| kid.as_str().to_owned()).collect();
    assert_eq!(kids.len(), 2);
    assert_eq!(kids[1], first[1], "after a day it is the one before");
    assert_eq!(listener.rings(later + Duration::seconds(65)).session.keys().kids().count(), 1);
}

#[test]
fn rotations_that_would_break_verifiers_or_pile_up_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.toml");
    let (now, rng) = (OffsetDateTime::from_unix_timestamp(T0).unwrap(), Rng::system());
    let mut keys = KeyFile::create(&path, now, &rng).unwrap();
    let all = TokenKind::ALL;
    let count = |keys: &KeyFile| keys.signing_keys(&all, now).len();
    let (routine, compromised) = (RotationReason::Routine, RotationReason::Compromised);

    let early = Duration::DAY - Duration::SECOND;
    for kind in [TokenKind::EightyEightPay, TokenKind::Alternative] {
        let refused = keys.rotate(&[kind], early, routine, now, &rng);
        assert!(matches!(refused, Err(RotationError::Early(_))), "{kind:?}");
    }
    assert!(matches!(keys.rotate(&all, early, routine, now, &rng), Err(RotationError::Early(_))), "all or none");
    for use_after in [Duration::seconds(-1), Duration::days(91)] {
        assert!(matches!(keys.rotate(&all, use_after, compromised, now, &rng), Err(RotationError::Late)));
    }
    assert_eq!(count(&keys), 5, "nothing was added");

    keys.rotate(&all, Duration::DAY, routine, now, &rng).unwrap();
    assert!(matches!(keys.rotate(&all, Duration::DAY, routine, now, &rng), Err(RotationError::Waiting(..))));
    assert_eq!(count(&keys), 10);

    // Eight keys of a kind at most, whatever their state.
    let mut at = now + Duration::DAY;
    for _ in 0..6 {
        keys.rotate(&[TokenKind::Panel], Duration::ZERO, routine, at, &rng).unwrap();
        at += Duration::SECOND;
    }
    let refused = keys.rotate(&[TokenKind::Panel], Duration::ZERO, routine, at, &rng);
    assert!(matches!(refused, Err(RotationError::TooMany(TokenKind::Panel))));
    assert!(keys.prune(&all, at).is_empty(), "their tokens live");
    let over = at + Duration::HOUR;
    let states: Vec<_> = keys.signing_keys(&[TokenKind::Panel], over).iter().map(|line| line.state).collect();
    assert_eq!(states[0], KeyState::Current);
    assert!(states[1..].iter().all(|state| *state == KeyState::Dead));
    assert_eq!(keys.prune(&[TokenKind::Panel], over).len(), 7);
    assert_eq!(keys.signing_keys(&[TokenKind::Panel], over).len(), 1);
    keys.rotate(&[TokenKind::Panel], Duration::ZERO, routine, over, &rng).unwrap();
}

#[test]
fn an_emergency_is_never_refused_for_the_number_of_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.toml");
    let (mut at, rng) = (OffsetDateTime::from_unix_timestamp(T0).unwrap(), Rng::system());
    let mut keys = KeyFile::create(&path, at, &rng).unwrap();
    let kinds = [TokenKind::Panel];
    let (routine, compromised) = (RotationReason::Routine, RotationReason::Compromised);
    let mut fill = |keys: &mut KeyFile| {
        while keys.signing_keys(&kinds, at).len() < 8 {
            at += Duration::SECOND;
            keys.rotate(&kinds, Duration::ZERO, routine, at, &rng).unwrap();
        }
        at
    };

    let at = fill(&mut keys);
    let later = keys.rotate(&kinds, Duration::MINUTE, compromised, at, &rng);
    assert!(matches!(later, Err(RotationError::TooMany(TokenKind::Panel))), "eight still verify until then");
    assert_eq!(keys.signing_keys(&kinds, at).len(), 8, "nothing was changed");
    let new = keys.rotate(&kinds, Duration::ZERO, compromised, at, &rng).unwrap().remove(0);
    let states = |keys: &KeyFile, at| {
        keys.signing_keys(&kinds, at).into_iter().map(|line| (line.state, line.kid == new.kid)).collect::<Vec<_>>()
    };
    assert_eq!(states(&keys, at), [&[(KeyState::Current, true)][..], &[(KeyState::Dead, false); 8]].concat());

    let waiting = keys.rotate(&kinds, Duration::MINUTE, compromised, at, &rng).unwrap();
    assert_eq!((waiting.len(), waiting[0].state), (1, KeyState::Next));
    let all = keys.signing_keys(&kinds, at);
    assert_eq!(all.len(), 2, "the dead were in nobody's way, and are gone");
    assert_eq!(all[0].kid, new.kid);
}

fn command(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let [action, rest @ ..] = arguments else { panic!("no action") };
    command.args(["signing-key", action, "--data"]).arg(data).args(rest).output().unwrap()
}

#[track_caller]
fn printed(data: &Path, arguments: &[&str]) -> Vec<Vec<String>> {
    let output = command(data, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let words =
        |line: &str| line.split("  ").map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    text.lines().skip(1).map(words).collect()
}

#[test]
fn the_command_lists_rotates_and_prunes() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let path = data.join("keys.toml");
    let whole = printed(&data, &["list"]);
    assert_eq!(whole.len(), 5, "{whole:?}");
    let before = fs::read(&path).unwrap();

    for (arguments, says) in [
        (&["rotate", "--kind", "88pay", "--use-after", "23h"][..], "24h after it is published"),
        (&["rotate", "--use-after", "0s"], "24h after it is published"),
        (&["rotate", "--use-after", "91d"], "within 90 days"),
        (&["rotate", "--use-after", "soon"], "a whole number and s, m, h or d"),
        (&["rotate", "--kind", "caibo"], "possible values"),
    ] {
        let output = command(&data, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(says), "{arguments:?}: {error}");
    }
    assert!(printed(&data, &["prune"]).is_empty());
    assert_eq!(fs::read(&path).unwrap(), before, "refusals and empty prunes leave the file alone");

    let added = printed(&data, &["rotate", "--kind", "88pay"]);
    assert_eq!((added.len(), added[0][2].as_str()), (1, "next"), "{added:?}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let states: Vec<_> = printed(&data, &["list", "--kind", "88pay"]).into_iter().map(|line| line[2].clone()).collect();
    assert_eq!(states, ["current", "next"]);
    let added = printed(&data, &["rotate", "--kind", "88pay", "--compromised"]);
    assert_eq!(added[0][2], "current");
    assert_eq!(printed(&data, &["prune", "--kind", "88pay"]).len(), 1, "the known key");
    assert_eq!(printed(&data, &["list"]).len(), 5);

    fs::write(&path, "format = 1").unwrap();
    let output = command(&data, &["list"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("damaged"));
}

#[test]
fn the_running_binary_takes_over_what_the_command_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut dev = Dev::start_with_log(&data);
    let log = BufReader::new(dev.take_log());
    let mut lines = log.lines().map_while(Result::ok);
    let added = printed(&data, &["rotate", "--kind", "alternative"])[0][1].clone();
    assert!(lines.any(|line| line.contains("the key file changed: its signing keys")), "the log ended");
    let answer = dev.raw(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let keys: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == added.as_str()), "{keys}");

    let good = fs::read_to_string(data.join("keys.toml")).unwrap();
    fs::write(data.join("keys.toml"), "nonsense").unwrap();
    let line = lines.find(|line| line.contains("the changed key file cannot be used")).unwrap();
    assert!(line.contains("ERROR") && line.contains("damaged") && !line.contains("nonsense"), "{line}");
    assert!(dev.who_am_i(&dev.text("/caibo/api_key_test")).starts_with("HTTP/1.1 200"));
    fs::write(data.join("keys.toml"), good).unwrap();
    assert!(lines.any(|line| line.contains("the key file changed: its signing keys")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_rotation_is_taken_over_once_the_key_file_can_be_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut dev = Dev::start_with_log(&data);
    let log = BufReader::new(dev.take_log());
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let next = || loop {
        let line = lines.recv_timeout(std::time::Duration::from_mins(1)).expect("a line within a minute");
        if line.contains("key file") {
            return line;
        }
    };

    dev.limit_open_files(Some(1));
    printed(&data, &["rotate", "--kind", "alternative", "--compromised"]);
    let line = next();
    assert!(line.contains("the changed key file cannot be used") && line.contains("cannot be read"), "{line}");
    dev.limit_open_files(None);
    let line = next();
    assert!(line.contains("the key file changed"), "said once, and then: {line}");
}
