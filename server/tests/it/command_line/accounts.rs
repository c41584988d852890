//! Account commands: what they do, and that it is true when they return.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tollgate::rng::Rng;
use tollgate_challenge_signature::merchant::generate_pkcs8_pem;

use super::super::binary::Dev;
use super::{record, records, refused, run, text};

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn a_key_lives_and_dies_in_the_running_server_when_the_command_returns() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");

    let first =
        record(&data, &["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test", "--name", "shop"], "");
    assert_eq!(status(&dev.who_am_i(text(&first, "secret"))), "200");

    let second = record(&data, &["key", "rotate", text(&first, "id"), "--overlap", "24h"], "");
    assert_eq!(text(&second, "name"), "shop", "a rotated key keeps its name");
    assert_eq!(status(&dev.who_am_i(text(&first, "secret"))), "200", "within the overlap");
    assert_eq!(status(&dev.who_am_i(text(&second, "secret"))), "200");

    let third = record(&data, &["key", "rotate", text(&second, "id"), "--overlap", "0"], "");
    assert_eq!(status(&dev.who_am_i(text(&second, "secret"))), "401", "without overlap");
    assert_eq!(status(&dev.who_am_i(text(&third, "secret"))), "200");

    let revoked = record(&data, &["key", "revoke", text(&third, "id")], "");
    assert_eq!(revoked["changed"], true);
    assert_eq!(status(&dev.who_am_i(text(&third, "secret"))), "401");
    assert_eq!(record(&data, &["key", "revoke", text(&third, "id")], "")["changed"], false, "the second time");

    let shown = record(&data, &["key", "inspect", text(&third, "id")], "");
    assert_eq!((text(&shown, "status"), shown.get("secret")), ("revoked", None));
    let listed = records(&data, &["key", "list", &merchant, "--mode", "test"], "");
    assert!(listed.iter().all(|key| key.get("secret").is_none()), "a list shows no secret");
    assert_eq!(dev.stop(), Some(0));

    let offline = record(&data, &["key", "inspect", text(&third, "id")], "");
    assert_eq!(offline, shown, "the same without a server");
}

#[test]
fn a_rotation_without_an_overlap_takes_that_of_the_dialect() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let create = ["merchant", "create", "Shop", "--country", "COL", "--currency", "COP"];
    let merchant = record(&data, &create, "");
    let issue = |dialect| {
        let command = ["key", "issue", text(&merchant, "id"), "--dialect", dialect, "--mode", "test"];
        text(&record(&data, &command, ""), "id").to_owned()
    };
    let inspect = |key: &str| record(&data, &["key", "inspect", key], "");

    let caibo = issue("caibo");
    record(&data, &["key", "rotate", &caibo], "");
    assert_eq!(text(&inspect(&caibo), "status"), "revoked", "0 (L2)");
    let eighty_eight_pay = issue("88pay");
    let successor = record(&data, &["key", "rotate", &eighty_eight_pay], "");
    let old = inspect(&eighty_eight_pay);
    assert_eq!(text(&old, "status"), "retiring");
    let at = |record, member| OffsetDateTime::parse(text(record, member), &Rfc3339).unwrap();
    let overlap = at(&old, "retiring_until") - at(&successor, "created_at");
    // The two moments of one command, by the real clock.
    assert!((Duration::DAY..Duration::DAY + Duration::MINUTE).contains(&overlap), "24 h (88Pay §5): {overlap}");
    let cardpluspay = issue("cardpluspay");
    refused(&data, &["key", "rotate", &cardpluspay], 2, "--overlap");
    assert_eq!(text(&inspect(&cardpluspay), "status"), "active");
    refused(&data, &["key", "rotate", "A00000000001"], 1, "no such record");
}

#[test]
fn a_merchants_status_and_address_list_count_at_the_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let (merchant, key) = (dev.text("/merchant_id_live"), dev.text("/caibo/api_key_test"));
    let id = &key[14..26];
    for (label, command, expected) in [
        ("suspended", vec!["merchant", "suspend", &merchant], "403"),
        ("approved", vec!["merchant", "approve", &merchant], "200"),
        ("elsewhere", vec!["allow-list", "set", "--merchant", &merchant, "203.0.113.0/24"], "403"),
        ("added", vec!["allow-list", "add", "--merchant", &merchant, "127.0.0.1"], "200"),
        ("taken away", vec!["allow-list", "remove", "--merchant", &merchant, "127.0.0.1"], "403"),
        ("unrestricted", vec!["allow-list", "set", "--merchant", &merchant, "unrestricted"], "200"),
        ("the key elsewhere", vec!["allow-list", "set", "--key", id, "203.0.113.7"], "403"),
        ("the key here", vec!["allow-list", "set", "--key", id, "127.0.0.0/8", "203.0.113.7"], "200"),
    ] {
        record(&data, &command, "");
        assert_eq!(status(&dev.who_am_i(&key)), expected, "{label}");
    }
    let shown = record(&data, &["allow-list", "show", "--key", id], "");
    assert_eq!(shown["allow_list"], serde_json::json!(["127.0.0.0/8", "203.0.113.7/32"]));
    refused(&data, &["allow-list", "add", "--merchant", &merchant, "203.0.113.7"], 1, "unrestricted");
    refused(&data, &["allow-list", "remove", "--key", id, "127.0.0.0/8", "203.0.113.7"], 1, "would be empty");
    refused(&data, &["allow-list", "remove", "--key", id, "192.0.2.1"], 1, "not on the list");
    refused(&data, &["allow-list", "set", "--key", id, "10.0.0.1/8"], 2, "entry 1");
}

#[test]
fn a_directory_is_made_and_filled_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    refused(&data, &["merchant", "list"], 1, "holds no database");
    assert!(!data.exists(), "a wrong name makes no directory");
    let create = ["merchant", "create", "Shop", "--country", "COL", "--currency", "COP", "--status", "active"];
    let merchant = record(&data, &create, "");
    let id = text(&merchant, "id");
    for (label, command) in [
        ("caibo", ["key", "issue", id, "--dialect", "caibo", "--mode", "live"]),
        ("88pay", ["key", "issue", id, "--dialect", "88pay", "--mode", "test"]),
        ("cardpluspay", ["key", "issue", id, "--dialect", "cardpluspay", "--mode", "test"]),
        ("pledg", ["client", "create", id, "--dialect", "pledg", "--mode", "test"]),
        ("alternative", ["client", "create", id, "--dialect", "alternative", "--mode", "live"]),
    ] {
        let made = record(&data, &command, "");
        let report = run(&["doctor", "credential"], text(&made, "secret"));
        assert_eq!(report.code, Some(0), "{label}: {}", report.out);
    }
    let secret = record(&data, &["webhook-secret", "issue", id, "--mode", "test"], "");
    let shown = record(&data, &["webhook-secret", "reveal", text(&secret, "id")], "");
    assert_eq!(text(&shown, "secret"), text(&secret, "secret"));
    let notification = record(&data, &["notification-secret", "import", id, "--mode", "test"], &"n".repeat(32));
    let shown = record(&data, &["notification-secret", "reveal", text(&notification, "id")], "");
    assert_eq!((text(&notification, "purpose"), text(&shown, "secret")), ("pledg_notification", &*"n".repeat(32)));
    let request = record(&data, &["request-secret", "issue", id, "--mode", "test"], "");
    record(&data, &["request-secret", "rotate", text(&request, "id"), "--overlap", "1h"], "");
    let listed = records(&data, &["request-secret", "list", id, "--mode", "test"], "");
    let states: Vec<_> = listed.iter().map(|secret| text(secret, "status")).collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&"active") && states.contains(&"retiring"), "{states:?}");
    let table = run(&["merchant", "inspect", id, "--data", data.to_str().unwrap()], "").out;
    assert!(table.lines().any(|line| line.split_whitespace().eq(["status", "active"])), "{table}");
}

#[test]
fn people_are_made_shut_out_and_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    let password = "correct horse battery";
    let user = record(&data, &["user", "create", &merchant, "Ana@Shop.example"], &format!("{password}\n"));
    let log_in = |password: &str| {
        let body = format!(r#"{{"email":"ana@shop.example","password":"{password}"}}"#);
        let length = body.len();
        let answer = dev.raw(
            format!("POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes(),
        );
        status(&answer).to_owned()
    };
    let id = text(&user, "id");
    assert_eq!(log_in(password), "200", "the line end of the input is no part of the password");
    record(&data, &["user", "disable", id], "");
    assert_eq!(log_in(password), "401");
    record(&data, &["user", "enable", id], "");
    assert_eq!(log_in(password), "200");
    let file = dir.path().join("password");
    fs::write(&file, "another long password").unwrap();
    record(&data, &["user", "password", id, "--password-file", file.to_str().unwrap()], "");
    assert_eq!((log_in(password).as_str(), log_in("another long password").as_str()), ("401", "200"));
    assert_eq!(text(&record(&data, &["user", "role", id, "read-only"], ""), "role"), "read_only");
    assert_eq!(record(&data, &["user", "api-basic", id, "on"], "")["api_basic"], true);
    assert_eq!(record(&data, &["user", "inspect", id], "")["administrator"], false);
    assert_eq!(record(&data, &["user", "administrator", id, "on"], "")["administrator"], true);
    assert_eq!(record(&data, &["user", "administrator", id, "off"], "")["administrator"], false);
    refused(&data, &["user", "create", &merchant, "bo@shop.example"], 2, "too short");
    refused(&data, &["user", "disable", "77"], 1, "no such record");
}

#[test]
fn clients_are_made_imported_rotated_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    let token = |id: &str, secret: &str| {
        let pair = STANDARD.encode(format!("{id}:{secret}"));
        let body = "grant_type=client_credentials";
        let answer = dev.raw(
            format!("POST /api/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Basic {pair}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
        );
        status(&answer).to_owned()
    };
    let client = record(&data, &["client", "create", &merchant, "--dialect", "pledg", "--mode", "test"], "");
    let (id, first) = (text(&client, "client_id"), text(&client, "secret"));
    assert_eq!(token(id, first), "200");
    let second = record(&data, &["client", "rotate", id, "--overlap", "7d"], "");
    assert_eq!((token(id, first).as_str(), token(id, text(&second, "secret")).as_str()), ("200", "200"));
    record(&data, &["client", "revoke-secret", text(&second, "id")], "");
    assert_eq!((token(id, first).as_str(), token(id, text(&second, "secret")).as_str()), ("200", "401"));
    assert_eq!(records(&data, &["client", "secrets", id], "").len(), 2);
    record(&data, &["client", "revoke", id], "");
    assert_eq!(token(id, first), "401");

    let import = ["client", "import", &merchant, "--id", "old-partner", "--dialect", "pledg", "--mode", "test"];
    let imported = record(&data, &import, "an old secret of theirs\n");
    assert_eq!((imported["imported"].as_bool(), imported.get("secret")), (Some(true), None));
    assert_eq!(token("old-partner", "an old secret of theirs"), "200");
}

#[test]
fn signing_is_required_only_where_a_key_can_check_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let create = ["merchant", "create", "Shop", "--country", "USA", "--currency", "USD"];
    let merchant = record(&data, &create, "");
    let id = text(&merchant, "id");
    refused(&data, &["rsa-key", "signing", id, "--mode", "test", "on"], 1, "no live RSA key");
    let rng = Rng::system();
    let (private, public) = generate_pkcs8_pem(2048, |bytes| rng.fill(bytes)).unwrap();
    let file = dir.path().join("key.pem");
    let register = ["rsa-key", "register", id, "--mode", "test", file.to_str().unwrap()];
    fs::write(&file, private.as_bytes()).unwrap();
    refused(&data, &register, 1, "private key");
    fs::write(&file, public.to_spki_pem()).unwrap();
    let key = record(&data, &register, "");
    assert_eq!(text(&key, "fingerprint").len(), 43);
    assert_eq!(
        record(&data, &["rsa-key", "signing", id, "--mode", "test", "on"], "")["request_signing_required"],
        true
    );
    let shown = record(&data, &["merchant", "inspect", id], "");
    assert_eq!(shown["request_signing_required_test"], true);
    refused(&data, &["rsa-key", "retire", text(&key, "id"), "--overlap", "1h"], 1, "register another first");
    refused(&data, &["rsa-key", "revoke", text(&key, "id")], 1, "switch request signing off");
    record(&data, &["rsa-key", "signing", id, "--mode", "test", "off"], "");
    assert_eq!(
        text(&record(&data, &["rsa-key", "retire", text(&key, "id"), "--overlap", "1h"], ""), "status"),
        "retiring"
    );
}

#[test]
fn the_log_of_changes_is_listed_checked_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let create = ["merchant", "create", "Shop", "--country", "PER", "--currency", "PEN"];
    let merchant = record(&data, &create, "");
    let id = text(&merchant, "id");
    let early = record(&data, &["audit", "verify"], "");
    record(&data, &["merchant", "approve", id], "");
    let listed = records(&data, &["audit", "list", "--merchant", id, "--limit", "1"], "");
    assert_eq!((text(&listed[0], "action"), text(&listed[0], "actor")), ("merchant.status_set", "operator"));
    let checked = record(&data, &["audit", "verify", "--against", text(&early, "head")], "");
    assert_eq!(checked["entries"].as_i64().unwrap(), early["entries"].as_i64().unwrap() + 1);
    let export = run(&["audit", "export", "--data", data.to_str().unwrap()], "");
    let lines: Vec<serde_json::Value> = export.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), usize::try_from(checked["entries"].as_i64().unwrap()).unwrap());
    assert!(lines.windows(2).all(|pair| pair[0]["hash"] == pair[1]["previous"]), "oldest first, and chained");
    let wrong = format!("1:{}", "0".repeat(64));
    refused(&data, &["audit", "verify", "--against", &wrong], 1, "is not the one that was noted");
    let none = format!("0:{}", text(&early, "head").split(':').nth(1).unwrap());
    refused(&data, &["audit", "verify", "--against", &none], 1, "is not the one that was noted");
    refused(&data, &["audit", "verify", "--against", "1:zz"], 2, "a head has the form");
}

#[test]
fn a_change_made_without_a_server_says_its_place_in_the_log_on_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let place = ["--json", "--data", data.to_str().unwrap()];
    let create = ["merchant", "create", "Shop", "--country", "PER", "--currency", "PEN"];
    let made = run(&[&create[..], &place].concat(), "");
    assert_eq!(made.code, Some(0), "{}", made.err);
    let line: serde_json::Value = serde_json::from_str(&made.err).expect("one line");
    assert_eq!((text(&line, "target"), text(&line, "action")), ("tollgate::audit", "merchant.created"));
    let verified = run(&[&["audit", "verify"][..], &place].concat(), "");
    assert_eq!(verified.err, "", "nothing was changed");
    let head: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(text(&head, "head"), format!("{}:{}", line["seq"], text(&line, "hash")));
}

#[test]
fn what_is_not_written_right_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let (merchant, key) = (dev.text("/merchant_id_live"), dev.text("/caibo/api_key_test"));
    let before = records(&data, &["audit", "list"], "").len();
    for (command, code, sentence) in [
        (vec!["key", "revoke", &key], 2, "not the key itself"),
        (vec!["key", "revoke", "A00000000001"], 1, "no such record"),
        (vec!["key", "issue", "MCH-COL-00000", "--dialect", "caibo", "--mode", "test"], 1, "no such record"),
        (vec!["key", "issue", "nobody", "--dialect", "caibo", "--mode", "test"], 2, "MCH-COL-7QX2Z"),
        (vec!["key", "rotate", &key[14..26], "--overlap", "31d"], 2, "30 days"),
        (vec!["merchant", "create", "X", "--country", "COL", "--currency", "COPS"], 2, "no such currency"),
        (vec!["merchant", "create", "X", "--country", "col", "--currency", "COP"], 2, "country is not acceptable"),
        (vec!["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test", "--scope", "a\"b"], 2, "scopes"),
        (
            vec!["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test", "--expires-at", "soon"],
            2,
            "2026-01-01T",
        ),
    ] {
        refused(&data, &command, code, sentence);
    }
    for (label, command) in [
        ("no verb", vec!["key"]),
        ("no mode", vec!["key", "issue", &merchant, "--dialect", "caibo"]),
        ("a negative overlap", vec!["key", "rotate", "A00000000001", "--overlap", "-1"]),
        ("a list of two", vec!["allow-list", "show", "--merchant", &merchant, "--key", "A00000000001"]),
    ] {
        assert_eq!(run(&command, "").code, Some(2), "{label}");
    }
    assert_eq!(records(&data, &["audit", "list"], "").len(), before);
    assert_eq!(status(&dev.who_am_i(&key)), "200");
}

#[test]
fn addresses_that_are_added_at_once_are_all_on_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    record(&data, &["allow-list", "set", "--merchant", &merchant, "192.0.2.0/24"], "");
    let networks: Vec<String> = (0..8).map(|n| format!("203.0.113.{n}/32")).collect();
    std::thread::scope(|scope| {
        for network in &networks {
            scope.spawn(|| record(&data, &["allow-list", "add", "--merchant", &merchant, network], ""));
        }
    });
    let shown = record(&data, &["allow-list", "show", "--merchant", &merchant], "");
    let listed: Vec<&str> =
        shown["allow_list"].as_array().unwrap().iter().map(|entry| entry.as_str().unwrap()).collect();
    let expected: Vec<&str> = std::iter::once("192.0.2.0/24").chain(networks.iter().map(String::as_str)).collect();
    assert_eq!(listed, expected);
    std::thread::scope(|scope| {
        for network in &networks {
            scope.spawn(|| record(&data, &["allow-list", "remove", "--merchant", &merchant, network], ""));
        }
    });
    let shown = record(&data, &["allow-list", "show", "--merchant", &merchant], "");
    assert_eq!(shown["allow_list"], serde_json::json!(["192.0.2.0/24"]));
    assert_eq!(dev.stop(), Some(0));
}
