//! Limits on failures, so that guessing is slow and a valid credential never waits for a stranger's garbage; limits on
//! the mail that people can make the server send.

use ring::digest::{SHA256, digest};
use time::OffsetDateTime;
use tollgate_client_address::{AddressGroup, ClientAddress};

use super::{Fault, Reason, Refusal};
use crate::account::{EmailAddress, MerchantId, UserId};
use crate::clock::epoch_ms;
use crate::limits::{Bucket, Quota, QuotaWindows, Window};

/// Counts failed authentications by address, password failures by account and address, wrong codes by account.
#[derive(Debug)]
pub(super) struct Throttle {
    failures: QuotaWindows<AddressGroup>,
    passwords: QuotaWindows<([u8; 32], AddressGroup)>,
    password_groups: QuotaWindows<AddressGroup>,
    codes: QuotaWindows<UserId>,
    links: QuotaWindows<([u8; 32], AddressGroup)>,
    link_groups: QuotaWindows<AddressGroup>,
    link_accounts: QuotaWindows<[u8; 32]>,
    inviters: QuotaWindows<MerchantId>,
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

/// Too many wrong codes came behind the right password of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guessed {
    /// Its user was told within a day.
    Known,
    /// Its user does not know yet.
    News,
}

impl Throttle {
    const FAILURES: Bucket = Bucket::new("failures", &[Window::new(30, 60)]);
    const PASSWORDS: Bucket = Bucket::new("passwords", &[Window::new(5, 900)]);
    const PASSWORD_GROUPS: Bucket = Bucket::new("password_groups", &[Window::new(50, 900)]);
    const CODES: Bucket = Bucket::new("codes", &[Window::new(10, 900), Window::new(100, 86_400)]);
    const CODE_NEWS: Bucket = Bucket::new("code_news", &[Window::new(1, 86_400)]);
    const LINKS: Bucket = Bucket::new("links", &[Window::new(3, 3600)]);
    const LINK_GROUPS: Bucket = Bucket::new("link_groups", &[Window::new(20, 3600)]);
    const LINK_ACCOUNTS: Bucket = Bucket::new("link_accounts", &[Window::new(6, 3600)]);
    const INVITED_ACCOUNTS: Bucket = Bucket::new("invited_accounts", &[Window::new(6, 3600)]);
    const INVITERS: Bucket = Bucket::new("inviters", &[Window::new(50, 3600)]);
    /// Address groups and accounts remembered at a time.
    const SUBJECTS: usize = 100_000;

    pub(super) fn new(scale: u32) -> Self {
        Self {
            failures: QuotaWindows::forgetting(Self::SUBJECTS),
            passwords: QuotaWindows::forgetting(Self::SUBJECTS),
            password_groups: QuotaWindows::forgetting(Self::SUBJECTS),
            codes: QuotaWindows::forgetting(Self::SUBJECTS),
            links: QuotaWindows::forgetting(Self::SUBJECTS),
            link_groups: QuotaWindows::forgetting(Self::SUBJECTS),
            link_accounts: QuotaWindows::forgetting(Self::SUBJECTS),
            inviters: QuotaWindows::forgetting(Self::SUBJECTS),
            scale,
        }
    }

    /// Forgets addresses and accounts whose windows are over.
    pub(super) fn sweep(&self, now: OffsetDateTime) {
        let now_ms = epoch_ms(now);
        self.failures.sweep(now_ms);
        self.passwords.sweep(now_ms);
        self.password_groups.sweep(now_ms);
        self.codes.sweep(now_ms);
        self.links.sweep(now_ms);
        self.link_groups.sweep(now_ms);
        self.link_accounts.sweep(now_ms);
        self.inviters.sweep(now_ms);
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
        // The group first: one whose window is full takes nothing from an account.
        self.link_groups.debit(&Self::LINK_GROUPS.scaled(self.scale), &group, now_ms).map_err(too_many)?;
        if let Err(full) = self.links.debit(&Self::LINKS.scaled(self.scale), &(account, group), now_ms) {
            self.link_groups.credit(&Self::LINK_GROUPS, &group);
            return Err(too_many(full));
        }
        let within = self.link_accounts.debit(&Self::LINK_ACCOUNTS.scaled(self.scale), &account, now_ms).is_ok();
        Ok(if within { Send::Yes } else { Send::No })
    }

    /// Admits that an owner has a link sent to an address: a merchant must not flood a mailbox, nor take up the mail
    /// of the others.
    pub(super) fn admit_invitation(
        &self,
        email: &EmailAddress,
        merchant: &MerchantId,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let now_ms = epoch_ms(now);
        self.inviters.debit(&Self::INVITERS.scaled(self.scale), merchant, now_ms).map_err(too_many)?;
        let per_account = Self::INVITED_ACCOUNTS.scaled(self.scale);
        if let Err(full) = self.link_accounts.debit(&per_account, &account(email), now_ms) {
            self.inviters.credit(&Self::INVITERS, merchant);
            return Err(too_many(full));
        }
        Ok(())
    }

    /// Admits a code of a second factor behind a password that was right, counting it as wrong. By account alone: only
    /// who holds the password gets here, from however many addresses.
    pub(super) fn admit_code(&self, user: UserId, now: OffsetDateTime) -> Result<(), Guessed> {
        let now_ms = epoch_ms(now);
        if self.codes.debit(&Self::CODES.scaled(self.scale), &user, now_ms).is_ok() {
            return Ok(());
        }
        let untold = self.codes.debit(&Self::CODE_NEWS, &user, now_ms).is_ok();
        Err(if untold { Guessed::News } else { Guessed::Known })
    }

    /// Takes the count of a code back: it was right, or was never looked at.
    pub(super) fn forgive_code(&self, user: UserId) {
        self.codes.credit(&Self::CODES, &user);
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
    }

    fn email(n: u32) -> EmailAddress {
        EmailAddress::new(&format!("{n}@shop.example")).unwrap()
    }

    #[test]
    fn a_group_without_tries_takes_none_from_an_account() {
        let throttle = Throttle::new(1);
        let client = ClientAddress::Known(Ipv4Addr::new(192, 0, 2, 1).into());
        for n in 0..20 {
            assert_eq!(throttle.admit_link(&email(n), &client, at(0)).unwrap(), Send::Yes);
        }
        for _ in 0..9 {
            assert!(throttle.admit_link(&email(99), &client, at(3599)).is_err());
        }
        for _ in 0..3 {
            assert_eq!(throttle.admit_link(&email(99), &client, at(3600)).unwrap(), Send::Yes);
        }
        assert!(throttle.admit_link(&email(99), &client, at(3600)).is_err(), "the account's own");
        for n in 0..17 {
            assert!(
                throttle.admit_link(&email(n), &client, at(3600)).is_ok(),
                "a refused try took none of the group's"
            );
        }
        assert!(throttle.admit_link(&email(18), &client, at(3600)).is_err());
    }

    #[test]
    fn a_hundred_wrong_codes_shut_an_account_for_a_day_and_it_hears_of_it_once() {
        let (throttle, user) = (Throttle::new(1), UserId::from_stored(7));
        let mut told = 0;
        for round in 0..10 {
            for _ in 0..10 {
                throttle.admit_code(user, at(round * 900)).unwrap();
            }
            told += usize::from(throttle.admit_code(user, at(round * 900)) == Err(Guessed::News));
        }
        assert_eq!(told, 1);
        assert_eq!(throttle.admit_code(user, at(86_399)), Err(Guessed::Known));
        assert_eq!(throttle.admit_code(UserId::from_stored(8), at(86_399)), Ok(()), "another account");
        assert_eq!(throttle.admit_code(user, at(86_400)), Ok(()));
        throttle.forgive_code(user);
        for _ in 0..10 {
            assert_eq!(throttle.admit_code(user, at(86_400)), Ok(()), "a right one takes nothing");
        }
    }

    #[test]
    fn an_address_is_written_to_six_times_an_hour_whoever_asks() {
        let throttle = Throttle::new(1);
        let merchant = |n: u32| MerchantId::new("COL", &format!("0000{n}")).unwrap();
        for n in 0..6 {
            throttle.admit_invitation(&email(1), &merchant(n), at(0)).unwrap();
        }
        assert!(throttle.admit_invitation(&email(1), &merchant(7), at(0)).is_err());
        for n in 0..50 {
            throttle.admit_invitation(&email(100 + n), &merchant(7), at(0)).unwrap();
        }
        assert!(throttle.admit_invitation(&email(200), &merchant(7), at(3599)).is_err());
        throttle.admit_invitation(&email(200), &merchant(7), at(3600)).unwrap();
    }
}
