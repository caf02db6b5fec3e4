//! Jupiter's answers: numbers, not strings, some of them with an exponent.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::course::Flow;
use super::lists::{Lists, on_jupiter, organic_score};
use super::names;
use super::noise::{between, mix, unit};
use super::sim::Market;
use super::token::{Origin, Pool, Token};
use super::venue::{ASSETS, Asset, asset_of, asset_usd};
use super::wire::{Time, bytes, time};

/// The most ids a price request is answered for.
const MOST_PRICES: usize = 50;
/// The most mints a search is answered for.
const MOST_MINTS: usize = 100;
/// The most tokens a search by text finds.
const MOST_FOUND: usize = 20;

/// The slot of the chain at a Unix second: one every 0.4 s.
fn block(at: i64) -> i64 {
    451_430_664 + (at - 1_790_628_350) * 5 / 2
}

/// A price with a little noise: the last swap is seldom at the middle.
fn swapped(usd: f64, seed: u64, at: i64) -> f64 {
    usd * (1.0 + between(seed, (at / 60).cast_unsigned(), -4e-4, 4e-4))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    created_at: Time,
    liquidity: f64,
    #[serde(rename = "usdPrice")]
    usd: f64,
    block_id: Option<i64>,
    decimals: u8,
    #[serde(rename = "priceChange24h")]
    change_24h: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launchpad: Option<&'static str>,
}

/// What all pools of a token come to.
struct Sum {
    usd: f64,
    /// Windows m5, h1, h6, h24.
    flows: [Flow; 4],
    changes: [Option<f64>; 4],
    liquidity: f64,
}

fn sum(market: &Market, token: &Token, at: i64) -> Sum {
    let main = token.main_pool(at);
    let mut flows = [Flow::default(); 4];
    let mut changes = [None; 4];
    let mut liquidity = 0.0;
    for pool in token.pools.iter().filter(|pool| pool.opens <= at) {
        let reading = token.reading(pool, at, market.quotes());
        let windows = [0, 3, 4, 5];
        for (place, window) in windows.into_iter().enumerate() {
            flows[place] = flows[place].plus(reading.flows[window]);
        }
        if std::ptr::eq(pool, main) {
            changes = windows.map(|window| reading.changes[window]);
        }
        if pool.venue.is_curve() {
            // A curve counts with the quote it has taken in.
            if pool.closes.is_none_or(|closes| at < closes) {
                liquidity += 2.0 * curve_quote(reading.price_native) * reading.quote_usd;
            }
        } else if matches!(pool.flaw, super::token::Flaw::None) {
            liquidity += reading.reserves.map_or(0.0, |reserves| reserves.usd);
        }
    }
    Sum { usd: swapped(token.usd(at, market.quotes()), token.seed, at), flows, changes, liquidity }
}

/// SOL in a bonding curve at a price: 85 at the end, none at the start, along its hyperbola.
fn curve_quote(price_sol: f64) -> f64 {
    30.0 * ((price_sol / super::token::CURVE_START_SOL).sqrt() - 1.0).max(0.001)
}

fn launchpad(token: &Token) -> Option<&'static str> {
    token.pools.iter().find_map(|pool| pool.venue.launchpad())
}

fn price(market: &Market, token: &Token, at: i64) -> Price {
    let sum = sum(market, token, at);
    let lag = super::decimal::whole(unit(token.seed, at.cast_unsigned()) * 20.0);
    Price {
        created_at: time(token.born),
        liquidity: sum.liquidity,
        usd: sum.usd,
        block_id: (token.slot % 43 != 12).then(|| block(at) - lag),
        decimals: token.decimals,
        change_24h: sum.changes[3],
        launchpad: launchpad(token),
    }
}

fn asset_change(market: &Market, asset: &Asset, at: i64, window: i64) -> f64 {
    let then = asset_usd(market.seed(), asset, at - window);
    (asset_usd(market.seed(), asset, at) / then - 1.0) * 100.0
}

fn asset_price(market: &Market, asset: &Asset, at: i64) -> Price {
    Price {
        created_at: time(1_717_577_725),
        liquidity: asset.supply * asset.base_usd * 0.013,
        usd: asset_usd(market.seed(), asset, at),
        block_id: Some(block(at)),
        decimals: asset.decimals,
        change_24h: Some(asset_change(market, asset, at, 86_400)),
        launchpad: None,
    }
}

/// An object with the mints as keys.
struct Prices<'a>(Vec<(&'a str, Price)>);

impl Serialize for Prices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (mint, price) in &self.0 {
            map.serialize_entry(mint, price)?;
        }
        map.end()
    }
}

/// `/price/v3?ids=`: the 51st and later ids are dropped, unknown ones left out.
pub(super) fn prices(market: &Market, ids: &str, at: i64) -> Vec<u8> {
    let mut all: Vec<(&str, Price)> = Vec::new();
    for mint in ids.split(',').take(MOST_PRICES) {
        if all.iter().any(|(known, _)| *known == mint) {
            continue;
        }
        if let Some(asset) = asset_of(mint).filter(|asset| asset.verified) {
            all.push((mint, asset_price(market, asset, at)));
        } else if let Some(token) = market.token(mint).filter(|token| on_jupiter(token, at)) {
            all.push((mint, price(market, token, at)));
        }
    }
    bytes(&Prices(all))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mint<'a> {
    id: &'a str,
    name: &'a str,
    symbol: &'a str,
    decimals: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev: Option<String>,
    circ_supply: f64,
    total_supply: f64,
    token_program: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "mintAuthority")]
    authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launchpad: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graduated_pool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graduated_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder_count: Option<i64>,
    #[serde(flatten)]
    priced: Option<Priced>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_pool: Option<FirstPool<'a>>,
    audit: Audit,
    organic_score: f64,
    organic_score_label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    tags: Vec<&'static str>,
    created_at: Time,
    updated_at: UpdatedAt,
}

/// The part that a token too young to have a price lacks as a whole.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Priced {
    fdv: f64,
    mcap: f64,
    #[serde(rename = "usdPrice")]
    usd: f64,
    price_block_id: i64,
    liquidity: f64,
    #[serde(rename = "stats5m")]
    stats_5m: Stats,
    #[serde(rename = "stats1h")]
    stats_1h: Stats,
    #[serde(rename = "stats6h")]
    stats_6h: Stats,
    #[serde(rename = "stats24h")]
    stats_24h: Stats,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    #[serde(skip_serializing_if = "Option::is_none")]
    price_change: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buy_volume: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sell_volume: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buy_organic_volume: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_buys: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_sells: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_traders: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_net_buyers: Option<i64>,
}

impl Stats {
    fn new(flow: Flow, price_change: Option<f64>) -> Self {
        // What is zero is left out.
        let some = |count: i64| (count != 0).then_some(count);
        let buys = flow.buys as f64 / (flow.trades().max(1)) as f64;
        let part = |share: f64| (flow.volume > 0.0 && share > 0.0).then_some(flow.volume * share);
        Self {
            price_change,
            buy_volume: part(buys),
            sell_volume: part(1.0 - buys),
            buy_organic_volume: part(buys * 0.04),
            num_buys: some(flow.buys),
            num_sells: some(flow.sells),
            num_traders: some(super::decimal::whole((flow.trades() as f64).powf(0.86))),
            num_net_buyers: some((flow.buys - flow.sells).max(0)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirstPool<'a> {
    id: &'a str,
    created_at: Time,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Audit {
    #[serde(skip_serializing_if = "Option::is_none")]
    is_sus: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mint_authority_disabled: Option<bool>,
    freeze_authority_disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_holders_percentage: Option<f64>,
    dev_mints: i64,
}

/// A time to the nanosecond, as `updatedAt` has it.
struct UpdatedAt(i64, u64);

impl Serialize for UpdatedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let second = time(self.0).to_string();
        serializer.collect_str(&format_args!("{}.{:09}Z", second.trim_end_matches('Z'), self.1 % 1_000_000_000))
    }
}

const TOKEN_2022: &str = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
const TOKEN_CLASSIC: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

fn label(score: f64) -> &'static str {
    match score {
        score if score >= 70.0 => "high",
        score if score >= 30.0 => "medium",
        _ => "low",
    }
}

fn mint<'a>(market: &Market, token: &'a Token, at: i64) -> Mint<'a> {
    let seed = token.seed;
    let modern = matches!(token.origin, Origin::Launched { .. });
    // Some have no price yet although they are old enough to have one.
    let priced = (on_jupiter(token, at) && !(modern && at - token.born < 90 && token.slot.is_multiple_of(3)))
        .then(|| priced(market, token, at));
    let graduated = token.graduates.filter(|graduates| *graduates <= at);
    let score = if modern { 0.0 } else { organic_score(token) };
    let mut tags = Vec::with_capacity(3);
    if token.verified {
        tags.extend(["community", "strict", "verified"]);
    } else {
        tags.push("unknown");
    }
    if modern {
        tags.push("token-2022");
    }
    let authority = seed.is_multiple_of(23);
    let main: &Pool = token.main_pool(at);
    Mint {
        id: &token.mint,
        name: &token.naming.name,
        symbol: &token.naming.symbol,
        decimals: token.decimals,
        dev: Some(names::address(seed, 3)),
        circ_supply: token.supply,
        total_supply: if seed.is_multiple_of(7) { token.supply * 1.25 } else { token.supply },
        token_program: if modern { TOKEN_2022 } else { TOKEN_CLASSIC },
        authority: authority.then(|| names::address(seed, 4)),
        launchpad: launchpad(token),
        graduated_pool: graduated.map(|_| main.address.as_str()),
        graduated_at: graduated.map(time),
        holder_count: (!seed.is_multiple_of(31)).then(|| holders(token, at)),
        priced,
        first_pool: token
            .pools
            .iter()
            .min_by_key(|pool| pool.opens)
            .map(|pool| FirstPool { id: &pool.address, created_at: time(pool.opens) }),
        audit: Audit {
            is_sus: (seed.is_multiple_of(29)).then_some(true),
            mint_authority_disabled: (!authority).then_some(true),
            freeze_authority_disabled: !seed.is_multiple_of(41),
            top_holders_percentage: (!seed.is_multiple_of(5)).then(|| between(seed, 60, 4.0, 78.0)),
            dev_mints: 1 + (seed % 400).cast_signed(),
        },
        organic_score: score,
        organic_score_label: label(score),
        is_verified: token.verified.then_some(true),
        tags,
        created_at: time(token.born),
        updated_at: UpdatedAt(at, mix(seed, at.cast_unsigned())),
    }
}

fn holders(token: &Token, at: i64) -> i64 {
    let hours = (at - token.born).max(60) as f64 / 3_600.0;
    1 + super::decimal::whole(token.pace.steady * 3_600.0 * hours.min(2_000.0).powf(0.6) + hours.powf(0.4) * 9.0)
}

fn priced(market: &Market, token: &Token, at: i64) -> Priced {
    let sum = sum(market, token, at);
    let cap = sum.usd * token.supply;
    let [m5, h1, h6, h24] = std::array::from_fn(|window| Stats::new(sum.flows[window], sum.changes[window]));
    Priced {
        fdv: if token.seed.is_multiple_of(7) { cap * 1.25 } else { cap },
        mcap: cap,
        usd: sum.usd,
        price_block_id: block(at) - 12,
        liquidity: sum.liquidity,
        stats_5m: m5,
        stats_1h: h1,
        stats_6h: h6,
        stats_24h: h24,
    }
}

fn asset_mint(market: &Market, asset: &'static Asset, at: i64) -> Mint<'static> {
    let usd = asset_usd(market.seed(), asset, at);
    let stats = |window: i64| {
        let trades = window * 40;
        let volume = window as f64 * 11_000.0;
        Stats::new(Flow { buys: trades / 2, sells: trades / 2, volume }, Some(asset_change(market, asset, at, window)))
    };
    let mut tags = vec!["community", "strict", "verified"];
    tags.extend(asset.tag);
    Mint {
        id: asset.mint,
        name: asset.name,
        symbol: asset.symbol,
        decimals: asset.decimals,
        dev: None,
        circ_supply: asset.supply,
        total_supply: asset.supply,
        token_program: TOKEN_CLASSIC,
        authority: None,
        launchpad: None,
        graduated_pool: None,
        graduated_at: None,
        holder_count: Some(2_400_000),
        priced: Some(Priced {
            fdv: usd * asset.supply,
            mcap: usd * asset.supply,
            usd,
            price_block_id: block(at),
            liquidity: asset.supply * asset.base_usd * 0.013,
            stats_5m: stats(300),
            stats_1h: stats(3_600),
            stats_6h: stats(21_600),
            stats_24h: stats(86_400),
        }),
        first_pool: None,
        audit: Audit {
            is_sus: None,
            mint_authority_disabled: Some(true),
            freeze_authority_disabled: true,
            top_holders_percentage: Some(12.5),
            dev_mints: 1,
        },
        organic_score: 98.6,
        organic_score_label: "high",
        is_verified: Some(true),
        tags,
        created_at: time(1_717_577_725),
        updated_at: UpdatedAt(at, mix(market.seed(), at.cast_unsigned())),
    }
}

fn known(token: &Token, at: i64) -> bool {
    token.on_jupiter && token.born <= at
}

/// `/tokens/v2/search?query=`: up to 100 mints, or a text; without one, the top 20.
pub(super) fn search(market: &Market, lists: &Lists, query: &str, at: i64) -> Vec<u8> {
    let query = query.trim();
    if query.is_empty() {
        return list(market, lists, 0, 3, MOST_FOUND, at);
    }
    let mut found: Vec<Mint<'_>> = Vec::new();
    for id in query.split(',').take(MOST_MINTS).map(str::trim) {
        if let Some(asset) = asset_of(id) {
            found.push(asset_mint(market, asset, at));
        } else if let Some(token) = market.token(id).filter(|token| known(token, at)) {
            found.push(mint(market, token, at));
        }
    }
    if found.is_empty() && !query.contains(',') {
        let text = query.to_lowercase();
        let matches =
            |name: &str, symbol: &str| symbol.to_lowercase().contains(&text) || name.to_lowercase().contains(&text);
        for asset in ASSETS.iter().filter(|asset| asset.verified && matches(asset.name, asset.symbol)) {
            found.push(asset_mint(market, asset, at));
        }
        let tokens = market
            .tokens()
            .iter()
            .filter(|token| known(token, at) && matches(&token.naming.name, &token.naming.symbol))
            .take(MOST_FOUND.saturating_sub(found.len()));
        found.extend(tokens.map(|token| mint(market, token, at)));
    }
    bytes(&found)
}

/// The ranked lists: `kind` 0 organic score, 1 traded, 2 trending; `window` 0 to 3.
pub(super) fn list(market: &Market, lists: &Lists, kind: usize, window: usize, limit: usize, at: i64) -> Vec<u8> {
    let mut found: Vec<Mint<'_>> = Vec::with_capacity(limit);
    if kind == 0 && limit > 10 {
        // By organic score the anchors come first.
        found.extend(ASSETS[..2].iter().map(|asset| asset_mint(market, asset, at)));
    }
    let room = limit.saturating_sub(found.len());
    let tokens = lists.jupiter(kind, window).iter().map(|slot| &market.tokens()[*slot]);
    found.extend(tokens.filter(|token| known(token, at)).take(room).map(|token| mint(market, token, at)));
    bytes(&found)
}

/// `/tokens/v2/recent`: the newest tokens, some without a price.
pub(super) fn recent(market: &Market, lists: &Lists, at: i64) -> Vec<u8> {
    let tokens = lists.recent().iter().map(|slot| &market.tokens()[*slot]);
    bytes(&tokens.filter(|token| known(token, at)).map(|token| mint(market, token, at)).collect::<Vec<_>>())
}

/// `/tokens/v2/tag?query=`: everything that carries the tag.
pub(super) fn tag(market: &Market, tag: &str, at: i64) -> Vec<u8> {
    let mut found: Vec<Mint<'_>> = ASSETS
        .iter()
        .filter(|asset| if tag == "verified" { asset.verified } else { asset.tag == Some(tag) })
        .map(|asset| asset_mint(market, asset, at))
        .collect();
    if tag == "verified" {
        let tokens = market.tokens().iter().filter(|token| token.verified && known(token, at));
        found.extend(tokens.map(|token| mint(market, token, at)));
    }
    bytes(&found)
}
