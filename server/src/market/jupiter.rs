//! Jupiter's answers: numbers, not strings, some of them with an exponent.

mod mint;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Upstream;
use super::course::Flow;
use super::lists::{Lists, on_jupiter};
use super::noise::{between, unit};
use super::sim::Market;
use super::token::Token;
use super::told::flash;
use super::venue::{ASSETS, Asset, asset_of, asset_usd};
use super::wire::{Time, bytes, time};

use mint::{Mint, asset_mint, mint};

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
    let usd = token.usd(at, market.quotes()) * flash(market, token, at, Upstream::Jupiter);
    Sum { usd: swapped(usd, token.seed, at), flows, changes, liquidity }
}

/// SOL in a bonding curve at a price: 85 at the end, none at the start, along its hyperbola.
fn curve_quote(price_sol: f64) -> f64 {
    30.0 * ((price_sol / super::token::CURVE_START_SOL).sqrt() - 1.0).max(0.001)
}

fn launchpad(token: &Token) -> Option<&'static str> {
    token.pools.iter().find_map(|pool| pool.venue.launchpad())
}

fn price(market: &Market, token: &Token, at: i64) -> Price {
    // The price is that of the last swap, some seconds ago.
    let lag = super::decimal::whole(unit(token.seed, at.cast_unsigned()) * 8.0).min((at - token.born).max(0));
    let at = at - lag;
    let sum = sum(market, token, at);
    Price {
        created_at: time(token.born),
        liquidity: sum.liquidity,
        usd: sum.usd,
        block_id: (token.slot % 43 != 12).then(|| block(at)),
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
