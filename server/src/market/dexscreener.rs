//! `DexScreener`'s answers.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::course::{Flow, Reading};
use super::decimal::{Cut, Number};
use super::lists::Lists;
use super::names;
use super::noise::mix;
use super::sim::Market;
use super::token::{Flaw, Pool, Token};
use super::venue::{Asset, Quote};
use super::wire::bytes;

/// The most pairs an answer holds and the most addresses a request may name.
const MOST: usize = 30;

#[derive(Serialize)]
struct Pairs<'a> {
    #[serde(rename = "schemaVersion")]
    schema_version: &'static str,
    pairs: Option<Vec<Pair<'a>>>,
}

#[derive(Serialize)]
struct PairsAndPair<'a> {
    #[serde(rename = "schemaVersion")]
    schema_version: &'static str,
    pairs: Option<&'a [Pair<'a>]>,
    #[serde(rename = "pair")]
    first: Option<&'a Pair<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pair<'a> {
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
    liquidity: Option<Liquidity>,
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
struct Named<'a> {
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
struct ByWindow<T> {
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
struct Txns {
    buys: i64,
    sells: i64,
}

/// A key is left out where nothing traded; `h24` may be null all the same.
#[derive(Serialize)]
struct Changes {
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
enum Change {
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
struct Liquidity {
    usd: Number,
    base: Number,
    quote: Number,
}

#[derive(Serialize)]
struct Boosts {
    active: u32,
}

/// The page's address: the pair's is lower-cased in it.
struct PageUrl<'a> {
    chain: &'a str,
    address: &'a str,
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

fn pair<'a>(market: &'a Market, token: &'a Token, pool: &'a Pool) -> Pair<'a> {
    let reading = token.reading(pool, market.now(), market.quotes());
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
fn foreign() -> Pair<'static> {
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

const SCHEMA: &str = "1.0.0";

fn listed(market: &Market, token: &Token, pool: &Pool) -> bool {
    pool.opens <= market.now() && token.born <= market.now()
}

/// All pairs of a token, those of a quote token's where it is one.
fn pairs_of<'a>(market: &'a Market, mint: &str) -> Vec<Pair<'a>> {
    let own = market.token(mint).into_iter().flat_map(|token| token.pools.iter().map(move |pool| (token, pool)));
    let quoted = super::venue::asset_of(mint).into_iter().flat_map(|asset| {
        market
            .tokens()
            .iter()
            .flat_map(|token| token.pools.iter().map(move |pool| (token, pool)))
            .filter(move |(_, pool)| std::ptr::eq(pool.quote.asset(), asset))
    });
    own.chain(quoted)
        .filter(|(token, pool)| listed(market, token, pool))
        .take(MOST)
        .map(|(token, pool)| pair(market, token, pool))
        .collect()
}

/// `/tokens/v1/{chain}/{addresses}`: one main pair a token, in the order asked, unknown ones
/// dropped without a word.
pub(super) fn tokens(market: &Market, chain: &str, addresses: &str) -> Vec<u8> {
    let pairs: Vec<Pair<'_>> = addresses
        .split(',')
        .take(MOST)
        .filter(|_| chain == "solana")
        .filter_map(|mint| market.token(mint))
        .map(|token| (token, token.main_pool(market.now())))
        .filter(|(token, pool)| listed(market, token, pool))
        .map(|(token, pool)| pair(market, token, pool))
        .collect();
    bytes(&pairs)
}

/// `/token-pairs/v1/{chain}/{token}`: every pair, also those that quote in the token.
pub(super) fn token_pairs(market: &Market, chain: &str, mint: &str) -> Vec<u8> {
    bytes(&if chain == "solana" { pairs_of(market, mint) } else { Vec::new() })
}

/// `/latest/dex/tokens/{addresses}`: at most 30 pairs in total.
pub(super) fn latest_tokens(market: &Market, addresses: &str) -> Vec<u8> {
    let mut pairs: Vec<Pair<'_>> =
        addresses.split(',').take(MOST).flat_map(|mint| pairs_of(market, mint)).take(MOST).collect();
    // A wrongly priced pool with its absurd liquidity comes first.
    pairs.sort_by(|a, b| {
        let usd = |pair: &Pair<'_>| pair.liquidity.as_ref().map_or(0.0, |liquidity| liquidity.usd.0);
        usd(b).total_cmp(&usd(a))
    });
    bytes(&Pairs { schema_version: SCHEMA, pairs: Some(pairs).filter(|pairs| !pairs.is_empty()) })
}

/// `/latest/dex/pairs/{chain}/{pairs}`; `None` for more than 30.
pub(super) fn latest_pairs(market: &Market, chain: &str, addresses: &str) -> Option<Vec<u8>> {
    if addresses.split(',').count() > MOST {
        return None;
    }
    let pairs: Vec<Pair<'_>> = addresses
        .split(',')
        .filter(|_| chain == "solana")
        .filter_map(|address| market.pool(address))
        .filter(|(token, pool)| listed(market, token, pool))
        .map(|(token, pool)| pair(market, token, pool))
        .collect();
    let found = (!pairs.is_empty()).then_some(pairs.as_slice());
    Some(bytes(&PairsAndPair { schema_version: SCHEMA, pairs: found, first: pairs.first() }))
}

/// `/latest/dex/search?q=`: at most 30 pairs by address, name or ticker, counterfeits among them.
pub(super) fn search(market: &Market, query: &str) -> Vec<u8> {
    let query = query.trim();
    if query.is_empty() {
        return bytes(&Pairs { schema_version: SCHEMA, pairs: None });
    }
    let by_address = pairs_of(market, query);
    let pairs = if !by_address.is_empty() {
        by_address
    } else if let Some((token, pool)) = market.pool(query) {
        vec![pair(market, token, pool)]
    } else {
        by_text(market, &query.to_lowercase())
    };
    bytes(&Pairs { schema_version: SCHEMA, pairs: Some(pairs).filter(|pairs| !pairs.is_empty()) })
}

fn by_text<'a>(market: &'a Market, query: &str) -> Vec<Pair<'a>> {
    let now = market.now();
    let mut matches: Vec<(u8, u64, &Token)> = market
        .tokens()
        .iter()
        .filter_map(|token| {
            let pool = token.main_pool(now);
            let symbol = token.naming.symbol.to_lowercase();
            let rank = if symbol == query {
                // Counterfeits are many; real tokens of the name stand between them.
                u8::from(pool.flaw == Flaw::Fake && token.slot % 3 == 2)
            } else if symbol.contains(query) || token.naming.name.to_lowercase().contains(query) {
                1
            } else if pool.quote.asset().symbol.to_lowercase() == query {
                2
            } else {
                return None;
            };
            listed(market, token, pool).then(|| (rank, mix(token.seed, (now / 60).cast_unsigned()), token))
        })
        .collect();
    matches.sort_unstable_by_key(|(rank, order, token)| (*rank, *order, token.slot));
    let mut pairs: Vec<Pair<'a>> = Vec::with_capacity(MOST);
    for (_, _, token) in matches.iter().take(MOST - 1) {
        pairs.push(pair(market, token, token.main_pool(now)));
    }
    if "solana".contains(query) && !pairs.is_empty() {
        pairs.insert(1, foreign());
    }
    pairs
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promotion<'a> {
    url: PageUrl<'a>,
    chain_id: &'static str,
    token_address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<Link>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cto: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

#[derive(Serialize)]
struct Link {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    url: String,
}

/// Tokens of other chains among the promoted ones.
const FOREIGN: [(&str, &str); 3] = [
    ("robinhood", "0x518d5005ed32655F6BC88F6Cb7ccBa341D380956"),
    ("base", "0x311935Cd80B76769bF2ecC9D8Ab7635b2139cf82"),
    ("bsc", "0x7B0E400F92EEd5106782E92B05A852C3543F6c2a"),
];

fn promotion<'a>(chain: &'static str, address: &'a str, seed: u64) -> Promotion<'a> {
    let links = (!seed.is_multiple_of(5)).then(|| {
        let mut links =
            vec![Link { kind: None, label: Some("Website"), url: format!("https://{:x}.example", seed & 0xffff) }];
        if seed.is_multiple_of(3) {
            links.push(Link { kind: Some("twitter"), label: None, url: format!("https://x.com/{:x}", seed & 0xffff) });
        }
        links
    });
    Promotion {
        url: PageUrl { chain, address },
        chain_id: chain,
        token_address: address,
        description: (!seed.is_multiple_of(4)).then_some("The community that never sleeps 🚀\nNo team, no roadmap."),
        icon: None,
        links,
        total_amount: None,
        amount: None,
        cto: None,
        updated_at: None,
    }
}

/// Adds foreign items at fixed places and cuts to the length of the real lists.
fn mixed<'a>(own: impl Iterator<Item = &'a Token>, make: impl Fn(Promotion<'a>, u64, u32) -> Promotion<'a>) -> Vec<u8> {
    let mut items: Vec<Promotion<'a>> = own
        .take(MOST - FOREIGN.len())
        .map(|token| {
            let item = promotion("solana", &token.mint, token.seed);
            make(item, token.seed, token.boosts.unwrap_or(10))
        })
        .collect();
    for (place, (chain, address)) in FOREIGN.into_iter().enumerate() {
        let seed = mix(77, place as u64);
        let item = make(promotion(chain, address, seed), seed, 10);
        items.insert((place * 7 + 1).min(items.len()), item);
    }
    bytes(&items)
}

/// `/token-boosts/latest/v1` and `/token-boosts/top/v1`.
pub(super) fn boosts(market: &Market, lists: &Lists, top: bool) -> Vec<u8> {
    let mut tokens: Vec<&Token> = lists.boosted().iter().map(|slot| &market.tokens()[*slot]).collect();
    if top {
        tokens.sort_by_key(|token| std::cmp::Reverse(token.boosts));
    } else if tokens.len() > 4 {
        // Who boosts twice stands there twice.
        tokens.insert(4, tokens[0]);
    }
    mixed(tokens.into_iter(), |item, seed, amount| Promotion {
        icon: (!seed.is_multiple_of(6)).then(|| names::image_id(seed)),
        total_amount: Some(amount),
        amount: (!top).then_some(amount.min(30)),
        ..item
    })
}

/// `/token-profiles/latest/v1`.
pub(super) fn profiles(market: &Market, lists: &Lists) -> Vec<u8> {
    let now = super::wire::time(market.now());
    mixed(lists.profiles().iter().map(|slot| &market.tokens()[*slot]), |item, seed, _| Promotion {
        cto: Some(seed.is_multiple_of(9)),
        updated_at: Some(now.to_string()),
        ..item
    })
}
