//! Limits on failures, so that guessing is slow and a valid credential never waits for a stranger's garbage.

use ring::digest::{SHA256, digest};
use time::OffsetDateTime;
use tollgate_client_address::{AddressGroup, ClientAddress};

use super::{Fault, Reason, Refusal};
use crate::account::EmailAddress;
use crate::clock::epoch_ms;
use crate::limits::{Bucket, Quota, QuotaWindows, Window};

/// Counts failed authentications by address and password failures by account and address.
#[derive(Debug)]
pub(super) struct Throttle {
    failures: QuotaWindows<AddressGroup>,
    passwords: QuotaWindows<([u8; 32], AddressGroup)>,
    password_groups: QuotaWindows<AddressGroup>,
    links: QuotaWindows<([u8; 32], AddressGroup)>,
    link_groups: QuotaWindows<AddressGroup>,
    link_accounts: QuotaWindows<[u8; 32]>,
    scale: u32,
}

/// A password attempt that counts as failed until it is said to have succeeded.
#[derive(Debug)]
#[must_use]
pub(super) struct PasswordAttempt {
    account: [u8; 32],
    group: AddressGroup,
}

/// Whether a message may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Send {
    /// It may.
    Yes,
    /// The account was sent enough.
    No,
}

impl Throttle {
    const FAILURES: Bucket = Bucket::new("failures", &[Window::new(30, 60)]);
    const PASSWORDS: Bucket = Bucket::new("passwords", &[Window::new(5, 900)]);
    const PASSWORD_GROUPS: Bucket = Bucket::new("password_groups", &[Window::new(50, 900)]);
    const LINKS: Bucket = Bucket::new("links", &[Window::new(3, 3600)]);
    const LINK_GROUPS: Bucket = Bucket::new("link_groups", &[Window::new(20, 3600)]);
    const LINK_ACCOUNTS: Bucket = Bucket::new("link_accounts", &[Window::new(6, 3600)]);
    /// Address groups and accounts remembered at a time.
    const SUBJECTS: usize = 100_000;

    pub(super) fn new(scale: u32) -> Self {
        Self {
            failures: QuotaWindows::forgetting(Self::SUBJECTS),
            passwords: QuotaWindows::forgetting(Self::SUBJECTS),
            password_groups: QuotaWindows::forgetting(Self::SUBJECTS),
            links: QuotaWindows::forgetting(Self::SUBJECTS),
            link_groups: QuotaWindows::forgetting(Self::SUBJECTS),
            link_accounts: QuotaWindows::forgetting(Self::SUBJECTS),
            scale,
        }
    }

    /// Forgets addresses and accounts whose windows are over.
    pub(super) fn sweep(&self, now: OffsetDateTime) {
        let now_ms = epoch_ms(now);
        self.failures.sweep(now_ms);
        self.passwords.sweep(now_ms);
        self.password_groups.sweep(now_ms);
        self.links.sweep(now_ms);
        self.link_groups.sweep(now_ms);
        self.link_accounts.sweep(now_ms);
    }

    /// The refusal of a failed authentication: 401, or 429 beyond 30 a minute from one address group.
    pub(super) fn failed(&self, fault: Fault, client: &ClientAddress, now: OffsetDateTime) -> Refusal {
        let bucket = Self::FAILURES.scaled(self.scale);
        match self.failures.debit(&bucket, &client.group(), epoch_ms(now)) {
            Ok(_) => Refusal::new(Reason::Unauthenticated(fault)),
            Err(full) => Refusal::new(Reason::RateLimited(full.retry_after_s())),
        }
    }

    /// Admits a password attempt before anything is hashed, counting it as a failure.
    pub(super) fn admit_password(
        &self,
        email: &EmailAddress,
        client: &ClientAddress,
        now: OffsetDateTime,
    ) -> Result<PasswordAttempt, Refusal> {
        let attempt = PasswordAttempt { account: account(email), group: client.group() };
        let subject = (attempt.account, attempt.group);
        let (per_account, per_group) = (Self::PASSWORDS.scaled(self.scale), Self::PASSWORD_GROUPS.scaled(self.scale));
        self.passwords.debit(&per_account, &subject, epoch_ms(now)).map_err(too_many)?;
        if let Err(full) = self.password_groups.debit(&per_group, &attempt.group, epoch_ms(now)) {
            self.passwords.credit(&per_account, &subject);
            return Err(too_many(full));
        }
        Ok(attempt)
    }

    /// Admits that somebody asks for a password link, known account or not; whether a message may go to the account
    /// too, which strangers all over the world must not flood.
    pub(super) fn admit_link(
        &self,
        email: &EmailAddress,
        client: &ClientAddress,
        now: OffsetDateTime,
    ) -> Result<Send, Refusal> {
        let (account, group, now_ms) = (account(email), client.group(), epoch_ms(now));
        self.links.debit(&Self::LINKS.scaled(self.scale), &(account, group), now_ms).map_err(too_many)?;
        self.link_groups.debit(&Self::LINK_GROUPS.scaled(self.scale), &group, now_ms).map_err(too_many)?;
        let within = self.link_accounts.debit(&Self::LINK_ACCOUNTS.scaled(self.scale), &account, now_ms).is_ok();
        Ok(if within { Send::Yes } else { Send::No })
    }

    /// Takes the count of an attempt back: the password was right, or was never looked at.
    pub(super) fn forgive(&self, attempt: &PasswordAttempt) {
        self.passwords.credit(&Self::PASSWORDS, &(attempt.account, attempt.group));
        self.password_groups.credit(&Self::PASSWORD_GROUPS, &attempt.group);
    }
}

/// What an account is counted by: the address need not be kept.
fn account(email: &EmailAddress) -> [u8; 32] {
    let mut account = [0_u8; 32];
    account.copy_from_slice(digest(&SHA256, email.as_str().as_bytes()).as_ref());
    account
}

fn too_many(full: Quota) -> Refusal {
    Refusal::new(Reason::RateLimited(full.retry_after_s()))
}
