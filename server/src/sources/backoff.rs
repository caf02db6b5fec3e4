//! How long to leave a source alone.
//!
//! Rules without a clock and without dice: the moment and the roll (in `0..1`) are arguments.

use std::time::{Duration, UNIX_EPOCH};

use memescope::{Source, Timestamp};

/// The shortest ceiling of a jittered pause.
const BASE: Duration = Duration::from_millis(500);

/// The longest pause that we choose ourselves.
const CAP: Duration = Duration::from_secs(60);

/// The longest pause that a source can talk us into.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// How much longer than asked we wait, at most: as a part of it.
const COURTESY: f64 = 0.2;

/// A pause with full jitter: anything up to a ceiling that doubles from half a second to a minute.
pub(super) fn full_jitter(attempt: u32, roll: f64) -> Duration {
    ceiling(BASE, attempt).mul_f64(unit(roll))
}

/// `base`, doubled `attempt` times, at most a minute.
pub(super) fn ceiling(base: Duration, attempt: u32) -> Duration {
    base.saturating_mul(1 << attempt.min(16)).min(CAP)
}

/// The least pause after a refusal, whatever the source says: GeckoTerminal's `retry-after: 0` means nothing,
/// DexScreener gives no hint, and one slot of Jupiter frees in its own time.
const fn least_pause(source: Source) -> Duration {
    match source {
        Source::Dexscreener => Duration::from_secs(3),
        Source::Geckoterminal => Duration::from_secs(10),
        Source::Jupiter => Duration::from_millis(2_500),
    }
}

/// The pause after the `streak`-th refusal in a row (from 1). What the source asked for is honoured with up to a fifth
/// on top; without a wish the pause grows from the source's least to a minute.
pub(super) fn after_refusal(source: Source, streak: u32, asked: Option<Duration>, roll: f64) -> Duration {
    let least = least_pause(source);
    if let Some(asked) = asked {
        let courtesy = 1.0 + COURTESY * unit(roll);
        asked.max(least).min(LONGEST_PAUSE).mul_f64(courtesy).min(LONGEST_PAUSE)
    } else {
        let spread = ceiling(least, streak).saturating_sub(least);
        // Each step's pause lies in the upper half of its span, so that the pauses grow.
        least + spread.mul_f64(f64::midpoint(unit(roll), f64::from(streak > 1)))
    }
}

/// What `Retry-After` asks for: seconds or an HTTP date. Zero, negative and unreadable values ask for nothing; more
/// than fifteen minutes is fifteen minutes.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let pause = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are more than fifteen minutes, too.
        value.parse().map_or(LONGEST_PAUSE, Duration::from_secs)
    } else {
        until(httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?, now)
    };
    (pause > Duration::ZERO).then(|| pause.min(LONGEST_PAUSE))
}

/// What Jupiter's `x-ratelimit-reset` asks for: the Unix second at which one slot frees.
pub(super) fn rate_limit_reset(value: &str, now: Timestamp) -> Option<Duration> {
    let pause = until(Duration::from_secs(value.trim().parse().ok()?), now);
    (pause > Duration::ZERO).then(|| pause.min(LONGEST_PAUSE))
}

/// How far ahead a moment since 1970 lies.
fn until(since_1970: Duration, now: Timestamp) -> Duration {
    let now = Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
    since_1970.saturating_sub(now)
}

/// A roll that can be multiplied with.
fn unit(roll: f64) -> f64 {
    if roll.is_finite() { roll.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_628_375);

    #[test]
    fn retry_after_is_read_in_both_forms() {
        for (value, seconds) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("000", None),
            ("٣", None),
            ("99999", Some(900)),
            ("99999999999999999999999", Some(900)),
            ("Monday, 28-Sep-26 20:46:25 GMT", Some(10)),
            ("Mon Sep 28 20:46:25 2026", Some(10)),
            ("Mon, 28 Sep 2026 20:46:25 GMT", Some(10)),
            ("Mon, 28 Sep 2026 20:46:15 GMT", None),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(900)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ] {
            assert_eq!(retry_after(value, NOW), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn reset_is_a_unix_second() {
        for (value, seconds) in [
            ("1790628379", Some(4)),
            ("1790628375", None),
            ("1", None),
            ("-1", None),
            ("nonsense", None),
            ("18446744073709551615", Some(900)),
        ] {
            assert_eq!(rate_limit_reset(value, NOW), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let dexscreener = |streak| after_refusal(Source::Dexscreener, streak, None, 1.0).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 60].map(dexscreener), [4, 12, 24, 48, 60, 60]);
        let gecko = |streak| after_refusal(Source::Geckoterminal, streak, None, 0.0).as_secs();
        assert_eq!([1, 2, 3, 4, 60].map(gecko), [10, 25, 35, 35, 35]);
    }

    #[test]
    fn a_wish_is_honoured_above_the_least_pause() {
        let pause = |source, asked, roll| after_refusal(source, 1, Some(Duration::from_secs(asked)), roll).as_millis();
        assert_eq!(pause(Source::Dexscreener, 7, 0.0), 7_000);
        assert_eq!(pause(Source::Dexscreener, 7, 1.0), 8_400);
        assert_eq!(pause(Source::Geckoterminal, 7, 0.0), 10_000);
        assert_eq!(pause(Source::Jupiter, 1, 0.0), 2_500);
        assert_eq!(pause(Source::Jupiter, 900, 1.0), 900_000);
    }

    proptest! {
        #[test]
        fn jitter_stays_below_its_ceiling(attempt in any::<u32>(), roll in any::<f64>()) {
            let pause = full_jitter(attempt, roll);
            prop_assert!(pause <= CAP);
            prop_assert!(attempt > 0 || pause <= BASE);
        }

        #[test]
        fn refusals_never_ask_sooner_than_the_least_pause(streak in any::<u32>(), asked in prop::option::of(any::<u64>()), roll in any::<f64>()) {
            for source in Source::ALL {
                let pause = after_refusal(source, streak, asked.map(Duration::from_secs), roll);
                prop_assert!(pause >= least_pause(source) && pause <= LONGEST_PAUSE);
                if let Some(asked) = asked {
                    prop_assert!(pause >= Duration::from_secs(asked).min(LONGEST_PAUSE));
                }
            }
        }

        #[test]
        fn no_header_is_too_odd(value in "\\PC{0,40}") {
            let _ = (retry_after(&value, NOW), rate_limit_reset(&value, NOW));
        }
    }
}
