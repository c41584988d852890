//! How far the schema of a database is, and bringing it up to date.

use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::database::OpenError;

/// One step of the schema, in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStep {
    /// Its number, from 1.
    pub version: i64,
    /// What it is about.
    pub name: String,
    /// Whether the database has it.
    pub state: StepState,
}

/// Whether a database has a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It was applied by this call.
    Applied,
    /// It is to be applied.
    Missing,
    /// The database had it before.
    Present,
}

impl StepState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Missing => "missing",
            Self::Present => "present",
        }
    }
}

/// Where sqlx notes the steps of a database.
const TABLE: &str = "_sqlx_migrations";

/// The steps of a database; `begun` says whether it has the table they are noted in. Nothing is changed.
pub(super) async fn standing<C: Migrate>(
    connection: &mut C,
    migrator: &Migrator,
    begun: bool,
) -> Result<Vec<SchemaStep>, MigrateError> {
    let mut applied = Vec::new();
    if begun {
        if let Some(version) = connection.dirty_version(TABLE).await? {
            return Err(MigrateError::Dirty(version));
        }
        applied = connection.list_applied_migrations(TABLE).await?;
    }
    if let Some(unknown) = applied.iter().find(|applied| !migrator.version_exists(applied.version)) {
        return Err(MigrateError::VersionMissing(unknown.version));
    }
    migrator
        .iter()
        .map(|step| {
            let state = match applied.iter().find(|applied| applied.version == step.version) {
                None => StepState::Missing,
                Some(applied) if applied.checksum == step.checksum => StepState::Present,
                Some(_) => return Err(MigrateError::VersionMismatch(step.version)),
            };
            Ok(SchemaStep { version: step.version, name: step.description.to_string(), state })
        })
        .collect()
}

/// Applies the steps that are missing, one caller after the other.
///
/// A database that lacks none is only looked at: a user that may not change its tables can use it.
pub(super) async fn update<C: Migrate>(
    connection: &mut C,
    migrator: &Migrator,
    begun: bool,
) -> Result<Vec<SchemaStep>, MigrateError> {
    let seen = standing(connection, migrator, begun).await?;
    if is_current(&seen) {
        return Ok(seen);
    }
    connection.lock().await?;
    connection.ensure_migrations_table(TABLE).await?;
    // Another may have done it while this one waited.
    let mut steps = standing(connection, migrator, true).await?;
    for (step, migration) in steps.iter_mut().zip(migrator.iter()) {
        if step.state == StepState::Missing {
            connection.apply(TABLE, migration).await?;
            step.state = StepState::Applied;
        }
    }
    connection.unlock().await?;
    Ok(steps)
}

/// Whether none is missing.
pub(super) fn is_current(steps: &[SchemaStep]) -> bool {
    steps.iter().all(|step| step.state != StepState::Missing)
}

/// Tells it of the database that is called `name`; what has to do with the engine is for `other`.
pub(super) fn told(
    name: String,
    error: MigrateError,
    other: impl FnOnce(String, &sqlx::Error) -> OpenError,
) -> OpenError {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    match error {
        MigrateError::VersionMissing(_) => OpenError::Newer(name),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => OpenError::Altered(name, version),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            let code = error.as_database_error().and_then(DatabaseError::code);
            if code.is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) {
                OpenError::Outdated(name)
            } else {
                other(name, &error)
            }
        }
        unexpected => OpenError::Unreachable(name, unexpected.to_string()),
    }
}
