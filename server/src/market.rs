//! The demo market: a seeded, simulated market that speaks the wire formats of the three upstreams.
//!
//! `--demo` starts it inside the process and points the ordinary source clients at it;
//! `memescope market` serves it alone. It is a part of the product, so that everything can be
//! seen, tested and measured without the internet, and it is as unpleasant as the real thing:
//! counterfeits with billions of pretended liquidity, frozen curves, pools priced a thousandfold
//! wrong, missing keys, `"NaN"` strings, hostile names, lagging caches, and faults on request.
//!
//! The inner part (`sim`, `token`, `course`, `lists`) is pure: the time is an argument and every
//! random number is a hash of what it is about. The same seed, size, start and times give the
//! same market, whatever was asked before.

mod clock;
mod control;
mod course;
mod decimal;
mod dexscreener;
mod fault;
mod gecko;
mod http;
mod jupiter;
mod lists;
mod names;
mod noise;
mod routes;
mod sim;
#[cfg(test)]
mod tests;
mod token;
mod venue;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use fault::{FaultError, FaultKind, FaultRule, FaultScript, Until, Upstream};

use clock::Clock;
use fault::Faults;
use lists::Lists;

/// How a market is made.
#[derive(Clone, Debug)]
pub struct MarketOptions {
    /// Size of the population; it stays the same while tokens come and go.
    pub tokens: usize,
    /// What everything random follows from.
    pub seed: u64,
    /// The time the market's clock shows at first.
    pub start: SystemTime,
    /// How the upstreams misbehave.
    pub faults: FaultScript,
}

/// A handle to a running market. Clones are the same market.
#[derive(Clone, Debug)]
pub struct Market {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    core: Mutex<Core>,
    faults: Mutex<(Instant, Faults)>,
    /// Ends the answers that would hang for ever when the server stops.
    closing: CancellationToken,
}

#[derive(Debug)]
struct Core {
    market: sim::Market,
    lists: Lists,
}

/// What is really the case with a token, beneath what the sources say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// USD for one token, as of its last trade.
    pub price_usd: f64,
    /// USD; price times supply.
    pub market_cap_usd: f64,
    /// It borrows an anchor's name.
    pub counterfeit: bool,
    /// It trades on a bonding curve still.
    pub on_curve: bool,
    /// Its markets.
    pub pools: Vec<TruePool>,
}

/// What is really the case with a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct TruePool {
    /// Base58.
    pub address: String,
    /// As `DexScreener` spells it.
    pub dex: &'static str,
    /// The quote token's mint.
    pub quote: &'static str,
    /// USD at which the pool trades, or stopped to.
    pub price_usd: f64,
    /// Twice the quote side, in USD: what a seller can hope for. `None` on a curve.
    pub liquidity_usd: Option<f64>,
    /// USD traded in the last 24 hours.
    pub volume_24h_usd: f64,
    /// Trades in the last 24 hours.
    pub trades_24h: i64,
    /// The sources tell a wrong price or liquidity, or the pool no longer follows the market.
    pub misleading: bool,
}

/// A value an operator sets by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Setting {
    Price(f64),
    Volume(f64),
    Liquidity(f64),
}

impl Market {
    /// A market whose clock starts now. Call it inside a tokio runtime.
    pub fn new(options: MarketOptions) -> Self {
        let MarketOptions { tokens, seed, start, faults } = options;
        let clock = Clock::new(start);
        let market = sim::Market::new(tokens, seed, clock.started());
        Self {
            inner: Arc::new(Inner {
                clock,
                core: Mutex::new(Core { market, lists: Lists::default() }),
                faults: Mutex::new((Instant::now(), Faults::new(&faults))),
                closing: CancellationToken::new(),
            }),
        }
    }

    /// The three upstreams and `POST /control`. Serve it with connect information, or `/control`
    /// refuses everyone.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// Every token's mint, in no order of interest.
    pub fn mints(&self) -> Vec<String> {
        self.read(|market| market.tokens().iter().map(|token| token.mint.clone()).collect())
    }

    /// The truth about a token; `None` when the market does not hold it, or not on this chain.
    pub fn truth(&self, chain: &str, mint: &str) -> Option<Truth> {
        if chain != "solana" {
            return None;
        }
        self.read(|market| {
            let now = market.now();
            let token = market.token(mint)?;
            let price_usd = token.usd(now, market.quotes());
            let pools = token.pools.iter().filter(|pool| pool.opens <= now);
            Some(Truth {
                price_usd,
                market_cap_usd: price_usd * token.supply,
                counterfeit: token.is_counterfeit(),
                on_curve: token.main_pool(now).venue.is_curve(),
                pools: pools.map(|pool| true_pool(market, token, pool)).collect(),
            })
        })
    }

    fn core(&self) -> std::sync::MutexGuard<'_, Core> {
        // What a panicking holder leaves behind is a market at an earlier time: still a market.
        let mut core = self.inner.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.market.advance(self.inner.clock.now());
        core
    }

    /// Looks at the market as of now.
    fn read<T>(&self, look: impl FnOnce(&sim::Market) -> T) -> T {
        look(&self.core().market)
    }

    /// Looks at the market and its lists as of now.
    fn read_lists<T>(&self, look: impl FnOnce(&sim::Market, &Lists) -> T) -> T {
        let mut core = self.core();
        let Core { market, lists } = &mut *core;
        lists.refresh(market);
        look(market, lists)
    }

    /// Sets a value of a token from now on; false when there is no such token.
    fn set(&self, mint: &str, setting: Setting) -> bool {
        let mut core = self.core();
        let market = &core.market;
        let now = market.now();
        let Some(token) = market.token(mint) else {
            return false;
        };
        let reading = token.reading(token.main_pool(now), now, market.quotes());
        let price = token.usd(now, market.quotes());
        let Some(token) = core.market.token_mut(mint) else {
            return false;
        };
        match setting {
            Setting::Price(usd) => token.overrides.shock(now, (usd / price).ln()),
            Setting::Volume(usd) => {
                let volume = reading.flows[5].volume;
                if volume > 0.0 {
                    token.overrides.volume *= usd / volume;
                }
            }
            Setting::Liquidity(usd) => {
                let liquidity = reading.reserves.map_or(0.0, |reserves| reserves.usd);
                if liquidity > 0.0 {
                    token.overrides.liquidity *= usd / liquidity;
                }
            }
        }
        true
    }

    /// What befalls a request to an upstream now.
    fn strike(&self, source: Upstream) -> Option<FaultKind> {
        let mut faults = self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let after: Duration = faults.0.elapsed();
        faults.1.strike(source, after)
    }

    /// Replaces the faults; the script's times count from now.
    fn replace_faults(&self, script: &FaultScript) {
        let mut faults = self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *faults = (Instant::now(), Faults::new(script));
    }
}

fn true_pool(market: &sim::Market, token: &token::Token, pool: &token::Pool) -> TruePool {
    let now = market.now();
    let reading = token.reading(pool, now, market.quotes());
    let frozen = pool.closes.is_some_and(|closes| closes <= now);
    TruePool {
        address: pool.address.clone(),
        dex: pool.venue.dexscreener(),
        quote: pool.quote.asset().mint,
        price_usd: token.pool_usd(pool, now, market.quotes()),
        liquidity_usd: reading.reserves.map(|reserves| 2.0 * reserves.quote * market.quotes().usd(pool.quote, now)),
        volume_24h_usd: reading.flows[5].volume,
        trades_24h: reading.flows[5].trades(),
        misleading: frozen || pool.flaw != token::Flaw::None,
    }
}

/// Serves a market until `shutdown` is done, then lets the answers under way end.
pub async fn serve(
    listener: tokio::net::TcpListener,
    market: Market,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = market.router().into_make_service_with_connect_info::<SocketAddr>();
    let closing = market.inner.closing.clone();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.cancel();
        })
        .await
}
