//! The arrows of the house: who may see whom.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn primitives() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn no_primitive_sees_another_or_a_runtime() {
    let forbidden =
        ["axum", "hyper", "tokio", "async-std", "sqlx", "redis", "reqwest", "tracing", "log ", "env_logger"];
    let names = primitives();
    assert_eq!(names.len(), 7);
    for name in &names {
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
        for other in names.iter().filter(|other| *other != name) {
            assert!(!dependencies.contains(&format!("tollgate-{other}")), "{name} sees {other}");
        }
        for library in forbidden {
            let seen = dependencies.lines().any(|line| line.starts_with(library));
            assert!(!seen, "{name} depends on {library}");
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn the_layers_of_the_server_see_only_what_lies_below() {
    // (folder, what its product code must not name)
    let rules: &[(&str, &[&str])] = &[
        (
            "account",
            &[
                "axum",
                "sqlx",
                "redis::",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "auth",
            &[
                "axum",
                "sqlx",
                "redis::",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "administration",
            &[
                "axum",
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::auth",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "control",
            &[
                "axum",
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::auth",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "doctor",
            &[
                "axum",
                "sqlx",
                "redis::",
                "crate::storage",
                "crate::keys",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "payments",
            &["axum", "sqlx", "redis::", "crate::dialects", "crate::transport", "crate::storage", "crate::auth"],
        ),
        ("limits", &["axum", "sqlx", "redis::", "crate::"]),
        ("keys", &["axum", "sqlx", "redis::", "crate::dialects", "crate::storage"]),
        (
            "openapi",
            &["sqlx", "redis::", "crate::dialects", "crate::transport", "crate::storage", "crate::edge", "crate::cli"],
        ),
        (
            "storage",
            &[
                "axum",
                "crate::administration",
                "crate::dialects",
                "crate::transport",
                "crate::auth",
                "crate::webhooks",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
        (
            "config",
            &[
                "axum",
                "sqlx",
                "redis::",
                "crate::app",
                "crate::cli",
                "crate::edge",
                "crate::keys",
                "crate::storage",
                "crate::clock",
            ],
        ),
        (
            "dialects",
            &[
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::edge",
                "crate::cli",
                "crate::config",
                "crate::telemetry",
            ],
        ),
        (
            "mail",
            &[
                "axum",
                "sqlx",
                "redis::",
                "crate::app",
                "storage::sql",
                "storage::redis",
                "crate::auth",
                "crate::panel",
                "crate::config",
            ],
        ),
        (
            "panel",
            &[
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::dialects",
                "crate::edge",
                "crate::cli",
                "crate::config",
            ],
        ),
        ("usage", &["axum", "sqlx", "redis::", "crate::app", "crate::auth", "crate::panel", "crate::dialects"]),
        ("assets", &["sqlx", "redis::", "crate::"]),
        (
            "shop",
            &[
                "sqlx",
                "redis::",
                "crate::account",
                "crate::app",
                "crate::auth",
                "crate::cli",
                "crate::demo",
                "crate::dialects",
                "crate::edge",
                "crate::payments",
                "crate::storage",
            ],
        ),
        (
            "telemetry",
            &[
                "sqlx",
                "redis::",
                "crate::account",
                "crate::app",
                "crate::auth",
                "crate::cli",
                "crate::config",
                "crate::dialects",
                "crate::edge",
                "crate::keys",
                "crate::storage",
                "crate::transport",
            ],
        ),
        (
            "webhooks",
            &[
                "axum",
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::administration",
                "crate::auth",
                "crate::dialects",
                "crate::transport",
                "crate::edge",
                "crate::cli",
                "crate::config",
                "crate::app",
            ],
        ),
        (
            "transport",
            &[
                "sqlx",
                "redis::",
                "storage::sql",
                "storage::redis",
                "crate::dialects",
                "crate::edge",
                "crate::cli",
                "crate::app",
            ],
        ),
    ];
    for (folder, forbidden) in rules {
        for file in rust_files(&root().join("server/src").join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap();
            for line in product.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for name in *forbidden {
                    assert!(!line.contains(name), "{}: {line:?} names {name}", file.display());
                }
            }
        }
    }
}

#[test]
fn time_and_randomness_are_read_in_one_place_each() {
    let reads = ["SystemTime::now", "Instant::now", "now_utc()", "SystemRandom::new", "new_v4"];
    for file in rust_files(&root().join("server/src")).into_iter().chain(rust_files(&root().join("crates"))) {
        let path = file.to_string_lossy().into_owned();
        if path.ends_with("server/src/clock.rs") || path.ends_with("server/src/rng.rs") || !path.contains("/src/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap();
        for line in product.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for read in reads {
                assert!(!line.contains(read), "{path}: {line:?}");
            }
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in table.lines().filter(|line| line.contains(" = ")) {
        let reason = line.rsplit_once('#').map(|(_, reason)| reason.trim()).unwrap_or_default();
        assert!(reason.len() > 10, "{line:?} has no reason");
    }
}
