//! GeckoTerminal's candles of a pool: `[second, open, high, low, close, USD]`, newest first, without those in which
//! nothing traded.

use memescope::{Candle, CandleSource, Interval, Timestamp, TokenId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::SourceError;
use super::super::rows::{self, Rows};
use super::super::sieve::{Raw, Sieve};

/// The most candles in one answer; one more is refused.
pub(super) const MOST_CANDLES: usize = 1_000;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    data: Raw<'a>,
    #[serde(borrow, default)]
    meta: Raw<'a>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow, default)]
    attributes: Raw<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    ohlcv_list: Rows<'a>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    base: Raw<'a>,
}

#[derive(Deserialize)]
struct Side<'a> {
    #[serde(borrow, default)]
    address: Raw<'a>,
}

/// An interval as the path and the parameter `aggregate` say it.
pub(super) const fn timeframe(interval: Interval) -> (&'static str, u32) {
    match interval {
        Interval::M1 => ("minute", 1),
        Interval::M5 => ("minute", 5),
        Interval::M15 => ("minute", 15),
        Interval::H1 => ("hour", 1),
        Interval::H4 => ("hour", 4),
        Interval::D1 => ("day", 1),
    }
}

/// Reads candles that tell what `token` cost, in the order of time. An answer about another token gives none: it tells
/// the prices of the pool's base.
pub(super) fn read_candles(
    token: &TokenId,
    interval: Interval,
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
) -> Result<Vec<Candle>, SourceError> {
    let document: Document<'_> = rows::document(body)?;
    let series: Series<'_> = sieve.part("data", document.data).ok_or(SourceError::Malformed)?;
    let attributes: Attributes<'_> = sieve.part("attributes", series.attributes).ok_or(SourceError::Malformed)?;
    let meta: Option<Meta<'_>> = sieve.part("meta", document.meta);
    let base: Option<Side<'_>> = meta.and_then(|meta| sieve.part("meta.base", meta.base));
    let base = base.and_then(|side| sieve.token("meta.base", token.chain(), side.address));
    if base.as_ref() != Some(token) {
        sieve.refuse::<()>("meta.base", "other_token");
        return Ok(Vec::new());
    }
    let mut candles = Vec::new();
    for row in attributes.ohlcv_list.0.into_iter().take(MOST_CANDLES) {
        match candle(interval, row, as_of, sieve) {
            Ok(candle) => candles.push(candle),
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    candles.sort_by_key(|candle| candle.at);
    // Of two of one moment the first told stays.
    candles.dedup_by_key(|candle| candle.at);
    Ok(candles)
}

fn candle(interval: Interval, row: &RawValue, as_of: Timestamp, sieve: &mut Sieve) -> Result<Candle, &'static str> {
    let row: Vec<Raw<'_>> = serde_json::from_str(row.get()).map_err(|_| "wrong_type")?;
    let [second, open, high, low, close, usd] = row.try_into().map_err(|_| "wrong_type")?;
    let second = sieve.count("second", second).and_then(|second| i64::try_from(second).ok()).ok_or("no_time")?;
    let at = Timestamp::from_secs(second);
    if at < Timestamp::EARLIEST || at > as_of || interval.begin(at) != at {
        return Err("bad_time");
    }
    let mut price = |field, raw| sieve.price(field, raw).ok_or("no_price");
    let (open, high, low, close) =
        (price("open", open)?, price("high", high)?, price("low", low)?, price("close", close)?);
    if low > open.min(close) || high < open.max(close) {
        return Err("out_of_range");
    }
    let volume_usd = sieve.usd("volume", usd);
    Ok(Candle { at, open, high, low, close, volume_usd, source: CandleSource::Geckoterminal })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    const MINT: &str = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
    const NOW: Timestamp = Timestamp::from_secs(1_784_354_400);

    fn token() -> TokenId {
        format!("solana:{MINT}").parse().unwrap()
    }

    /// Field and reason of what was refused.
    type Refused = Vec<(&'static str, &'static str)>;

    fn read(rows: &str, base: &str) -> (Result<Vec<Candle>, SourceError>, Refused) {
        let body = format!(
            r#"{{"data":{{"id":"x","type":"ohlcv_request_response","attributes":{{"ohlcv_list":{rows}}}}},
                "meta":{{"base":{{"address":"{base}"}},"quote":{{"address":"x"}}}}}}"#
        );
        let mut sieve = Sieve::new(NOW);
        let candles = read_candles(&token(), Interval::H1, &body, NOW, &mut sieve);
        (candles, sieve.into_rejects().into_iter().map(|reject| (reject.field, reject.reason)).collect())
    }

    #[test]
    fn candles_come_in_the_order_of_time_with_their_gaps() {
        let (candles, rejects) = read(
            r"[[1784350800,2.04954e-4,0.00021,2.0e-4,0.000201,196.43929388982747],[1784343600,2,3,1,2.5,null]]",
            MINT,
        );
        let candles = candles.unwrap();
        assert_eq!(rejects, []);
        assert_eq!(candles.len(), 2);
        assert_eq!(candles[0].at, Timestamp::from_secs(1_784_343_600));
        assert_eq!(candles[0].volume_usd, None);
        assert_eq!(candles[1].open.to_string(), "0.000204954");
        assert_eq!(candles[1].volume_usd, Some(196.439_293_889_827_47));
        assert_eq!(candles[1].source, CandleSource::Geckoterminal);
    }

    #[test]
    fn a_bad_candle_costs_itself_alone() {
        let good = "[1784350800,2,3,1,2.5,7]";
        for (bad, reject) in [
            ("[1784347200,2,3,1,2.5]", ("row", "wrong_type")),
            ("[1784347200,2,3,1,2.5,7,8]", ("row", "wrong_type")),
            ("{}", ("row", "wrong_type")),
            ("null", ("row", "wrong_type")),
            ("[1784347201,2,3,1,2.5,7]", ("row", "bad_time")),
            ("[1784358000,2,3,1,2.5,7]", ("row", "bad_time")),
            ("[0,2,3,1,2.5,7]", ("row", "bad_time")),
            ("[null,2,3,1,2.5,7]", ("row", "no_time")),
            ("[1784347200,0,3,1,2.5,7]", ("open", "zero")),
            ("[1784347200,2,\"NaN\",1,2.5,7]", ("high", "not_a_number")),
            ("[1784347200,2,3,-1,2.5,7]", ("low", "negative")),
            ("[1784347200,2,3,1,null,7]", ("row", "no_price")),
            ("[1784347200,2,2.2,1,2.5,7]", ("row", "out_of_range")),
            ("[1784347200,2,3,2.1,2.5,7]", ("row", "out_of_range")),
        ] {
            let (candles, rejects) = read(&format!("[{bad},{good}]"), MINT);
            assert_eq!(candles.unwrap().len(), 1, "{bad}");
            assert!(rejects.contains(&reject), "{bad}: {rejects:?}");
        }
        let (candles, rejects) = read(&format!("[[1784347200,2,3,1,2.5,-7],{good},{good}]"), MINT);
        assert_eq!((candles.unwrap().len(), rejects), (2, vec![("volume", "negative")]));
    }

    #[test]
    fn prices_of_another_token_are_not_ours() {
        let (candles, rejects) = read("[[1784350800,2,3,1,2.5,7]]", "So11111111111111111111111111111111111111112");
        assert_eq!((candles, rejects), (Ok(vec![]), vec![("meta.base", "other_token")]));
        let mut sieve = Sieve::new(NOW);
        for body in ["", "{}", "[]", r#"{"data":[]}"#, r#"{"data":{"attributes":{"ohlcv_list":5}}}"#] {
            let read = read_candles(&token(), Interval::H1, body, NOW, &mut sieve);
            assert_eq!(read, Err(SourceError::Malformed), "{body}");
        }
    }
}
