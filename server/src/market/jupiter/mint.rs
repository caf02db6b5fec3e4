//! Everything Jupiter tells of one token; what is missing is left out.

use serde::{Serialize, Serializer};

use super::{asset_change, block, launchpad, sum};
use crate::market::course::Flow;
use crate::market::decimal::whole;
use crate::market::lists::{on_jupiter, organic_score};
use crate::market::names;
use crate::market::noise::{between, mix};
use crate::market::sim::Market;
use crate::market::token::{Origin, Pool, Token};
use crate::market::venue::{Asset, asset_usd};
use crate::market::wire::{Time, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mint<'a> {
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
            num_traders: some(whole((flow.trades() as f64).powf(0.86))),
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

pub(super) fn mint<'a>(market: &Market, token: &'a Token, at: i64) -> Mint<'a> {
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
            is_sus: (token.is_distrusted() || seed.is_multiple_of(29)).then_some(true),
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
    1 + whole(token.pace.steady * 3_600.0 * hours.min(2_000.0).powf(0.6) + hours.powf(0.4) * 9.0)
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

pub(super) fn asset_mint(market: &Market, asset: &'static Asset, at: i64) -> Mint<'static> {
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
