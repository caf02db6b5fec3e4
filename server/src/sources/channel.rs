//! The way to one source: gate, client, one retry, and the record of it all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memescope::{Harvest, Source, SourceReport, Timestamp, TokenId};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::backoff;
use super::dice::Dice;
use super::error::SourceError;
use super::gate::{Allowance, Gate, GateMemory};
use super::http::{Answer, HttpClient, Request};
use super::sieve::Sieve;
use crate::clock::Clock;
use crate::observe;

/// How an adapter reads an answer that was true at a moment: what it says goes into the harvest, what is refused into the sieve.
pub(super) trait Read: Fn(&str, Timestamp, &mut Sieve, &mut Harvest) -> Result<(), SourceError> {}

impl<F: Fn(&str, Timestamp, &mut Sieve, &mut Harvest) -> Result<(), SourceError>> Read for F {}

/// The way to one source, shared by all who ask it.
#[derive(Debug)]
pub(super) struct Channel {
    source: Source,
    http: HttpClient,
    gate: Mutex<Gate>,
    permits: Semaphore,
    clock: Clock,
    dice: Dice,
}

impl Channel {
    pub(super) fn new(
        http: HttpClient,
        gate: Gate,
        source: Source,
        concurrency: usize,
        clock: Clock,
        dice: Dice,
    ) -> Self {
        Self { source, http, gate: Mutex::new(gate), permits: Semaphore::new(concurrency.max(1)), clock, dice }
    }

    /// Asks and reads the answer. `asked` are the tokens that the request names.
    ///
    /// A quick failure is asked again once, if the budget and the share of retries allow it. A refusal and any other
    /// 4xx is not.
    pub(super) async fn ask(
        &self,
        request: &Request,
        asked: Vec<TokenId>,
        read: impl Read,
    ) -> Result<Harvest, SourceError> {
        // The semaphore is never closed; were it, going on without a permit would still be right.
        let _permit = self.permits.acquire().await.ok();
        let mut result = self.attempt(request, &read).await;
        if let Err(error) = result
            && error.is_worth_a_retry()
            && self.gate().may_retry()
        {
            sleep(backoff::full_jitter(0, self.dice.roll())).await;
            result = match self.attempt(request, &read).await {
                Err(second) if !second.was_sent() => Err(error),
                second => second,
            };
        }
        if let Ok(harvest) = &mut result {
            harvest.asked = asked;
        }
        result
    }

    async fn attempt(&self, request: &Request, read: &impl Read) -> Result<Harvest, SourceError> {
        self.gate().admit(Instant::now())?;
        let attempt = Attempt { channel: self, started: Instant::now(), recorded: false };
        let result = match self.http.get(request).await {
            Ok(answer) => self.read(&answer, read),
            Err(error) => Err(error),
        };
        attempt.record(&result);
        result
    }

    fn read(&self, answer: &Answer, read: &impl Read) -> Result<Harvest, SourceError> {
        let mut sieve = Sieve::new(answer.fetched_at);
        let mut harvest = Harvest::default();
        read(&answer.body, answer.as_of, &mut sieve, &mut harvest)?;
        harvest.rejects = sieve.into_rejects();
        if !harvest.rejects.is_empty() {
            tracing::debug!(source = %self.source, refused = harvest.rejects.len(), "source sent values that were refused");
        }
        Ok(harvest)
    }

    /// What may be asked now.
    pub(super) fn allowance(&self) -> Allowance {
        self.gate().allowance(Instant::now())
    }

    /// Counts the whole budget as spent just now.
    pub(super) fn spend_all(&self) {
        self.gate().spend_all(Instant::now());
    }

    /// What to keep for the next start.
    pub(super) fn memory(&self) -> GateMemory {
        self.gate().memory(Instant::now(), self.clock.now())
    }

    /// How the source is doing.
    pub(super) fn report(&self) -> SourceReport {
        self.gate().report(Instant::now())
    }

    /// The gate holds plain figures: one that panicked left them as good as before.
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way. Dropped before its end it leaves the gate as if it had not been.
struct Attempt<'a> {
    channel: &'a Channel,
    started: Instant,
    recorded: bool,
}

impl Attempt<'_> {
    fn record(mut self, result: &Result<Harvest, SourceError>) {
        self.recorded = true;
        let Channel { source, clock, dice, .. } = self.channel;
        let took: Duration = self.started.elapsed();
        observe::source_took(*source, took);
        let mut gate = self.channel.gate();
        match result {
            Ok(harvest) => gate.answered(clock.now(), took, harvest),
            Err(error) => {
                gate.failed(Instant::now(), took, *error, dice.roll());
                tracing::debug!(%source, kind = error.kind(), took_ms = took.as_millis(), "source failed");
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.recorded {
            self.channel.gate().given_up();
        }
    }
}
