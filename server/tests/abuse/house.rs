//! The whole port over a small board, without sources.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use memescope::{Board, Chain, Epoch, Price, Timestamp, Token, TokenId};
use server::api::{self, Api, Readiness};
use server::bus::LogEntry;
use server::clock::Clock;
use server::config::{HttpConfig, Origins};
use server::feed::{self, FeedConfig, Hub};
use server::http::{ServeOptions, Served, bind, layers_and_shortcut, serve};
use server::pages::{CursorKey, Pages};
use server::reader::BoardReader;
use server::site::{self, Files};
use server::store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// When the board was made.
const TODAY: Timestamp = Timestamp::from_secs(1_795_384_503);

/// How the port is set up.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) http: HttpConfig,
    pub(crate) feed: FeedConfig,
    pub(crate) serve: ServeOptions,
}

impl Default for Plan {
    /// Without limits for addresses, as all clients of a test have one.
    fn default() -> Self {
        Self {
            http: HttpConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                frontend: Origins::Same,
                trusted_proxies: Vec::new(),
                rate_limit: None,
                ws_limit: None,
            },
            feed: FeedConfig { sockets_per_address: None, step_interval: Duration::ZERO, ..FeedConfig::default() },
            serve: ServeOptions::for_open_files(4000),
        }
    }
}

/// A port that is served, until it is dropped.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Store>,
    pub(crate) hub: Arc<Hub>,
    _home: TempDir,
    _open: DropGuard,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::new(Board { epoch: Epoch::from_bits(7), as_of: TODAY, ..Board::default() }));
        let clock = Clock::from_runtime(TODAY);
        let hub = Hub::new(store.clone(), clock.clone(), true, plan.feed);
        let pages = Arc::new(Pages::new(store.clone(), CursorKey::load_or_create(home.path()).unwrap()));
        let reader = Arc::new(BoardReader::new(store.clone(), pages.clone(), clock.clone(), true));
        let api = Api::new(store.clone(), pages, "demo", Arc::new(Readiness::new(true)));
        let api = Arc::new(api);
        let router = site::router(Some(files(home.path())), reader)
            .merge(api::router(api.clone()))
            .merge(feed::router(hub.clone()));
        let listener = bind(&plan.http).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(hub.clone().run(stop.clone()));
        let at_hand = Arc::new(move |uri: &Uri, headers: &HeaderMap| api.at_hand(uri, headers));
        let (router, shortcut) = layers_and_shortcut(router, &plan.http, clock, at_hand);
        let served = Served { router: server::observe::counting(router), shortcut: Some(shortcut) };
        tokio::spawn(serve(listener, served, plan.serve, stop.clone()));
        let house = Self { address, store, hub, _home: home, _open: stop.drop_guard() };
        house.commit((1..=60).map(|number| token(number, u64::from(number))));
        house.hub.advance();
        house
    }

    /// Commits new and changed rows.
    pub(crate) fn commit(&self, rows: impl IntoIterator<Item = Arc<Token>>) {
        let before = self.store.snapshot();
        let mut tokens = before.board.tokens.clone();
        tokens.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        let after = before.board.advance(TODAY, None, false, tokens);
        let delta = Some(Arc::new(before.board.diff(&after)));
        self.store.commit(&LogEntry { delta, events: Arc::default(), reports: Arc::default() }).unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Connects from another address of this machine.
    pub(crate) async fn connect_from(&self, last: [u8; 2]) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, last[0], last[1])), 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own and reads until the server closes it.
    pub(crate) async fn ask(&self, bytes: impl AsRef<[u8]>) -> Answer {
        ask(self.connect().await, bytes).await
    }

    /// The answer to a plain request.
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(request("GET", target, "")).await
    }
}

/// A request after whose answer the connection ends; the further headers end their lines.
pub(crate) fn request(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n")
}

/// Sends bytes and reads until the server closes.
pub(crate) async fn ask(mut stream: TcpStream, bytes: impl AsRef<[u8]>) -> Answer {
    // The server may close before it has read all.
    let _ = stream.write_all(bytes.as_ref()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
    Answer(String::from_utf8_lossy(&answer).into_owned())
}

/// What came until the connection was closed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer(pub(crate) String);

impl Answer {
    /// 0 when nothing was answered.
    pub(crate) fn status(&self) -> u16 {
        self.0.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// How many answers there are.
    pub(crate) fn count(&self) -> usize {
        self.0.matches("HTTP/1.1 ").count()
    }

    fn head(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or(&*self.0, |(head, _)| head)
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// Every value of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head().lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The one value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        match self.headers(name)[..] {
            [value] => value,
            _ => "",
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.body()).unwrap_or_default()
    }

    /// The code of a problem; empty when it is none.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let is_problem = self.header("content-type") == "application/problem+json" && body["status"] == self.status();
        if is_problem { body["code"].as_str().unwrap_or_default().to_owned() } else { String::new() }
    }
}

/// The id of a numbered token.
pub(crate) fn id(number: u8) -> TokenId {
    TokenId::new(&Chain::solana(), &bs58::encode([number; 32]).into_string()).unwrap()
}

/// A row of some weight.
pub(crate) fn token(number: u8, figure: u64) -> Arc<Token> {
    let mut token = Token::new(id(number), TODAY);
    token.symbol = Some(format!("T{number}").into());
    token.price_usd = Price::new(figure, -2);
    token.liquidity_usd = Some(50_000.0);
    token.volume_usd.h24 = Some(figure as f64);
    token.name = Some("x".repeat(400).into());
    Arc::new(token)
}

/// The least that a site is made of.
fn files(home: &Path) -> Files {
    let site = home.join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    let names = ["memescope.0.js", "memescope.0.wasm", "memescope.0.css"];
    for name in names {
        std::fs::write(site.join("pkg").join(name), "content").unwrap();
    }
    let [js, wasm, css] = names;
    std::fs::write(site.join("pkg/assets.json"), serde_json::json!({"js": js, "wasm": wasm, "css": css}).to_string())
        .unwrap();
    std::fs::write(site.join("robots.txt"), "User-agent: *").unwrap();
    Files::open(&site).unwrap()
}
