//! The whole server, from an open port to a stopped process.
//!
//! ```text
//!  start: port ─▶ demo market? ─▶ last board ─▶ routes ─▶ address printed
//!  stop:  signal ─▶ not ready ─▶ poller, feed and connections come to rest ─▶ last board on disk
//! ```

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use app::reader::TokenReader;
use axum::Router;
use axum::http::{HeaderMap, Uri};
use memescope::Epoch;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api, Readiness};
use crate::clock::Clock;
use crate::config::{Config, SourcesConfig};
use crate::demo::{Demo, DemoError};
use crate::engine::{Engine, EngineError, EngineSettings, SettingsError};
use crate::feed;
use crate::http::{self, BindError, ServeOptions, Served};
use crate::logos;
use crate::observe::{self, MetricsListener};
use crate::pages::{CursorKey, Pages};
use crate::reader::BoardReader;
use crate::signals;
use crate::site::{self, Files};

/// Why the server cannot start: one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The port.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The demo market.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data folder or a source.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The key of the cursors.
    #[error("DATA_DIR cannot hold the key of the cursors: {0}")]
    Key(std::io::Error),
    /// Chance.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The address of the metrics.
    #[error("METRICS_ADDR={0} cannot be listened at: {1}")]
    Metrics(SocketAddr, std::io::Error),
    /// The client that fetches pictures.
    #[error("LOGOS=proxy: the HTTP client could not be made: {0}")]
    Logos(reqwest::Error),
    /// Signals.
    #[error("the system does not tell when to stop: {0}")]
    Signals(std::io::Error),
}

/// Serves until a signal says stop.
pub async fn run(mut config: Config) -> Result<(), RunError> {
    let options = ServeOptions::for_open_files(http::raise_open_files());
    // The port first: whoever has started twice should hear of it before anything else is touched.
    let listener = http::bind(&config.http)?;
    let address = listener.local_addr().unwrap_or(config.http.listen);
    let clock = Clock::system();
    let stop = CancellationToken::new();
    signals::listen(stop.clone()).map_err(RunError::Signals)?;
    for name in config.without_effect() {
        tracing::warn!("{name} is set, and has no effect in this version");
    }
    // The market answers until the poller has come to rest.
    let market_stop = CancellationToken::new();
    if let Some(demo) = &config.demo {
        let demo = Demo::start(demo, clock.now(), market_stop.clone()).await?;
        point_at(&mut config.sources, &demo);
    }
    let epoch = Epoch::from_bits(getrandom::u64().map_err(RunError::Random)?);
    let engine = Engine::open(EngineSettings::of(&config)?, clock.clone(), epoch).await?;
    let readiness = Arc::new(Readiness::new(config.ready_on_stale));
    let (router, api) = routes(&config, &engine, &clock, &readiness)?;
    watch_health(&engine, &readiness, stop.clone());
    announce(&config, address);

    if let Some(address) = config.metrics_addr {
        let (store, hub) = (engine.store.clone(), engine.hub.clone());
        let listener = MetricsListener::open(address, store, hub, clock.clone()).await;
        let listener = listener.map_err(|error| RunError::Metrics(address, error))?;
        tokio::spawn(listener.serve(stop.clone()));
    }
    observe::started(address, if config.demo.is_some() { "demo" } else { "live" });

    let at_hand = Arc::new(move |uri: &Uri, headers: &HeaderMap| api.at_hand(uri, headers));
    let (router, shortcut) = http::layers_and_shortcut(router, &config.http, clock, at_hand);
    let served = Served { router: observe::counting(router), shortcut: Some(shortcut) };
    tokio::join!(engine.run(stop.clone()), http::serve(listener, served, options, stop));
    market_stop.cancel();
    observe::stopped();
    Ok(())
}

fn point_at(sources: &mut SourcesConfig, demo: &Demo) {
    let [dexscreener, geckoterminal, jupiter] = demo.base_urls();
    sources.dexscreener.url = dexscreener;
    sources.geckoterminal.url = geckoterminal;
    sources.jupiter.url = jupiter;
}

fn routes(
    config: &Config,
    engine: &Engine,
    clock: &Clock,
    readiness: &Arc<Readiness>,
) -> Result<(Router, Arc<Api>), RunError> {
    let is_demo = config.demo.is_some();
    let key = CursorKey::load_or_create(&config.state_dir()).map_err(RunError::Key)?;
    let pages = Arc::new(Pages::new(engine.store.clone(), key));
    tokio::spawn(pages.clone().follow());
    engine.hub.tell_former_places(pages.clone());
    let reader = BoardReader::new(engine.store.clone(), pages.clone(), clock.clone(), is_demo)
        .with_history(engine.history.clone())
        .with_details(engine.details.clone())
        .with_lookups(engine.lookups.clone());
    let reader: Arc<dyn TokenReader> = Arc::new(reader);
    let market = if is_demo { "demo" } else { "live" };
    let api = Api::new(engine.store.clone(), pages, market, readiness.clone())
        .with_history(engine.history.clone())
        .with_details(engine.details.clone())
        .with_lookups(engine.lookups.clone());
    let api = Arc::new(api);
    let router = site::router(site_files(site::find().as_deref()), reader)
        .merge(api::router(api.clone()))
        .merge(feed::router(engine.hub.clone()))
        .merge(logos::router(engine.album.clone()).map_err(RunError::Logos)?);
    Ok((router, api))
}

fn site_files(folder: Option<&Path>) -> Option<Files> {
    let folder = folder.or_else(|| {
        tracing::warn!("The page's files are missing: the API and the feed are served, the page is not");
        None
    })?;
    Files::open(folder).inspect_err(|error| tracing::error!(%error, "The page's files cannot be used")).ok()
}

/// Tells `/readyz` what becomes of the journal and of the process.
fn watch_health(engine: &Engine, readiness: &Arc<Readiness>, stop: CancellationToken) {
    let mut journal = engine.journal_health();
    let readiness = readiness.clone();
    tokio::spawn(async move {
        loop {
            readiness.set_journal_ok(*journal.borrow_and_update());
            tokio::select! {
                () = stop.cancelled() => break,
                changed = journal.changed() => if changed.is_err() { break },
            }
        }
        stop.cancelled().await;
        readiness.drain();
    });
}

/// Says where the board is. On the standard output, for whoever started it by hand.
#[expect(clippy::print_stdout, reason = "the one line that a person waits for")]
fn announce(config: &Config, address: SocketAddr) {
    let shown = SocketAddr::new(config.probe_address().ip(), address.port());
    let market = if config.demo.is_some() { " (demo market)" } else { "" };
    println!("Memescope{market} is at http://{shown}");
    if config.is_public() {
        println!(
            "Other machines can reach it. The sources allow own use with attribution; passing their data on needs \
             their consent."
        );
    }
}
