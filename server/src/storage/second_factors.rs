//! Second factors that are being set up, and recovery codes.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StorageError;
use crate::account::{NewAuditEntry, SealedTotp, UserId};

/// What goes with a user's second factor; the factor itself is in the user's record.
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// Stores a secret that waits for its first code until then; an earlier one is replaced.
    async fn begin_enrolment(
        &self,
        user: UserId,
        secret: &SealedTotp,
        until: OffsetDateTime,
    ) -> Result<(), StorageError>;
    /// The secret that waits for its first code, if there is one.
    async fn enrolment(&self, user: UserId, now: OffsetDateTime) -> Result<Option<SealedTotp>, StorageError>;
    /// Takes a recovery code and answers how many are left: of any number of calls with one code, one is answered so.
    /// The entry is written in the same transaction; its detail tells how many are left, too.
    async fn spend_recovery_code(
        &self,
        user: UserId,
        digest: &[u8; 32],
        entry: NewAuditEntry,
    ) -> Result<Option<u32>, StorageError>;
    /// Recovery codes that are left.
    async fn recovery_codes_left(&self, user: UserId) -> Result<u32, StorageError>;
}
