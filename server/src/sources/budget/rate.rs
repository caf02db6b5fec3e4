//! A rate as an operator writes it: `60/1m`, `5/1m:3`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// At most `requests` in each `per`, of which at most `burst` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: u32,
    per: Duration,
    burst: u32,
}

/// The text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not of the form.
    #[error("write it as requests/duration, for example 60/1m, or with a burst 5/1m:3")]
    Form,
    /// No request at all, or more than anybody has.
    #[error("the number of requests must lie between 1 and 100000")]
    Requests,
    /// No time at all, or too much.
    #[error("the duration must lie between 1ms and 1d")]
    Duration,
    /// No burst, or a huge one.
    #[error("the burst must lie between 1 and 100000")]
    Burst,
}

impl Rate {
    const MOST: u32 = 100_000;

    /// Checks the three figures.
    pub fn new(requests: u32, per: Duration, burst: u32) -> Result<Self, RateError> {
        if !(1..=Self::MOST).contains(&requests) {
            return Err(RateError::Requests);
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&per) {
            return Err(RateError::Duration);
        }
        if !(1..=Self::MOST).contains(&burst) {
            return Err(RateError::Burst);
        }
        Ok(Self { requests, per, burst })
    }

    /// The most requests at once.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// Requests a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.requests) / self.per.as_secs_f64()
    }

    /// How many requests any rolling [`Rate::window`] may hold.
    pub(super) fn window_requests(self) -> u32 {
        self.requests.max(self.burst)
    }

    /// The rolling span over which the rate holds exactly, bursts included.
    pub(super) fn window(self) -> Duration {
        self.per.mul_f64(f64::from(self.window_requests()) / f64::from(self.requests))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads `N/duration` with an optional `:burst`; without one, a quarter of the requests may come at once.
    fn from_str(text: &str) -> Result<Self, RateError> {
        let (requests, rest) = text.trim().split_once('/').ok_or(RateError::Form)?;
        let (per, burst) = match rest.split_once(':') {
            Some((per, burst)) => (per, Some(burst)),
            None => (rest, None),
        };
        let requests = whole(requests).ok_or(RateError::Form)?;
        let per = humantime::parse_duration(per).map_err(|_| RateError::Form)?;
        let burst = match burst {
            Some(burst) => whole(burst).ok_or(RateError::Form)?,
            None => requests.div_ceil(4).max(1),
        };
        Self::new(requests, per, burst)
    }
}

/// A whole number of digits only; one too large for anything stays too large.
fn whole(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = humantime::format_duration(self.per).to_string();
        write!(f, "{}/{}:{}", self.requests, per.replace(' ', ""), self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_operators_write() {
        for (text, requests, millis, burst) in [
            ("60/1m", 60, 60_000, 15),
            ("5/1m:3", 5, 60_000, 3),
            ("1/2500ms:4", 1, 2_500, 4),
            (" 1/1s ", 1, 1_000, 1),
            ("100/1m30s:100", 100, 90_000, 100),
        ] {
            let rate = Rate::new(requests, Duration::from_millis(millis), burst);
            assert_eq!(text.parse(), rate, "{text}");
            assert_eq!(rate.map(|rate| rate.to_string().parse()), Ok(rate), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_the_rest() {
        for (text, error) in [
            ("", RateError::Form),
            ("60", RateError::Form),
            ("60/", RateError::Form),
            ("60/1", RateError::Form),
            ("-1/1m", RateError::Form),
            ("1.5/1m", RateError::Form),
            ("60/1m:", RateError::Form),
            ("60/1m:x", RateError::Form),
            ("60/1m:3:4", RateError::Form),
            ("0/1m", RateError::Requests),
            ("99999999999999/1m", RateError::Requests),
            ("1/0s", RateError::Duration),
            ("1/2d", RateError::Duration),
            ("1/1m:0", RateError::Burst),
            ("1/1m:100001", RateError::Burst),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(error), "{text}");
            assert!(!error.to_string().is_empty());
        }
    }
}
