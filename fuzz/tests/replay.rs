//! Replays every seed on stable Rust, and holds the lists of targets, seeds and dictionaries against each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tollgate_fuzz as fuzz;

type Body = fn(&[u8]);

/// Every target with its body.
const TARGETS: &[(&str, Body)] = &[
    ("authorization_header", fuzz::http_credentials::authorization_header),
    ("challenge_text", fuzz::challenge_signature::challenge_text),
    ("checkout_path", fuzz::checkout_scope::checkout_path),
    ("eighty_eight_pay_token", fuzz::webhook_hmac::eighty_eight_pay_token),
    ("forwarded_for", fuzz::client_address::forwarded_for),
    ("ip_list_entry", fuzz::client_address::ip_list_entry),
    ("jwt_compact", fuzz::jwt_session::jwt_compact),
    ("key_text", fuzz::apikey::key_text),
    ("law_one_byte_changed", fuzz::law_one_byte_changed),
    ("law_prints_back", fuzz::law_prints_back),
    ("pledg_bodies", fuzz::webhook_hmac::pledg_bodies),
    ("public_key_pem", fuzz::challenge_signature::public_key_pem),
    ("signature_header", fuzz::webhook_hmac::signature_header),
    ("standard_webhooks", fuzz::webhook_hmac::standard_webhooks),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn stems(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn targets_seeds_and_dictionaries_are_the_same_lists() {
    let expected: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let bins: BTreeSet<String> =
        manifest.split("[[bin]]").skip(1).map(|section| section.split('"').nth(1).unwrap().to_owned()).collect();
    assert_eq!(bins, expected, "Cargo.toml");
    for folder in ["fuzz_targets", "seeds", "dictionaries"] {
        assert_eq!(stems(folder), expected, "{folder}");
    }
}

#[test]
fn every_seed_replays() {
    for (name, body) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(root().join("seeds").join(name)).unwrap() {
            let seed = fs::read(entry.unwrap().path()).unwrap();
            body(&seed);
            // Shortened seeds reach the paths that a whole one does not.
            for length in 0..seed.len().min(96) {
                body(&seed[..length]);
            }
            count += 1;
        }
        assert!(count >= 5, "{name} has {count} seeds");
    }
}
