//! Which past to ask GeckoTerminal for, out of what its lists leave.
//!
//! Its keyless budget is spent on lists as fast as it comes, so that nothing would be left by itself: once in the time
//! that a list takes to say something new, one request in five goes to candles, and at least one if there is any. Hours
//! come first: forty days of them in one answer are a sparkline, a change over seven days and a chart.
//!
//! Pure but for its memory of when it asked for what.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use memescope::{Interval, PoolId, Timestamp, TokenId};

/// What is asked for, the most telling first.
const ORDER: [Interval; 4] = [Interval::H1, Interval::M15, Interval::M1, Interval::D1];

/// What was told is asked for again after this time: what we could not see meanwhile is filled in.
const AGAIN: Duration = Duration::from_secs(86_400);

/// The share of the budget, one in so many.
const SHARE: usize = 5;

/// Requests at one time, however large the budget.
const MOST: usize = 20;

/// A request for the past of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRequest {
    /// Whose.
    pub token: TokenId,
    /// The pool that tells it.
    pub pool: PoolId,
    /// How long its candles are.
    pub interval: Interval,
}

/// Remembers which past was asked for, and when.
#[derive(Debug, Default)]
pub struct PastPlanner {
    asked: HashMap<(TokenId, Interval), Timestamp>,
    turn: Option<Timestamp>,
}

impl PastPlanner {
    /// The requests of this tick. `pace`: how soon a list can say something new; `allowance`: how many requests
    /// GeckoTerminal may be asked now. `watched`: whose past is wanted, the most wanted first, and where it is told.
    pub fn plan(
        &mut self,
        now: Timestamp,
        pace: Duration,
        allowance: usize,
        watched: impl FnOnce() -> Vec<(TokenId, PoolId)>,
    ) -> Vec<PastRequest> {
        if allowance == 0 || self.turn.is_some_and(|turn| now.since(turn) < pace) {
            return Vec::new();
        }
        let watched = watched();
        self.forget(now, &watched);
        let most = (allowance / SHARE).clamp(1, MOST);
        let mut requests = Vec::new();
        for interval in ORDER {
            for (token, pool) in &watched {
                if requests.len() == most {
                    break;
                }
                let key = (token.clone(), interval);
                if self.asked.get(&key).is_none_or(|asked| now.since(*asked) >= AGAIN) {
                    self.asked.insert(key, now);
                    requests.push(PastRequest { token: token.clone(), pool: pool.clone(), interval });
                }
            }
        }
        if !requests.is_empty() {
            self.turn = Some(now);
        }
        requests
    }

    /// Takes back a request that failed: it is made again when its turn comes.
    pub fn failed(&mut self, request: &PastRequest) {
        self.asked.remove(&(request.token.clone(), request.interval));
    }

    /// Keeps the memory within what is watched and what was asked in a day.
    fn forget(&mut self, now: Timestamp, watched: &[(TokenId, PoolId)]) {
        if self.asked.len() <= watched.len() * ORDER.len() * 2 {
            return;
        }
        let watched: HashSet<&TokenId> = watched.iter().map(|(token, _)| token).collect();
        self.asked.retain(|(token, _), asked| watched.contains(token) && now.since(*asked) < AGAIN);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Chain;

    use super::*;

    const PACE: Duration = Duration::from_secs(60);

    fn watched(numbers: std::ops::Range<u8>) -> Vec<(TokenId, PoolId)> {
        let address = |number: u8| bs58::encode([number; 32]).into_string();
        let pair = |number| {
            let chain = Chain::solana();
            let pool = PoolId::new(&chain, &address(number + 100)).unwrap();
            (TokenId::new(&chain, &address(number)).unwrap(), pool)
        };
        numbers.map(pair).collect()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000_000 + secs)
    }

    #[test]
    fn one_request_a_minute_hours_first_and_each_once_a_day() {
        let mut planner = PastPlanner::default();
        let mut made = Vec::new();
        // Three requests to spare at any time: the keyless burst.
        for tick in 0..360 {
            let requests = planner.plan(at(tick * 10), PACE, 3, || watched(1..4));
            assert!(requests.len() <= 1 && (requests.is_empty() || tick % 6 == 0));
            made.extend(requests);
        }
        let intervals: Vec<Interval> = made.iter().map(|request| request.interval).collect();
        assert_eq!(intervals, ORDER.map(|interval| [interval; 3]).concat());
        assert_eq!(planner.plan(at(86_399), PACE, 3, || watched(1..4)), []);
        assert_eq!(planner.plan(at(86_400), PACE, 3, || watched(1..4))[0].interval, Interval::H1);
    }

    #[test]
    fn a_fifth_of_a_large_budget_and_nothing_of_none() {
        let mut planner = PastPlanner::default();
        assert_eq!(planner.plan(at(0), PACE, 0, || watched(1..90)), []);
        assert_eq!(planner.plan(at(1), PACE, 50, || watched(1..90)).len(), 10);
        assert_eq!(planner.plan(at(61), PACE, 20_000, || watched(1..90)).len(), MOST);
    }

    #[test]
    fn what_failed_is_asked_again() {
        let mut planner = PastPlanner::default();
        let first = planner.plan(at(0), PACE, 3, || watched(1..3));
        planner.failed(&first[0]);
        assert_eq!(planner.plan(at(60), PACE, 3, || watched(1..3)), first);
    }

    #[test]
    fn memory_is_bounded_by_what_is_watched() {
        let mut planner = PastPlanner::default();
        for turn in 0..100u8 {
            for step in 0..4 {
                planner.plan(at((i64::from(turn) * 4 + step) * 60), PACE, 100, || watched(turn..turn + 20));
            }
            assert!(planner.asked.len() <= 20 * 4 * 3, "{}", planner.asked.len());
        }
    }
}
