//! A key file that is not the database's is refused, at the start and under a running server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use time::OffsetDateTime;
use tollgate::administration::{Actor, SecretKeyError};
use tollgate::app::{Services, StartError};
use tollgate::clock::Clock;
use tollgate::keys::{KeyFile, KeyFileError, NewSecret, RotationReason, SecretKind, SecretRotationError};

use super::super::world::{World, options, world};
use super::{administration, listed, minted, rotate, show, who_am_i};

const FIRST_FORMAT: &str = include_str!("../signing_keys/first_format.toml");

fn key_file(world: &World) -> std::path::PathBuf {
    world.data().join(Services::KEYS)
}

/// The same file with another secret of this kind and version 1.
fn with_other_secret(text: &str, section: &str) -> String {
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let (before, rest) = text.split_once(&format!("[[{section}]]")).unwrap();
    let (entry, after) = rest.split_once("secret = \"").unwrap();
    let (_, after) = after.split_once('"').unwrap();
    format!("{before}[[{section}]]{entry}secret = \"{other}\"{after}")
}

async fn open(data: &Path) -> Result<Services, StartError> {
    let now = OffsetDateTime::from_unix_timestamp(super::T0).unwrap();
    Services::open(data, options(Clock::manual(now))).await
}

/// A closed copy of a world's data directory.
fn copied(world: &World) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in ["tollgate.db", "tollgate.db-wal", "keys.toml"] {
        if world.data().join(file).exists() {
            fs::copy(world.data().join(file), dir.path().join(file)).unwrap();
        }
    }
    dir
}

#[tokio::test]
async fn a_start_with_another_databases_secrets_is_refused_with_what_to_do() {
    let world = world().await;
    let good = fs::read_to_string(key_file(&world)).unwrap();
    for (section, kind) in [
        ("pepper", SecretKind::Pepper),
        ("token_pepper", SecretKind::TokenPepper),
        ("sealing", SecretKind::Sealing),
        ("challenge", SecretKind::Challenge),
    ] {
        let dir = copied(&world);
        fs::write(dir.path().join("keys.toml"), with_other_secret(&good, section)).unwrap();
        let refused = open(dir.path()).await.map(drop).unwrap_err();
        assert!(
            matches!(&refused, StartError::SecretKeys(SecretKeyError::Foreign(of, 1)) if *of == kind),
            "{section}: {refused}"
        );
        assert!(refused.to_string().contains("put the key file in its place"), "{refused}");
        fs::write(dir.path().join("keys.toml"), &good).unwrap();
        open(dir.path()).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_start_without_a_version_that_records_need_is_refused() {
    let world = world().await;
    let before = fs::read_to_string(key_file(&world)).unwrap();
    rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap();
    let after = fs::read_to_string(key_file(&world)).unwrap();
    let (start, rest) = after.split_once("[[sealing]]").unwrap();
    let (_, second) = rest.split_once("[[sealing]]").unwrap();
    let dir = copied(&world);
    fs::write(dir.path().join("keys.toml"), format!("{start}[[sealing]]{second}")).unwrap();
    let refused = open(dir.path()).await.map(drop).unwrap_err();
    assert!(
        matches!(&refused, StartError::SecretKeys(SecretKeyError::Lacking(SecretKind::Sealing, 1, _))),
        "{refused}"
    );
    assert!(refused.to_string().contains("stored records need it"), "{refused}");
    // Without a record that needs the newer one, the file of before the rotation is as good.
    fs::write(dir.path().join("keys.toml"), before).unwrap();
    open(dir.path()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_foreign_file_under_a_running_server_changes_nothing() {
    let world = world().await;
    let (path, key) = (key_file(&world), world.text("/caibo/api_key_test"));
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, with_other_secret(&good, "pepper")).unwrap();
    let refused = administration(&world).take_over_secret_keys().await.unwrap_err();
    assert!(matches!(refused, SecretKeyError::Foreign(SecretKind::Pepper, 1)), "{refused}");
    assert!(!administration(&world).take_over_secret_keys().await.unwrap(), "said once");
    assert_eq!(who_am_i(&world, &key).await, 200);
    let written = fs::read(&path).unwrap();
    let rotated = rotate(&world, SecretKind::Sealing, RotationReason::Routine).await.unwrap_err();
    assert!(matches!(rotated, SecretKeyError::Foreign(SecretKind::Pepper, 1)), "{rotated}");
    let pruned = administration(&world).prune_secret_keys(&Actor::operator(), &SecretKind::ALL).await.unwrap_err();
    assert!(matches!(pruned, SecretKeyError::Foreign(SecretKind::Pepper, 1)), "{pruned}");
    assert_eq!(fs::read(&path).unwrap(), written, "a file that is not in use is not changed");
    fs::write(&path, "nonsense").unwrap();
    let refused = administration(&world).take_over_secret_keys().await.unwrap_err();
    assert!(matches!(refused, SecretKeyError::File(KeyFileError::Damaged(_))), "{refused}");
    fs::write(&path, good).unwrap();
    assert!(administration(&world).take_over_secret_keys().await.unwrap());
    assert_eq!(who_am_i(&world, &key).await, 200);
}

#[tokio::test]
async fn a_file_of_the_first_release_keeps_its_browser_tokens_through_rotations() {
    let world = world().await;
    let path = key_file(&world);
    // The first release had no pepper of browser tokens: the newest pepper was it.
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("[[token_pepper]]").unwrap();
    let (_, after) = rest.split_once("[[").unwrap();
    let dir = copied(&world);
    let forget = "DELETE FROM secret_key_checks WHERE kind = 'token-pepper'";
    sqlx::query(forget).execute(&mut super::intruder(&world).await).await.unwrap();
    fs::write(&path, format!("{before}[[{after}")).unwrap();
    assert!(administration(&world).take_over_secret_keys().await.unwrap());
    let token = minted(&world).await;
    assert_eq!(rotate(&world, SecretKind::Pepper, RotationReason::Routine).await.unwrap(), 2);
    assert_eq!(show(&world, &token).await, 200);
    assert_eq!(listed(&world, SecretKind::TokenPepper).await.len(), 1);
    assert_eq!(rotate(&world, SecretKind::TokenPepper, RotationReason::Routine).await.unwrap(), 2);
    assert_eq!(show(&world, &token).await, 200);
    fs::write(dir.path().join("keys.toml"), FIRST_FORMAT).unwrap();
    let path = dir.path().join("keys.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(KeyFile::read(&path).unwrap().checks(&path).unwrap().len(), 4);
}

#[tokio::test]
async fn a_secret_can_lie_in_a_file_of_its_own() {
    let world = world().await;
    let file = world.data().join("pepper-2");
    let key = world.text("/caibo/api_key_test");
    let from_file = async || {
        let source = NewSecret::File(file.clone());
        let actor = Actor::operator();
        administration(&world).rotate_secret_key(&actor, SecretKind::Pepper, source, RotationReason::Routine).await
    };
    let before = fs::read(key_file(&world)).unwrap();
    assert!(from_file().await.unwrap_err().to_string().contains("cannot be read"));
    for (text, mode, says) in [
        ("QUJD", 0o600, "is not base64 of as many bytes"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o644, "chmod 600"),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let refused = from_file().await.unwrap_err();
        assert!(refused.to_string().contains(says) && !refused.to_string().contains("AAAA"), "{refused}");
    }
    assert_eq!(fs::read(key_file(&world)).unwrap(), before, "a file that cannot be used is not put in place");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let added = from_file().await.unwrap();
    assert_eq!(added.line.elsewhere, Some(file.display().to_string()));
    let text = fs::read_to_string(key_file(&world)).unwrap();
    assert!(text.contains("secret_file") && !text.contains("AAAAAAAA"), "the secret stays in its file");
    assert_eq!(who_am_i(&world, &key).await, 200);
    let same = from_file().await.unwrap_err();
    assert!(matches!(same, SecretKeyError::Rotation(SecretRotationError::Same(_))), "{same}");
}
