//! Candles, worked out from the course that also gives the prices and the changes.

use serde::Serialize;

use super::{TokenFacts, asset_facts, facts, uuid};
use crate::market::noise::mix;
use crate::market::sim::Market;
use crate::market::wire::bytes;

/// What a request for candles asks.
#[derive(Clone, Copy, Debug)]
pub(in crate::market) struct Candles {
    /// Seconds of one candle.
    pub(in crate::market) step: i64,
    /// Candles begin before this Unix second.
    pub(in crate::market) before: Option<i64>,
    /// At most so many.
    pub(in crate::market) limit: usize,
    /// In quote tokens in place of USD.
    pub(in crate::market) in_quote: bool,
}

#[derive(Serialize)]
struct Series<'a> {
    data: SeriesData,
    meta: SeriesMeta<'a>,
}

#[derive(Serialize)]
struct SeriesData {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: SeriesAttributes,
}

#[derive(Serialize)]
struct SeriesAttributes {
    ohlcv_list: Vec<(i64, f64, f64, f64, f64, f64)>,
}

#[derive(Serialize)]
struct SeriesMeta<'a> {
    base: SeriesToken<'a>,
    quote: SeriesToken<'a>,
}

#[derive(Serialize)]
struct SeriesToken<'a> {
    name: &'a str,
    symbol: &'a str,
    coingecko_coin_id: Option<String>,
    address: &'a str,
}

impl<'a> From<TokenFacts<'a>> for SeriesToken<'a> {
    fn from(facts: TokenFacts<'a>) -> Self {
        Self {
            name: facts.name,
            symbol: facts.symbol,
            coingecko_coin_id: facts.coingecko_coin_id,
            address: facts.address,
        }
    }
}

/// `pools/{address}/ohlcv/…`: newest first, without the candles in which nothing traded.
pub(in crate::market) fn candles(market: &Market, address: &str, asked: Candles, at: i64) -> Option<Vec<u8>> {
    let (token, pool) = market.pool(address).filter(|(_, pool)| pool.opens <= at)?;
    let price = |second: i64| {
        let second = second.max(pool.opens);
        let usd = token.pool_usd(pool, second, market.quotes());
        if asked.in_quote { usd / market.quotes().usd(pool.quote, second) } else { usd }
    };
    let newest = at.min(asked.before.map_or(at, |before| before - 1));
    let mut begin = newest.div_euclid(asked.step) * asked.step;
    let mut ohlcv_list = Vec::new();
    // Half a year at the most, as the original.
    let oldest = pool.opens.max(at - 183 * 86_400);
    while begin + asked.step > oldest && ohlcv_list.len() < asked.limit {
        let end = (begin + asked.step).min(at);
        let flow = token.flow(pool, begin, end);
        if flow.trades() > 0 {
            let (open, close) = (price(begin), price(end));
            let (mut high, mut low) = (open.max(close), open.min(close));
            for part in 1..6 {
                let between = price(begin + (end - begin) * part / 6);
                (high, low) = (high.max(between), low.min(between));
            }
            ohlcv_list.push((begin, open, high, low, close, flow.volume));
        }
        begin -= asked.step;
    }
    Some(bytes(&Series {
        data: SeriesData {
            id: uuid(mix(pool.seed, at.cast_unsigned())),
            kind: "ohlcv_request_response",
            attributes: SeriesAttributes { ohlcv_list },
        },
        meta: SeriesMeta { base: facts(token).into(), quote: asset_facts(pool.quote.asset()).into() },
    }))
}
