//! Reading a query from key and value pairs.
//!
//! A bad value is an error of its own and leaves its key at the default: the API refuses the whole request with all the
//! errors, the page shows a note and goes on.

use std::collections::BinaryHeap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{MAX_IDS, MAX_SEARCH_CHARS, Metric, PAGE_LIQUIDITY_FLOOR, Rank, Sort, SortKey, TokenQuery};
use crate::{Chain, Flag, TokenId, Window, number};

/// A parameter that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterError {
    /// The parameter.
    pub parameter: String,
    /// A stable code: `not_one_of`, `not_a_number`, `out_of_range`, `too_long`, `too_many`, `not_an_id`, `not_a_duration`,
    /// `repeated`.
    pub code: String,
    /// What is wrong, in words. Never repeats more than 64 characters of the input.
    pub detail: String,
    /// What would be right, where that is a short list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

impl ParameterError {
    /// An error with a code and words.
    pub fn new(parameter: &str, code: &str, detail: impl Into<String>) -> Self {
        Self { parameter: excerpt(parameter), code: code.to_owned(), detail: detail.into(), allowed: Vec::new() }
    }

    fn not_one_of(parameter: &str, value: &str, allowed: impl IntoIterator<Item = &'static str>) -> Self {
        let allowed = allowed.into_iter().map(str::to_owned).collect();
        Self { allowed, ..Self::new(parameter, "not_one_of", format!("{} is not allowed here", excerpt(value))) }
    }
}

/// The beginning of a hostile text: at most 64 characters, none of them a control character.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// What came of reading the pairs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The query; a parameter with an error is at its default.
    pub query: TokenQuery,
    /// What could not be read.
    pub errors: Vec<ParameterError>,
    /// Pairs that are no part of a query, in their order.
    pub rest: Vec<(String, String)>,
}

impl TokenQuery {
    /// Every key that `parse` understands, for hints; bounds stand for all their windows.
    pub fn keys() -> Vec<String> {
        let plain = [
            "rank",
            "window",
            "sort",
            "chain",
            "dex",
            "min_age",
            "max_age",
            "verified",
            "with_flags",
            "without_flags",
            "q",
            "ids",
        ];
        let bounds = Metric::ALL.into_iter().flat_map(|m| ["min", "max"].map(|side| format!("{side}_{}", m.name())));
        plain.into_iter().map(str::to_owned).chain(bounds).collect()
    }

    /// Reads a query from decoded pairs, as the API means them: nothing is filtered that was not asked for.
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Parsed {
        let mut parsed = Parsed::default();
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (key.as_ref(), value.as_ref());
            let may_repeat = matches!(key, "chain" | "dex" | "ids" | "with_flags" | "without_flags");
            match parsed.query.read(key, value) {
                Ok(true) if !may_repeat && seen.iter().any(|earlier| earlier == key) => {
                    parsed.errors.push(ParameterError::new(key, "repeated", "this parameter may stand once"));
                }
                Ok(true) => seen.push(key.to_owned()),
                Ok(false) => parsed.rest.push((key.to_owned(), value.to_owned())),
                Err(error) => parsed.errors.push(error),
            }
        }
        parsed.query.settle(&mut parsed.errors);
        parsed
    }

    /// Reads a query from the pairs of the page's address: without a word about liquidity its floor stands.
    pub fn parse_page<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Parsed {
        let mut parsed = Self::parse(pairs);
        let bound = parsed.query.bound(Metric::LiquidityUsd, None).copied();
        let min = match bound.and_then(|bound| bound.min) {
            None => Some(PAGE_LIQUIDITY_FLOOR),
            Some(min) if min <= 0.0 => None,
            some => some,
        };
        parsed.query.set_bound(Metric::LiquidityUsd, None, min, bound.and_then(|bound| bound.max));
        parsed
    }

    /// Reads one pair; `false` when the key is no part of a query.
    fn read(&mut self, key: &str, value: &str) -> Result<bool, ParameterError> {
        match key {
            "rank" => {
                self.rank = Rank::ALL
                    .into_iter()
                    .find(|rank| rank.name() == value)
                    .ok_or_else(|| ParameterError::not_one_of(key, value, Rank::ALL.map(Rank::name)))?;
            }
            "window" => self.window = read_window(key, value)?,
            "sort" => self.sort = Some(read_sort(value)?),
            "chain" => {
                for slug in list(value) {
                    let chain = Chain::parse(slug);
                    self.chains.push(chain.ok_or_else(|| ParameterError::new(key, "not_one_of", "not a chain"))?);
                }
            }
            "dex" => {
                for dex in list(value) {
                    let plain = dex.len() <= 64 && dex.bytes().all(|byte| byte.is_ascii_graphic());
                    if !plain {
                        return Err(ParameterError::new(key, "not_one_of", "not a venue"));
                    }
                    self.dexes.push(dex.to_owned());
                }
            }
            "min_age" => self.min_age = Some(read_age(key, value)?),
            "max_age" => self.max_age = Some(read_age(key, value)?),
            "verified" => {
                self.verified =
                    Some(value.parse().map_err(|_| ParameterError::not_one_of(key, value, ["true", "false"]))?);
            }
            "with_flags" => read_flags(key, value, &mut self.with_flags)?,
            "without_flags" => read_flags(key, value, &mut self.without_flags)?,
            "q" => {
                if value.chars().count() > MAX_SEARCH_CHARS {
                    return Err(ParameterError::new(key, "too_long", format!("at most {MAX_SEARCH_CHARS} characters")));
                }
                let text = value.trim();
                self.q = (!text.is_empty()).then(|| text.to_owned());
            }
            "ids" => {
                for text in list(value) {
                    let id: TokenId = text.parse().map_err(|error| {
                        ParameterError::new(key, "not_an_id", format!("{}: {error}", excerpt(text)))
                    })?;
                    if !self.ids.contains(&id) {
                        self.ids.push(id);
                    }
                    if self.ids.len() > MAX_IDS {
                        return Err(ParameterError::new(key, "too_many", format!("at most {MAX_IDS} ids")));
                    }
                }
            }
            _ => return self.read_bound(key, value),
        }
        Ok(true)
    }

    fn read_bound(&mut self, key: &str, value: &str) -> Result<bool, ParameterError> {
        let (is_min, rest) = match (key.strip_prefix("min_"), key.strip_prefix("max_")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Ok(false),
        };
        let (name, window) = match rest.split_once('.') {
            Some((name, window)) => (name, Some(window)),
            None => (rest, None),
        };
        let Some(metric) = Metric::ALL.into_iter().find(|metric| metric.name() == name) else {
            return Ok(false);
        };
        let window = match window {
            Some(_) if !metric.is_windowed() => return Ok(false),
            Some(window) => Some(read_window(key, window)?),
            None => None,
        };
        let number = number::parse(value)
            .ok_or_else(|| ParameterError::new(key, "not_a_number", format!("{} is not a number", excerpt(value))))?;
        if metric != Metric::ChangePct && number < 0.0 {
            return Err(ParameterError::new(key, "out_of_range", "this figure is never negative"));
        }
        let (mut min, mut max) = self.bound(metric, window).map_or((None, None), |bound| (bound.min, bound.max));
        *(if is_min { &mut min } else { &mut max }) = Some(number);
        self.set_bound(metric, window, min, max);
        Ok(true)
    }

    /// Brings lists into one order and refuses ranges that nothing can pass.
    fn settle(&mut self, errors: &mut Vec<ParameterError>) {
        in_order(&mut self.chains);
        in_order(&mut self.dexes);
        in_order(&mut self.with_flags);
        in_order(&mut self.without_flags);
        for bound in &self.bounds {
            if let (Some(min), Some(max)) = (bound.min, bound.max)
                && min > max
            {
                let name = format!("min_{}", bound.metric.name());
                errors.push(ParameterError::new(&name, "out_of_range", "the minimum is above the maximum"));
            }
        }
        if let (Some(min), Some(max)) = (self.min_age, self.max_age)
            && min > max
        {
            errors.push(ParameterError::new("min_age", "out_of_range", "the minimum is above the maximum"));
        }
    }
}

/// Sorts a list and takes out what stands in it twice. A heap, because it is short: `sort` would add several kilobytes to
/// the browser's module for each kind of list.
fn in_order<T: Ord>(items: &mut Vec<T>) {
    *items = BinaryHeap::from(std::mem::take(items)).into_sorted_vec();
    items.dedup();
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn read_window(key: &str, value: &str) -> Result<Window, ParameterError> {
    value.parse().map_err(|_| ParameterError::not_one_of(key, value, Window::ALL.map(Window::name)))
}

fn read_sort(value: &str) -> Result<Sort, ParameterError> {
    // Spellings of older clients; they always mean largest first.
    let older = match value.trim_start_matches('-') {
        "volume" => Some(SortKey::VolumeUsd),
        "price" => Some(SortKey::PriceUsd),
        "marketCap" => Some(SortKey::MarketCapUsd),
        "priceChange" => Some(SortKey::ChangePct),
        _ => None,
    };
    if let Some(key) = older {
        return Ok(Sort { key, descending: true });
    }
    let (descending, name) = value.strip_prefix('-').map_or((false, value), |name| (true, name));
    SortKey::ALL
        .into_iter()
        .find(|key| key.name() == name)
        .map(|key| Sort { key, descending })
        .ok_or_else(|| ParameterError::not_one_of("sort", value, SortKey::ALL.map(SortKey::name)))
}

fn read_age(key: &str, value: &str) -> Result<Duration, ParameterError> {
    humantime::parse_duration(value)
        .ok()
        .filter(|age| age.as_secs() < 100 * 365 * 86_400)
        .map(|age| Duration::from_secs(age.as_secs()))
        .ok_or_else(|| ParameterError::new(key, "not_a_duration", "write an age like 90s, 30m, 24h or 7d"))
}

fn read_flags(key: &str, value: &str, flags: &mut Vec<Flag>) -> Result<(), ParameterError> {
    for code in list(value) {
        let allowed = || Flag::ALL.iter().map(|flag| flag.code());
        flags.push(code.parse().map_err(|_| ParameterError::not_one_of(key, code, allowed()))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Parsed {
        TokenQuery::parse(text.split('&').filter_map(|pair| pair.split_once('=')))
    }

    #[test]
    fn reads_every_kind_of_parameter_and_writes_it_back() {
        let id = crate::testing::token_id(9).to_string();
        let text = format!(
            "rank=gainers&window=h1&sort=-volume_usd&chain=base,solana&dex=orca&min_liquidity_usd=10000&\
             min_volume_usd.m5=5&max_volume_usd.m5=50.5&min_age=30m&max_age=1day&verified=true&with_flags=new&\
             without_flags=lookalike,wash&q=cat dog&ids={id}"
        );
        let parsed = parse(&text);
        assert_eq!(parsed.errors, vec![]);
        let written = parsed.query.to_pairs();
        let again: Vec<String> = written.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(again.join("&"), text);
        assert_eq!(TokenQuery::parse(written).query, parsed.query);
    }

    #[test]
    fn names_the_parameter_that_is_wrong() {
        for (text, parameter, code) in [
            ("rank=best", "rank", "not_one_of"),
            ("window=2h", "window", "not_one_of"),
            ("sort=up", "sort", "not_one_of"),
            ("min_liquidity_usd=NaN", "min_liquidity_usd", "not_a_number"),
            ("min_liquidity_usd=-1", "min_liquidity_usd", "out_of_range"),
            ("min_txns=1&min_txns=2", "min_txns", "repeated"),
            ("min_price_usd=2&max_price_usd=1", "min_price_usd", "out_of_range"),
            ("min_age=soon", "min_age", "not_a_duration"),
            ("verified=maybe", "verified", "not_one_of"),
            ("with_flags=ugly", "with_flags", "not_one_of"),
            ("ids=WIF", "ids", "not_an_id"),
            ("min_volume_usd.2h=1", "min_volume_usd.2h", "not_one_of"),
        ] {
            let errors = parse(text).errors;
            let found: Vec<_> = errors.iter().map(|error| (error.parameter.as_str(), error.code.as_str())).collect();
            assert_eq!(found, vec![(parameter, code)], "{text}");
        }
    }

    #[test]
    fn leaves_foreign_keys_to_the_caller() {
        let parsed = parse("limit=5&min_charm=1&min_holders.h1=2&rank=top");
        let rest: Vec<_> = parsed.rest.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(rest, ["limit", "min_charm", "min_holders.h1"]);
        assert_eq!(parsed.query.rank, Rank::Top);
    }

    #[test]
    fn older_spellings_descend() {
        for (text, key) in [("sort=volume", SortKey::VolumeUsd), ("sort=marketCap", SortKey::MarketCapUsd)] {
            assert_eq!(parse(text).query.sort, Some(Sort { key, descending: true }));
        }
        assert_eq!(parse("window=24h").query.window, Window::H24);
    }

    #[test]
    fn the_pages_floor_is_a_default_that_can_be_removed() {
        let floor = |text: &str| {
            let parsed = TokenQuery::parse_page(text.split('&').filter_map(|pair| pair.split_once('=')));
            (parsed.query.bound(Metric::LiquidityUsd, None).and_then(|bound| bound.min), parsed.query.to_page_pairs())
        };
        assert_eq!(floor(""), (Some(PAGE_LIQUIDITY_FLOOR), vec![]));
        let removed = vec![("min_liquidity_usd".to_owned(), "0".to_owned())];
        assert_eq!(floor("min_liquidity_usd=0"), (None, removed));
        let raised = vec![("min_liquidity_usd".to_owned(), "50000".to_owned())];
        assert_eq!(floor("min_liquidity_usd=50000"), (Some(50_000.0), raised));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(key in "[a-z_.0-9]{0,20}", value in "\\PC{0,80}") {
            let parsed = TokenQuery::parse([(key.as_str(), value.as_str())]);
            prop_assert!(parsed.errors.iter().all(|error| error.detail.chars().count() < 200));
        }

        #[test]
        fn canonical_pairs_are_a_fixed_point(
            key in proptest::sample::select(TokenQuery::keys()), value in "[a-z0-9,.-]{1,12}",
        ) {
            let once = TokenQuery::parse([(key, value)]).query;
            prop_assert_eq!(TokenQuery::parse(once.to_pairs()).query, once);
        }
    }
}
