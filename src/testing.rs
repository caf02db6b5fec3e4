//! Words for tests: numbered ids and arbitrary rows.

use std::sync::Arc;

use proptest::option;
use proptest::prelude::*;

use crate::{Chain, Flag, PerWindow, Price, Stage, Timestamp, Token, TokenId, Txns};

/// A valid Solana id for a small number.
pub(crate) fn token_id(number: u8) -> TokenId {
    let address = bs58::encode([number.max(1); 32]).into_string();
    TokenId::new(&Chain::solana(), &address).expect("32 bytes are an address")
}

fn any_price() -> impl Strategy<Value = Option<Price>> {
    option::of((1u64..1_000_000, -12i32..3).prop_map(|(m, e)| Price::new(m, e).expect("in range")))
}

fn any_windows() -> impl Strategy<Value = PerWindow<f64>> {
    let figure = || option::of((-10_000i32..1_000_000).prop_map(|n| f64::from(n) / 100.0));
    (figure(), figure(), figure(), figure()).prop_map(|(m5, h1, h6, h24)| PerWindow { m5, h1, h6, h24, d7: None })
}

/// Any row, of token 1.
pub(crate) fn any_token() -> impl Strategy<Value = Token> {
    let text = option::of("[a-zA-Z$ ]{1,8}".prop_map(|text| Arc::<str>::from(text.as_str())));
    let txns = option::of((0u64..999, 0u64..999).prop_map(|(buys, sells)| Txns { buys, sells }));
    let figure = || option::of((0u32..u32::MAX).prop_map(f64::from));
    (
        (text, any_price(), any_price(), any_windows(), any_windows(), txns),
        (figure(), figure(), option::of(0u64..9_999), option::of(any::<bool>()), any::<bool>(), 0i64..99_999),
        (proptest::sample::subsequence(Flag::ALL.to_vec(), 0..4), 0u32..9),
    )
        .prop_map(
            |((symbol, usd, sol, change, volume, txns), (liquidity, cap, holders, verified, stale, at), rest)| {
                let mut token = Token::new(token_id(1), Timestamp::from_millis(at));
                token.symbol = symbol;
                token.price_usd = usd;
                token.price_sol = sol;
                token.change_pct = change;
                token.volume_usd = volume;
                token.txns.h1 = txns;
                token.liquidity_usd = liquidity;
                token.market_cap_usd = cap;
                token.holders = holders;
                token.verified = verified;
                token.stale = stale;
                token.flags = rest.0;
                token.pool_count = rest.1;
                token.stage = if rest.1 > 4 { Stage::Amm } else { Stage::Curve };
                token
            },
        )
}

/// The moment of the tests of the merge.
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_800_000_000);

/// What SOL costs in the tests of the merge.
pub(crate) const SOL_USD: f64 = 100.0;

/// An honest pool of the token at [`NOON`]: so many SOL on its quote side, at this price in USD.
pub(crate) fn market(number: u8, token: &TokenId, price: f64, sol: f64, volume: f64) -> crate::PoolObservation {
    let mut pool = pool_observation(number, token);
    pool.price_usd = Price::from_f64(price, 9);
    pool.price_quote = Price::from_f64(price / SOL_USD, 9);
    pool.quote_reserve = Some(sol);
    pool.liquidity_usd = Some(2.0 * sol * SOL_USD);
    pool.volume_usd =
        PerWindow { m5: Some(volume / 288.0), h1: Some(volume / 24.0), h6: None, h24: Some(volume), d7: None };
    pool.txns.m5 = Some(Txns { buys: 10, sells: 5 });
    pool.txns.h24 = Some(Txns { buys: 300, sells: 200 });
    pool.change_pct.h24 = Some(12.5);
    pool.fdv_usd = Some(price * 1e9);
    pool.market_cap_usd = Some(price * 9e8);
    pool.created_at = Some(Timestamp::from_secs(1_700_000_000));
    pool.base.symbol = Some(Arc::from("TEST"));
    pool
}

/// A pool of the token, quoted in wrapped SOL, of which nothing but the sides is known.
pub(crate) fn pool_observation(number: u8, token: &TokenId) -> crate::PoolObservation {
    let address = bs58::encode([number.max(1); 31]).into_string();
    let address = format!("1{address}");
    let side = |token: &TokenId| crate::PoolSide { token: token.clone(), symbol: None, name: None, listed: None };
    crate::PoolObservation {
        source: crate::Source::Dexscreener,
        as_of: NOON,
        pool: crate::PoolId::new(&Chain::solana(), &address).expect("32 bytes are an address"),
        dex: Arc::from("pumpswap"),
        labels: Vec::new(),
        base: side(token),
        quote: side(&crate::wrapped_sol()),
        price_usd: None,
        price_quote: None,
        price_sol: None,
        quote_price_usd: None,
        change_pct: PerWindow::default(),
        volume_usd: PerWindow::default(),
        txns: PerWindow::default(),
        traders: crate::RarePerWindow::default(),
        liquidity_usd: None,
        quote_reserve: None,
        base_reserve: None,
        fdv_usd: None,
        market_cap_usd: None,
        created_at: None,
        graduated: None,
        promoted: false,
    }
}
