//! Tokens that are not on the board, asked for by name: a stand-in plays their source.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Path;
use memescope::{Chain, wrapped_sol};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::*;
use crate::clock::Clock;
use crate::lookup::{Lookups, Tray};
use crate::pages::testing::{OPENING, id, token};
use crate::sources::{Dice, Rate, SourceConfig, Sources, SourcesConfig};

/// What the stand-in says of a token.
#[derive(Clone, Debug)]
enum Says {
    /// A pool with so much SOL in it, priced at 163.74 USD each.
    Pool(f64),
    Nothing,
    Status(u16),
    /// Waits until it is let go, then `Nothing`.
    Waits,
}

struct Scene {
    site: Site,
    tray: Tray,
    requests: Arc<AtomicUsize>,
    asked: Arc<Notify>,
    go: Arc<Semaphore>,
    _open: DropGuard,
}

impl Scene {
    async fn new(says: Says, budget: &str) -> Self {
        let (requests, asked, go) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let answer = {
            let (requests, asked, go) = (requests.clone(), asked.clone(), go.clone());
            move |Path((chain, address)): Path<(String, String)>| {
                let (says, go) = (says.clone(), go.clone());
                requests.fetch_add(1, Ordering::Relaxed);
                asked.notify_one();
                async move {
                    let body = match says {
                        Says::Pool(sol) => json!([pair(&chain, &address, sol)]),
                        Says::Nothing => json!([]),
                        Says::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
                        Says::Waits => {
                            let _ = go.acquire().await;
                            json!([])
                        }
                    };
                    axum::Json(body).into_response()
                }
            }
        };
        let source = Router::new().route("/token-pairs/v1/{chain}/{address}", get(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let serving = axum::serve(listener, source).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(async move { serving.await });

        let place = SourceConfig { url: base.parse().unwrap(), budget: budget.parse::<Rate>().unwrap(), api_key: None };
        let config =
            SourcesConfig { dice: Dice::new(|| 0.0), ..SourcesConfig::new(place.clone(), place.clone(), place) };
        let clock = Clock::new(|| OPENING);
        let sources = Sources::new(&config, &clock).unwrap();
        let market = Market::with_tokens(3);
        let tray = Tray::default();
        let lookups = Lookups::new(sources, vec![Chain::solana()], market.store.clone(), tray.clone(), clock);
        let readiness = Arc::new(Readiness::new(true));
        let api = Api::new(market.store.clone(), market.pages.clone(), "live", readiness.clone());
        let site = Site { router: router(Arc::new(api.with_lookups(lookups))), market, readiness };
        Self { site, tray, requests, asked, go, _open: stop.drop_guard() }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn pair(chain: &str, address: &str, sol: f64) -> Value {
    json!({
        "chainId": chain, "dexId": "raydium", "pairAddress": bs58::encode([200; 32]).into_string(),
        "baseToken": {"address": address, "name": "Cat in a hat", "symbol": "CAT"},
        "quoteToken": {"address": wrapped_sol().address(), "name": "Wrapped SOL", "symbol": "SOL"},
        "priceNative": "0.01", "priceUsd": "1.6374",
        "txns": {"m5": {"buys": 1, "sells": 1}, "h24": {"buys": 20, "sells": 10}},
        "volume": {"h24": 5000.0, "m5": 10.0}, "priceChange": {"h24": 3.5},
        "liquidity": {"usd": sol * 2.0 * 163.74, "base": sol * 100.0, "quote": sol},
        "pairCreatedAt": 1_790_000_000_000_i64,
    })
}

fn path(number: u8) -> String {
    format!("/tokens/solana/{}", id(number).address())
}

#[tokio::test]
async fn a_token_with_money_is_told_at_once_and_goes_to_the_board() {
    let scene = Scene::new(Says::Pool(50.0), "600/1m").await;
    let reply = scene.site.get(&format!("{}?include=pools", path(99))).await;
    assert_eq!(reply.status, StatusCode::OK, "{:?}", reply.body);
    let body = reply.json();
    let row = &body["data"];
    assert_eq!((&row["id"], &row["symbol"], &row["price_usd"]), (&json!(id(99)), &json!("CAT"), &json!("1.6374")));
    assert_eq!((&row["rank"], &row["liquidity_usd"], &row["stage"]), (&Value::Null, &json!(16374.0), &json!("amm")));
    assert_eq!((&row["pools"][0]["reason"], &row["aliases"]), (&json!("canonical"), &json!([])));
    assert_eq!(body["meta"]["seq"], 1);
    let left = scene.tray.take();
    assert_eq!((left.len(), left[0].asked.clone(), left[0].pools.len()), (1, vec![id(99)], 1));
    // Asked again, nobody is asked, nothing is left twice, and a reader who holds it is told so.
    let held = scene
        .site
        .send(Method::GET, &format!("{}?include=pools", path(99)), &[("if-none-match", reply.header(header::ETAG))])
        .await;
    assert_eq!((held.status, scene.requests(), scene.tray.take().len()), (StatusCode::NOT_MODIFIED, 1, 0));
    assert_eq!(scene.site.json(&format!("{}?fields=symbol", path(99))).await["data"], json!({"symbol": "CAT"}));
    // What is on the board is not looked up.
    scene.site.json(&path(2)).await;
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn a_token_with_little_money_goes_to_the_board_when_it_is_asked_for_again() {
    let scene = Scene::new(Says::Pool(2.0), "600/1m").await;
    assert_eq!(scene.site.json(&path(99)).await["data"]["liquidity_usd"], 654.96);
    assert_eq!(scene.tray.take().len(), 0);
    scene.site.json(&path(99)).await;
    assert_eq!((scene.tray.take().len(), scene.requests()), (1, 1));
}

#[tokio::test]
async fn a_counterfeit_is_one_also_off_the_board() {
    let scene = Scene::new(Says::Pool(50.0), "600/1m").await;
    assert_eq!(scene.site.json(&path(98)).await["data"]["flags"], json!([]));
    let mut original = token(9, 9, OPENING);
    (original.symbol, original.verified) = (Some("CAT".into()), Some(true));
    scene.site.market.put(original);
    assert_eq!(scene.site.json(&path(99)).await["data"]["flags"], json!(["lookalike"]));
}

#[tokio::test]
async fn an_absent_token_is_asked_about_once() {
    let scene = Scene::new(Says::Nothing, "600/1m").await;
    for _ in 0..3 {
        assert_eq!(scene.site.get(&path(99)).await.problem(), (404, "token_not_found".to_owned(), vec![]));
    }
    assert_eq!(scene.requests(), 1);
    // Nobody is asked for what is no token, or of a chain that is not followed.
    for address in ["/tokens/solana/short", "/tokens/ethereum/0xdAC17F958D2ee523a2206206994597C13D831ec7"] {
        assert!(scene.site.get(address).await.status.is_client_error());
    }
    assert_eq!(scene.site.get(&format!("{}?feilds=id", path(97))).await.problem().0, 400);
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn a_pool_without_a_price_is_no_answer() {
    let scene = Scene::new(Says::Pool(0.0), "600/1m").await;
    assert_eq!(scene.site.get(&path(99)).await.problem().0, 404);
    assert_eq!(scene.site.get(&path(99)).await.problem().0, 404);
    assert_eq!((scene.requests(), scene.tray.take().len()), (1, 0));
}

#[tokio::test]
async fn strangers_share_a_tenth_of_the_budget() {
    let scene = Scene::new(Says::Nothing, "60/1m").await;
    for number in 90..96 {
        assert_eq!(scene.site.get(&path(number)).await.problem().0, 404);
    }
    let refused = scene.site.get(&path(96)).await;
    assert_eq!(refused.problem(), (503, "overloaded".to_owned(), vec![]));
    let wait: u64 = refused.header(header::RETRY_AFTER).parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(scene.requests(), 6);
    // What is known already costs nothing.
    assert_eq!(scene.site.get(&path(90)).await.problem().0, 404);
}

#[tokio::test]
async fn a_source_that_fails_is_not_the_readers_fault() {
    let scene = Scene::new(Says::Status(500), "600/1m").await;
    let reply = scene.site.get(&path(99)).await;
    assert_eq!(reply.problem(), (503, "sources_unavailable".to_owned(), vec![]));
    assert_eq!(reply.header(header::RETRY_AFTER), "5");
    let scene = Scene::new(Says::Status(429), "600/1m").await;
    assert_eq!(scene.site.get(&path(99)).await.problem().1, "sources_unavailable");
    // The source wants to be left alone, and is.
    assert_eq!(scene.site.get(&path(98)).await.problem().1, "sources_unavailable");
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn many_who_ask_for_one_token_are_one_question() {
    let scene = Scene::new(Says::Waits, "600/1m").await;
    let address = path(99);
    let crowd = futures::future::join_all((0..20).map(|_| scene.site.get(&address)));
    let release = async {
        scene.asked.notified().await;
        scene.go.add_permits(1_000);
    };
    let (replies, ()) = tokio::join!(crowd, release);
    assert!(replies.iter().all(|reply| reply.problem().0 == 404));
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn a_slow_source_keeps_a_reader_two_seconds() {
    let scene = Scene::new(Says::Waits, "600/1m").await;
    // The question is on its way before time stops; then it jumps to what is due first, the reader's patience.
    let address = path(99);
    let reader = scene.site.get(&address);
    let stop = async {
        scene.asked.notified().await;
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (reply, began) = tokio::join!(reader, stop);
    assert!(began.elapsed() <= std::time::Duration::from_secs(2));
    assert_eq!(reply.problem(), (503, "sources_unavailable".to_owned(), vec![]));
    assert_eq!(reply.header(header::RETRY_AFTER), "1");
    // The answer comes late, and is there for whoever asks next.
    tokio::time::resume();
    scene.go.add_permits(1_000);
    assert_eq!(scene.site.get(&address).await.problem().0, 404);
    assert_eq!(scene.requests(), 1);
}
