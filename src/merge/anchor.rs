//! The money that prices are told in: a closed table of anchors, and the check of a pool against it.
//!
//! A pool is worth listening to only if what it quotes in has a known price. Dollars cost one dollar; a wrapped native
//! coin costs its [`Rate`]; nothing else is money, whatever a pool says about it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::limits::{DERIVED_DIGITS, IMPLIED_TOLERANCE, PRINTED_DIGITS, SAME_MOMENT};
use crate::{Chain, PoolObservation, Price, Source, Timestamp, TokenId};

/// Wrapped SOL.
const WSOL: &str = "So11111111111111111111111111111111111111112";

/// The dollars of each chain.
const DOLLARS: [(&str, &[&str]); 7] = [
    (
        "solana",
        &[
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
            "USD1ttGY1N17NEEHLmELoaybftRBUSErhqYiQzvEmuB",
            "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo",
        ],
    ),
    ("ethereum", &["0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "0xdac17f958d2ee523a2206206994597c13d831ec7"]),
    ("bsc", &["0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d", "0x55d398326f99059ff775485246999027b3197955"]),
    ("base", &["0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"]),
    ("arbitrum", &["0xaf88d065e77c8cc2239327c5edb3a432268e5831", "0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9"]),
    ("polygon", &["0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "0xc2132d05d31c914a87c6611c10748aeb04b58e8f"]),
    ("avalanche", &["0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e", "0x9702230a8ea53601f5cd2dc00fdbc13d4df4a8c7"]),
];

/// The wrapped native coin of each chain.
const NATIVES: [(&str, &str); 7] = [
    ("solana", WSOL),
    ("ethereum", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"),
    ("bsc", "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c"),
    ("base", "0x4200000000000000000000000000000000000006"),
    ("arbitrum", "0x82af49447d8a07e3bd95bd0d56f35241523fbab1"),
    ("polygon", "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270"),
    ("avalanche", "0xb31f66aa3c1e785363f0875a1b74e27b85fd66c7"),
];

/// The symbols that only anchors and majors may carry.
pub(crate) const RESERVED_SYMBOLS: [&str; 10] =
    ["SOL", "WSOL", "USDC", "USDT", "USD1", "PYUSD", "ETH", "WETH", "BTC", "WBTC"];

/// Wrapped SOL's id.
static WRAPPED_SOL: LazyLock<TokenId> =
    LazyLock::new(|| TokenId::new(&Chain::solana(), WSOL).expect("the constant decodes to 32 bytes"));

/// Wrapped SOL's id.
pub fn wrapped_sol() -> TokenId {
    WRAPPED_SOL.clone()
}

/// What kind of money a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    Dollar,
    Native,
}

/// All anchors as ids, which are told apart at a glance: every pool is asked for at every tick.
static ANCHORS: LazyLock<Vec<(TokenId, Money)>> = LazyLock::new(|| {
    let dollars =
        DOLLARS.iter().flat_map(|(chain, list)| list.iter().map(move |address| (*chain, *address, Money::Dollar)));
    let natives = NATIVES.iter().map(|(chain, address)| (*chain, *address, Money::Native));
    let id = |chain, address| TokenId::new(&Chain::parse(chain)?, address).ok();
    dollars.chain(natives).filter_map(|(chain, address, money)| Some((id(chain, address)?, money))).collect()
});

fn money(token: &TokenId) -> Option<Money> {
    ANCHORS.iter().find(|(id, _)| id == token).map(|(_, money)| *money)
}

/// The wrapped native coin of a chain, if we know it.
pub(crate) fn native_of(chain: &Chain) -> Option<TokenId> {
    let (_, address) = NATIVES.iter().find(|(name, _)| *name == chain.as_str())?;
    TokenId::new(chain, address).ok()
}

/// Whether the token is the wrapped native coin of its chain.
pub(crate) fn is_native(token: &TokenId) -> bool {
    money(token) == Some(Money::Native)
}

fn is_dollar(token: &TokenId) -> bool {
    money(token) == Some(Money::Dollar)
}

/// Whether the token is wrapped SOL.
pub(crate) fn is_wrapped_sol(token: &TokenId) -> bool {
    *token == *WRAPPED_SOL
}

/// Whether the token is money rather than a meme: it prices others and is never a row.
pub fn is_anchor(token: &TokenId) -> bool {
    money(token).is_some()
}

/// What a token costs by a reference, and since when that holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// USD per token.
    pub(crate) usd: Price,
    /// When that was true.
    pub(crate) as_of: Timestamp,
    /// Who says so.
    pub(crate) source: Source,
}

/// USD per unit of what a pool quotes in, and when that was true; a dollar is one at any time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    pub(crate) usd: f64,
    pub(crate) as_of: Option<Timestamp>,
}

impl Reference {
    /// Whether it can judge an observation of that moment.
    pub(crate) fn covers(&self, moment: Timestamp) -> bool {
        self.as_of.is_none_or(|as_of| as_of.millis().abs_diff(moment.millis()) <= millis(SAME_MOMENT))
    }
}

/// Whole milliseconds.
fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What the anchor costs: 1 for a dollar, its rate for a wrapped native coin; `None` for anything else.
pub(crate) fn reference(token: &TokenId, rates: &BTreeMap<TokenId, Rate>) -> Option<Reference> {
    // There are no rates but of native coins.
    let by_rate = rates.get(token).map(|rate| Reference { usd: rate.usd.to_f64(), as_of: Some(rate.as_of) });
    by_rate.or_else(|| is_dollar(token).then_some(Reference { usd: 1.0, as_of: None }))
}

/// Whether the prices of an observation are told in money that costs `reference`.
///
/// `inverted`: the money is the base side. A source that knows what the quote costs says so; otherwise the ratio of its
/// two prices must give it, within the last digits that it printed.
pub(crate) fn holds(pool: &PoolObservation, inverted: bool, reference: f64) -> bool {
    let (low, high) = (reference * (1.0 - IMPLIED_TOLERANCE), reference * (1.0 + IMPLIED_TOLERANCE));
    let near = |price: Price| (low..=high).contains(&price.to_f64());
    if inverted {
        return pool.price_quote.is_some() && pool.price_usd.is_some_and(near);
    }
    if let Some(quote) = pool.quote_price_usd {
        return near(quote);
    }
    let (Some(usd), Some(quote)) = (pool.price_usd, pool.price_quote) else {
        return false;
    };
    let (usd_unit, quote_unit) = (printed_unit(usd, true), printed_unit(quote, false));
    let (usd, quote) = (usd.to_f64(), quote.to_f64());
    quote_unit < quote && (usd + usd_unit) / (quote - quote_unit) >= low && usd / (quote + quote_unit) <= high
}

/// One unit of the last digit that DexScreener printed. Trailing zeros are not kept, so a price with fewer digits than
/// it always prints had some: four digits, or two decimals for dollars from 1 on.
fn printed_unit(price: Price, dollars: bool) -> f64 {
    let value = price.to_f64();
    let coarsest = if dollars && value >= 1.0 {
        0.01
    } else {
        let magnitude = i32::try_from(price.digits()).unwrap_or(0) - 1 + i32::from(price.exponent());
        10f64.powi(magnitude - (PRINTED_DIGITS - 1))
    };
    price.last_digit_unit().min(coarsest)
}

/// What a pool quoted in a native coin implies that it costs: as its source says, else by its two prices, if they show
/// four digits.
pub(crate) fn implied(pool: &PoolObservation) -> Option<Quotient> {
    let digits = PRINTED_DIGITS.unsigned_abs();
    pool.quote_price_usd.map(Quotient::Told).or_else(|| {
        let (usd, quote) = (pool.price_usd?, pool.price_quote?);
        (usd.digits() >= digits && quote.digits() >= digits).then_some(Quotient::Of(usd, quote))
    })
}

/// A price that is worked out only where somebody asks for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quotient {
    Told(Price),
    Of(Price, Price),
}

impl Quotient {
    pub(crate) fn price(self) -> Option<Price> {
        match self {
            Self::Told(price) => Some(price),
            Self::Of(usd, quote) => Price::from_f64(usd.to_f64() / quote.to_f64(), DERIVED_DIGITS),
        }
    }
}

/// The lower median of what is implied.
pub(crate) fn median_rate(implied: impl Iterator<Item = (Price, Timestamp, Source)>) -> Option<Rate> {
    let mut implied: Vec<_> = implied.collect();
    implied.sort_unstable();
    let (usd, as_of, source) = *implied.get(implied.len().checked_sub(1)? / 2)?;
    Some(Rate { usd, as_of, source })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::testing::{pool_observation, token_id};

    fn implies(usd: &str, quote: &str, reference: f64) -> bool {
        let mut pool = pool_observation(1, &token_id(1));
        pool.price_usd = usd.parse().ok();
        pool.price_quote = quote.parse().ok();
        holds(&pool, false, reference)
    }

    #[test]
    fn prices_must_imply_what_the_quote_costs() {
        for (usd, quote, reference, expected) in [
            ("0.000004499", "0.00000005508", 81.633, true),
            ("0.02169", "0.00002421", 81.633, false),
            // A cut dollar price: 1.26 for 1.2669 USDT.
            ("1.26", "1.2669", 1.0, true),
            ("1", "1", 1.0, true),
            ("1.1", "1", 1.0, false),
            ("0.9", "1", 1.0, false),
            ("NaN", "1", 1.0, false),
        ] {
            assert_eq!(implies(usd, quote, reference), expected, "{usd} {quote}");
        }
    }

    #[test]
    fn a_source_that_knows_the_quote_says_so() {
        let mut pool = pool_observation(1, &token_id(1));
        pool.quote_price_usd = "150".parse().ok();
        assert!(holds(&pool, false, 145.0));
        assert!(!holds(&pool, false, 120.0));
    }

    #[test]
    fn anchors_are_a_closed_table() {
        assert!(is_anchor(&wrapped_sol()));
        let listed = DOLLARS.iter().map(|(_, list)| list.len()).sum::<usize>() + NATIVES.len();
        assert_eq!(ANCHORS.len(), listed, "each is an address of its chain");
        assert!(!is_anchor(&token_id(1)));
        let usdc = "eth:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48".parse().unwrap();
        assert!(is_anchor(&usdc));
        assert_eq!(reference(&usdc, &BTreeMap::new()).unwrap().usd.to_bits(), 1f64.to_bits());
        assert_eq!(reference(&wrapped_sol(), &BTreeMap::new()), None);
    }

    #[test]
    fn a_rate_is_the_lower_median_of_what_pools_imply() {
        let rate = |pools: &[(&str, &str, Option<&str>)]| {
            let pools: Vec<PoolObservation> = pools
                .iter()
                .map(|(usd, quote, told)| {
                    let mut pool = pool_observation(1, &token_id(1));
                    pool.price_usd = usd.parse().ok();
                    pool.price_quote = quote.parse().ok();
                    pool.quote_price_usd = told.and_then(|told| told.parse().ok());
                    pool
                })
                .collect();
            let implied = pools.iter().filter_map(|pool| Some((implied(pool)?.price()?, pool.as_of, pool.source)));
            median_rate(implied).map(|rate| rate.usd.to_string())
        };
        let (low, high, wild) =
            (("0.1501", "0.001001", None), ("0.1511", "0.001001", None), ("9.999", "0.001001", None));
        assert_eq!(rate(&[low, high, wild]).as_deref(), Some("150.949051"));
        assert_eq!(rate(&[wild, low]).as_deref(), Some("149.95005"));
        assert_eq!(rate(&[("0.2", "0.001001", None)]), None, "one digit says too little");
        assert_eq!(rate(&[("0.2", "0.001001", Some("151"))]).as_deref(), Some("151"), "but the source may say so");
        assert_eq!(rate(&[]), None);
    }
}
