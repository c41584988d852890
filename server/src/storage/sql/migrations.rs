//! The steps that bring a database up to date.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One step, in the words of both engines.
struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($version:literal, $name:literal, $file:literal) => {
        Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../../migrations/postgres/", $file)),
        }
    };
}

/// Never edited once released, as databases keep a checksum of each; a change is a new entry.
const STEPS: &[Step] = &[
    step!(1, "foundation", "0001_foundation.sql"),
    step!(2, "administration", "0002_administration.sql"),
    step!(3, "webhooks", "0003_webhooks.sql"),
    step!(4, "panel", "0004_panel.sql"),
    step!(5, "secret_keys", "0005_secret_keys.sql"),
    step!(6, "panel_queues", "0006_panel_queues.sql"),
];

pub(super) fn sqlite() -> Migrator {
    migrator(STEPS, |step| step.sqlite)
}

pub(super) fn postgres() -> Migrator {
    migrator(STEPS, |step| step.postgres)
}

/// As a release from before this step had it.
#[cfg(test)]
pub(super) fn sqlite_before(name: &str) -> Migrator {
    let end = STEPS.iter().position(|step| step.name == name).unwrap_or(STEPS.len());
    migrator(&STEPS[..end], |step| step.sqlite)
}

fn migrator(steps: &[Step], text: fn(&Step) -> &'static str) -> Migrator {
    let migration = |step: &Step| {
        let text = SqlStr::from_static(text(step));
        Migration::new(step.version, Cow::Borrowed(step.name), MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(steps.iter().map(migration).collect())
}
