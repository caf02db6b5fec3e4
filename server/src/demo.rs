//! The demo market inside the process: the three sources, on a loopback port of their own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, UNIX_EPOCH};

use memescope::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::{self, Handle, RuntimeFlavor};
use tokio_util::sync::CancellationToken;

use crate::config::DemoConfig;
use crate::market::{FaultError, Market, MarketOptions, serve};

/// Why the demo market cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The script of faults cannot be read.
    #[error("FAULTS cannot be read: {0}")]
    Faults(#[from] FaultError),
    /// No port for it.
    #[error("the demo market cannot listen on {address}: {error}")]
    Port {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

/// A market that is being served.
#[derive(Debug)]
pub struct Demo {
    /// Where it answers.
    pub address: SocketAddr,
    /// The market itself.
    pub market: Market,
}

/// Gives the market a thread of its own. Its lists take a tenth of a second to renew with ten thousand tokens: on the
/// threads that serve, the answers that wait there would be as late.
fn apart(serving: impl Future<Output = ()> + Send + 'static) {
    let serve = || match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serving),
        Err(error) => tracing::error!(%error, "The demo market has no runtime"),
    };
    if let Err(error) = std::thread::Builder::new().name("market".to_owned()).spawn(serve) {
        tracing::error!(%error, "The demo market has no thread");
    }
}

impl Demo {
    /// Serves a market on a free loopback port until `stop`.
    pub async fn start(config: &DemoConfig, now: Timestamp, stop: CancellationToken) -> Result<Self, DemoError> {
        let (demo, serving) = Self::listen(config, (Ipv4Addr::LOCALHOST, 0).into(), now, stop).await?;
        let serving = async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "The demo market has ended");
            }
        };
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread => apart(serving),
            _ => drop(tokio::spawn(serving)),
        }
        Ok(demo)
    }

    /// A market at `address`, and the future that serves it until `stop`.
    pub async fn listen(
        config: &DemoConfig,
        address: SocketAddr,
        now: Timestamp,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = io::Result<()>> + Send + 'static), DemoError> {
        let options = MarketOptions {
            tokens: config.tokens,
            seed: config.seed,
            start: UNIX_EPOCH + Duration::from_millis(now.millis().try_into().unwrap_or(0)),
            faults: config.faults.parse()?,
            adversarial: config.adversarial,
        };
        let port = |error| DemoError::Port { address, error };
        let listener = TcpListener::bind(address).await.map_err(port)?;
        let address = listener.local_addr().map_err(port)?;
        // Thousands of price histories take a moment to draw.
        let market = match tokio::task::spawn_blocking({
            let runtime = tokio::runtime::Handle::current();
            move || {
                let _inside = runtime.enter();
                Market::new(options)
            }
        })
        .await
        {
            Ok(market) => market,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let serving = serve(listener, market.clone(), stop.cancelled_owned());
        Ok((Self { address, market }, serving))
    }

    /// What stands before the paths of DexScreener, GeckoTerminal and Jupiter.
    pub fn base_urls(&self) -> [String; 3] {
        ["dexscreener", "geckoterminal/api/v2", "jupiter"].map(|path| format!("http://{}/{path}", self.address))
    }
}
