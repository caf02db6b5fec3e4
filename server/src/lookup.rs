//! Looking up a token that is not on the board, when somebody asks for it by its address.
//!
//! ```text
//!  address ─▶ found or absent lately? ─▶ being asked? ─▶ share left? ─▶ DexScreener ─▶ merge ─▶ reader
//!                                                                                        └─▶ tray ─▶ poller
//! ```
//!
//! A stranger's address costs one request however many ask for it, and all strangers together a tenth of DexScreener's
//! budget. The poller stays the one writer: what was found is left in its tray, and only once it is worth a row: when it
//! was asked for twice, or trades in a pool with some money.

mod fading;
mod finding;
mod share;
mod tray;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memescope::{Chain, Source, TokenId};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::fading::Fading;
pub use self::finding::Finding;
use self::share::Share;
pub use self::tray::Tray;
use crate::clock::Clock;
use crate::observe;
use crate::sources::{SourceError, Sources};
use crate::store::Store;

/// How long a reader waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an absent token is taken for absent …
const ABSENT_FOR: Duration = Duration::from_secs(600);

/// … and of how many this is remembered.
const MOST_ABSENT: usize = 1_000;

/// How long an answer is given again: the source's own cache says nothing newer.
const FOUND_FOR: Duration = Duration::from_secs(30);

/// … and how many answers are kept.
const MOST_FOUND: usize = 100;

/// How long it is remembered that somebody asked for a token once.
const ASKED_FOR: Duration = Duration::from_secs(3_600);

/// … and of how many tokens.
const MOST_ASKED: usize = 1_000;

/// Look-ups under way.
const MOST_FLIGHTS: usize = 16;

/// Seconds until the next try where nobody knows better.
const RETRY: u64 = 5;

/// Why there is no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The source knows no such token, or knows too little of it.
    #[error("the token is not known")]
    Absent,
    /// The share of the budget is used up.
    #[error("too many unknown tokens are asked for")]
    Overloaded {
        /// Seconds until the next try makes sense.
        retry_after: u64,
    },
    /// The source does not answer.
    #[error("the source does not answer")]
    Unavailable {
        /// Seconds until the next try makes sense.
        retry_after: u64,
    },
    /// The source did not answer in its time.
    #[error("the source did not answer in time")]
    TimedOut,
}

type Outcome = Result<Arc<Finding>, LookupError>;
type Flight = watch::Receiver<Option<Outcome>>;

/// Looks up tokens. Cheap to clone.
#[derive(Clone)]
pub struct Lookups(Arc<Inner>);

struct Inner {
    sources: Sources,
    chains: Vec<Chain>,
    store: Arc<Store>,
    tray: Tray,
    clock: Clock,
    desk: Mutex<Desk>,
}

/// What is remembered of earlier questions.
struct Desk {
    share: Share,
    absent: Fading<()>,
    found: Fading<Arc<Finding>>,
    asked: Fading<()>,
    flights: HashMap<TokenId, Flight>,
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("chains", &self.0.chains).finish_non_exhaustive()
    }
}

impl Lookups {
    /// Asks `sources` about tokens of `chains`, and leaves in the tray what is worth a row.
    pub fn new(sources: Sources, chains: Vec<Chain>, store: Arc<Store>, tray: Tray, clock: Clock) -> Self {
        let desk = Desk {
            share: Share::default(),
            absent: Fading::new(MOST_ABSENT, ABSENT_FOR),
            found: Fading::new(MOST_FOUND, FOUND_FOR),
            asked: Fading::new(MOST_ASKED, ASKED_FOR),
            flights: HashMap::new(),
        };
        Self(Arc::new(Inner { sources, chains, store, tray, clock, desk: Mutex::new(desk) }))
    }

    /// What the source says about a token that is not on the board. Waits two seconds at most.
    pub async fn find(&self, token: &TokenId) -> Outcome {
        if !self.0.chains.contains(token.chain()) {
            return Err(LookupError::Absent);
        }
        let mut flight = match self.begin(token) {
            Ok(outcome) => return self.noted(token, outcome),
            Err(flight) => flight,
        };
        let slow = LookupError::Unavailable { retry_after: 1 };
        let landed = timeout(PATIENCE, flight.wait_for(Option::is_some)).await;
        let outcome = match landed {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(slow)),
            // The look-up goes on; its answer waits for the next question.
            Err(_) => Err(slow),
            // It ended in a panic.
            Ok(Err(_)) => Err(LookupError::Unavailable { retry_after: RETRY }),
        };
        self.noted(token, outcome)
    }

    /// What is known already, or a look-up under way.
    fn begin(&self, token: &TokenId) -> Result<Outcome, Flight> {
        let now = Instant::now();
        let mut desk = self.0.desk();
        if desk.absent.get(token, now).is_some() {
            return Ok(Err(LookupError::Absent));
        }
        if let Some(found) = desk.found.get(token, now) {
            return Ok(Ok(found.clone()));
        }
        if let Some(flight) = desk.flights.get(token) {
            return Err(flight.clone());
        }
        if desk.flights.len() >= MOST_FLIGHTS {
            return Ok(Err(LookupError::Overloaded { retry_after: 1 }));
        }
        if let Err(wait) = desk.share.take(self.per_minute(), now) {
            return Ok(Err(LookupError::Overloaded { retry_after: seconds(wait) }));
        }
        let (tell, flight) = watch::channel(None);
        desk.flights.insert(token.clone(), flight.clone());
        let landing = Landing { inner: self.0.clone(), token: token.clone() };
        tokio::spawn(async move {
            let outcome = landing.inner.ask(&landing.token).await;
            landing.inner.desk().keep(&landing.token, &outcome);
            tell.send_replace(Some(outcome));
            drop(landing);
        });
        Err(flight)
    }

    fn per_minute(&self) -> f64 {
        let reports = self.0.sources.reports();
        reports
            .iter()
            .find(|report| report.source == Source::Dexscreener)
            .map_or(0.0, |report| report.budget.per_minute)
    }

    /// Notes that somebody asked, and tells the poller of a finding that is worth a row.
    fn noted(&self, token: &TokenId, outcome: Outcome) -> Outcome {
        let found = outcome?;
        if found.token.is_none() {
            return Err(LookupError::Absent);
        }
        let now = Instant::now();
        let mut desk = self.0.desk();
        let was_asked = desk.asked.get(token, now).is_some();
        if !was_asked {
            desk.asked.put(token.clone(), (), now);
        }
        if found.has_money || was_asked {
            found.leave(&self.0.tray);
        }
        Ok(found)
    }
}

impl Inner {
    async fn ask(&self, token: &TokenId) -> Outcome {
        match self.sources.dexscreener().token_pairs(token).await {
            Ok(harvest) if harvest.pools.is_empty() => Err(LookupError::Absent),
            Ok(harvest) => {
                let board = &self.store.snapshot().board;
                Ok(Arc::new(Finding::of(token, harvest, board, self.clock.now())))
            }
            Err(error) => {
                observe::source_failed(Source::Dexscreener, "pools", &error);
                if error.is_worth_a_retry() {
                    // It may have been asked twice.
                    self.desk().share.spend(Instant::now());
                }
                Err(failure(error))
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Keeps an answer for those who ask next. A failure is not kept: the source's own pause is enough.
    fn keep(&mut self, token: &TokenId, outcome: &Outcome) {
        let now = Instant::now();
        match outcome {
            Ok(found) => self.found.put(token.clone(), found.clone(), now),
            Err(LookupError::Absent) => self.absent.put(token.clone(), (), now),
            Err(_) => {}
        }
    }
}

/// Ends a look-up, also one that panics.
struct Landing {
    inner: Arc<Inner>,
    token: TokenId,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.inner.desk().flights.remove(&self.token);
    }
}

fn failure(error: SourceError) -> LookupError {
    match error {
        SourceError::Budget { ready_in } => LookupError::Overloaded { retry_after: seconds(ready_in) },
        SourceError::Resting { ready_in } | SourceError::CircuitOpen { ready_in } => {
            LookupError::Unavailable { retry_after: seconds(ready_in) }
        }
        SourceError::RateLimited { retry_after: Some(pause) } => {
            LookupError::Unavailable { retry_after: seconds(pause) }
        }
        SourceError::Timeout => LookupError::TimedOut,
        _ => LookupError::Unavailable { retry_after: RETRY },
    }
}

/// Whole seconds, rounded up, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX).max(1)
}
