//! Notices, written in the transaction of the change that causes them.

use sqlx::sqlite::SqliteConnection;
use tollgate_apikey::Mode;

use crate::account::MerchantId;
use crate::clock::epoch_ms;
use crate::storage::{EndpointId, Notice, StorageError};

/// Makes a delivery for each active endpoint the notice concerns.
pub(super) async fn enqueue(
    connection: &mut SqliteConnection,
    merchant: &MerchantId,
    mode: Mode,
    notice: Option<&Notice>,
) -> Result<(), StorageError> {
    let Some(notice) = notice else { return Ok(()) };
    let dialect = notice.format.dialect();
    let endpoints: Vec<String> = match &notice.url {
        Some(url) => {
            let id = EndpointId::of(merchant, mode, dialect, url);
            sqlx::query(
                "INSERT INTO webhook_endpoints (id, merchant_id, mode, dialect, url, registered, created_at) \
                 VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (id) DO NOTHING",
            )
            .bind(id.as_str())
            .bind(merchant.as_str())
            .bind(mode.as_str())
            .bind(dialect.as_str())
            .bind(url)
            .bind(epoch_ms(notice.created_at))
            .execute(&mut *connection)
            .await?;
            sqlx::query_scalar("SELECT id FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NULL")
                .bind(id.as_str())
                .fetch_all(&mut *connection)
                .await?
        }
        None => {
            sqlx::query_scalar(
                "SELECT id FROM webhook_endpoints WHERE merchant_id = $1 AND mode = $2 AND dialect = $3 \
                 AND registered = 1 AND disabled_at IS NULL ORDER BY created_at, id",
            )
            .bind(merchant.as_str())
            .bind(mode.as_str())
            .bind(dialect.as_str())
            .fetch_all(&mut *connection)
            .await?
        }
    };
    for endpoint in endpoints {
        deliver_to(connection, merchant, mode, &endpoint, notice).await?;
    }
    Ok(())
}

/// Makes the delivery to one endpoint, due at once.
pub(super) async fn deliver_to(
    connection: &mut SqliteConnection,
    merchant: &MerchantId,
    mode: Mode,
    endpoint: &str,
    notice: &Notice,
) -> Result<(), StorageError> {
    let now = epoch_ms(notice.created_at);
    sqlx::query(
        "INSERT INTO webhook_deliveries (message_id, endpoint_id, merchant_id, mode, format, body, state, attempts, \
         due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7)",
    )
    .bind(notice.message_id.as_str())
    .bind(endpoint)
    .bind(merchant.as_str())
    .bind(mode.as_str())
    .bind(notice.format.as_str())
    .bind(&notice.body)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    // Whoever holds the endpoint looks for what is due when it gives the lease back.
    sqlx::query(
        "UPDATE webhook_endpoints SET due_at = $2 WHERE id = $1 AND lease IS NULL AND (due_at IS NULL OR due_at > $2)",
    )
    .bind(endpoint)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}
