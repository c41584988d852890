//! Makes the attempts that are due: at least once each, one at a time per endpoint, and fairly among merchants.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::signing::{Signed, SigningFault, sign};
use super::{TargetUrl, Webhooks, WebhooksError, retry_delay};
use crate::account::MerchantId;
use crate::storage::{
    Attempt, AttemptError, AttemptOutcome, LeasedDelivery, MAX_PASSED_OVER, NewLease, Next, StorageErrorKind,
};

/// Attempts that run at once.
const WORKERS: usize = 16;
/// Attempts that run at once for one merchant: its dead endpoints never take every worker.
const PER_MERCHANT: usize = 4;
/// How long an endpoint stays taken when whoever took it is gone: well beyond the longest attempt.
const LEASE: Duration = Duration::from_mins(1);
/// How often is looked for retries and for what other processes wrote.
const POLL: Duration = Duration::from_secs(1);
/// Random bytes in the name of a lease.
const LEASE_BYTES: usize = 16;

const _: () = assert!(WORKERS <= MAX_PASSED_OVER, "every merchant with a running attempt can be passed over");

/// The attempts that are running.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    merchants: HashMap<Id, MerchantId>,
}

/// Why an attempt has no status to show.
enum Fault {
    /// It failed.
    Attempt(AttemptError),
    /// It could not be made for a reason of ours: it is due again when the lease is over.
    Internal(WebhooksError),
}

impl Webhooks {
    /// Delivers until `stop` is true, then lets running attempts finish.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut running = Running::default();
        loop {
            if let Err(error) = running.fill(self).await {
                tracing::warn!(
                    target: "tollgate::webhooks",
                    error = &error as &dyn std::error::Error,
                    "due deliveries could not be read"
                );
            }
            tokio::select! {
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.wake.notified() => {}
                Some(done) = running.tasks.join_next_with_id() => running.forget(done),
                () = tokio::time::sleep(POLL) => {}
            }
        }
        while running.next().await {}
    }

    /// Makes every attempt that is due, waits for them, and answers how many there were.
    ///
    /// # Errors
    ///
    /// [`WebhooksError`] when due deliveries could not be read; those that run are broken off and due again later.
    pub async fn deliver_due(&self) -> Result<u32, WebhooksError> {
        let mut running = Running::default();
        let mut made = 0;
        loop {
            made += running.fill(self).await?;
            if !running.next().await {
                return Ok(made);
            }
        }
    }

    async fn lease(&self, passed_over: &[MerchantId]) -> Result<Option<LeasedDelivery>, WebhooksError> {
        let mut random = [0_u8; LEASE_BYTES];
        self.rng.fill(&mut random)?;
        let now = self.clock.now();
        let lease = NewLease { name: format!("{:032x}", u128::from_be_bytes(random)), now, until: now + LEASE };
        Ok(self.store.lease(&lease, passed_over).await?)
    }

    /// Makes one attempt and records it.
    async fn attempt(self, leased: LeasedDelivery) {
        let (stopwatch, made_at) = (self.clock.stopwatch(), self.clock.now());
        let target = self.dialler.policy().target(&leased.url);
        let outcome = match self.send(&leased, target.as_ref()).await {
            Ok(status) => AttemptOutcome::Answered(status),
            Err(Fault::Attempt(error)) => AttemptOutcome::Failed(error),
            Err(Fault::Internal(error)) => {
                tracing::warn!(
                    target: "tollgate::webhooks",
                    message_id = leased.delivery.message_id.as_str(),
                    error = &error as &dyn std::error::Error,
                    "an attempt could not be made"
                );
                return;
            }
        };
        let duration = stopwatch.elapsed();
        if let Some(meter) = &self.meter {
            meter.attempt(leased.delivery.format.dialect().as_str(), outcome_word(outcome));
        }
        let number = leased.delivery.attempts.saturating_add(1);
        let recorded = async {
            let mut jitter = [0_u8; 2];
            self.rng.fill(&mut jitter)?;
            let now = self.clock.now();
            let next = next(outcome, number, u16::from_be_bytes(jitter), now);
            let duration = time::Duration::try_from(duration).unwrap_or(time::Duration::MAX);
            let attempt = Attempt { number, made_at, duration, outcome };
            let held = self.store.complete(&leased, &attempt, next, now).await?;
            Ok::<_, WebhooksError>(if held { word(next) } else { "lease_lost" })
        };
        let next = recorded.await.unwrap_or_else(|error| {
            tracing::warn!(
                target: "tollgate::webhooks",
                error = &error as &dyn std::error::Error,
                "an attempt could not be recorded: it will be made again"
            );
            "not_recorded"
        });
        let (status, error) = match outcome {
            AttemptOutcome::Answered(status) => (status, "-"),
            AttemptOutcome::Failed(error) => (0, error.as_str()),
        };
        tracing::info!(
            target: "tollgate::webhooks",
            message_id = leased.delivery.message_id.as_str(),
            endpoint = leased.delivery.endpoint.as_str(),
            merchant = leased.merchant.as_str(),
            mode = leased.mode.as_str(),
            format = leased.delivery.format.as_str(),
            origin = target.as_ref().map_or("-", TargetUrl::origin),
            attempt = number,
            status,
            error,
            next,
            micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            "webhook attempt"
        );
    }

    async fn send(&self, leased: &LeasedDelivery, target: Option<&TargetUrl>) -> Result<u16, Fault> {
        let target = target.ok_or(AttemptError::TargetRefused)?;
        let now = self.clock.now();
        let secrets = self.secrets(leased, now).await?;
        let Signed { headers, body } = sign(&leased.delivery, &secrets, now, &self.rng)?;
        drop(secrets);
        Ok(self.dialler.post(target, headers, body).await?)
    }
}

impl Running {
    /// Starts what is due until every worker is busy; answers how many were started.
    async fn fill(&mut self, webhooks: &Webhooks) -> Result<u32, WebhooksError> {
        let mut started = 0;
        while self.tasks.len() < WORKERS {
            // Whoever has nothing running comes first; a merchant gets more workers only while nobody else needs them.
            let leased = match webhooks.lease(&self.merchants_with(1)).await? {
                None if !self.tasks.is_empty() => webhooks.lease(&self.merchants_with(PER_MERCHANT)).await?,
                found => found,
            };
            let Some(leased) = leased else { break };
            let merchant = leased.merchant.clone();
            let task = self.tasks.spawn(webhooks.clone().attempt(leased));
            self.merchants.insert(task.id(), merchant);
            started += 1;
        }
        Ok(started)
    }

    /// Waits for one attempt; `false` when none is running.
    async fn next(&mut self) -> bool {
        let Some(done) = self.tasks.join_next_with_id().await else { return false };
        self.forget(done);
        true
    }

    fn forget(&mut self, done: Result<(Id, ()), JoinError>) {
        let id = match done {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(target: "tollgate::webhooks", "an attempt broke down: it is due again after its lease");
                error.id()
            }
        };
        self.merchants.remove(&id);
    }

    /// The merchants that have at least so many attempts running.
    fn merchants_with(&self, running: usize) -> Vec<MerchantId> {
        let mut counts: HashMap<&MerchantId, usize> = HashMap::new();
        for merchant in self.merchants.values() {
            *counts.entry(merchant).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count >= running).map(|(merchant, _)| merchant.clone()).collect()
    }
}

impl From<AttemptError> for Fault {
    fn from(error: AttemptError) -> Self {
        Self::Attempt(error)
    }
}

impl From<WebhooksError> for Fault {
    /// What will not read at the next attempt either is an attempt that failed: it is tried again at the times of the
    /// schedule, as a key file may still get its key, and then given up. What failed for a moment is none.
    fn from(error: WebhooksError) -> Self {
        match error {
            WebhooksError::Seal(_) => Self::Attempt(AttemptError::SecretUnreadable),
            WebhooksError::Storage(error) if error.kind() == StorageErrorKind::Corrupt => {
                Self::Attempt(AttemptError::SecretUnreadable)
            }
            momentary => Self::Internal(momentary),
        }
    }
}

impl From<SigningFault> for Fault {
    fn from(fault: SigningFault) -> Self {
        match fault {
            SigningFault::Attempt(error) => Self::Attempt(error),
            SigningFault::Randomness(error) => Self::Internal(error.into()),
        }
    }
}

/// What follows an attempt: 2xx is done, 410 ends the endpoint, everything else is tried again.
fn next(outcome: AttemptOutcome, number: u32, jitter: u16, now: time::OffsetDateTime) -> Next {
    match outcome {
        AttemptOutcome::Answered(200..=299) => Next::Delivered,
        AttemptOutcome::Answered(410) => Next::Gone,
        AttemptOutcome::Failed(error) if error.is_final() => Next::Failed,
        _ => retry_delay(number, jitter).map_or(Next::Failed, |wait| Next::Retry { at: now + wait }),
    }
}

/// What came of an attempt, as it is counted.
fn outcome_word(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Answered(200..=299) => "delivered",
        AttemptOutcome::Answered(300..=399) => "3xx",
        AttemptOutcome::Answered(410) => "gone",
        AttemptOutcome::Answered(400..=499) => "4xx",
        AttemptOutcome::Answered(500..=599) => "5xx",
        AttemptOutcome::Answered(_) => "other_status",
        AttemptOutcome::Failed(error) => error.as_str(),
    }
}

fn word(next: Next) -> &'static str {
    match next {
        Next::Delivered => "delivered",
        Next::Failed => "failed",
        Next::Gone => "gone",
        Next::Retry { .. } => "retry",
    }
}
