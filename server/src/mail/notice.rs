//! What is written to users.

use time::macros::format_description;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;
use zeroize::Zeroizing;

use super::Message;
use crate::account::EmailAddress;
use crate::administration::Administration;

/// What a message is about.
pub enum Notice {
    /// Somebody who has the password guesses codes of the second factor.
    CodesGuessed {
        /// When the latest was tried.
        at: OffsetDateTime,
        /// From where.
        address: Option<String>,
    },
    /// A first password is to be set.
    Invitation {
        /// Whose panel it opens.
        merchant: String,
        /// The whole address.
        link: Zeroizing<String>,
    },
    /// Somebody wanted to invite a person who has a login of another merchant.
    InvitedElsewhere {
        /// To whose panel.
        merchant: String,
    },
    /// A key was made or put in the place of another.
    KeyMade {
        /// In which mode.
        mode: Mode,
        /// Its public id.
        key: String,
        /// When.
        at: OffsetDateTime,
        /// From where.
        address: Option<String>,
    },
    /// The password is another one now.
    PasswordChanged {
        /// When.
        at: OffsetDateTime,
    },
    /// A recovery code was used to log in.
    RecoveryCodeUsed {
        /// How many are left.
        left: u32,
        /// When.
        at: OffsetDateTime,
        /// From where.
        address: Option<String>,
    },
    /// A forgotten password is to be replaced.
    Reset {
        /// The whole address.
        link: Zeroizing<String>,
    },
    /// The second factor was taken away.
    SecondFactorReset {
        /// When.
        at: OffsetDateTime,
    },
    /// A second factor was set up.
    SecondFactorSet {
        /// When.
        at: OffsetDateTime,
    },
    /// Something about request signing is another way now.
    SigningChanged {
        /// In which mode.
        mode: Mode,
        /// What, one sentence.
        what: &'static str,
        /// When.
        at: OffsetDateTime,
        /// From where.
        address: Option<String>,
    },
}

impl Notice {
    /// The word in logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::CodesGuessed { .. } => "codes_guessed",
            Self::Invitation { .. } => "invitation",
            Self::InvitedElsewhere { .. } => "invited_elsewhere",
            Self::KeyMade { .. } => "key_made",
            Self::PasswordChanged { .. } => "password_changed",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::Reset { .. } => "reset",
            Self::SecondFactorReset { .. } => "second_factor_reset",
            Self::SecondFactorSet { .. } => "second_factor_set",
            Self::SigningChanged { .. } => "signing_changed",
        }
    }

    /// How long after it happened somebody should still be told.
    pub(super) fn life(&self) -> Duration {
        match self {
            Self::Invitation { .. } => Administration::INVITATION_LIFE,
            Self::Reset { .. } => Administration::RESET_LIFE,
            _ => Duration::days(2),
        }
    }

    /// Whether an owner asks for it, for somebody else.
    pub(super) fn is_asked_for(&self) -> bool {
        matches!(self, Self::Invitation { .. } | Self::InvitedElsewhere { .. })
    }

    pub(super) fn message(&self, to: &EmailAddress) -> Message {
        const NOT_YOU: &str = "If this was not you, tell an owner of your account and change your password at once.";
        let (subject, text) = match self {
            Self::CodesGuessed { at, address } => (
                "Somebody knows your password".to_owned(),
                format!(
                    "Somebody gave the right password of your control panel login and too many wrong codes.\n\nTime  {}\nFrom  \
                     {}\n\nFor a while no code of your authenticator is taken; a recovery code is. If this was not you, change \
                     your password at once.\n",
                    moment(*at),
                    address.as_deref().unwrap_or("unknown")
                ),
            ),
            Self::Invitation { merchant, link } => (
                "You are invited to a payment account".to_owned(),
                format!(
                    "You have been invited to the control panel of {merchant}.\n\nSet your password within 72 hours:\n\n\
                     {}\n\nThe link works once. If you did not expect it, ignore this message.\n",
                    link.as_str()
                ),
            ),
            Self::InvitedElsewhere { merchant } => (
                "An invitation that cannot be taken".to_owned(),
                format!(
                    "Somebody wanted to invite you to the control panel of {merchant}.\n\nThis address has a login of \
                     another account already, and an address has one. Nothing was changed. To take the invitation, ask \
                     for one to another address of yours. We did not tell them that this address is known.\n"
                ),
            ),
            Self::KeyMade { mode, key, at, address } => (
                format!("A new {} API key was made", mode.as_str()),
                format!(
                    "A new {} API key of your account was made.\n\nKey   {key}\nTime  {}\nFrom  {}\n\n{NOT_YOU}\n",
                    mode.as_str(),
                    moment(*at),
                    address.as_deref().unwrap_or("unknown")
                ),
            ),
            Self::PasswordChanged { at } => (
                "Your password was changed".to_owned(),
                format!(
                    "The password of your control panel login was changed on {}.\nEvery session was ended.\n\n{NOT_YOU}\n",
                    moment(*at)
                ),
            ),
            Self::RecoveryCodeUsed { left, at, address } => (
                "A recovery code was used".to_owned(),
                format!(
                    "A recovery code of your control panel login was used.\n\nTime  {}\nFrom  {}\nLeft  {left}\n\n{NOT_YOU}\n",
                    moment(*at),
                    address.as_deref().unwrap_or("unknown")
                ),
            ),
            Self::Reset { link } => (
                "Set a new password".to_owned(),
                format!(
                    "Somebody, probably you, asked for a new password of your control panel login.\n\nSet it within 30 \
                     minutes:\n\n{}\n\nThe link works once. If it was not you, ignore this message: your password stays.\n",
                    link.as_str()
                ),
            ),
            Self::SecondFactorReset { at } => (
                "Two-step log-in was switched off".to_owned(),
                format!("Two-step log-in of your account was switched off on {}.\n\n{NOT_YOU}\n", moment(*at)),
            ),
            Self::SecondFactorSet { at } => (
                "Two-step log-in was switched on".to_owned(),
                format!("Two-step log-in of your account was switched on on {}.\n\n{NOT_YOU}\n", moment(*at)),
            ),
            Self::SigningChanged { mode, what, at, address } => (
                format!("Request signing was changed in {} mode", mode.as_str()),
                format!(
                    "{what}\n\nMode  {}\nTime  {}\nFrom  {}\n\n{NOT_YOU}\n",
                    mode.as_str(),
                    moment(*at),
                    address.as_deref().unwrap_or("unknown")
                ),
            ),
        };
        Message { to: to.clone(), subject, text: Zeroizing::new(text) }
    }
}

fn moment(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).unwrap_or_default()
}
