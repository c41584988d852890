//! Panel users: making and changing them.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Transaction, merchants, password_links, query, query_scalar, row, second_factors};
use crate::account::{ActorKind, MerchantId, NewAuditEntry, Role, User, UserId};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, ListPart, StorageError, UserChange, Users};

#[async_trait]
impl Users for Database {
    async fn create_user(&self, user: &User, now: OffsetDateTime, entry: NewAuditEntry) -> Change<UserId> {
        let entry = &entry;
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), &user.merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let query = query_scalar(
                "INSERT INTO users (merchant_id, email, password_hash, generation, disabled, api_basic, created_at, \
             role) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING RETURNING id",
            );
            let id: Option<i64> = query
                .bind(user.merchant.as_str())
                .bind(user.email.as_str())
                .bind(user.password_hash.as_str())
                .bind(user.generation)
                .bind(i64::from(user.disabled))
                .bind(i64::from(user.api_basic))
                .bind(epoch_ms(now))
                .bind(user.role.as_str())
                .fetch_optional(change.tx())
                .await?;
            let Some(id) = id.map(UserId::from_stored) else {
                return Ok(Err(ChangeRefusal::Taken));
            };
            let entry = NewAuditEntry { subject: id.to_string(), ..entry.clone() };
            change.commit(&entry).await?;
            Ok(Ok(id))
        })
        .await
    }

    async fn users_of(&self, merchant: &MerchantId, part: ListPart<'_>) -> Result<Vec<User>, StorageError> {
        let Ok(before) = part.after.map_or(Ok(i64::MAX), str::parse) else {
            return Ok(Vec::new());
        };
        let rows = query("SELECT * FROM users WHERE merchant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
            .bind(merchant.as_str())
            .bind(before)
            .bind(i64::from(part.limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(row::user).collect()
    }

    async fn owners_of(&self, merchant: &MerchantId, limit: u32) -> Result<Vec<User>, StorageError> {
        let query =
            query("SELECT * FROM users WHERE merchant_id = $1 AND role = $2 AND disabled = 0 ORDER BY id LIMIT $3");
        let query = query.bind(merchant.as_str()).bind(Role::Owner.as_str()).bind(limit);
        query.fetch_all(&self.read).await?.iter().map(row::user).collect()
    }

    async fn change_user(&self, id: UserId, what: &UserChange, entry: &NewAuditEntry) -> Change<bool> {
        self.change(|mut change| async move {
            let found = query("SELECT * FROM users WHERE id = $1").bind(id.get());
            let Some(found) = found.fetch_optional(change.tx()).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            let old = row::user(&found)?;
            let raised = old.generation.checked_add(1).ok_or_else(StorageError::corrupt)?;
            let Some(new) = changed(&old, raised, what) else {
                return Ok(Ok(false));
            };
            // People must not lock their merchant out; whoever runs the server may.
            let by_person = matches!(entry.actor.kind, ActorKind::User(_));
            if by_person && is_owner(&old) && !is_owner(&new) && !has_other_owner(change.tx(), &old).await? {
                return Ok(Err(ChangeRefusal::LastOwner));
            }
            if let UserChange::SecondFactor(secret, codes) = what
                && !second_factors::confirm(change.tx(), id, secret, codes).await?
            {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            if matches!(what, UserChange::NoSecondFactor) {
                second_factors::forget(change.tx(), id).await?;
            }
            if let UserChange::PasswordByLink(_, digest) = what
                && !password_links::spend(change.tx(), id, digest).await?
            {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            if new.generation != old.generation {
                password_links::end_all(change.tx(), id).await?;
            }
            let second_factor = new.second_factor.as_ref();
            query(
                "UPDATE users SET password_hash = $2, generation = $3, disabled = $4, api_basic = $5, role = $6, \
                 administrator = $7, totp_key_version = $8, totp_sealed = $9 WHERE id = $1",
            )
            .bind(id.get())
            .bind(new.password_hash.as_str())
            .bind(new.generation)
            .bind(i64::from(new.disabled))
            .bind(i64::from(new.api_basic))
            .bind(new.role.as_str())
            .bind(i64::from(new.administrator))
            .bind(second_factor.map(|totp| i64::from(totp.key_version)))
            .bind(second_factor.map(|totp| &totp.sealed[..]))
            .execute(change.tx())
            .await?;
            change.commit(entry).await?;
            Ok(Ok(true))
        })
        .await
    }
}

/// The user after the change, with the generation raised where it ends logins; `None` when it is so already.
fn changed(old: &User, raised: i64, what: &UserChange) -> Option<User> {
    match what {
        UserChange::Administrator(switch) => {
            (old.administrator != switch.is_on()).then(|| User { administrator: switch.is_on(), ..old.clone() })
        }
        UserChange::ApiBasic(switch) => {
            (old.api_basic != switch.is_on()).then(|| User { api_basic: switch.is_on(), ..old.clone() })
        }
        UserChange::Disable => (!old.disabled).then(|| User { disabled: true, generation: raised, ..old.clone() }),
        UserChange::Enable => old.disabled.then(|| User { disabled: false, ..old.clone() }),
        UserChange::NoSecondFactor => {
            old.second_factor.is_some().then(|| User { second_factor: None, generation: raised, ..old.clone() })
        }
        UserChange::Password(hash) | UserChange::PasswordByLink(hash, _) => {
            Some(User { password_hash: hash.clone(), generation: raised, ..old.clone() })
        }
        UserChange::Role(role) => (old.role != *role).then(|| User { role: *role, ..old.clone() }),
        UserChange::SecondFactor(secret, _) => Some(User { second_factor: Some(secret.clone()), ..old.clone() }),
    }
}

fn is_owner(user: &User) -> bool {
    user.role == Role::Owner && !user.disabled
}

async fn has_other_owner(on: &mut Transaction, user: &User) -> Result<bool, StorageError> {
    let query =
        query("SELECT id FROM users WHERE merchant_id = $1 AND id <> $2 AND role = $3 AND disabled = 0 LIMIT 1");
    let query = query.bind(user.merchant.as_str()).bind(user.id.get()).bind(Role::Owner.as_str());
    Ok(query.fetch_optional(on).await?.is_some())
}

pub(super) async fn belongs(on: &mut Transaction, user: UserId, merchant: &MerchantId) -> Result<bool, StorageError> {
    let query = query("SELECT id FROM users WHERE id = $1 AND merchant_id = $2");
    Ok(query.bind(user.get()).bind(merchant.as_str()).fetch_optional(on).await?.is_some())
}
