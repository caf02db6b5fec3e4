//! GeckoTerminal's JSON, which follows JSON:API: rows in `data`, what they point at in `included`.

use std::collections::HashMap;
use std::sync::Arc;

use memescope::{
    Chain, Harvest, NAME_CHARS, PerWindow, PoolObservation, PoolSide, SYMBOL_CHARS, Source, Statement, Timestamp,
    TokenId, TokenObservation, Traders, Txns, Window,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::SourceError;
use super::super::rows::{self, Rows, is_empty_object, object};
use super::super::sieve::{Raw, Sieve};

/// A chain, and how GeckoTerminal's ids of it begin.
pub(super) struct Network {
    chain: Chain,
    prefix: String,
}

impl Network {
    pub(super) fn of(chain: &Chain) -> Self {
        Self { prefix: format!("{}_", chain.geckoterminal_network()), chain: chain.clone() }
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    data: Rows<'a>,
    #[serde(borrow, default)]
    included: Rows<'a>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow, default)]
    attributes: Raw<'a>,
    #[serde(borrow, default)]
    relationships: Raw<'a>,
}

#[derive(Deserialize)]
struct PoolAttributes<'a> {
    #[serde(borrow, default)]
    address: Raw<'a>,
    #[serde(borrow, default)]
    base_token_price_usd: Raw<'a>,
    #[serde(borrow, default)]
    base_token_price_native_currency: Raw<'a>,
    #[serde(borrow, default)]
    quote_token_price_usd: Raw<'a>,
    #[serde(borrow, default)]
    base_token_price_quote_token: Raw<'a>,
    #[serde(borrow, default)]
    pool_created_at: Raw<'a>,
    #[serde(borrow, default)]
    fdv_usd: Raw<'a>,
    #[serde(borrow, default)]
    market_cap_usd: Raw<'a>,
    #[serde(borrow, default)]
    price_change_percentage: Raw<'a>,
    #[serde(borrow, default)]
    transactions: Raw<'a>,
    #[serde(borrow, default)]
    volume_usd: Raw<'a>,
    #[serde(borrow, default)]
    reserve_in_usd: Raw<'a>,
    #[serde(borrow, default)]
    base_token_balance: Raw<'a>,
    #[serde(borrow, default)]
    quote_token_balance: Raw<'a>,
    #[serde(borrow, default)]
    launchpad_details: Raw<'a>,
}

#[derive(Deserialize)]
struct PoolRelations<'a> {
    #[serde(borrow, default)]
    base_token: Raw<'a>,
    #[serde(borrow, default)]
    quote_token: Raw<'a>,
    #[serde(borrow, default)]
    dex: Raw<'a>,
}

#[derive(Deserialize)]
struct Relation<'a> {
    #[serde(borrow, default)]
    data: Raw<'a>,
}

#[derive(Deserialize)]
struct Pointer<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
}

#[derive(Default, Deserialize)]
struct Windows<'a> {
    #[serde(borrow, default)]
    m5: Raw<'a>,
    #[serde(borrow, default)]
    h1: Raw<'a>,
    #[serde(borrow, default)]
    h6: Raw<'a>,
    #[serde(borrow, default)]
    h24: Raw<'a>,
}

impl<'a> Windows<'a> {
    fn at(&self, window: Window) -> Raw<'a> {
        match window {
            Window::M5 => self.m5,
            Window::H1 => self.h1,
            Window::H6 => self.h6,
            Window::H24 => self.h24,
            Window::D7 => None,
        }
    }
}

#[derive(Deserialize)]
struct Transactions<'a> {
    #[serde(borrow, default)]
    buys: Raw<'a>,
    #[serde(borrow, default)]
    sells: Raw<'a>,
    #[serde(borrow, default)]
    buyers: Raw<'a>,
    #[serde(borrow, default)]
    sellers: Raw<'a>,
}

#[derive(Default, Deserialize)]
struct Launchpad<'a> {
    #[serde(borrow, default)]
    completed: Raw<'a>,
}

#[derive(Deserialize)]
struct TokenAttributes<'a> {
    #[serde(borrow, default)]
    image_url: Raw<'a>,
    #[serde(borrow, default)]
    address: Raw<'a>,
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    symbol: Raw<'a>,
    #[serde(borrow, default)]
    coingecko_coin_id: Raw<'a>,
    #[serde(borrow, default)]
    normalized_total_supply: Raw<'a>,
    #[serde(borrow, default)]
    price_usd: Raw<'a>,
    #[serde(borrow, default)]
    fdv_usd: Raw<'a>,
    #[serde(borrow, default)]
    market_cap_usd: Raw<'a>,
    #[serde(borrow, default)]
    volume_usd: Raw<'a>,
    #[serde(borrow, default)]
    launchpad_details: Raw<'a>,
}

/// What an answer says about the sides of its pools.
type Names = HashMap<TokenId, PoolSide>;

/// Reads a list of pools.
pub(super) fn read_pools(
    network: &Network,
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    let document = document(body)?;
    let mut names = Names::new();
    for row in &document.included.0 {
        let Some(resource) = object::<Resource<'_>>(row.get()) else {
            sieve.refuse::<()>("included", "wrong_type");
            continue;
        };
        if sieve.text("type", resource.kind).as_deref() == Some("token")
            && let Some(attributes) = sieve.part::<TokenAttributes<'_>>("included", resource.attributes)
            && let Some(token) = sieve.token("included", &network.chain, attributes.address)
        {
            let symbol = sieve.shown("symbol", attributes.symbol, SYMBOL_CHARS);
            let name = sieve.shown("name", attributes.name, NAME_CHARS);
            let listed = Some(is_listed(sieve, attributes.coingecko_coin_id));
            harvest.logos.extend(logo(sieve, attributes.image_url).map(|logo| (token.clone(), logo)));
            names.insert(token.clone(), PoolSide { token, symbol, name, listed });
        }
    }
    collect_pools(network, &document.data, &names, as_of, sieve, harvest);
    Ok(())
}

/// Reads a list of tokens, and the pools it includes.
pub(super) fn read_tokens(
    network: &Network,
    body: &str,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) -> Result<(), SourceError> {
    let document = document(body)?;
    let mut names = Names::new();
    for row in &document.data.0 {
        match token(network, row, as_of, sieve) {
            Ok((token, logo)) => {
                harvest.logos.extend(logo.map(|logo| (token.token.clone(), logo)));
                let side = PoolSide {
                    token: token.token.clone(),
                    symbol: token.symbol.clone(),
                    name: token.name.clone(),
                    listed: token.verified,
                };
                names.insert(side.token.clone(), side);
                harvest.tokens.push(token);
            }
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
    collect_pools(network, &document.included, &names, as_of, sieve, harvest);
    Ok(())
}

fn document(body: &str) -> Result<Document<'_>, SourceError> {
    if is_empty_object(body) || body.trim() == "[]" {
        return Ok(Document { data: Rows::default(), included: Rows::default() });
    }
    rows::document(body)
}

fn collect_pools(
    network: &Network,
    rows: &Rows<'_>,
    names: &Names,
    as_of: Timestamp,
    sieve: &mut Sieve,
    harvest: &mut Harvest,
) {
    for row in &rows.0 {
        match pool(network, row, names, as_of, sieve) {
            Ok(pool) => harvest.pools.push(pool),
            Err(reason) => {
                sieve.refuse::<()>("row", reason);
            }
        }
    }
}

fn pool(
    network: &Network,
    row: &RawValue,
    names: &Names,
    as_of: Timestamp,
    sieve: &mut Sieve,
) -> Result<PoolObservation, &'static str> {
    let row: Resource<'_> = object(row.get()).ok_or("wrong_type")?;
    let attributes: PoolAttributes<'_> = sieve.part("attributes", row.attributes).ok_or("no_attributes")?;
    let relations: PoolRelations<'_> = sieve.part("relationships", row.relationships).ok_or("no_relationships")?;
    let pool = sieve.pool("address", &network.chain, attributes.address).ok_or("no_pool")?;
    let mut side = |field, relation| {
        let token = related(sieve, field, relation).and_then(|id| network_token(network, sieve, field, &id))?;
        let told = names.get(&token).cloned();
        Some(told.unwrap_or(PoolSide { token, symbol: None, name: None, listed: None }))
    };
    let base = side("base_token", relations.base_token).ok_or("no_token")?;
    let quote = side("quote_token", relations.quote_token).ok_or("no_token")?;
    let dex = related(sieve, "dex", relations.dex).ok_or("no_dex")?;
    let dex = memescope::clean_text(&dex, NAME_CHARS).ok_or("no_dex")?;
    let on_solana = network.chain == Chain::solana();
    let change: Windows<'_> =
        sieve.part("price_change_percentage", attributes.price_change_percentage).unwrap_or_default();
    let volume: Windows<'_> = sieve.part("volume_usd", attributes.volume_usd).unwrap_or_default();
    let (txns, traders) = transactions(sieve, attributes.transactions);
    let price_native = sieve.price("base_token_price_native_currency", attributes.base_token_price_native_currency);
    Ok(PoolObservation {
        source: Source::Geckoterminal,
        as_of,
        pool,
        dex,
        labels: Vec::new(),
        base,
        quote,
        price_usd: sieve.price("base_token_price_usd", attributes.base_token_price_usd),
        price_quote: sieve.price("base_token_price_quote_token", attributes.base_token_price_quote_token),
        price_sol: price_native.filter(|_| on_solana),
        quote_price_usd: sieve.price("quote_token_price_usd", attributes.quote_token_price_usd),
        change_pct: PerWindow::from_fn(|window| sieve.percent("price_change_percentage", change.at(window))),
        volume_usd: PerWindow::from_fn(|window| sieve.usd("volume_usd", volume.at(window))),
        txns,
        traders: traders.into(),
        liquidity_usd: sieve.usd("reserve_in_usd", attributes.reserve_in_usd),
        quote_reserve: sieve.amount("quote_token_balance", attributes.quote_token_balance),
        base_reserve: sieve.amount("base_token_balance", attributes.base_token_balance),
        fdv_usd: sieve.usd("fdv_usd", attributes.fdv_usd),
        market_cap_usd: sieve.usd("market_cap_usd", attributes.market_cap_usd),
        created_at: sieve.time("pool_created_at", attributes.pool_created_at),
        graduated: graduated(sieve, attributes.launchpad_details),
        promoted: false,
    })
}

/// A token, and its picture.
fn token(
    network: &Network,
    row: &RawValue,
    as_of: Timestamp,
    sieve: &mut Sieve,
) -> Result<(TokenObservation, Option<Arc<str>>), &'static str> {
    let row: Resource<'_> = object(row.get()).ok_or("wrong_type")?;
    let attributes: TokenAttributes<'_> = sieve.part("attributes", row.attributes).ok_or("no_attributes")?;
    let id = match attributes.address {
        Some(_) => sieve.token("address", &network.chain, attributes.address),
        None => sieve.text("id", row.id).and_then(|id| network_token(network, sieve, "id", &id)),
    };
    let (source, statement) = (Source::Geckoterminal, Statement::Facts);
    let mut token = TokenObservation::new(source, statement, id.ok_or("no_token")?, as_of);
    let volume: Windows<'_> = sieve.part("volume_usd", attributes.volume_usd).unwrap_or_default();
    token.symbol = sieve.shown("symbol", attributes.symbol, SYMBOL_CHARS);
    token.name = sieve.shown("name", attributes.name, NAME_CHARS);
    token.price_usd = sieve.price("price_usd", attributes.price_usd);
    token.fdv_usd = sieve.usd("fdv_usd", attributes.fdv_usd);
    token.market_cap_usd = sieve.usd("market_cap_usd", attributes.market_cap_usd);
    // `total_reserve_in_usd` is this token's side of its pools only, no liquidity in anybody else's sense.
    token.total_supply = sieve.amount("normalized_total_supply", attributes.normalized_total_supply);
    token.volume_usd = PerWindow::from_fn(|window| sieve.usd("volume_usd", volume.at(window)));
    token.graduated = graduated(sieve, attributes.launchpad_details);
    token.verified = Some(is_listed(sieve, attributes.coingecko_coin_id));
    Ok((token, logo(sieve, attributes.image_url)))
}

/// A picture's address; without one the source names a file of its own.
fn logo(sieve: &mut Sieve, raw: Raw<'_>) -> Option<Arc<str>> {
    sieve.text("image_url", raw).filter(|address| address != "missing.png").map(Arc::from)
}

/// Whether CoinGecko lists the token: then it has an id there.
fn is_listed(sieve: &mut Sieve, coin: Raw<'_>) -> bool {
    sieve.text("coingecko_coin_id", coin).is_some_and(|coin| !coin.trim().is_empty())
}

/// The id to which a relation points.
fn related(sieve: &mut Sieve, field: &'static str, relation: Raw<'_>) -> Option<String> {
    let relation: Relation<'_> = sieve.part(field, relation)?;
    let pointer: Pointer<'_> = sieve.part(field, relation.data)?;
    sieve.text(field, pointer.id).map(std::borrow::Cow::into_owned)
}

/// `solana_<address>` as a token; other networks' ids are refused.
fn network_token(network: &Network, sieve: &mut Sieve, field: &'static str, id: &str) -> Option<TokenId> {
    match id.strip_prefix(&network.prefix) {
        Some(address) => sieve.id(field, TokenId::new(&network.chain, address)),
        None => sieve.refuse(field, "bad_address"),
    }
}

fn transactions(sieve: &mut Sieve, raw: Raw<'_>) -> (PerWindow<Txns>, PerWindow<Traders>) {
    let windows: Windows<'_> = sieve.part("transactions", raw).unwrap_or_default();
    let (mut txns, mut traders) = (PerWindow::default(), PerWindow::default());
    for window in Window::ALL {
        let row: Option<Transactions<'_>> = sieve.part("transactions", windows.at(window));
        let Some(row) = row else { continue };
        let mut both = |field, a, b| Some((sieve.count(field, a)?, sieve.count(field, b)?));
        *txns.slot(window) = both("transactions", row.buys, row.sells).map(|(buys, sells)| Txns { buys, sells });
        *traders.slot(window) =
            both("traders", row.buyers, row.sellers).map(|(buyers, sellers)| Traders { buyers, sellers });
    }
    (txns, traders)
}

fn graduated(sieve: &mut Sieve, raw: Raw<'_>) -> Option<bool> {
    let launchpad: Launchpad<'_> = sieve.part("launchpad_details", raw)?;
    sieve.truth("launchpad_details.completed", launchpad.completed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
