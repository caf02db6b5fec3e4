//! Spans of time and clock times.

use std::time::Duration;

use crate::Timestamp;

/// The steps of an age: how many seconds one is, its short name, its word.
const STEPS: [(u64, &str, &str); 6] = [
    (365 * 86_400, "y", "year"),
    (30 * 86_400, "mo", "month"),
    (86_400, "d", "day"),
    (3_600, "h", "hour"),
    (60, "m", "minute"),
    (1, "s", "second"),
];

fn largest_step(age: Duration) -> (u64, &'static str, &'static str) {
    let secs = age.as_secs();
    STEPS
        .into_iter()
        .find(|(unit, ..)| secs >= *unit)
        .map_or((secs, "s", "second"), |(unit, short, word)| (secs / unit, short, word))
}

/// How old something was at `as_of`, in its largest unit: `41m`, `3h`, `2y`.
pub fn age(since: Timestamp, as_of: Timestamp) -> String {
    let (number, short, _) = largest_step(as_of.since(since));
    format!("{number}{short}")
}

/// The same in words: `3 hours`.
pub fn age_spoken(since: Timestamp, as_of: Timestamp) -> String {
    span_words(as_of.since(since))
}

/// A span in words, in its largest unit: `1 minute`, `6 minutes`.
pub fn span_words(span: Duration) -> String {
    let (number, _, word) = largest_step(span);
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// How far behind something is, for a line that is read at a glance: `1.4 s`, `42 s`, `6 min`, `3 h`, `2 d`.
pub fn lag(span: Duration) -> String {
    let secs = span.as_secs();
    match secs {
        0..10 => format!("{secs}.{} s", span.subsec_millis() / 100),
        10..60 => format!("{secs} s"),
        60..3_600 => format!("{} min", secs / 60),
        3_600..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} d", secs / 86_400),
    }
}

/// A moment as the clock showed it: `21:54:31`, `offset_minutes` east of UTC.
pub fn clock(at: Timestamp, offset_minutes: i32) -> String {
    let secs = (at.millis().div_euclid(1_000) + i64::from(offset_minutes) * 60).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (secs, short, spoken) in [
            (0, "0s", "0 seconds"),
            (59, "59s", "59 seconds"),
            (60, "1m", "1 minute"),
            (2_460, "41m", "41 minutes"),
            (3_600 * 3 + 1_799, "3h", "3 hours"),
            (86_400 * 6, "6d", "6 days"),
            (86_400 * 29, "29d", "29 days"),
            (86_400 * 30 * 11, "11mo", "11 months"),
            (86_400 * 800, "2y", "2 years"),
        ] {
            let since = now.minus(Duration::from_secs(secs));
            assert_eq!((age(since, now).as_str(), age_spoken(since, now).as_str()), (short, spoken));
        }
        assert_eq!(age(now.plus(Duration::from_secs(9)), now), "0s", "a clock may step back");
    }

    #[test]
    fn lags_and_clock_times() {
        for (millis, expected) in
            [(1_430, "1.4 s"), (42_000, "42 s"), (360_000, "6 min"), (7_200_000, "2 h"), (200_000_000, "2 d")]
        {
            assert_eq!(lag(Duration::from_millis(millis)), expected);
        }
        let at = Timestamp::from_millis(1_795_384_503_412);
        assert_eq!((clock(at, 0).as_str(), clock(at, 150).as_str()), ("21:55:03", "00:25:03"));
        assert_eq!(clock(Timestamp::from_secs(10), -1).as_str(), "23:59:10");
    }
}
