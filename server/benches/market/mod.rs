//! Tokens with three pools each, as DexScreener tells of them.

use std::time::Duration;

use memescope::{
    Chain, Harvest, PerWindow, PoolId, PoolObservation, PoolSide, Price, RarePerWindow, Source, Timestamp, TokenId,
    Txns, Window, wrapped_sol,
};

/// Pools of a token.
pub(crate) const POOLS: u32 = 3;
pub(crate) const NOON: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const SOL_USD: f64 = 150.0;

fn address(number: u32, kind: u8) -> String {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&(number + 1).to_be_bytes());
    bs58::encode(bytes).into_string()
}

pub(crate) fn token(number: u32) -> TokenId {
    TokenId::new(&Chain::solana(), &address(number, 7)).unwrap()
}

/// A pool in a round; every round has other figures.
pub(crate) fn pool(number: u32, place: u32, round: u32, as_of: Timestamp) -> PoolObservation {
    let noise = f64::from(number.wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(40_503)) % 100_000);
    let (usd, depth) = (0.001 + noise / 1e6, 20_000.0 / f64::from(place + 1) + noise);
    let side = |token: TokenId, symbol: &str| PoolSide {
        token,
        symbol: Some(symbol.into()),
        name: Some(symbol.into()),
        listed: None,
    };
    PoolObservation {
        source: Source::Dexscreener,
        as_of,
        pool: PoolId::new(&Chain::solana(), &address(number * POOLS + place, 9)).unwrap(),
        dex: "raydium".into(),
        labels: Vec::new(),
        base: side(token(number), &format!("T{number}")),
        quote: side(wrapped_sol(), "SOL"),
        price_usd: Price::from_f64(usd, 9),
        price_quote: Price::from_f64(usd / SOL_USD, 9),
        price_sol: None,
        quote_price_usd: None,
        change_pct: PerWindow::from_fn(|_| Some((noise - 50_000.0) / 1_000.0)),
        volume_usd: PerWindow::from_fn(|window| (window != Window::D7).then_some(noise * 10.0)),
        txns: PerWindow::from_fn(|window| {
            (window != Window::D7).then_some(Txns { buys: 10 + u64::from(number % 90), sells: u64::from(round % 70) })
        }),
        traders: RarePerWindow::default(),
        liquidity_usd: Some(depth),
        quote_reserve: Some(depth / 2.0 / SOL_USD),
        base_reserve: Some(depth / 2.0 / usd),
        fdv_usd: Some(usd * 1e9),
        market_cap_usd: Some(usd * 1e9),
        created_at: Some(NOON.minus(Duration::from_secs(86_400 * 20))),
        graduated: None,
        promoted: false,
    }
}

pub(crate) fn of_tokens(numbers: impl Iterator<Item = u32> + Clone, round: u32, as_of: Timestamp) -> Harvest {
    let pools = numbers.clone().flat_map(|number| (0..POOLS).map(move |place| pool(number, place, round, as_of)));
    Harvest { pools: pools.collect(), asked: numbers.map(token).collect(), ..Harvest::default() }
}
