//! The names of parameters, for REST and the feed alike: which ones there are, and what somebody probably meant.

use memescope::query::{Metric, TokenQuery};
use memescope::{ParameterError, Window};

/// How alike two names must be for a hint.
const ALIKE: f64 = 0.8;

/// Every name of a query of rows, each bound in each of its windows.
pub(crate) fn query_keys() -> Vec<String> {
    let mut keys = TokenQuery::keys();
    for metric in Metric::ALL.into_iter().filter(|metric| metric.is_windowed()) {
        for window in Window::ALL {
            keys.extend(["min", "max"].map(|side| format!("{side}_{}.{window}", metric.name())));
        }
    }
    keys
}

/// Says that nobody knows a name, and which one was probably meant.
pub(crate) fn unknown(key: &str, known: &[String]) -> ParameterError {
    let short: String = key.chars().take(64).collect();
    let alike = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&short, name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let error = |words: String| ParameterError::new(key, "unknown_parameter", words);
    match alike {
        Some((_, name)) => ParameterError {
            allowed: vec![name.clone()],
            ..error(format!("there is no such parameter; did you mean {name}?"))
        },
        None => error("there is no such parameter".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_gets_a_hint() {
        for (wrong, meant) in [
            ("min_liquidity", Some("min_liquidity_usd")),
            ("min_liqudity_usd", Some("min_liquidity_usd")),
            ("chains", Some("chain")),
            ("min_volume_usd.h2", Some("min_volume_usd.h24")),
            ("windows", Some("window")),
            ("zzz", None),
        ] {
            let error = unknown(wrong, &query_keys());
            assert_eq!(error.allowed.first().map(String::as_str), meant, "{wrong}");
        }
    }
}
