//! The party a challenge is bound to.

use crate::{CallerError, CallerErrorKind};

/// The account and API key a challenge is issued to, and the only ones that may answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    account: &'a str,
    key_id: &'a str,
}

impl<'a> Caller<'a> {
    /// Names the caller: `account` is the plain form of the merchant id, 1 to [`MAX_ACCOUNT_LEN`] visible ASCII
    /// characters; `key_id` is the public id of the API key, exactly [`KEY_ID_LEN`] base62 characters.
    ///
    /// # Errors
    ///
    /// [`Account`](CallerErrorKind::Account) or [`KeyId`](CallerErrorKind::KeyId) when a part is outside these bounds.
    pub fn new(account: &'a str, key_id: &'a str) -> Result<Self, CallerError> {
        if account.is_empty() || account.len() > MAX_ACCOUNT_LEN || !account.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(CallerErrorKind::Account.into());
        }
        if key_id.len() != KEY_ID_LEN || !key_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CallerErrorKind::KeyId.into());
        }
        Ok(Self { account, key_id })
    }

    /// The merchant id.
    #[must_use]
    pub fn account(&self) -> &'a str {
        self.account
    }

    /// The public id of the API key.
    #[must_use]
    pub fn key_id(&self) -> &'a str {
        self.key_id
    }
}

/// Most characters an account may have.
pub const MAX_ACCOUNT_LEN: usize = 32;

/// Characters of an API key's public id.
pub const KEY_ID_LEN: usize = 12;
