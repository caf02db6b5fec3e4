//! The state of a connection that comes back by itself.
//!
//! ```text
//!  Connecting ──frame──▶ Live ──2 heartbeats of silence──▶ Stale ──3──▶ Reconnecting ──10 s──▶ Disconnected
//!                         ▲                                                  │                     │
//!                         └──────────────────────── frame ───────────────────┴─────────────────────┘
//! ```
//!
//! Times are milliseconds of any clock that never steps back; random numbers lie in 0..1.

/// How long an attempt may take before it is given up.
const ATTEMPT_MS: u64 = 10_000;

/// From when on a lost connection is called lost.
const LOST_MS: u64 = 10_000;

/// The longest wait before the first new attempt; it doubles with each failure.
const FIRST_WAIT_MS: u64 = 500;

/// The longest wait before any attempt.
const LONGEST_WAIT_MS: u64 = 30_000;

/// What a person may be told about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// For the first time.
    Connecting,
    /// Frames arrive.
    Live,
    /// Open, but silent for longer than it should be.
    Stale,
    /// Lost a moment ago.
    Reconnecting,
    /// Lost for a while.
    Disconnected,
}

impl LinkState {
    /// The name in the page's markup.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Reconnecting => "reconnecting",
            Self::Disconnected => "disconnected",
        }
    }
}

/// What the owner of the socket has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkAction {
    /// Nothing.
    Wait,
    /// Open a socket.
    Connect,
    /// Drop the socket; a new attempt follows by itself.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening { since: u64 },
    Open,
    Waiting { until: u64 },
}

/// A connection that comes back by itself.
#[derive(Clone, Debug)]
pub struct Link {
    phase: Phase,
    heartbeat_ms: u64,
    last_frame: Option<u64>,
    lost_at: Option<u64>,
    failures: u32,
}

impl Link {
    /// A connection whose first attempt begins now.
    pub fn new(now: u64) -> Self {
        Self { phase: Phase::Opening { since: now }, heartbeat_ms: 5_000, last_frame: None, lost_at: None, failures: 0 }
    }

    /// The server promises a frame this often.
    pub fn promise(&mut self, heartbeat_ms: u64) {
        self.heartbeat_ms = heartbeat_ms.clamp(500, 60_000);
    }

    /// A frame arrived.
    pub fn frame(&mut self, now: u64) {
        *self = Self { phase: Phase::Open, last_frame: Some(now), lost_at: None, failures: 0, ..*self };
    }

    /// The socket closed or could not be opened. `retry_after_ms`: what the server asked for.
    pub fn closed(&mut self, now: u64, random: f64, retry_after_ms: Option<u64>) {
        self.lost_at.get_or_insert(now);
        let wait = jittered_wait(self.failures, random).max(retry_after_ms.unwrap_or(0).min(LONGEST_WAIT_MS));
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting { until: now.saturating_add(wait) };
    }

    /// What has to be done now; to be asked a few times a second.
    pub fn tick(&mut self, now: u64, random: f64) -> LinkAction {
        match self.phase {
            Phase::Waiting { until } if now >= until => self.retry(now),
            Phase::Opening { since } if now.saturating_sub(since) >= ATTEMPT_MS => {
                self.closed(now, random, None);
                LinkAction::Drop
            }
            Phase::Open if self.silence(now) >= 3 * self.heartbeat_ms => {
                self.closed(now, random, None);
                LinkAction::Drop
            }
            _ => LinkAction::Wait,
        }
    }

    /// Ends the wait before the next attempt: somebody asked for it, or the network is back.
    pub fn retry(&mut self, now: u64) -> LinkAction {
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.phase = Phase::Opening { since: now };
            LinkAction::Connect
        } else {
            LinkAction::Wait
        }
    }

    /// What a person may be told.
    pub fn state(&self, now: u64) -> LinkState {
        match (self.phase, self.lost_at) {
            (Phase::Open, _) if self.silence(now) >= 2 * self.heartbeat_ms => LinkState::Stale,
            (Phase::Open, _) => LinkState::Live,
            (_, None) => LinkState::Connecting,
            (_, Some(lost_at)) if now.saturating_sub(lost_at) < LOST_MS => LinkState::Reconnecting,
            (_, Some(_)) => LinkState::Disconnected,
        }
    }

    /// How long until the next attempt, milliseconds; `None` when none is waiting.
    pub fn retry_in(&self, now: u64) -> Option<u64> {
        match self.phase {
            Phase::Waiting { until } => Some(until.saturating_sub(now)),
            _ => None,
        }
    }

    fn silence(&self, now: u64) -> u64 {
        now.saturating_sub(self.last_frame.unwrap_or(now))
    }
}

/// Full jitter: anywhere between none and a limit that doubles with each failure.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between none and thirty seconds")]
fn jittered_wait(failures: u32, random: f64) -> u64 {
    let limit = FIRST_WAIT_MS.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT_MS);
    (limit as f64 * random.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn silence_is_noticed_and_ends_the_connection() {
        let mut link = Link::new(0);
        assert_eq!(link.state(0), LinkState::Connecting);
        link.frame(100);
        link.promise(1_000);
        for (now, state) in [(2_099, LinkState::Live), (2_100, LinkState::Stale), (3_099, LinkState::Stale)] {
            assert_eq!((link.tick(now, 0.5), link.state(now)), (LinkAction::Wait, state));
        }
        assert_eq!(link.tick(3_100, 0.5), LinkAction::Drop);
        assert_eq!((link.state(3_100), link.retry_in(3_100)), (LinkState::Reconnecting, Some(250)));
        assert_eq!(link.tick(3_349, 0.5), LinkAction::Wait);
        assert_eq!(link.tick(3_350, 0.5), LinkAction::Connect);
        assert_eq!((link.state(3_350), link.retry_in(3_350)), (LinkState::Reconnecting, None));
        assert_eq!(link.state(13_100), LinkState::Disconnected);
        link.frame(13_200);
        assert_eq!(link.state(13_200), LinkState::Live);
    }

    #[test]
    fn an_attempt_that_hangs_is_given_up() {
        let mut link = Link::new(0);
        assert_eq!(link.tick(9_999, 1.0), LinkAction::Wait);
        assert_eq!(link.tick(10_000, 1.0), LinkAction::Drop);
        assert_eq!(link.retry_in(10_000), Some(500));
        assert_eq!(link.retry(10_001), LinkAction::Connect);
        assert_eq!(link.retry(10_002), LinkAction::Wait, "one attempt at a time");
    }

    #[test]
    fn waits_grow_and_honour_the_server() {
        let mut link = Link::new(0);
        for limit in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            link.closed(0, 1.0, None);
            assert_eq!(link.retry_in(0), Some(limit));
        }
        link.frame(5);
        link.closed(5, 0.0, Some(1_500));
        assert_eq!(link.retry_in(5), Some(1_500));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_half_a_minute(failures in any::<u32>(), random in any::<f64>()) {
            prop_assert!(jittered_wait(failures, random) <= LONGEST_WAIT_MS);
        }

        #[test]
        fn it_always_comes_back(steps in proptest::collection::vec((0u64..5_000, 0u8..4), 1..60)) {
            let (mut link, mut now) = (Link::new(0), 0);
            for (passed, what) in steps {
                now += passed;
                match what {
                    0 => link.frame(now),
                    1 => link.closed(now, 0.7, None),
                    _ => { link.tick(now, 0.7); }
                }
            }
            // Left alone it opens a socket within the longest wait, an attempt's time and the watchdog's.
            let connects = (0..600).any(|step| link.tick(now + step * 100, 0.7) == LinkAction::Connect);
            prop_assert!(connects);
        }
    }
}
