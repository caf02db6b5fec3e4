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
mod told;
mod truth;
mod venue;
mod wire;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use fault::{FaultError, FaultKind, FaultRule, FaultScript, Until, Upstream};
pub use truth::{GECKO_LAG, Standing, TruePool, Truth};

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
    /// Whether it does its worst: see [`Market`].
    pub adversarial: bool,
}

/// A handle to a running market. Clones are the same market.
///
/// An adversarial one holds, beside its population, fifty counterfeits of anchors and of verified tokens with billions
/// of pretended liquidity, copycats with honest money behind them, and tokens that only their maker trades. Sources
/// flash a price that is off by a large factor, one at a time; `DexScreener` takes the quote of every tenth token's
/// second pool for thousands of times its worth; frozen curves stay listed; caches get stuck. [`Market::truth`] tells
/// what is really the case.
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
        let MarketOptions { tokens, seed, start, faults, adversarial } = options;
        let clock = Clock::new(start);
        let market = sim::Market::new(tokens, seed, clock.started(), adversarial);
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
