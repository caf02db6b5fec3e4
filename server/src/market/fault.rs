//! Faults on request: a script says which upstream misbehaves how and when.
//!
//! `dexscreener:429@10s-30s;gecko:hang@5s;jupiter:html@0s-;all:500@60s-70s`: rules separated by
//! `;`, each `source:kind[=duration]@from-to`. An open end (`0s-`) lasts for ever, a single time
//! (`5s`) strikes once, at the first request from then on. Times count from the market's start,
//! or from when the script was given to a running one.

use std::str::FromStr;
use std::time::Duration;

/// An upstream the market speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// The paths below `/dexscreener`.
    DexScreener,
    /// The paths below `/geckoterminal/api/v2`.
    GeckoTerminal,
    /// The paths below `/jupiter`.
    Jupiter,
}

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 429 with the upstream's own body; with a `Retry-After` if one was given (`429=5s`).
    TooMany(Option<Duration>),
    /// 500.
    Internal,
    /// No answer at all.
    Hang,
    /// The right answer, a few bytes at a time; a pause between them may be given (`drip=100ms`).
    Drip(Duration),
    /// The first half of the right answer.
    Truncate,
    /// 403 and a page of HTML, as a blocked network gets it.
    Html,
    /// 200 and a well-formed answer with nothing in it.
    Empty,
    /// 200 and not one byte.
    Blank,
}

/// One rule of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// `None` strikes all three.
    pub source: Option<Upstream>,
    /// What happens.
    pub kind: FaultKind,
    /// From this time on.
    pub from: Duration,
    /// When it is over.
    pub until: Until,
}

/// When a fault is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Before this time.
    Before(Duration),
    /// After one request.
    Once,
    /// Never.
    Never,
}

/// The faults a market is to show. Parsed from text; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultScript {
    rules: Vec<FaultRule>,
}

/// Why a fault script was refused: one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The rule is not of the form `source:kind@times`.
    #[error("fault {0:?} is not of the form source:kind@from-to, for example jupiter:429@10s-30s")]
    Form(String),
    /// No such source.
    #[error("fault source {0:?} is not one of dexscreener, gecko, jupiter, all")]
    Source(String),
    /// No such kind.
    #[error("fault kind {0:?} is not one of 429, 500, hang, drip, truncate, html, empty, blank")]
    Kind(String),
    /// Only two kinds take a duration.
    #[error("fault kind {0:?} takes no duration; only 429 and drip do")]
    Argument(String),
    /// Not a time.
    #[error("fault time {0:?} is not a duration such as 10s or 1m30s")]
    Time(String),
    /// The end is not after the beginning.
    #[error("fault {0:?} ends before it begins")]
    Order(String),
}

impl FromStr for FaultScript {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let rules =
            text.split(';').map(str::trim).filter(|rule| !rule.is_empty()).map(parse_rule).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }
}

fn parse_rule(rule: &str) -> Result<FaultRule, FaultError> {
    let form = || FaultError::Form(rule.to_owned());
    let (source, rest) = rule.split_once(':').ok_or_else(form)?;
    let (kind, times) = match rest.split_once('@') {
        Some((kind, times)) => (kind, Some(times.trim())),
        None => (rest, None),
    };
    let source = match source.trim() {
        "all" => None,
        "dexscreener" => Some(Upstream::DexScreener),
        "gecko" | "geckoterminal" => Some(Upstream::GeckoTerminal),
        "jupiter" => Some(Upstream::Jupiter),
        other => return Err(FaultError::Source(other.to_owned())),
    };
    let (kind, argument) = match kind.trim().split_once('=') {
        Some((kind, argument)) => (kind, Some(parse_time(argument)?)),
        None => (kind.trim(), None),
    };
    let kind = match (kind, argument) {
        ("429", after) => FaultKind::TooMany(after),
        ("drip", pause) => FaultKind::Drip(pause.unwrap_or(Duration::from_millis(200))),
        ("500" | "hang" | "truncate" | "html" | "empty" | "blank", Some(_)) => {
            return Err(FaultError::Argument(kind.to_owned()));
        }
        ("500", None) => FaultKind::Internal,
        ("hang", None) => FaultKind::Hang,
        ("truncate", None) => FaultKind::Truncate,
        ("html", None) => FaultKind::Html,
        ("empty", None) => FaultKind::Empty,
        ("blank", None) => FaultKind::Blank,
        _ => return Err(FaultError::Kind(kind.to_owned())),
    };
    let (from, until) = match times {
        None => (Duration::ZERO, Until::Never),
        Some(times) => match times.split_once('-') {
            None => (parse_time(times)?, Until::Once),
            Some((from, "")) => (parse_time(from)?, Until::Never),
            Some((from, to)) => (parse_time(from)?, Until::Before(parse_time(to)?)),
        },
    };
    if matches!(until, Until::Before(end) if end <= from) {
        return Err(FaultError::Order(rule.to_owned()));
    }
    Ok(FaultRule { source, kind, from, until })
}

fn parse_time(text: &str) -> Result<Duration, FaultError> {
    humantime::parse_duration(text.trim()).map_err(|_| FaultError::Time(text.trim().to_owned()))
}

/// A script at work: it knows which of its single strikes are spent.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<(FaultRule, bool)>,
}

impl Faults {
    pub(super) fn new(script: &FaultScript) -> Self {
        Self { rules: script.rules.iter().map(|rule| (*rule, false)).collect() }
    }

    /// What befalls a request to this upstream so long after the script began. The first rule
    /// that applies decides.
    pub(super) fn strike(&mut self, source: Upstream, after: Duration) -> Option<FaultKind> {
        for (rule, spent) in &mut self.rules {
            if rule.source.is_some_and(|only| only != source) || after < rule.from {
                continue;
            }
            match rule.until {
                Until::Before(end) if after >= end => {}
                Until::Once if *spent => {}
                Until::Once => {
                    *spent = true;
                    return Some(rule.kind);
                }
                Until::Before(_) | Until::Never => return Some(rule.kind),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use FaultKind::{Hang, Html, Internal, TooMany};
    use Upstream::{DexScreener, GeckoTerminal, Jupiter};

    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_script_strikes_by_source_and_time() {
        let script: FaultScript =
            "dexscreener:429=7s@10s-30s;gecko:hang@5s; jupiter:html@0s-;all:500@60s-70s".parse().unwrap();
        let mut faults = Faults::new(&script);
        for (source, at, expected) in [
            (DexScreener, 9, None),
            (DexScreener, 10, Some(TooMany(Some(seconds(7))))),
            (DexScreener, 30, None),
            (GeckoTerminal, 4, None),
            (GeckoTerminal, 8, Some(Hang)),
            (GeckoTerminal, 9, None),
            (GeckoTerminal, 60, Some(Internal)),
            (Jupiter, 65, Some(Html)),
            (DexScreener, 69, Some(Internal)),
            (DexScreener, 70, None),
        ] {
            assert_eq!(faults.strike(source, seconds(at)), expected, "{source:?} at {at}");
        }
    }

    #[test]
    fn a_bad_script_is_refused_with_a_sentence() {
        for (text, part) in [
            ("nonsense", "not of the form"),
            ("mars:500@1s", "not one of dexscreener"),
            ("jupiter:418@1s", "not one of 429"),
            ("jupiter:500=3s@1s", "takes no duration"),
            ("jupiter:500@soon", "not a duration"),
            ("jupiter:500@9s-3s", "ends before"),
        ] {
            let error = text.parse::<FaultScript>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn no_rules_no_faults() {
        let script: FaultScript = " ; ".parse().unwrap();
        assert_eq!(script, FaultScript::default());
        assert_eq!(Faults::new(&script).strike(Upstream::Jupiter, Duration::ZERO), None);
    }
}
