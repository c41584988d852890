//! The shared vectors: `vectors/addresses.json`.

use serde_json::Value;
use tollgate_client_address::{Cidr, MAX_HOPS, TrustedProxies};

use crate::client;

const ADDRESSES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/addresses.json"));

#[track_caller]
fn vector(name: &str) -> Value {
    let file: Value = serde_json::from_str(ADDRESSES).expect("JSON");
    let vectors = file["vectors"].as_array().expect("vectors");
    vectors.iter().find(|vector| vector["name"] == name).expect("vector").clone()
}

#[track_caller]
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("array").iter().map(|text| text.as_str().expect("text")).collect()
}

#[test]
fn stores_every_accepted_entry_as_stated() {
    let vector = vector("ip-list/entries");
    let rows = vector["inputs"]["accept"].as_array().expect("rows");
    assert_eq!(rows.len(), 5);
    for row in rows {
        let text = row["text"].as_str().expect("text");
        assert_eq!(Cidr::parse(text).expect(text).to_string(), row["stored"], "{text}");
    }
}

#[test]
fn refuses_every_refused_entry() {
    let vector = vector("ip-list/entries");
    let rows = vector["inputs"]["refuse"].as_array().expect("rows");
    assert_eq!(rows.len(), 14);
    for row in rows {
        let text = row["text"].as_str().expect("text");
        assert!(Cidr::parse(text).is_err(), "{text}: {}", row["why"]);
    }
}

#[test]
fn resolves_every_client_as_stated() {
    let vector = vector("client-address");
    assert_eq!(vector["inputs"]["max_hops"], MAX_HOPS);
    let proxies = TrustedProxies::parse(texts(&vector["inputs"]["trusted"])).expect("networks");
    let cases = vector["inputs"]["cases"].as_array().expect("cases");
    let expected = texts(&vector["expected"]["client"]);
    assert_eq!((cases.len(), expected.len()), (11, 11));
    for (case, expected) in cases.iter().zip(expected) {
        let peer = case["peer"].as_str().expect("peer");
        assert_eq!(client(&proxies, peer, &texts(&case["xff"])), expected, "{case}");
    }
}
