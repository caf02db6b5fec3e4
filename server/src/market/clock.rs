//! The market's clock: real time from a fixed start, which an operator may stop and push on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Market time. It runs on tokio's clock, so a test that pauses that one pauses the market too.
#[derive(Debug)]
pub(super) struct Clock {
    start: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Market time gone by before `running`.
    passed: Duration,
    /// Since when it runs; `None` while paused.
    running: Option<Instant>,
}

impl Clock {
    /// A clock that starts now and shows `start`. A start before 1970 is taken as 1970.
    pub(super) fn new(start: SystemTime) -> Self {
        Self {
            start: start.duration_since(UNIX_EPOCH).unwrap_or_default(),
            state: Mutex::new(State { passed: Duration::ZERO, running: Some(Instant::now()) }),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is two plain values: it is whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Unix second at which it started.
    pub(super) fn started(&self) -> i64 {
        i64::try_from(self.start.as_secs()).unwrap_or(i64::MAX)
    }

    /// The Unix second it shows.
    pub(super) fn now(&self) -> i64 {
        let state = self.state();
        let running = state.running.map_or(Duration::ZERO, |since| since.elapsed());
        let shown = self.start + state.passed + running;
        i64::try_from(shown.as_secs()).unwrap_or(i64::MAX)
    }

    pub(super) fn pause(&self) {
        let mut state = self.state();
        if let Some(since) = state.running.take() {
            state.passed += since.elapsed();
        }
    }

    pub(super) fn resume(&self) {
        let mut state = self.state();
        if state.running.is_none() {
            state.running = Some(Instant::now());
        }
    }

    /// Pushes the clock on, whether it runs or not.
    pub(super) fn step(&self, by: Duration) {
        self.state().passed += by;
    }
}
