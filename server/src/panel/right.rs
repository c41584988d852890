//! Who may do what.

use crate::account::{Role, User};

/// What an act takes; looking takes no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Everybody: one's own account, sessions and view.
    Own,
    /// Keys, secrets and settings of the merchant: owners and developers.
    Develop,
    /// Its users: owners.
    Govern,
    /// Every merchant: administrators.
    Operate,
}

impl Right {
    /// Whether what takes it is about one mode, and so counts only from a page of that mode.
    pub(super) fn is_of_a_mode(self) -> bool {
        self == Self::Develop
    }

    /// Whether this user has it.
    pub(super) fn of(self, user: &User) -> bool {
        match self {
            Self::Own => true,
            Self::Develop => matches!(user.role, Role::Owner | Role::Developer),
            Self::Govern => user.role == Role::Owner,
            Self::Operate => user.administrator,
        }
    }
}
