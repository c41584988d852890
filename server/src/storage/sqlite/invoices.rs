//! Invoices on SQLite.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tollgate_apikey::Mode;

use super::idempotency::{first_answer, remember};
use super::{Sqlite, outbox, row};
use crate::account::MerchantId;
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::payments::{
    Amount, Currency, Invoice, InvoiceStatus, NewInvoicePayment, PaymentMethod, PaymentMethodType, parse_date,
};
use crate::storage::{Created, Idempotency, InvoicePaymentOutcome, Invoices, Notify, Render, StorageError};

#[async_trait]
impl Invoices for Sqlite {
    async fn insert_invoice(&self, invoice: &Invoice) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO invoices (id, merchant_id, mode, customer_id, invoice_number, status, currency, sub_total, \
             total, due_date, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&invoice.id)
        .bind(invoice.merchant.as_str())
        .bind(invoice.mode.as_str())
        .bind(&invoice.customer_id)
        .bind(&invoice.number)
        .bind(invoice.status.as_str())
        .bind(invoice.currency.code())
        .bind(invoice.sub_total.as_str())
        .bind(invoice.total.as_str())
        .bind(invoice.due_date.to_string())
        .bind(epoch_ms(invoice.created_at))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn invoice(&self, merchant: &MerchantId, mode: Mode, id: &str) -> Result<Option<Invoice>, StorageError> {
        let query = sqlx::query("SELECT * FROM invoices WHERE id = $1 AND merchant_id = $2 AND mode = $3");
        let found = query.bind(id).bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(&self.read).await?;
        found.as_ref().map(|row| invoice(row, mode)).transpose()
    }

    async fn set_invoice_status(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &str,
        status: InvoiceStatus,
    ) -> Result<bool, StorageError> {
        let query = sqlx::query("UPDATE invoices SET status = $4 WHERE id = $1 AND merchant_id = $2 AND mode = $3");
        let query = query.bind(id).bind(merchant.as_str()).bind(mode.as_str()).bind(status.as_str());
        Ok(query.execute(&self.write).await?.rows_affected() == 1)
    }

    async fn insert_payment_method(&self, method: &PaymentMethod) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO payment_methods (id, merchant_id, mode, customer_id, type, brand, last4, exp_month, exp_year) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&method.id)
        .bind(method.merchant.as_str())
        .bind(method.mode.as_str())
        .bind(&method.customer_id)
        .bind(method.kind.as_str())
        .bind(&method.brand)
        .bind(&method.last4)
        .bind(method.expiry.map(|(month, _)| month))
        .bind(method.expiry.map(|(_, year)| year))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn payment_methods(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        customer_id: &str,
        limit: u32,
    ) -> Result<Vec<PaymentMethod>, StorageError> {
        let rows = sqlx::query(
            "SELECT * FROM payment_methods WHERE merchant_id = $1 AND mode = $2 AND customer_id = $3 \
             ORDER BY rowid LIMIT $4",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(customer_id)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| payment_method(row, mode)).collect()
    }

    async fn pay_invoice(
        &self,
        new: NewInvoicePayment,
        idempotency: Option<Idempotency>,
        render: Render<'_, NewInvoicePayment>,
        notify: Notify<'_, NewInvoicePayment>,
    ) -> Result<InvoicePaymentOutcome, StorageError> {
        let Invoice { id, merchant, mode, customer_id, currency, total, .. } = &new.invoice;
        let (mode, now) = (*mode, new.created_at);
        let mut tx = self.begin().await?;
        if let Some(first) = first_answer(&mut tx, merchant, mode, idempotency.as_ref(), now).await? {
            return Ok(InvoicePaymentOutcome::Created(first));
        }
        let kind: Option<String> = sqlx::query_scalar(
            "SELECT type FROM payment_methods WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND customer_id = $4",
        )
        .bind(&new.payment_method)
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(customer_id)
        .fetch_optional(&mut *tx)
        .await?;
        match kind {
            None => return Ok(InvoicePaymentOutcome::UnknownMethod),
            Some(kind) if kind != new.kind.as_str() => return Ok(InvoicePaymentOutcome::OtherKind),
            Some(_) => {}
        }
        let paid = sqlx::query(
            "UPDATE invoices SET status = 'paid' WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND status = 'open'",
        )
        .bind(id)
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .execute(&mut *tx)
        .await?;
        if paid.rows_affected() != 1 {
            return Ok(InvoicePaymentOutcome::NotPayable);
        }
        sqlx::query(
            "INSERT INTO invoice_payments (id, invoice_id, payment_method_id, amount, currency, payment_date, status, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, 'succeeded', $7)",
        )
        .bind(&new.id)
        .bind(id)
        .bind(&new.payment_method)
        .bind(total.as_str())
        .bind(currency.code())
        .bind(new.payment_date.to_string())
        .bind(epoch_ms(now))
        .execute(&mut *tx)
        .await?;
        let answer = render(&new);
        remember(&mut tx, merchant, mode, idempotency.as_ref(), &answer, now).await?;
        outbox::enqueue(&mut tx, merchant, mode, notify(&new).as_ref()).await?;
        tx.commit().await?;
        Ok(InvoicePaymentOutcome::Created(Created::New(answer)))
    }
}

fn invoice(row: &SqliteRow, mode: Mode) -> Result<Invoice, StorageError> {
    Ok(Invoice {
        id: row.try_get("id")?,
        merchant: row::merchant_id(row, "merchant_id")?,
        mode,
        customer_id: row.try_get("customer_id")?,
        number: row.try_get("invoice_number")?,
        status: InvoiceStatus::from_stored(row.try_get("status")?).ok_or_else(StorageError::corrupt)?,
        currency: Currency::parse(row.try_get("currency")?).ok_or_else(StorageError::corrupt)?,
        sub_total: Amount::from_stored(row.try_get("sub_total")?),
        total: Amount::from_stored(row.try_get("total")?),
        due_date: parse_date(row.try_get("due_date")?).ok_or_else(StorageError::corrupt)?,
        created_at: from_epoch_ms(row.try_get("created_at")?),
    })
}

fn payment_method(row: &SqliteRow, mode: Mode) -> Result<PaymentMethod, StorageError> {
    let month: Option<u8> = row.try_get("exp_month")?;
    Ok(PaymentMethod {
        id: row.try_get("id")?,
        merchant: row::merchant_id(row, "merchant_id")?,
        mode,
        customer_id: row.try_get("customer_id")?,
        kind: PaymentMethodType::parse(row.try_get("type")?).ok_or_else(StorageError::corrupt)?,
        brand: row.try_get("brand")?,
        last4: row.try_get("last4")?,
        expiry: month.zip(row.try_get::<Option<u16>, _>("exp_year")?),
    })
}
