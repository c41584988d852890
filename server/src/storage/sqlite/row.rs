//! From columns to domain values and back; a column that does not read is a damaged record.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Scopes};
use tollgate_client_address::{Cidr, IpList};

use crate::account::{
    ClientDialect, Credential, CredentialKind, EmailAddress, ForeignPair, Merchant, MerchantId, MerchantStatus,
    OauthClient, PasswordHash, Role, RsaKey, SealedSecret, SealedTotp, SecretPurpose, User, UserId,
};
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::payments::{Amount, Currency, NewPaymentRequest, PaymentRequest, PaymentRequestStatus};
use crate::storage::{CheckoutGrant, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// The four columns every lifecycle is kept in.
pub(super) struct LifecycleColumns {
    pub(super) created_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) retiring_until: Option<i64>,
    pub(super) revoked_at: Option<i64>,
}

impl From<&Lifecycle> for LifecycleColumns {
    fn from(lifecycle: &Lifecycle) -> Self {
        Self {
            created_at: epoch_ms(lifecycle.created_at()),
            expires_at: lifecycle.expires_at().map(epoch_ms),
            retiring_until: lifecycle.retiring_until().map(epoch_ms),
            revoked_at: lifecycle.revoked_at().map(epoch_ms),
        }
    }
}

pub(super) fn merchant(row: &SqliteRow) -> Result<Merchant> {
    Ok(Merchant {
        id: merchant_id(row, "id")?,
        name: row.try_get("name")?,
        status: MerchantStatus::from_stored(row.try_get("status")?),
        ip_list: ip_list(row.try_get("ip_list")?)?,
        domains: words(row.try_get("domains")?),
        methods: words(row.try_get("methods")?),
        currency: row.try_get("currency")?,
        created_at: time(row, "created_at")?,
    })
}

pub(super) fn user(row: &SqliteRow) -> Result<User> {
    Ok(User {
        id: UserId::from_stored(row.try_get("id")?),
        merchant: merchant_id(row, "merchant_id")?,
        email: EmailAddress::new(row.try_get("email")?).ok_or_else(StorageError::corrupt)?,
        password_hash: PasswordHash::from_stored(row.try_get("password_hash")?),
        generation: row.try_get("generation")?,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        api_basic: row.try_get::<i64, _>("api_basic")? != 0,
        role: Role::from_word(row.try_get("role")?).ok_or_else(StorageError::corrupt)?,
        administrator: row.try_get::<i64, _>("administrator")? != 0,
        second_factor: second_factor(row)?,
    })
}

fn second_factor(row: &SqliteRow) -> Result<Option<SealedTotp>> {
    match (row.try_get("totp_key_version")?, row.try_get("totp_sealed")?) {
        (Some(key_version), Some(sealed)) => Ok(Some(SealedTotp { key_version, sealed })),
        (None, None) => Ok(None),
        // Half a second factor must not become none.
        _ => Err(StorageError::corrupt()),
    }
}

pub(super) fn credential(row: &SqliteRow) -> Result<Credential> {
    Ok(Credential {
        id: key_id(row.try_get("id")?)?,
        kind: CredentialKind::from_stored(row.try_get("kind")?).ok_or_else(StorageError::corrupt)?,
        merchant: merchant_id(row, "merchant_id")?,
        user: row.try_get::<Option<i64>, _>("user_id")?.map(UserId::from_stored),
        client: row.try_get::<Option<&str>, _>("client_id")?.map(key_id).transpose()?,
        mode: mode(row)?,
        pepper_version: row.try_get("pepper_version")?,
        digest: bytes(row, "digest")?,
        scopes: Scopes::parse(row.try_get("scopes")?).map_err(|_| StorageError::corrupt())?,
        ip_list: ip_list(row.try_get("ip_list")?)?,
        lifecycle: lifecycle(row)?,
        last_four: row.try_get::<&str, _>("last_four")?.into(),
        name: row.try_get("name")?,
    })
}

pub(super) fn client(row: &SqliteRow) -> Result<OauthClient> {
    let dialects = [ClientDialect::Alternative, ClientDialect::Pledg];
    let stored: &str = row.try_get("dialect")?;
    let foreign = match (row.try_get("foreign_id")?, row.try_get::<Option<&str>, _>("foreign_secret_id")?) {
        (Some(id), Some(secret)) => Some(ForeignPair { id, secret: key_id(secret)? }),
        (None, None) => None,
        _ => return Err(StorageError::corrupt()),
    };
    Ok(OauthClient {
        id: key_id(row.try_get("id")?)?,
        dialect: dialects.into_iter().find(|d| d.as_str() == stored).ok_or_else(StorageError::corrupt)?,
        merchant: merchant_id(row, "merchant_id")?,
        mode: mode(row)?,
        scopes: Scopes::parse(row.try_get("scopes")?).map_err(|_| StorageError::corrupt())?,
        created_at: time(row, "created_at")?,
        name: row.try_get("name")?,
        foreign,
    })
}

pub(super) fn secret(row: &SqliteRow) -> Result<SealedSecret> {
    let purpose = [SecretPurpose::PledgNotification, SecretPurpose::PledgRequest, SecretPurpose::Webhook];
    let stored: &str = row.try_get("purpose")?;
    Ok(SealedSecret {
        id: key_id(row.try_get("id")?)?,
        purpose: purpose.into_iter().find(|p| p.as_str() == stored).ok_or_else(StorageError::corrupt)?,
        merchant: merchant_id(row, "merchant_id")?,
        mode: mode(row)?,
        key_version: row.try_get("key_version")?,
        sealed: row.try_get("sealed")?,
        lifecycle: lifecycle(row)?,
    })
}

pub(super) fn payment_request(row: &SqliteRow) -> Result<PaymentRequest> {
    Ok(PaymentRequest {
        id: row.try_get("id")?,
        status: PaymentRequestStatus::from_stored(row.try_get("status")?).ok_or_else(StorageError::corrupt)?,
        details: NewPaymentRequest {
            merchant: merchant_id(row, "merchant_id")?,
            mode: mode(row)?,
            amount: Amount::from_stored(row.try_get("amount")?),
            unit: Currency::parse(row.try_get("unit")?).ok_or_else(StorageError::corrupt)?,
            reference_id: row.try_get("reference_id")?,
            notify_url: row.try_get("notify_url")?,
            success_url: row.try_get("success_url")?,
            failure_url: row.try_get("failure_url")?,
            origin_domain: row.try_get("origin_domain")?,
            client: row.try_get("client")?,
            created_at: time(row, "created_at")?,
        },
    })
}

pub(super) fn grant(row: &SqliteRow) -> Result<CheckoutGrant> {
    Ok(CheckoutGrant {
        digest: bytes(row, "digest")?,
        pepper_version: u32::try_from(row.try_get::<i64, _>("pepper_version")?).map_err(|_| StorageError::corrupt())?,
        payment_request: row.try_get("payment_request_id")?,
        merchant: merchant_id(row, "merchant_id")?,
        mode: mode(row)?,
        credential: key_id(row.try_get("credential_id")?)?,
        expires_at: time(row, "expires_at")?,
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(from_epoch_ms),
    })
}

pub(super) fn rsa_key(row: &SqliteRow) -> Result<RsaKey> {
    Ok(RsaKey {
        id: key_id(row.try_get("id")?)?,
        merchant: merchant_id(row, "merchant_id")?,
        mode: mode(row)?,
        spki: row.try_get("spki")?,
        fingerprint: row.try_get("fingerprint")?,
        lifecycle: lifecycle(row)?,
    })
}

pub(super) fn key_id(text: &str) -> Result<KeyId> {
    KeyId::parse(text).map_err(|_| StorageError::corrupt())
}

/// The column form of an address list: `NULL` is unrestricted.
pub(super) fn ip_list_column(list: &IpList) -> Option<String> {
    match list.entries() {
        tollgate_client_address::Entries::Unrestricted => None,
        tollgate_client_address::Entries::Only(entries) => {
            Some(entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
    }
}

pub(super) fn merchant_id(row: &SqliteRow, column: &str) -> Result<MerchantId> {
    let (id, _) = MerchantId::parse(row.try_get(column)?).map_err(|_| StorageError::corrupt())?;
    Ok(id)
}

pub(super) fn mode(row: &SqliteRow) -> Result<Mode> {
    row.try_get::<&str, _>("mode")?.parse().map_err(|_| StorageError::corrupt())
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<OffsetDateTime> {
    Ok(from_epoch_ms(row.try_get(column)?))
}

pub(super) fn bytes(row: &SqliteRow, column: &str) -> Result<[u8; 32]> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| StorageError::corrupt())
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// An empty column is not "unrestricted": it cannot have been written by us.
fn ip_list(column: Option<&str>) -> Result<IpList> {
    let Some(text) = column else { return Ok(IpList::unrestricted()) };
    let entries = text.split_ascii_whitespace().map(Cidr::parse).collect::<std::result::Result<Vec<_>, _>>();
    entries.ok().and_then(|entries| IpList::only(entries).ok()).ok_or_else(StorageError::corrupt)
}

fn lifecycle(row: &SqliteRow) -> Result<Lifecycle> {
    let at = |column| -> Result<_> { Ok(row.try_get::<Option<i64>, _>(column)?.map(from_epoch_ms)) };
    Lifecycle::from_parts(time(row, "created_at")?, at("expires_at")?, at("retiring_until")?, at("revoked_at")?)
        .map_err(|_| StorageError::corrupt())
}
