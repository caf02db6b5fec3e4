//! One pair, key by key as the original writes it.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::market::Upstream;
use crate::market::course::{Flow, Reading};
use crate::market::decimal::{Cut, Number};
use crate::market::sim::Market;
use crate::market::token::{Pool, Token};
use crate::market::told::told;
use crate::market::venue::{Asset, Quote};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair<'a> {
    chain_id: &'static str,
    dex_id: &'static str,
    url: PageUrl<'a>,
    #[serde(rename = "pairAddress")]
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<[&'static str; 1]>,
    base_token: Named<'a>,
    quote_token: Named<'a>,
    price_native: Cut,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_usd: Option<Cut>,
    txns: ByWindow<Txns>,
    volume: ByWindow<Number>,
    price_change: Changes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) liquidity: Option<Liquidity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fdv: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market_cap: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "pairCreatedAt")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boosts: Option<Boosts>,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Named<'a> {
    address: &'a str,
    name: &'a str,
    symbol: &'a str,
}

impl From<&'static Asset> for Named<'static> {
    fn from(asset: &'static Asset) -> Self {
        Self { address: asset.mint, name: asset.name, symbol: asset.symbol }
    }
}

#[derive(Serialize)]
pub(super) struct ByWindow<T> {
    h24: T,
    h6: T,
    h1: T,
    m5: T,
}

impl<T> ByWindow<T> {
    fn of(flows: &[Flow; 6], make: impl Fn(Flow) -> T) -> Self {
        Self { h24: make(flows[5]), h6: make(flows[4]), h1: make(flows[3]), m5: make(flows[0]) }
    }
}

#[derive(Serialize)]
pub(super) struct Txns {
    buys: i64,
    sells: i64,
}

/// A key is left out where nothing traded; `h24` may be null all the same.
#[derive(Serialize)]
pub(super) struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    m5: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h1: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h6: Option<Number>,
    #[serde(skip_serializing_if = "Change::is_absent")]
    h24: Change,
}

/// A change that may be missing in two ways.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Known(Number),
    Null,
    Absent,
}

impl Change {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(percent) => percent.serialize(serializer),
            Self::Null | Self::Absent => serializer.serialize_none(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Liquidity {
    pub(super) usd: Number,
    base: Number,
    quote: Number,
}

#[derive(Serialize)]
pub(super) struct Boosts {
    active: u32,
}

/// The page's address: the pair's is lower-cased in it.
pub(super) struct PageUrl<'a> {
    pub(super) chain: &'a str,
    pub(super) address: &'a str,
}

impl std::fmt::Display for PageUrl<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "https://dexscreener.com/{}/", self.chain)?;
        self.address.chars().try_for_each(|char| out.write_char(char.to_ascii_lowercase()))
    }
}

impl Serialize for PageUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) fn pair<'a>(market: &'a Market, token: &'a Token, pool: &'a Pool, at: i64) -> Pair<'a> {
    let reading = told(market, token, pool, at, Upstream::DexScreener);
    let Reading { price_usd, price_native, flows, changes, reserves, .. } = reading;
    let percent = |window: usize| changes[window].map(Number::percent);
    // No USD price is known for the most exotic quote token.
    let known = pool.quote != Quote::Cards;
    let cap = known.then(|| Number::cap(price_usd * token.supply));
    Pair {
        chain_id: "solana",
        dex_id: pool.venue.dexscreener(),
        url: PageUrl { chain: "solana", address: &pool.address },
        address: &pool.address,
        labels: pool.venue.label().map(|label| [label]),
        base_token: Named { address: &token.mint, name: &token.naming.name, symbol: &token.naming.symbol },
        quote_token: pool.quote.asset().into(),
        price_native: Cut::native(price_native),
        price_usd: known.then(|| Cut::usd(price_usd)),
        txns: ByWindow::of(&flows, |flow| Txns { buys: flow.buys, sells: flow.sells }),
        volume: ByWindow::of(&flows, |flow| Number::usd(flow.volume)),
        price_change: Changes {
            m5: percent(0),
            h1: percent(3),
            h6: percent(4),
            h24: if token.slot % 53 == 8 { Change::Null } else { percent(5).map_or(Change::Absent, Change::Known) },
        },
        liquidity: reserves.map(|reserves| Liquidity {
            usd: Number::usd(reserves.usd),
            base: Number::amount(reserves.base),
            quote: Number::amount(reserves.quote),
        }),
        fdv: cap,
        market_cap: cap,
        created_at: (token.slot % 19 != 6).then_some(pool.opens * 1_000),
        boosts: token.boosts.map(|active| Boosts { active }),
    }
}

/// A pair of another chain, as every search holds some.
pub(super) fn foreign() -> Pair<'static> {
    const ADDRESS: &str = "0x1131DB5977242a03eBeaD1aCD18F80A9A29e5922";
    Pair {
        chain_id: "base",
        dex_id: "aerodrome",
        url: PageUrl { chain: "base", address: ADDRESS },
        address: ADDRESS,
        labels: None,
        base_token: Named { address: "0x311935Cd80B76769bF2ecC9D8Ab7635b2139cf82", name: "Solana", symbol: "SOL" },
        quote_token: Named { address: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", name: "USD Coin", symbol: "USDC" },
        price_native: Cut::native(118.5884),
        price_usd: Some(Cut::usd(118.5884)),
        txns: ByWindow {
            h24: Txns { buys: 5_978, sells: 5_792 },
            h6: Txns { buys: 1_562, sells: 1_387 },
            h1: Txns { buys: 354, sells: 273 },
            m5: Txns { buys: 15, sells: 26 },
        },
        volume: ByWindow {
            h24: Number(4_101_196.0),
            h6: Number(1_133_376.96),
            h1: Number(228_048.7),
            m5: Number(17_329.74),
        },
        price_change: Changes {
            m5: Some(Number(-0.07)),
            h1: Some(Number(0.27)),
            h6: Some(Number(0.89)),
            h24: Change::Known(Number(1.58)),
        },
        liquidity: Some(Liquidity { usd: Number(380_479.69), base: Number(1_571.73), quote: Number(252_244.0) }),
        fdv: Some(Number(14_610_787.0)),
        market_cap: Some(Number(14_610_787.0)),
        created_at: None,
        boosts: None,
    }
}
