//! Filters in the words of the page.

use memescope::query::{Metric, SortKey};
use memescope::{Flag, TokenQuery, Window, format};

/// A filter that stands, as its chip shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chip {
    /// The parameter, by which the chip is removed.
    pub(crate) key: String,
    /// `Liquidity`
    pub(crate) name: String,
    /// `≥ $10K`
    pub(crate) value: String,
}

impl Chip {
    /// `Liquidity ≥ $10K`
    pub(crate) fn words(&self) -> String {
        if self.value.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.value) }
    }
}

/// The filters of a query, one chip for each parameter.
pub(crate) fn chips(query: &TokenQuery) -> Vec<Chip> {
    let ordering = ["rank", "window", "sort"];
    query
        .to_pairs()
        .into_iter()
        .filter(|(key, _)| !ordering.contains(&key.as_str()))
        .map(|(key, value)| {
            let (name, value) = words(&key, &value);
            Chip { key, name, value }
        })
        .collect()
}

fn words(key: &str, value: &str) -> (String, String) {
    let list = |value: &str| value.replace(',', ", ");
    let plain = |name: &str, value: String| (name.to_owned(), value);
    match key {
        "chain" => {
            let mut chain = list(value);
            chain.get_mut(..1).map(str::make_ascii_uppercase).unwrap_or_default();
            plain("Chain", chain)
        }
        "dex" => plain("Venue", list(value)),
        "min_age" => plain("Age", format!("≥ {}", short_span(value))),
        "max_age" => plain("Age", format!("≤ {}", short_span(value))),
        "verified" => plain(if value == "true" { "Verified" } else { "Not verified" }, String::new()),
        "with_flags" => plain("With", flag_list(value)),
        "without_flags" => plain("Without", flag_list(value)),
        "q" => plain("Search", format!("“{value}”")),
        "ids" => plain("Picked tokens", value.split(',').count().to_string()),
        _ => bound_words(key, value),
    }
}

/// `1day 2h` as people write it beside a bound: `1d 2h`.
fn short_span(value: &str) -> String {
    value.replace("days", "d").replace("day", "d")
}

fn flag_list(value: &str) -> String {
    let word = |code: &str| code.parse::<Flag>().map_or_else(|_| code.to_owned(), |flag| flag.words().to_owned());
    value.split(',').map(word).collect::<Vec<_>>().join(", ")
}

fn bound_words(key: &str, value: &str) -> (String, String) {
    let (sign, rest) = match key.strip_prefix("min_") {
        Some(rest) => ("≥", rest),
        None => ("≤", key.strip_prefix("max_").unwrap_or(key)),
    };
    let (metric, window) = rest.split_once('.').map_or((rest, None), |(metric, window)| (metric, Some(window)));
    let metric = Metric::ALL.into_iter().find(|known| known.name() == metric);
    let name = metric.map_or(rest, |metric| metric_words(metric));
    let window = window.and_then(|window| window.parse::<Window>().ok()).map(|window| format!(" {}", window.label()));
    let number = memescope::number::parse(value).unwrap_or_default();
    let shown = match metric {
        Some(Metric::ChangePct) => format!("{value}%"),
        Some(Metric::Txns | Metric::Traders | Metric::Holders) | None => value.to_owned(),
        Some(Metric::PriceUsd) => format!("${value}"),
        Some(Metric::LiquidityUsd | Metric::MarketCapUsd | Metric::VolumeUsd) => format::floor(number),
    };
    (format!("{name}{}", window.unwrap_or_default()), format!("{sign} {shown}"))
}

fn metric_words(metric: Metric) -> &'static str {
    match metric {
        Metric::LiquidityUsd => "Liquidity",
        Metric::MarketCapUsd => "Market cap",
        Metric::VolumeUsd => "Volume",
        Metric::Txns => "Transactions",
        Metric::Traders => "Traders",
        Metric::ChangePct => "Change",
        Metric::PriceUsd => "Price",
        Metric::Holders => "Holders",
    }
}

/// A column in the middle of a sentence.
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server announces nothing"))]
pub(crate) fn sort_words(key: SortKey) -> &'static str {
    match key {
        SortKey::PriceUsd => "price",
        SortKey::ChangePct => "change",
        SortKey::VolumeUsd => "volume",
        SortKey::Txns => "transactions",
        SortKey::Traders => "traders",
        SortKey::LiquidityUsd => "liquidity",
        SortKey::MarketCapUsd => "market cap",
        SortKey::Age => "age",
        SortKey::Rank => "rank",
        SortKey::Symbol => "symbol",
    }
}

/// A window in words.
pub(crate) fn window_words(window: Window) -> &'static str {
    match window {
        Window::M5 => "5 minutes",
        Window::H1 => "1 hour",
        Window::H6 => "6 hours",
        Window::H24 => "24 hours",
        Window::D7 => "7 days",
    }
}

/// Why a flag is a reason for care, in one sentence.
pub(crate) fn flag_sentence(flag: Flag) -> &'static str {
    match flag {
        Flag::LowLiquidity => "Little liquidity: under $10K, or under a hundredth of the market cap",
        Flag::Lookalike => "Looks like a better known token with another address",
        Flag::FakeLiquidity => "A pool claims far more liquidity than it can back",
        Flag::Wash => "The same money seems to be traded back and forth",
        Flag::PriceDisputed => "Sources differ about the price by over 10 percent",
        Flag::PoolConflict => "Two sources differ about one pool",
        Flag::Suspect => "A figure that is hard to believe",
        Flag::MintAuthority => "Somebody can still mint more of it",
        Flag::FreezeAuthority => "Somebody can still freeze wallets",
        Flag::Top10Concentration => "Ten wallets hold most of it",
        Flag::New => "Younger than an hour",
        Flag::Promoted => "Somebody pays to have it shown",
        Flag::Partial => "Some figures cover less than their window",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_has_words() {
        let text = "min_liquidity_usd=10000&max_volume_usd.h1=2500000&chain=solana&verified=true&without_flags=wash,low_liquidity&\
                    q=cat&min_age=30m&min_change_pct=-5&min_txns=20";
        let query = TokenQuery::parse(text.split('&').filter_map(|pair| pair.split_once('='))).query;
        let words: Vec<String> = chips(&query).iter().map(Chip::words).collect();
        assert_eq!(
            words,
            [
                "Chain Solana",
                "Liquidity ≥ $10K",
                "Volume 1h ≤ $2.5M",
                "Transactions ≥ 20",
                "Change ≥ -5%",
                "Age ≥ 30m",
                "Verified",
                "Without low liq, wash",
                "Search “cat”",
            ]
        );
    }
}
