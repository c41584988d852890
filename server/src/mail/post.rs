//! Mail on its way: kept in the database until a server took it, so that a stop or a crash loses none.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use zeroize::{Zeroize, Zeroizing};

use super::smtp::{Outcome, Transport};
use super::{Message, Notice};
use crate::account::EmailAddress;
use crate::clock::Clock;
use crate::keys::Sealer;
use crate::rng::Rng;
use crate::storage::{Mails, StorageError, WaitingMail};

/// What keeps mail and seals it meanwhile.
#[derive(Clone)]
pub struct PostParts {
    /// Keeps it.
    pub mails: Arc<dyn Mails>,
    /// Seals it: a message may hold a link that opens an account.
    pub sealer: Arc<Sealer>,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
}

/// Takes messages, and sends one after the other.
pub(super) struct Post {
    parts: PostParts,
    transport: Transport,
    wake: Notify,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Letter {
    to: String,
    subject: String,
    text: String,
}

impl Drop for Letter {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl Post {
    /// Messages that wait; further ones are dropped and logged.
    const MOST: u32 = 10_000;
    /// Of these, places that invitations do not take: whoever sends many must not keep resets and notices from others.
    const RESERVED: u32 = 5_000;
    /// How long another node leaves a message alone that is being sent: longer than a try may take.
    const LEASE: time::Duration = time::Duration::minutes(2);
    /// How often it is looked for what is due, beside what was put here just now.
    const LOOK: Duration = Duration::from_secs(15);
    /// How long it goes on when it is told to stop.
    const GRACE: Duration = Duration::from_secs(10);
    /// The rest after the first try that failed; each further one is four times as long.
    const FIRST_REST: time::Duration = time::Duration::seconds(30);
    /// The longest rest.
    const LONGEST_REST: time::Duration = time::Duration::hours(1);

    pub(super) fn new(parts: PostParts, transport: Transport) -> Self {
        Self { parts, transport, wake: Notify::new() }
    }

    /// Keeps a message, to be sent soon.
    pub(super) async fn put(&self, message: Message, notice: &Notice) {
        let kept = self.keep(message, notice).await;
        let notice = notice.label();
        match kept {
            Ok(true) => self.wake.notify_one(),
            Ok(false) => tracing::error!(notice, "a message is lost: too many wait already"),
            Err(error) => {
                tracing::error!(
                    notice,
                    error = &error as &dyn std::error::Error,
                    "a message is lost: it could not be kept"
                );
            }
        }
    }

    async fn keep(&self, message: Message, notice: &Notice) -> Result<bool, StorageError> {
        let PostParts { mails, sealer, clock, rng } = &self.parts;
        let unavailable = || StorageError::unavailable();
        let id = rng.base62(22).map_err(|_| unavailable())?.to_string();
        let Message { to, subject, text } = message;
        let letter = Letter { to: to.as_str().to_owned(), subject, text: text.to_string() };
        let plain = Zeroizing::new(serde_json::to_vec(&letter).map_err(|_| unavailable())?);
        let (key_version, sealed) = sealer.seal(&plain, &WaitingMail::context(&id), rng).map_err(|_| unavailable())?;
        let now = clock.now();
        let (places, life) = (Self::places(notice), notice.life());
        let notice = notice.label().to_owned();
        let mail = WaitingMail { id, notice, key_version, sealed, attempts: 0, expires_at: now + life };
        mails.put_mail(&mail, places, now).await
    }

    /// Sends what is due whenever something is, until `stop` says so; what is due then is still tried for a while.
    pub(super) async fn run(&self, stop: watch::Receiver<bool>) {
        let mut stopped = stop.clone();
        let too_late = async move {
            // A sender that is gone means stop, too.
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(Self::GRACE).await;
        };
        tokio::select! {
            () = self.work(stop) => {}
            () = too_late => tracing::warn!("mail is still waiting: it is sent after the next start"),
        }
    }

    async fn work(&self, mut stop: watch::Receiver<bool>) {
        loop {
            self.send_due().await;
            if *stop.borrow() {
                return;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(Self::LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Tries every message that is due, one after the other; answers how many.
    pub(super) async fn send_due(&self) -> usize {
        let mut tried = 0;
        loop {
            match self.send_next().await {
                Ok(true) => tried += 1,
                Ok(false) => return tried,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "mail that waits could not be looked at: it stays");
                    return tried;
                }
            }
        }
    }

    /// Tries one message; `false` when none is due.
    async fn send_next(&self) -> Result<bool, StorageError> {
        let PostParts { mails, clock, .. } = &self.parts;
        let now = clock.now();
        let Some(mail) = mails.lease_mail(now, now + Self::LEASE).await? else { return Ok(false) };
        let WaitingMail { id, notice, attempts, .. } = &mail;
        if now >= mail.expires_at {
            tracing::error!(notice, attempts, "a message is lost: it could not be sent in time");
            mails.end_mail(id).await?;
            return Ok(true);
        }
        let Some(message) = self.open(&mail) else {
            // The key may come back: the file can be another one by then.
            tracing::error!(notice, "a message could not be opened: the key file lacks its key");
            mails.defer_mail(id, now + Self::LONGEST_REST).await?;
            return Ok(true);
        };
        match self.transport.send(&message, id).await {
            Outcome::Sent => {
                tracing::info!(notice, attempts, "a message was sent");
                mails.end_mail(id).await?;
            }
            Outcome::Refused(code) => {
                tracing::error!(notice, attempts, code, "a message is lost: it was refused for good");
                mails.end_mail(id).await?;
            }
            Outcome::Failed { what, code } => {
                let rest = Self::rest(*attempts);
                let rest_s = rest.whole_seconds();
                tracing::warn!(notice, attempts, code, what, rest_s, "a message was not sent: it is tried again");
                mails.defer_mail(id, clock.now() + rest).await?;
            }
        }
        Ok(true)
    }

    fn open(&self, mail: &WaitingMail) -> Option<Message> {
        let plain = self.parts.sealer.open(mail.key_version, &mail.sealed, &WaitingMail::context(&mail.id)).ok()?;
        let mut letter: Letter = serde_json::from_slice(&plain).ok()?;
        Some(Message {
            to: EmailAddress::new(&letter.to)?,
            subject: std::mem::take(&mut letter.subject),
            text: Zeroizing::new(std::mem::take(&mut letter.text)),
        })
    }

    /// How many may wait before one of this kind finds no place.
    fn places(notice: &Notice) -> u32 {
        if notice.is_asked_for() { Self::MOST - Self::RESERVED } else { Self::MOST }
    }

    /// How long a message rests after so many tries.
    fn rest(attempts: u32) -> time::Duration {
        let factor = 4_i32.saturating_pow(attempts.saturating_sub(1));
        Self::FIRST_REST.checked_mul(factor).map_or(Self::LONGEST_REST, |rest| rest.min(Self::LONGEST_REST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_leave_places_for_what_protects_accounts() {
        let link = || Zeroizing::new("link".to_owned());
        let invitation = Notice::Invitation { merchant: "Shop".to_owned(), link: link() };
        assert_eq!(Post::places(&invitation), 5_000);
        assert_eq!(Post::places(&Notice::Reset { link: link() }), 10_000);
        assert_eq!(Post::places(&Notice::PasswordChanged { at: time::OffsetDateTime::UNIX_EPOCH }), 10_000);
    }

    #[test]
    fn a_message_rests_longer_after_each_try() {
        let rests: Vec<_> = [0, 1, 2, 3, 4, 5, 6, u32::MAX].map(|n| Post::rest(n).whole_seconds()).into();
        assert_eq!(rests, [30, 30, 120, 480, 1920, 3600, 3600, 3600]);
    }
}
