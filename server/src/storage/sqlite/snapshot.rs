//! A copy of the database file, made while it is in use.

use std::path::Path;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use super::Sqlite;
use crate::account::AuditHead;
use crate::storage::{Snapshot, SnapshotError, Snapshots, StorageError};

#[async_trait]
impl Snapshots for Sqlite {
    async fn snapshot(&self, file: &Path) -> Result<Snapshot, SnapshotError> {
        let unwritable = |error| SnapshotError::Unwritable(file.into(), error);
        let name = file.to_str().ok_or_else(|| unwritable(std::io::Error::other("its name is not UTF-8")))?;
        // A connection of its own: a long copy must not keep a reader from requests.
        let mut connection = self.read.connect_options().connect().await.map_err(StorageError::from)?;
        let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await;
        connection.close().await.map_err(StorageError::from)?;
        copied.map_err(|error| unwritable(std::io::Error::other(error)))?;
        let written = std::fs::File::open(file).map_err(unwritable)?;
        written.sync_all().map_err(unwritable)?;
        let bytes = written.metadata().map_err(unwritable)?.len();
        Ok(Snapshot { bytes, audit_head: read_back(file).await? })
    }
}

/// Checks the structure of a copy and finds the head of its log, leaving no files beside it.
async fn read_back(file: &Path) -> Result<AuditHead, SnapshotError> {
    let damaged = |_| SnapshotError::Damaged;
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut copy = SqliteConnection::connect_with(&options).await.map_err(damaged)?;
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut copy).await.map_err(damaged)?;
    let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(&mut copy).await;
    let head = head.map_err(damaged)?;
    copy.close().await.map_err(damaged)?;
    if verdict != "ok" {
        return Err(SnapshotError::Damaged);
    }
    let hash = head.try_get::<&[u8], _>("hash").map_err(damaged)?.try_into().map_err(|_| SnapshotError::Damaged)?;
    Ok(AuditHead { seq: head.try_get("seq").map_err(damaged)?, hash })
}
