//! `GeckoTerminal`'s answers. They tell of a time some seconds back: `at`.

mod candles;
mod pages;
mod tokens;

use serde::{Serialize, Serializer};

use super::Upstream;
use super::course::Flow;
use super::decimal::{Long, Percent, rounded};
use super::noise::mix;
use super::sim::Market;
use super::token::{Pool, Token};
use super::told::told;
use super::venue::{Asset, Quote};
use super::wire::{Time, time};

pub(super) use candles::{Candles, candles};
pub(super) use pages::{dex_pools, new_pools, pool, pools, pools_by_address, search, token_pools, trending};
pub(super) use tokens::{simple_prices, token, tokens};

/// The most ids a request may name.
pub(super) const MOST_IDS: usize = 30;

/// Which related objects a request wants in `included`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Include {
    base: bool,
    quote: bool,
    dex: bool,
}

impl Include {
    /// From the comma list of the `include` parameter.
    pub(super) fn parse(list: &str) -> Self {
        let has = |name| list.split(',').any(|part| part.trim() == name);
        Self { base: has("base_token"), quote: has("quote_token"), dex: has("dex") }
    }

    fn any(self) -> bool {
        self.base || self.quote || self.dex
    }
}

/// An address with the network before it.
struct Id<'a>(&'a str);

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("solana_{}", self.0))
    }
}

/// `{"data": …}`.
#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct List<'a> {
    data: Vec<PoolObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Vec<Included<'a>>>,
}

#[derive(Serialize)]
struct PoolObject<'a> {
    id: Id<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: PoolAttributes<'a>,
    relationships: Relations<'a>,
}

#[derive(Serialize)]
struct PoolAttributes<'a> {
    base_token_price_usd: Option<Long>,
    base_token_price_native_currency: Option<Long>,
    quote_token_price_usd: Option<Long>,
    quote_token_price_native_currency: Option<Long>,
    base_token_price_quote_token: Option<Long>,
    quote_token_price_base_token: Option<Long>,
    address: &'a str,
    name: String,
    pool_created_at: Time,
    fdv_usd: Option<Long>,
    market_cap_usd: Option<Long>,
    price_change_percentage: ByWindow<Percent>,
    transactions: ByWindow<Transactions>,
    volume_usd: ByWindow<Long>,
    reserve_in_usd: Long,
}

#[derive(Serialize)]
struct ByWindow<T> {
    m5: T,
    m15: T,
    m30: T,
    h1: T,
    h6: T,
    h24: T,
}

impl<T> From<[T; 6]> for ByWindow<T> {
    fn from([m5, m15, m30, h1, h6, h24]: [T; 6]) -> Self {
        Self { m5, m15, m30, h1, h6, h24 }
    }
}

#[derive(Serialize)]
struct Transactions {
    buys: i64,
    sells: i64,
    buyers: i64,
    sellers: i64,
}

#[derive(Serialize)]
struct Relations<'a> {
    base_token: Data<Reference<'a>>,
    quote_token: Data<Reference<'a>>,
    dex: Data<DexReference>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: Id<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct DexReference {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Included<'a> {
    Token {
        id: Id<'a>,
        #[serde(rename = "type")]
        kind: &'static str,
        attributes: TokenFacts<'a>,
    },
    Dex {
        id: &'static str,
        #[serde(rename = "type")]
        kind: &'static str,
        attributes: DexFacts,
    },
}

#[derive(Serialize)]
struct TokenFacts<'a> {
    address: &'a str,
    name: &'a str,
    symbol: &'a str,
    decimals: u8,
    image_url: Option<&'static str>,
    coingecko_coin_id: Option<String>,
}

#[derive(Serialize)]
struct DexFacts {
    name: &'static str,
}

fn facts(token: &Token) -> TokenFacts<'_> {
    TokenFacts {
        address: &token.mint,
        name: &token.naming.name,
        symbol: &token.naming.symbol,
        decimals: token.decimals,
        image_url: (token.slot.is_multiple_of(17)).then_some("missing.png"),
        coingecko_coin_id: token
            .verified
            .then(|| token.naming.name.to_lowercase().replace(|char: char| !char.is_ascii_alphanumeric(), "-")),
    }
}

fn asset_facts(asset: &'static Asset) -> TokenFacts<'static> {
    TokenFacts {
        address: asset.mint,
        name: asset.name,
        symbol: asset.symbol,
        decimals: asset.decimals,
        image_url: None,
        coingecko_coin_id: asset.verified.then(|| asset.name.to_lowercase().replace(' ', "-")),
    }
}

/// Distinct people among so many trades: about six in ten for few, fewer for many.
fn people(trades: i64) -> i64 {
    let count = trades as f64;
    super::decimal::whole(count.min(0.3 + count.powf(0.88)))
}

fn pool_object<'a>(market: &Market, token: &'a Token, pool: &'a Pool, at: i64) -> PoolObject<'a> {
    let reading = told(market, token, pool, at, Upstream::GeckoTerminal);
    let sol = market.quotes().usd(Quote::Sol, at);
    let usd = reading.price_usd;
    // A curve made a moment ago, and a few that never get well.
    let unknown = pool.venue.is_curve() && at - pool.opens < 90 || token.slot % 89 == 9;
    let native = |value| {
        if unknown { Long::Nan } else { Long::Digits(value, 15) }
    };
    let reserve = match reading.reserves {
        _ if token.slot % 83 == 10 => -97.367_149_235_628_6,
        None => 0.0,
        // A curve's reserve counts both sides; that of a pool is what lies in it.
        Some(reserves) => rounded(reserves.usd, 4),
    };
    let whole_change = |window: usize| Percent(reading.changes[window].unwrap_or(0.0));
    let cap = usd * token.supply;
    PoolObject {
        id: Id(&pool.address),
        kind: "pool",
        attributes: PoolAttributes {
            base_token_price_usd: Some(Long::Digits(usd, 58)),
            base_token_price_native_currency: Some(native(usd / sol)),
            quote_token_price_usd: Some(Long::Digits(reading.quote_usd, 47)),
            quote_token_price_native_currency: Some(match pool.quote {
                _ if unknown => Long::Nan,
                Quote::Sol => Long::One,
                _ => Long::Digits(reading.quote_usd / sol, 15),
            }),
            base_token_price_quote_token: Some(Long::Digits(reading.price_native, 10)),
            quote_token_price_base_token: Some(Long::Digits(1.0 / reading.price_native, 15)),
            address: &pool.address,
            name: format!("{} / {}", token.naming.symbol, pool.quote.asset().symbol),
            pool_created_at: time(pool.opens),
            fdv_usd: (token.slot % 29 != 4).then_some(Long::Digits(cap, 15)),
            market_cap_usd: token.verified.then_some(Long::Digits(cap, 14)),
            price_change_percentage: [0, 1, 2, 3, 4, 5].map(whole_change).into(),
            transactions: reading
                .flows
                .map(|Flow { buys, sells, .. }| Transactions {
                    buys,
                    sells,
                    buyers: people(buys),
                    sellers: people(sells),
                })
                .into(),
            volume_usd: reading.flows.map(|flow| Long::Digits(flow.volume, 15)).into(),
            reserve_in_usd: Long::Digits(reserve, 15),
        },
        relationships: Relations {
            base_token: Data { data: Reference { id: Id(&token.mint), kind: "token" } },
            quote_token: Data { data: Reference { id: Id(pool.quote.asset().mint), kind: "token" } },
            dex: Data { data: DexReference { id: pool.venue.gecko(), kind: "dex" } },
        },
    }
}

/// Something of the form of a UUID.
pub(super) fn uuid(seed: u64) -> String {
    let (high, low) = (mix(seed, 1), mix(seed, 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
