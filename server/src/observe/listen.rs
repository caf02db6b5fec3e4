//! The listener of its own that Prometheus reads.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::metrics::{METRICS, Now};
use crate::clock::Clock;
use crate::feed::Hub;
use crate::http::ServeOptions;
use crate::store::Store;

/// So many connections at once; Prometheus needs one.
const CONNECTIONS: u32 = 16;

/// Where what is counted can be read: `/metrics`, and nothing else.
#[derive(Debug)]
pub struct MetricsListener {
    listener: TcpListener,
    router: Router,
}

#[derive(Debug)]
struct Parts {
    store: Arc<Store>,
    hub: Arc<Hub>,
    clock: Clock,
}

impl MetricsListener {
    /// Opens the address.
    pub async fn open(address: SocketAddr, store: Arc<Store>, hub: Arc<Hub>, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "METRICS_ADDR is not of this machine alone: whoever reaches it can read the metrics");
        }
        let router = router(store, hub, clock);
        Ok(Self { listener, router })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop`.
    pub async fn serve(self, stop: CancellationToken) {
        let options = ServeOptions { max_connections: CONNECTIONS, ..ServeOptions::for_open_files(0) };
        crate::http::serve(self.listener, self.router, options, stop).await;
    }
}

fn router(store: Arc<Store>, hub: Arc<Hub>, clock: Clock) -> Router {
    Router::new().route("/metrics", get(text)).with_state(Arc::new(Parts { store, hub, clock }))
}

async fn text(State(parts): State<Arc<Parts>>) -> Response {
    let reports = parts.store.reports();
    let now = Now {
        at: parts.clock.now(),
        snapshot: &parts.store.snapshot(),
        feed: parts.hub.stats(),
        budgets: reports.iter().map(|report| (report.source, report.budget.left)).collect(),
    };
    match METRICS.text(&now) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use memescope::Source;
    use tower::ServiceExt as _;

    use super::*;
    use crate::feed::FeedConfig;
    use crate::observe;
    use crate::pages::testing::Market;
    use crate::sources::SourceError;

    async fn get(router: &Router, path: &str) -> (StatusCode, String) {
        let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_was_counted_can_be_read_and_names_nobody() {
        let market = Market::with_tokens(9);
        let clock = Clock::system();
        let hub = Hub::new(market.store.clone(), clock.clone(), true, FeedConfig::default());
        let metrics = router(market.store.clone(), hub, clock);
        // Tests beside this one may count in the same process.
        let figure = |text: &str, name: &str| -> u64 {
            let told = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
            told.unwrap_or_default()
        };
        let (_, before) = get(&metrics, "/metrics").await;
        let site = observe::counting(
            Router::new().route("/tokens/{chain}/{address}", get_route()).route("/about", get_route()),
        );
        for path in ["/tokens/solana/Evil1", "/tokens/solana/Evil2", "/about", "/Evil3"] {
            get(&site, path).await;
        }
        observe::source_answered(Source::Jupiter, "prices");
        observe::source_failed(Source::Dexscreener, "tokens", &SourceError::Timeout);
        observe::frame_sent(br#"{"type":"delta","sub":"Evil4","prev":1}"#);
        observe::source_took(Source::Jupiter, std::time::Duration::from_millis(3));
        observe::resynced("lagged");
        let (status, text) = get(&metrics, "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        for (name, more) in [
            (r#"http_requests_total{route="/tokens/{chain}/{address}",method="GET",status="200"}"#, 2),
            (r#"http_requests_total{route="page",method="GET",status="200"}"#, 1),
            (r#"http_requests_total{route="other",method="GET",status="404"}"#, 1),
            (r#"http_request_duration_seconds_count{route="other"}"#, 1),
            (r#"source_requests_total{source="jupiter",endpoint="prices",outcome="ok"}"#, 1),
            (r#"source_requests_total{source="dexscreener",endpoint="tokens",outcome="timeout"}"#, 1),
            (r#"ws_frames_sent_total{channel="rows",kind="delta"}"#, 1),
            (r#"ws_resyncs_total{reason="lagged"}"#, 1),
        ] {
            assert!(figure(&text, name) >= figure(&before, name) + more, "{name} is missing in {text}");
        }
        for line in ["snapshot_seq 1", "snapshot_tokens 9", "ws_connections 0"] {
            assert!(text.lines().any(|told| told == line), "{line} is missing in {text}");
        }
        let names = [
            "source_latency_seconds",
            "snapshot_age_seconds",
            "merge_duration_seconds",
            "price_spread_ratio",
            "ws_conflated",
            "ws_lagged",
            "persist_duration_seconds",
            "build_info",
        ];
        for name in names {
            assert!(text.contains(name), "{name} is missing");
        }
        assert!(!text.contains("Evil") && text.ends_with("# EOF\n"));
        assert_eq!(get(&metrics, "/").await.0, StatusCode::NOT_FOUND);
    }

    fn get_route() -> axum::routing::MethodRouter {
        axum::routing::get(async || "")
    }
}
