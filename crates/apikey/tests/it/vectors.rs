//! `vectors/native.json`: every row.

use serde_json::Value;
use tollgate_apikey::{ApiKey, KeyDigest, KeyId, Mode, Pepper, Peppers, Verification};

use crate::fixtures::{CLIENTS, FORMATS};

#[test]
fn reads_and_digests_every_secret_credential() {
    let vector = vector("native/secret-credentials");
    let pepper = hex(text(&vector["inputs"]["pepper_v1_hex"]));
    let peppers = Peppers::new(Pepper::new(1, &pepper).expect("pepper"));
    let mut rows = 0;
    for (input, expected) in rows_of(&vector) {
        let (prefix, id, secret) = (text(&input["prefix"]), text(&input["id"]), text(&input["secret"]));
        let whole = format!("{prefix}{id}{secret}{}", text(&expected["crc"]));
        assert_eq!(whole.len() as u64, expected["length"].as_u64().expect("length"), "{prefix}");

        let readers: Vec<ApiKey> = FORMATS.iter().filter_map(|format| format.parse(&whole).ok()).collect();
        let [key] = &readers[..] else { panic!("{prefix}: read by {} formats", readers.len()) };
        assert_eq!(key.expose_secret(), whole);
        assert_eq!(key.id().as_str(), id);
        assert_eq!(key.prefix(), prefix);
        assert_eq!(key.mode(), mode_in(prefix), "{prefix}");
        assert!(whole.ends_with(key.last_four()) && key.last_four().len() == 4, "{prefix}");

        let digest: [u8; 32] = hex(text(&expected["digest_v1_hex"])).try_into().expect("32 bytes");
        assert_eq!(peppers.digest(key).as_bytes(), &digest, "{prefix}");
        assert_eq!(peppers.digest(key).pepper_version(), 1);
        let verdict = peppers.verify(key, &KeyDigest::from_parts(1, digest));
        assert!(matches!(verdict, Verification::Match(_)), "{prefix}");
        rows += 1;
    }
    assert_eq!(rows, 8);
}

#[test]
fn spells_every_client_id() {
    let vector = vector("native/client-ids");
    let mut rows = 0;
    for (input, expected) in rows_of(&vector) {
        let (prefix, id, whole) = (text(&input["prefix"]), text(&input["id"]), text(&expected["text"]));
        assert_eq!(whole, format!("{prefix}{id}{}", text(&expected["crc"])));
        let client = CLIENTS.parse(whole).expect(prefix);
        assert_eq!((client.as_str(), client.prefix(), client.mode()), (whole, prefix, mode_in(prefix)));
        let spelled = CLIENTS.from_id(mode_in(prefix), KeyId::parse(id).expect(id)).expect(prefix);
        assert_eq!(spelled, client);
        rows += 1;
    }
    assert_eq!(rows, 2);
}

#[test]
fn refuses_every_defective_text() {
    let vector = vector("native/refuse");
    let cases = vector["inputs"]["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 14);
    for case in cases {
        for format in FORMATS {
            assert!(format.parse(text(&case["text"])).is_err(), "{}", case["defect"]);
        }
        assert!(CLIENTS.parse(text(&case["text"])).is_err(), "{}", case["defect"]);
    }
}

/// The checksum rows name texts that are no credentials, so the rule is checked here and tied to the crate by the
/// credentials above.
#[test]
fn states_the_checksum_rule() {
    let vector = vector("native/base62-crc");
    let inputs = vector["inputs"]["cases"].as_array().expect("cases");
    let expected = vector["expected"]["base62_6"].as_array().expect("base62_6");
    assert_eq!((inputs.len(), expected.len()), (2, 2));
    for (input, expected) in inputs.iter().zip(expected) {
        assert_eq!(checksum(text(&input["ascii"])), text(expected));
    }
    for (input, expected) in rows_of(&self::vector("native/secret-credentials")) {
        let before = [text(&input["prefix"]), text(&input["id"]), text(&input["secret"])].concat();
        assert_eq!(checksum(&before), text(&expected["crc"]));
    }
}

/// CRC-32 bit by bit and base62 by recursion: another road than the crate takes.
fn checksum(ascii: &str) -> String {
    let mut crc = u32::MAX;
    for byte in ascii.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    digits(!crc, 6)
}

fn digits(number: u32, places: usize) -> String {
    let digit = ('0'..='9').chain('A'..='Z').chain('a'..='z').nth((number % 62) as usize).expect("62 digits");
    let mut left = if places > 1 { digits(number / 62, places - 1) } else { String::new() };
    left.push(digit);
    left
}

fn vector(name: &str) -> Value {
    let file: Value = serde_json::from_str(FILE).expect("json");
    let vectors = file["vectors"].as_array().expect("vectors");
    assert_eq!(vectors.len(), 4, "a new vector needs a test here");
    vectors.iter().find(|vector| vector["name"] == name).expect(name).clone()
}

fn rows_of(vector: &Value) -> Vec<(Value, Value)> {
    let inputs = vector["inputs"]["cases"].as_array().expect("inputs");
    let expected = vector["expected"]["cases"].as_array().expect("expected");
    assert_eq!(inputs.len(), expected.len());
    inputs.iter().cloned().zip(expected.iter().cloned()).collect()
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[track_caller]
fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn mode_in(prefix: &str) -> Mode {
    if prefix.contains("live") { Mode::Live } else { Mode::Test }
}

const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/native.json"));
