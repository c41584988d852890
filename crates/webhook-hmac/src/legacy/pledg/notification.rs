use super::{BackFields, TransferFields};
use crate::ReplayId;
use crate::error::BodyError;

/// A notification without a signature: what a sender is about to sign, or what came from a peer that has no secret.
///
/// Nothing that asks for a verified notification takes this one, and reading one needs no verifier: it is a type of
/// its own so that the difference shows wherever it is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedNotification<F> {
    fields: F,
}

impl UnsignedNotification<BackFields> {
    /// Reads a back-mode body that has no `signature`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::BodyErrorKind::TooLarge), [`Json`](crate::BodyErrorKind::Json),
    /// [`Signed`](crate::BodyErrorKind::Signed), [`Member`](crate::BodyErrorKind::Member) or
    /// [`Status`](crate::BodyErrorKind::Status).
    pub fn back(body: &[u8]) -> Result<Self, BodyError> {
        Ok(Self { fields: BackFields::read_unsigned(body)? })
    }
}

impl UnsignedNotification<TransferFields> {
    /// Reads a transfer-mode body that has no `signature`: the members of the token as a plain object.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::BodyErrorKind::TooLarge), [`Json`](crate::BodyErrorKind::Json),
    /// [`Signed`](crate::BodyErrorKind::Signed) or [`Member`](crate::BodyErrorKind::Member).
    pub fn transfer(body: &[u8]) -> Result<Self, BodyError> {
        Ok(Self { fields: TransferFields::read_unsigned(body)? })
    }
}

impl<F> UnsignedNotification<F> {
    /// What it says, on nobody's word.
    #[must_use]
    pub fn fields(&self) -> &F {
        &self.fields
    }
}

/// A notification whose signature was checked; only the verifiers of this module make one.
///
/// It is authentic, not fresh: refuse it if its [`replay_id`](Self::replay_id) was stored before.
#[derive(Clone, Debug)]
#[must_use]
pub struct VerifiedNotification<F> {
    fields: F,
    replay_id: ReplayId,
}

impl<F> VerifiedNotification<F> {
    /// The signed members.
    #[must_use]
    pub fn fields(&self) -> &F {
        &self.fields
    }

    /// The name of this notification in a replay memory: of `id` and `status` in back mode, of
    /// `transfer_order_item_uid` in transfer mode.
    #[must_use]
    pub fn replay_id(&self) -> ReplayId {
        self.replay_id
    }

    pub(super) fn new(fields: F, replay_id: ReplayId) -> Self {
        Self { fields, replay_id }
    }
}
