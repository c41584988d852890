//! Purchases in the embedded database.

use async_trait::async_trait;
use subtle::ConstantTimeEq;
use tollgate_apikey::Mode;

use super::idempotency::{first_answer, remember};
use super::{Database, Executor, Row, Transaction, outbox, query, row};
use crate::account::MerchantId;
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::payments::Purchase;
use crate::storage::{
    Created, Credit, CreditOutcome, Idempotency, LinkOutcome, NewCredit, Notify, Purchases, ReleaseOutcome, Render,
    SettledPurchase, StorageError,
};

#[async_trait]
impl Purchases for Database {
    async fn insert_purchase(&self, purchase: &Purchase) -> Result<(), StorageError> {
        insert(&self.write, purchase, None).await
    }

    async fn open_link(&self, new: Purchase, payload: &str) -> Result<LinkOutcome, StorageError> {
        let new = &new;
        self.transaction(|mut tx| async move {
            let rows = query(
                "SELECT * FROM purchases WHERE merchant_id = $1 AND mode = $2 AND reference = $3 AND status <> 'cancelled' \
                 ORDER BY created_at DESC, uid",
            )
            .bind(new.merchant.as_str())
            .bind(new.mode.as_str())
            .bind(&new.reference)
            .fetch_all(&mut tx)
            .await?;
            let known = rows.iter().map(purchase).collect::<Result<Vec<_>, _>>()?;
            if known.iter().any(|purchase| matches!(purchase.status.as_str(), "released" | "completed")) {
                return Ok(LinkOutcome::ReferenceCompleted);
            }
            let authorized = known.iter().any(|purchase| purchase.status == "authorized");
            let same = |purchase: &Purchase| bool::from(purchase.payload_digest.ct_eq(&new.payload_digest));
            if let Some(same) = known.into_iter().find(same) {
                return Ok(LinkOutcome::Open(Box::new(same)));
            }
            if authorized {
                return Ok(LinkOutcome::Authorized);
            }
            query(
                "UPDATE purchases SET status = 'cancelled' WHERE merchant_id = $1 AND mode = $2 AND reference = $3 \
                 AND status = 'open'",
            )
            .bind(new.merchant.as_str())
            .bind(new.mode.as_str())
            .bind(&new.reference)
            .execute(&mut tx)
            .await?;
            insert(&mut tx, new, Some(payload)).await?;
            tx.commit().await?;
            Ok(LinkOutcome::Open(Box::new(new.clone())))
        })
        .await
    }

    async fn release(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        uid: &str,
        notify: Notify<'_, SettledPurchase>,
    ) -> Result<ReleaseOutcome, StorageError> {
        self.transaction(|mut tx| async move {
            let Some(mut found) = find(&mut tx, merchant, mode, uid).await? else {
                return Ok(ReleaseOutcome::NotFound);
            };
            match found.purchase.status.as_str() {
                "released" => return Ok(ReleaseOutcome::Released),
                "authorized" => {}
                _ => return Ok(ReleaseOutcome::InvalidState),
            }
            query("UPDATE purchases SET status = 'released' WHERE uid = $1").bind(uid).execute(&mut tx).await?;
            "released".clone_into(&mut found.purchase.status);
            outbox::enqueue(&mut tx, merchant, mode, notify(&found).as_ref()).await?;
            tx.commit().await?;
            Ok(ReleaseOutcome::Released)
        })
        .await
    }

    async fn credit_by_transfer(
        &self,
        credit: NewCredit,
        idempotency: Option<Idempotency>,
        render: Render<'_, Credit>,
        notify: Notify<'_, SettledPurchase>,
    ) -> Result<CreditOutcome, StorageError> {
        let NewCredit { merchant, mode, uid, amount_cents, now } = &credit;
        let (mode, amount_cents, now, idempotency) = (*mode, *amount_cents, *now, idempotency.as_ref());
        self.transaction(|mut tx| async move {
            // Whose the purchase is comes before what a repeated key answers.
            let Some(mut found) = find(&mut tx, merchant, mode, uid).await? else {
                return Ok(CreditOutcome::NotFound);
            };
            if let Some(first) = first_answer(&mut tx, merchant, mode, idempotency, now).await? {
                return Ok(CreditOutcome::Booked(first));
            }
            if found.purchase.status == "cancelled" {
                return Ok(CreditOutcome::InvalidState);
            }
            let Purchase { amount_cents: limit, credited_cents: so_far, .. } = found.purchase;
            let credited = so_far.checked_add(amount_cents).filter(|sum| *sum <= limit);
            let Some(credited_cents) = credited else {
                return Ok(CreditOutcome::Exceeds);
            };
            query("UPDATE purchases SET credited_cents = $2 WHERE uid = $1")
                .bind(uid)
                .bind(credited_cents)
                .execute(&mut tx)
                .await?;
            let answer = render(&Credit { uid: uid.clone(), amount_cents, credited_cents });
            remember(&mut tx, merchant, mode, idempotency, &answer, now).await?;
            found.purchase.credited_cents = credited_cents;
            outbox::enqueue(&mut tx, merchant, mode, notify(&found).as_ref()).await?;
            tx.commit().await?;
            Ok(CreditOutcome::Booked(Created::New(answer)))
        })
        .await
    }
}

async fn insert(on: impl Executor, purchase: &Purchase, payload: Option<&str>) -> Result<(), StorageError> {
    query(
        "INSERT INTO purchases (uid, merchant_id, mode, reference, amount_cents, credited_cents, currency, status, \
         payload_digest, payload, link, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&purchase.uid)
    .bind(purchase.merchant.as_str())
    .bind(purchase.mode.as_str())
    .bind(&purchase.reference)
    .bind(purchase.amount_cents)
    .bind(purchase.credited_cents)
    .bind(&purchase.currency)
    .bind(&purchase.status)
    .bind(&purchase.payload_digest[..])
    .bind(payload)
    .bind(&purchase.link)
    .bind(epoch_ms(purchase.created_at))
    .execute(on)
    .await?;
    Ok(())
}

async fn find(
    connection: &mut Transaction,
    merchant: &MerchantId,
    mode: Mode,
    uid: &str,
) -> Result<Option<SettledPurchase>, StorageError> {
    let query = query("SELECT * FROM purchases WHERE uid = $1 AND merchant_id = $2 AND mode = $3");
    let found = query.bind(uid).bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(connection).await?;
    let found =
        found.as_ref().map(|row| Ok(SettledPurchase { purchase: purchase(row)?, payload: row.try_get("payload")? }));
    found.transpose()
}

fn purchase(row: &Row) -> Result<Purchase, StorageError> {
    let digest: &[u8] = row.try_get("payload_digest")?;
    Ok(Purchase {
        uid: row.try_get("uid")?,
        merchant: row::merchant_id(row, "merchant_id")?,
        mode: row.try_get::<&str, _>("mode")?.parse().map_err(|_| StorageError::corrupt())?,
        reference: row.try_get("reference")?,
        amount_cents: row.try_get("amount_cents")?,
        credited_cents: row.try_get("credited_cents")?,
        currency: row.try_get("currency")?,
        status: row.try_get("status")?,
        payload_digest: digest.try_into().map_err(|_| StorageError::corrupt())?,
        link: row.try_get("link")?,
        created_at: from_epoch_ms(row.try_get("created_at")?),
    })
}
