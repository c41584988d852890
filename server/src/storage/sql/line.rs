//! What nodes on one PostgreSQL say to each other and hear of its triggers.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::database::{Database, Writer};
use super::query;
use crate::storage::StorageError;
use crate::storage::feed::{Bound, Message, NodeId};

/// A way to speak. It has connections of its own: a word must not wait for those that requests use.
#[derive(Debug)]
pub(in crate::storage) struct Line {
    voice: RwLock<Writer>,
    options: Arc<PgConnectOptions>,
}

/// A connection that hears every message committed since it was made, in the order of the commits.
pub(in crate::storage) struct Ear(PgListener);

/// A node that may keep records in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::storage) struct KnownNode {
    pub(in crate::storage) id: NodeId,
    /// The number of its newest ping.
    pub(in crate::storage) renewed: i64,
    pub(in crate::storage) bound: Bound,
}

/// Connections to speak over.
const VOICES: u32 = 2;
/// How long a word waits for one.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a word may take: a connection over which nothing comes any more says nothing of that by itself.
const PATIENCE: Duration = Duration::from_secs(6);

impl Database {
    /// The line of those who share this database; a SQLite file is shared by nobody.
    pub(in crate::storage) fn line(&self) -> Option<Line> {
        let Writer::Postgres(pool) = &self.write else { return None };
        let options = pool.connect_options();
        Some(Line { voice: RwLock::new(voice(&options)), options })
    }
}

fn voice(options: &PgConnectOptions) -> Writer {
    let pool = PgPoolOptions::new().max_connections(VOICES).acquire_timeout(ACQUIRE);
    Writer::Postgres(pool.connect_lazy_with(options.clone()))
}

async fn patiently<T>(word: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    tokio::time::timeout(PATIENCE, word).await.map_err(|_| StorageError::unavailable())?
}

impl Line {
    fn voice(&self) -> Writer {
        self.voice.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to listen, and to speak over new connections. What is committed after this returns is heard, or the
    /// connection is over.
    pub(in crate::storage) async fn listen(&self) -> Result<Ear, StorageError> {
        *self.voice.write().unwrap_or_else(PoisonError::into_inner) = voice(&self.options);
        patiently(self.connect()).await
    }

    async fn connect(&self) -> Result<Ear, StorageError> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(self.options.as_ref().clone())
            .await?;
        let channel = sqlx::query_scalar::<_, String>(
            "SELECT 'tollgate_' || relnamespace::text FROM pg_catalog.pg_class WHERE oid = 'nodes'::regclass",
        );
        let channel = channel.fetch_one(&pool).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        // A connection that was made anew would have missed something: the caller has to know.
        listener.eager_reconnect(false);
        listener.listen(&channel).await?;
        Ok(Ear(listener))
    }

    /// Notes that a node is there, and says so. The number never goes down: what was seen under one and is seen under it
    /// again was not renewed in between.
    pub(in crate::storage) async fn ping(&self, node: &NodeId, number: u64, bound: Bound) -> Result<(), StorageError> {
        let message = Message::Ping { node: node.clone(), number };
        let ping = query(
            "WITH renewed AS ( \
             INSERT INTO nodes (id, renewed, bound_ms) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE \
             SET renewed = GREATEST(nodes.renewed, EXCLUDED.renewed), bound_ms = EXCLUDED.bound_ms) \
             SELECT pg_notify('tollgate_' || relnamespace::text, $4) FROM pg_catalog.pg_class \
             WHERE oid = 'nodes'::regclass",
        )
        .bind(node.as_str())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .bind(bound.as_stored_ms())
        .bind(message.to_string());
        patiently(ping.execute(&self.voice())).await?;
        Ok(())
    }

    /// Says something that nobody needs to know after a crash of the database, as nobody listens to it then.
    pub(in crate::storage) async fn say(&self, message: &Message) -> Result<(), StorageError> {
        let word = query(
            "SELECT set_config('synchronous_commit', 'off', true), \
             pg_notify('tollgate_' || relnamespace::text, $1) FROM pg_catalog.pg_class WHERE oid = 'nodes'::regclass",
        )
        .bind(message.to_string());
        patiently(word.execute(&self.voice())).await?;
        Ok(())
    }

    /// Every node that may keep records in memory.
    pub(in crate::storage) async fn nodes(&self) -> Result<Vec<KnownNode>, StorageError> {
        let rows = patiently(query("SELECT id, renewed, bound_ms FROM nodes").fetch_all(&self.voice())).await?;
        let node = |row: &super::Row| {
            Ok(KnownNode {
                id: NodeId::from_stored(&row.try_get::<String, _>("id")?),
                renewed: row.try_get("renewed")?,
                bound: Bound::from_stored_ms(row.try_get("bound_ms")?),
            })
        };
        rows.iter().map(node).collect()
    }

    /// Strikes a node out unless it was heard of since.
    pub(in crate::storage) async fn strike_out(&self, node: &KnownNode) -> Result<(), StorageError> {
        let query = query("DELETE FROM nodes WHERE id = $1 AND renewed = $2").bind(node.id.as_str()).bind(node.renewed);
        patiently(query.execute(&self.voice())).await?;
        Ok(())
    }

    /// Takes leave: the node keeps nothing any more.
    pub(in crate::storage) async fn leave(&self, node: &NodeId) -> Result<(), StorageError> {
        let query = query("DELETE FROM nodes WHERE id = $1").bind(node.as_str());
        patiently(query.execute(&self.voice())).await?;
        self.say(&Message::Gone(node.clone())).await
    }

    pub(in crate::storage) async fn close(&self) {
        if let Writer::Postgres(pool) = self.voice() {
            // One that is still in use ends by itself.
            let _ = tokio::time::timeout(PATIENCE, pool.close()).await;
        }
    }
}

impl Ear {
    /// The next message, for as long as the connection stands.
    pub(in crate::storage) async fn next(&mut self) -> Result<Message, StorageError> {
        let heard = self.0.try_recv().await?.ok_or_else(StorageError::unavailable)?;
        Ok(Message::read(heard.payload()))
    }
}
