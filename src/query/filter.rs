//! Which rows pass a query.

use super::{Metric, TokenQuery};
use crate::{Chain, Price, Timestamp, Token, Window};

/// A query made ready to judge many rows at one moment.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    query: &'a TokenQuery,
    as_of: Timestamp,
    needle: Option<String>,
}

impl<'a> Filter<'a> {
    /// The filters of a query; ages are judged at `as_of`.
    pub fn new(query: &'a TokenQuery, as_of: Timestamp) -> Self {
        Self { query, as_of, needle: query.q.as_deref().map(needle) }
    }

    /// Whether a row passes all filters. An unknown figure passes no bound on it.
    pub fn passes(&self, token: &Token) -> bool {
        let query = self.query;
        (query.ids.is_empty() || query.ids.contains(&token.id))
            && (query.chains.is_empty() || query.chains.contains(&token.chain))
            && (query.dexes.is_empty() || token.dex.as_deref().is_some_and(|dex| query.dexes.iter().any(|d| d == dex)))
            && query.bounds.iter().all(|bound| {
                figure(token, bound.metric, bound.window.unwrap_or(query.window)).is_some_and(|value| {
                    bound.min.is_none_or(|min| value >= min) && bound.max.is_none_or(|max| value <= max)
                })
            })
            && self.passes_age(token)
            && query.verified.is_none_or(|wanted| token.verified.unwrap_or(false) == wanted)
            && query.with_flags.iter().all(|flag| token.has(*flag))
            && !query.without_flags.iter().any(|flag| token.has(*flag))
            && self.needle.as_deref().is_none_or(|needle| matches_text(token, needle))
    }

    fn passes_age(&self, token: &Token) -> bool {
        let (min, max) = (self.query.min_age, self.query.max_age);
        if min.is_none() && max.is_none() {
            return true;
        }
        token.created_at.is_some_and(|created_at| {
            let age = self.as_of.since(created_at);
            min.is_none_or(|min| age >= min) && max.is_none_or(|max| age <= max)
        })
    }
}

/// The figure that a bound or a sort is about.
pub fn figure(token: &Token, metric: Metric, window: Window) -> Option<f64> {
    match metric {
        Metric::LiquidityUsd => token.liquidity_usd,
        Metric::MarketCapUsd => token.market_cap_usd,
        Metric::VolumeUsd => token.volume_usd.at(window),
        Metric::Txns => token.txns.at(window).map(|txns| txns.total() as f64),
        Metric::Traders => token.traders.at(window).map(|traders| traders.total() as f64),
        Metric::ChangePct => token.change_pct.at(window),
        Metric::PriceUsd => token.price_usd.map(Price::to_f64),
        Metric::Holders => token.holders.map(|holders| holders as f64),
    }
}

/// What a text looks for, in lower case: a ticker without its dollar sign, a chain by the name that rows have.
pub fn needle(text: &str) -> String {
    let text = text.to_lowercase();
    if let Some((chain, rest)) = text.split_once(':')
        && let Some(chain) = Chain::parse(chain)
    {
        return format!("{chain}:{rest}");
    }
    match text.strip_prefix('$') {
        Some(ticker) if !ticker.is_empty() => ticker.to_owned(),
        _ => text,
    }
}

/// Whether a lower-case text is part of symbol or name, or begins the address.
fn matches_text(token: &Token, needle: &str) -> bool {
    let contains = |text: &Option<std::sync::Arc<str>>| {
        text.as_deref().is_some_and(|text| {
            if text.is_ascii() && needle.is_ascii() {
                contains_ascii_ignoring_case(text.as_bytes(), needle.as_bytes())
            } else {
                text.to_lowercase().contains(needle)
            }
        })
    };
    let address = token.address.as_bytes();
    contains(&token.symbol)
        || contains(&token.name)
        || address.get(..needle.len()).is_some_and(|start| start.eq_ignore_ascii_case(needle.as_bytes()))
        || needle
            .split_once(':')
            .is_some_and(|(chain, rest)| chain == token.chain.as_str() && rest.eq_ignore_ascii_case(&token.address))
}

/// Whether `needle`, which is in lower case, is part of a text.
fn contains_ascii_ignoring_case(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    // Nearly every place is ruled out by its first letter.
    text.windows(needle.len()).any(|part| part[0].to_ascii_lowercase() == *first && part.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;
    use crate::{Flag, TokenQuery};

    fn passes(query: &str, token: &Token) -> bool {
        let query = TokenQuery::parse(query.split('&').filter_map(|pair| pair.split_once('='))).query;
        Filter::new(&query, Timestamp::from_secs(2_000_000_000)).passes(token)
    }

    #[test]
    fn judges_each_filter() {
        let mut token = Token::new(token_id(3), Timestamp::default());
        token.symbol = Some("WIF".into());
        token.name = Some("dogwifhat ÉTÉ".into());
        token.dex = Some("raydium".into());
        token.liquidity_usd = Some(20_000.0);
        token.volume_usd.h1 = Some(50.0);
        token.created_at = Some(Timestamp::from_secs(2_000_000_000 - 3_600));
        token.flags = vec![Flag::New];
        let address = token.address.to_string();
        let by_address = format!("q={}", &address[..6]);
        let [by_id, by_alias, elsewhere] = ["solana", "SOL", "base"].map(|chain| format!("q={chain}:{address}"));
        for (query, expected) in [
            ("", true),
            ("min_liquidity_usd=20000", true),
            ("min_liquidity_usd=20001", false),
            ("max_liquidity_usd=19999", false),
            ("min_market_cap_usd=0", false),
            ("window=h1&min_volume_usd=50", true),
            ("window=h24&min_volume_usd=0", false),
            ("window=h24&min_volume_usd.h1=50", true),
            ("chain=solana", true),
            ("chain=base", false),
            ("dex=orca,raydium", true),
            ("dex=orca", false),
            ("min_age=1h", true),
            ("min_age=61m", false),
            ("max_age=59m", false),
            ("verified=false", true),
            ("verified=true", false),
            ("with_flags=new", true),
            ("without_flags=new", false),
            ("q=wif", true),
            ("q=HAT", true),
            ("q=été", true),
            ("q=cat", false),
            ("q=$wif", true),
            ("q=$", false),
            (by_address.as_str(), true),
            (by_id.as_str(), true),
            (by_alias.as_str(), true),
            (elsewhere.as_str(), false),
        ] {
            assert_eq!(passes(query, &token), expected, "{query}");
        }
    }
}
