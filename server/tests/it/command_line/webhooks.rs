//! Webhook endpoints by command, beside a running server and without one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use super::super::binary::Dev;
use super::{record, records, refused, text};

#[test]
fn an_endpoint_is_registered_tested_listed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", receiver.local_addr().unwrap());
    let url = format!("{origin}/hook?token=s3cret");

    let register = ["webhook-endpoint", "register", &merchant, "--mode", "test", "--dialect", "caibo", &url];
    let made = record(&data, &register, "");
    let id = text(&made, "id");
    assert_eq!((text(&made, "origin"), made["registered"].as_bool()), (&*origin, Some(true)));
    assert_eq!((made.get("secret"), made["static_secret"].as_bool()), (None, Some(false)));
    let list = ["webhook-endpoint", "list", &merchant, "--mode", "test"];
    let listed = records(&data, &list, "");
    assert_eq!(listed.as_slice(), std::slice::from_ref(&made));
    assert!(!listed[0].to_string().contains("s3cret") && !listed[0].to_string().contains("/hook"), "{}", listed[0]);

    let sent = record(&data, &["webhook-endpoint", "test", &merchant, "--mode", "test", id], "");
    let (mut arrived, _) = receiver.accept().unwrap();
    let mut head = [0; 5];
    arrived.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"POST ", "it is sent at once");
    arrived.write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    drop(arrived);
    let again = record(&data, &["webhook-endpoint", "test", &merchant, "--mode", "test", id], "");
    let deliveries = ["webhook-endpoint", "deliveries", &merchant, "--mode", "test"];
    let all = records(&data, &deliveries, "");
    let ids: Vec<_> = all.iter().map(|delivery| text(delivery, "id").to_owned()).collect();
    assert_eq!(ids, [&again, &sent].map(|sent| format!("{}/{id}", text(sent, "message"))), "newest first");
    let behind = records(&data, &[&deliveries[..], &["--after", &ids[0], "--limit", "1"]].concat(), "");
    assert_eq!(behind.iter().map(|delivery| text(delivery, "id")).collect::<Vec<_>>(), [&*ids[1]]);
    refused(&data, &[&deliveries[..], &["--after", text(&sent, "message")]].concat(), 2, "to start behind");

    let enabled = record(&data, &["webhook-endpoint", "enable", &merchant, "--mode", "test", id], "");
    assert_eq!(enabled["changed"], false, "it was not disabled");
    refused(&data, &["webhook-endpoint", "enable", &merchant, "--mode", "live", id], 1, "no such record");
    record(&data, &["webhook-endpoint", "remove", &merchant, "--mode", "test", id], "");
    refused(&data, &["webhook-endpoint", "remove", &merchant, "--mode", "test", id], 1, "no such record");
    assert!(records(&data, &list, "").is_empty() && records(&data, &deliveries, "").is_empty());
    let told = records(&data, &["audit", "list", "--merchant", &merchant, "--limit", "1"], "");
    assert_eq!((text(&told[0], "action"), text(&told[0], "actor")), ("webhook_endpoint.removed", "operator"));
}

#[test]
fn only_an_alternative_subscription_has_a_static_secret() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let merchant = record(&data, &["merchant", "create", "Shop", "--country", "COL", "--currency", "COP"], "");
    let (merchant, file) = (text(&merchant, "id"), dir.path().join("secret"));
    fs::write(&file, "a-static-secret-of-theirs-1234567890\n").unwrap();
    let file = file.to_str().unwrap();
    let (url, register) = ("https://shop.example/hook", ["webhook-endpoint", "register", merchant, "--mode", "live"]);
    let of = |dialect: &'static str, more: &[&'static str]| {
        [&register[..], &["--dialect", dialect, url], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |command: &[String]| record(&data, &command.iter().map(String::as_str).collect::<Vec<_>>(), "");
    let drawn = run(&of("alternative", &["--draw-secret"]));
    assert_eq!((text(&drawn, "secret").len(), drawn["static_secret"].as_bool()), (43, Some(true)));
    let mut imported = of("alternative", &[]);
    imported.extend(["--secret-file".to_owned(), file.to_owned()]);
    let imported = run(&imported);
    assert_eq!(
        (text(&imported, "id"), imported.get("secret")),
        (text(&drawn, "id"), None),
        "what was given is not shown"
    );
    let keyed = of("caibo", &["--draw-secret"]);
    let keyed: Vec<_> = keyed.iter().map(String::as_str).collect();
    refused(&data, &keyed, 2, "secret key is not acceptable");
    let plain = [&register[..], &["--dialect", "caibo", "http://shop.example/"]].concat();
    refused(&data, &plain, 1, "https");
    refused(&data, &["webhook-endpoint", "test", merchant, "--mode", "live", "whe_1"], 2, "32 hex digits");
}
