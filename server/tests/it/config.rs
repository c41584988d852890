//! The configuration file: what is read, and what is refused and in which words.

use std::fs;
use std::path::{Path, PathBuf};

use tollgate::account::Switch;
use tollgate::auth::ListenerMode;
use tollgate::config::{Config, LedgerConfig, LedgerDurability, Security, UrlSource, VaultConfig};
use tollgate::mail::SmtpSecurity;
use tollgate::telemetry::LogFormat;
use tollgate::transport::{Bounds, TlsIdentity};
use tollgate_client_address::TrustedProxies;

/// The smallest that starts.
const MINIMAL: &str = r#"
[storage]
data = "data"
[[listener]]
address = "127.0.0.1:8443"
mode = "live"
base_url = "https://pay.example"
tls = { certificate = "certificate.pem", key = "/etc/key.pem" }
[dialects]
enabled = ["caibo"]
"#;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/tollgate.example.toml")
}

fn read(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tollgate.toml");
    fs::write(&file, text).unwrap();
    Config::read(&file).map_err(|error| error.to_string().replace(&format!("{}", dir.path().display()), "DIR"))
}

fn names(config: &Config, listener: usize) -> Vec<&'static str> {
    config.listeners[listener].dialects.iter().map(|dialect| dialect.name()).collect()
}

#[test]
fn the_sample_is_read_as_it_stands() {
    let config = Config::read(&sample()).unwrap();
    assert_eq!(config.storage.data, Path::new("/var/lib/tollgate"));
    assert_eq!(config.storage.vault, VaultConfig::Sqlite);
    let [live, test] = &config.listeners[..] else { panic!("two listeners") };
    assert_eq!((live.address, live.mode), (([0, 0, 0, 0], 8443).into(), ListenerMode::Live));
    assert_eq!(live.base_url, "https://pay.example");
    let identity =
        TlsIdentity { certificate: "/etc/tollgate/certificate.pem".into(), key: "/etc/tollgate/key.pem".into() };
    assert_eq!(live.security, Security::Tls(identity));
    assert_eq!((test.address, test.mode), (([127, 0, 0, 1], 8080).into(), ListenerMode::Test));
    assert_eq!(test.security, Security::Terminator(TrustedProxies::parse(["127.0.0.1", "::1"]).unwrap()));
    assert_eq!(names(&config, 0), ["alternative", "caibo", "cardpluspay", "88pay", "pledg"]);
    assert_eq!(names(&config, 1), names(&config, 0));
    assert_eq!(config.limits.max_connections, Bounds::CONNECTIONS, "the sample shows the default");
    assert_eq!(config.limits.max_connections_per_address, Bounds::default().per_address, "here, too");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.metrics.unwrap().address, ([127, 0, 0, 1], 9464).into());
}

#[test]
fn the_sample_shows_every_key_there_is() {
    // A key that nobody knows brings out those that are known, section by section.
    let sample = fs::read_to_string(sample()).unwrap();
    let wrong = "no_such_key = 1\n";
    let texts = [
        ("", format!("{wrong}{MINIMAL}")),
        ("storage", MINIMAL.replace("[storage]\n", &format!("[storage]\n{wrong}"))),
        ("vault", MINIMAL.replace("data = \"data\"", "keys = \"data\"\nvault = { no_such_key = 1 }")),
        ("ledger", MINIMAL.replace("data = \"data\"", "data = \"data\"\nledger = { no_such_key = 1 }")),
        ("listener", MINIMAL.replace("[[listener]]\n", &format!("[[listener]]\n{wrong}"))),
        ("tls", MINIMAL.replace("tls = {", "tls = { no_such_key = 1,")),
        ("terminator", MINIMAL.replace("tls = {", "terminator = { no_such_key = 1 }\ntls = {")),
        ("dialects", MINIMAL.replace("[dialects]\n", &format!("[dialects]\n{wrong}"))),
        ("alternative", format!("{MINIMAL}[alternative]\n{wrong}")),
        ("limits", format!("{MINIMAL}[limits]\n{wrong}")),
        ("log", format!("{MINIMAL}[log]\n{wrong}")),
        ("metrics", format!("{MINIMAL}[metrics]\n{wrong}")),
        ("panel", format!("{MINIMAL}[panel]\n{wrong}")),
        ("mail", format!("{MINIMAL}[mail]\n{wrong}")),
    ];
    for (section, text) in texts {
        let error = read(&text).unwrap_err();
        let (_, known) =
            error.split_once("unknown field `no_such_key`, expected ").unwrap_or_else(|| panic!("{error}"));
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        assert!(!known.is_empty(), "{section}: {error}");
        for key in known {
            let shown = if section.is_empty() {
                [format!("[{key}]"), format!("[[{key}]]")].iter().any(|header| sample.lines().any(|l| l == header))
            } else {
                sample.contains(&format!("{key} = "))
            };
            assert!(shown, "{section}: {key} is not in the sample");
        }
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = read(MINIMAL).unwrap();
    assert_eq!(config.limits.max_connections, Bounds::CONNECTIONS);
    assert_eq!(config.limits.max_connections_per_address, 62, "one in sixteen");
    for (all, of_one) in [(1, 1), (7, 7), (100, 8), (128, 8), (144, 9), (16_000, 1000)] {
        let config = read(&format!("{MINIMAL}[limits]\nmax_connections = {all}\n")).unwrap();
        assert_eq!(config.limits.max_connections_per_address, of_one, "of {all}");
    }
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(config.metrics.is_none());
    assert!(config.mail.is_none());
    assert_eq!((config.panel.enabled, config.listeners[0].panel), (Switch::Off, Switch::Off));
    let config = read(&format!("{MINIMAL}[metrics]\n")).unwrap();
    assert_eq!(config.metrics.unwrap().address, ([127, 0, 0, 1], 9464).into(), "loopback unless said otherwise");
}

#[test]
fn the_panel_is_served_where_it_is_said_to_be() {
    let on = "[panel]\nenabled = true\n";
    let listener = |line: &str| MINIMAL.replace("mode = \"live\"\n", &format!("mode = \"live\"\n{line}"));
    for (text, panel) in [
        (format!("{MINIMAL}{on}"), Switch::On),
        (format!("{}{on}", listener("panel = false\n")), Switch::Off),
        (listener("panel = true\n"), Switch::On),
    ] {
        assert_eq!(read(&text).unwrap().listeners[0].panel, panel, "{text}");
    }
}

#[test]
fn mail_goes_over_a_protected_way_or_stays_on_the_machine() {
    let mail = |lines: &str| {
        read(&format!("{MINIMAL}[mail]\nfrom = \"a@pay.example\"\n{lines}")).map(|config| config.mail.unwrap())
    };
    let table = [
        ("host = \"smtp.example\"\n", SmtpSecurity::StartTls, 587),
        ("host = \"smtp.example\"\nsecurity = \"tls\"\n", SmtpSecurity::Tls, 465),
        ("host = \"127.0.0.1\"\nsecurity = \"none\"\n", SmtpSecurity::LoopbackOnly, 25),
        ("host = \"::1\"\nsecurity = \"none\"\nport = 2525\n", SmtpSecurity::LoopbackOnly, 2525),
    ];
    for (lines, security, port) in table {
        let server = mail(lines).unwrap();
        assert_eq!((server.security, server.port), (security, port), "{lines}");
    }
    let refused = [
        ("host = \"smtp.example\"\nsecurity = \"none\"\n", "mail.security"),
        ("host = \"\"\n", "mail.host"),
        ("host = \"smtp.example\"\nuser = \"u\"\n", "mail.password_file"),
        ("host = \"smtp.example\"\npassword_file = \"p\"\n", "mail.user"),
        ("host = \"smtp.example\"\nuser = \"u\"\npassword_file = \"nowhere\"\n", "mail.password_file"),
        ("host = \"smtp.example\"\nauthorities = \"nowhere\"\n", "mail.authorities"),
        ("host = \"smtp.example\"\nauthorities = \"/etc/hostname\"\n", "mail.authorities"),
        ("host = \"127.0.0.1\"\nsecurity = \"none\"\nauthorities = \"/etc/hostname\"\n", "mail.authorities"),
    ];
    for (lines, key) in refused {
        let error = mail(lines).unwrap_err();
        assert!(error.contains(key), "{lines}: {error}");
    }
}

#[test]
fn paths_start_at_the_directory_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tollgate.toml");
    fs::write(&file, MINIMAL).unwrap();
    let config = Config::read(&file).unwrap();
    assert_eq!(config.storage.data, dir.path().join("data"));
    let identity = TlsIdentity { certificate: dir.path().join("certificate.pem"), key: "/etc/key.pem".into() };
    assert_eq!(config.listeners[0].security, Security::Tls(identity));
}

fn with_storage(lines: &str) -> Result<Config, String> {
    read(&MINIMAL.replace("data = \"data\"", lines))
}

#[test]
fn records_may_be_on_a_database_server_and_a_redis() {
    let config = with_storage("keys = \"k\"\nvault = { url_file = \"pg.url\" }").unwrap();
    assert!(config.storage.data.ends_with("k"), "the directory of the key file");
    let VaultConfig::Postgres { url: UrlSource::File(file), ledger: None, max_staleness: None } = &config.storage.vault
    else {
        panic!("{:?}", config.storage)
    };
    assert_eq!(file.parent(), config.storage.data.parent(), "paths start at the directory of the file");

    let redis = "ledger = { url_env = \"REDIS_URL\" }";
    let config = with_storage(&format!("keys = \"k\"\nvault = {{ url_env = \"PG_URL\" }}\n{redis}")).unwrap();
    let expected = LedgerConfig {
        url: UrlSource::Variable("REDIS_URL".into()),
        ca: None,
        namespace: "tollgate".into(),
        durability: LedgerDurability::MustKeep,
    };
    let vault = VaultConfig::Postgres {
        url: UrlSource::Variable("PG_URL".into()),
        ledger: Some(expected.clone()),
        max_staleness: None,
    };
    assert_eq!(config.storage.vault, vault, "what is left out has its default");
    let redis = "ledger = { url_env = \"REDIS_URL\", namespace = \"pay-1\", durability = \"may_forget\", ca = \"redis-ca.pem\" }";
    let config = with_storage(&format!("keys = \"k\"\nvault = {{ url_env = \"PG_URL\" }}\n{redis}")).unwrap();
    let VaultConfig::Postgres { ledger: Some(ledger), .. } = &config.storage.vault else { panic!("{config:?}") };
    assert!(ledger.ca.as_ref().is_some_and(|file| file.ends_with("redis-ca.pem")), "{ledger:?}");
    let (namespace, durability) = ("pay-1".into(), LedgerDurability::MayForget);
    let expected = LedgerConfig { ca: ledger.ca.clone(), namespace, durability, ..expected };
    let vault = VaultConfig::Postgres {
        url: UrlSource::Variable("PG_URL".into()),
        ledger: Some(expected),
        max_staleness: None,
    };
    assert_eq!(config.storage.vault, vault);
}

#[test]
fn storage_is_in_one_place_and_no_url_stands_in_the_file() {
    let secret = "postgres://u:secret@h/d";
    let table = [
        ("", "storage.data is missing"),
        ("data = \"d\"\nvault = { url_env = \"A\" }", "storage.data and vault exclude each other"),
        ("vault = { url_env = \"A\" }", "storage.keys is missing"),
        ("data = \"d\"\nkeys = \"k\"", "storage.keys goes with vault"),
        ("data = \"d\"\nledger = { url_env = \"A\" }", "storage.ledger goes with vault"),
        ("keys = \"k\"\nvault = {}", "storage.vault needs url_file or url_env"),
        ("keys = \"k\"\nvault = { url_env = \"A\", url_file = \"a\" }", "storage.vault.url_file and url_env exclude"),
        (&format!("keys = \"k\"\nvault = {{ url_env = \"{secret}\" }}"), "storage.vault.url_env is no name"),
        (&format!("keys = \"k\"\nvault = {{ url = \"{secret}\" }}"), "unknown field `url`"),
        ("keys = \"k\"\nvault = { url_env = \"A\" }\nledger = {}", "storage.ledger needs url_file or url_env"),
        (
            "keys = \"k\"\nvault = { url_env = \"A\" }\nledger = { url_env = \"B\", namespace = \"a:b\" }",
            "namespace must be",
        ),
        ("data = \"d\"\nmax_staleness_ms = 500", "storage.max_staleness_ms goes with vault"),
        ("keys = \"k\"\nvault = { url_env = \"A\" }\nmax_staleness_ms = 99", "must be from 100 to 10000"),
        ("keys = \"k\"\nvault = { url_env = \"A\" }\nmax_staleness_ms = 10001", "must be from 100 to 10000"),
    ];
    for (lines, expected) in table {
        let error = with_storage(lines).unwrap_err();
        assert!(error.contains(expected), "{lines}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_listener_may_speak_fewer_dialects() {
    let text = MINIMAL
        .replace("[\"caibo\"]", "[\"pledg\", \"caibo\", \"alternative\"]")
        .replace("mode = \"live\"", "mode = \"any\"\ndialects = [\"caibo\"]");
    let config = read(&text).unwrap();
    assert_eq!(config.listeners[0].mode, ListenerMode::Any);
    assert_eq!(names(&config, 0), ["caibo"]);
}

#[test]
fn what_is_wrong_is_said_in_one_sentence_that_names_the_key() {
    let with = |from: &str, to: &str| {
        assert!(MINIMAL.contains(from), "{from}");
        MINIMAL.replace(from, to)
    };
    let tls = "tls = { certificate = \"certificate.pem\", key = \"/etc/key.pem\" }";
    let terminated = |proxies: &str| with(tls, &format!("terminator = {{ trusted_proxies = {proxies} }}"));
    let second = "[[listener]]\naddress = \"127.0.0.1:8443\"\nmode = \"test\"\nbase_url = \"https://x.example\"\n\
                  terminator = { trusted_proxies = [\"127.0.0.1\"] }\n[dialects]";
    let url = "https://pay.example";
    let table = [
        ("no TOML", "[storage".to_owned(), "DIR/tollgate.toml, line 1: "),
        ("empty", String::new(), "missing field `storage`"),
        ("unknown section", format!("{MINIMAL}[pannel]\n"), "line 11: unknown field `pannel`"),
        ("unknown key", with("mode =", "modus = 1\nmode ="), "line 6 (modus): unknown field `modus`"),
        ("key twice", with("mode =", "mode = \"test\"\nmode ="), "line 7 (mode): duplicate key"),
        ("missing key", with("data = \"data\"", ""), "storage.data is missing"),
        ("missing dialects", with("[dialects]\nenabled = [\"caibo\"]", ""), "missing field `dialects`"),
        ("wrong kind", with("\"live\"", "1"), "line 6 (mode): "),
        ("unknown mode", with("\"live\"", "\"Live\""), "line 6 (mode): unknown variant `Live`"),
        ("no address", with("127.0.0.1:8443", "localhost:8443"), "line 5 (address): "),
        (
            "no listener",
            "listener = []\n[storage]\ndata = \"x\"\n[dialects]\nenabled = [\"caibo\"]".into(),
            "listener is missing",
        ),
        ("plain base URL", with(url, "http://pay.example"), "listener 1: base_url must be https://"),
        ("base URL with a path", with(url, "https://pay.example/"), "listener 1: base_url must be https://"),
        (
            "plain HTTP",
            with(tls, ""),
            "listener 1: tls is missing: this address would take credentials over plain HTTP",
        ),
        (
            "both",
            with(tls, &format!("{tls}\nterminator = {{ trusted_proxies = [\"127.0.0.1\"] }}")),
            "exclude each other",
        ),
        ("nobody trusted", terminated("[]"), "listener 1: terminator.trusted_proxies is empty"),
        ("everybody trusted", terminated("[\"0.0.0.0/0\"]"), "trusted_proxies holds what is no network: prefix covers"),
        ("host bits", terminated("[\"10.0.0.1/8\"]"), "trusted_proxies holds what is no network: address has bits"),
        ("same address", with("[dialects]", second), "listener 2: address is that of another listener"),
        (
            "metrics there, too",
            format!("{MINIMAL}[metrics]\naddress = \"127.0.0.1:8443\""),
            "metrics.address is the address of a listener",
        ),
        ("no dialect", with("[\"caibo\"]", "[]"), "dialects.enabled is empty"),
        (
            "unknown dialect",
            with("[\"caibo\"]", "[\"Caibo\"]"),
            "dialects.enabled names \"Caibo\", which is no dialect: there are",
        ),
        ("dialect twice", with("[\"caibo\"]", "[\"caibo\", \"caibo\"]"), "dialects.enabled names \"caibo\" twice"),
        (
            "dialect not enabled",
            with("mode =", "dialects = [\"pledg\"]\nmode ="),
            "listener 1: dialects names \"pledg\", which is not in dialects.enabled",
        ),
        (
            "other status",
            format!("{MINIMAL}[alternative]\ninvalid_client_status = 400"),
            "alternative.invalid_client_status must be 401 or 403",
        ),
        (
            "no connections",
            format!("{MINIMAL}[limits]\nmax_connections = 0"),
            "limits.max_connections must be from 1 to",
        ),
        (
            "too many connections",
            format!("{MINIMAL}[limits]\nmax_connections = 1000001"),
            "limits.max_connections must be",
        ),
        (
            "an address without connections",
            format!("{MINIMAL}[limits]\nmax_connections_per_address = 0"),
            "limits.max_connections_per_address must be from 1 to 1000",
        ),
        (
            "more for an address than there are",
            format!("{MINIMAL}[limits]\nmax_connections = 50\nmax_connections_per_address = 51"),
            "limits.max_connections_per_address must be from 1 to 50",
        ),
        ("negative", format!("{MINIMAL}[limits]\nmax_connections = -1"), "line 12 (max_connections): "),
        ("no filter", format!("{MINIMAL}[log]\nfilter = \"tollgate=loud\""), "log.filter is not a list"),
        ("empty filter", format!("{MINIMAL}[log]\nfilter = \"\""), "log.filter is empty"),
    ];
    for (label, text, expected) in table {
        let error = read(&text).expect_err(label);
        assert!(error.starts_with("DIR/tollgate.toml") && error.contains(expected), "{label}: {error}");
        assert_eq!(error.lines().count(), 1, "{label}: {error}");
    }
    let error = Config::read(Path::new("/nowhere/tollgate.toml")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/tollgate.toml cannot be read: "), "{error}");
}

#[test]
fn a4_a_listener_for_both_modes_refuses_dialects_whose_tokens_have_one() {
    for (name, fits) in
        [("alternative", false), ("caibo", true), ("cardpluspay", true), ("88pay", false), ("pledg", false)]
    {
        let text = MINIMAL.replace("\"live\"", "\"any\"").replace("[\"caibo\"]", &format!("[\"{name}\"]"));
        match read(&text) {
            Ok(_) => assert!(fits, "{name}"),
            Err(error) => {
                let expected = format!("listener 1: mode \"any\" does not fit {name}");
                assert!(!fits && error.contains(&expected), "{name}: {error}");
            }
        }
    }
}
