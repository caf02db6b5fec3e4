//! Candles and sparklines: what was.

use std::time::Duration;

use memescope::{DayVolume, Price, VolumeScope};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::history::{HistorySettings, Keeper, Note, Reading, Seen};
use crate::pages::testing::{OPENING, id, token};

/// A site whose token 1 was seen every minute for two days, its price a thousandth higher each time.
struct Past {
    site: Site,
    keeper: Keeper,
    _home: TempDir,
}

const MINUTES: u64 = 2_880;

impl Past {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let market = Market::with_tokens(3);
        let board = market.store.snapshot().board.clone();
        let settings = HistorySettings { folder: home.path().to_owned(), market: "demo:1".to_owned(), max_tokens: 100 };
        let begin = OPENING.minus(Duration::from_secs(MINUTES * 60));
        let (history, keeper) = History::open(&settings, &board, begin);
        let readiness = Arc::new(Readiness::new(true));
        let api = Api::new(market.store.clone(), market.pages.clone(), "demo:1", readiness.clone());
        let router = router(Arc::new(api.with_history(history)));
        let mut past = Self { site: Site { market, readiness, router }, keeper, _home: home };
        // An hour at a time: each note is a write to the disk.
        for hour in 0..MINUTES / 60 {
            let minutes = hour * 60..(hour + 1) * 60;
            past.see(minutes.map(|minute| (begin.plus(Duration::from_secs(minute * 60)), 1_000 + minute)));
        }
        past
    }

    /// Lets the keeper see prices, in their order.
    fn see(&mut self, prices: impl IntoIterator<Item = (Timestamp, u64)>) {
        let reading = |(at, thousandths): (Timestamp, u64)| Reading {
            token: id(1),
            at,
            price: Price::new(thousandths, -3).unwrap(),
            volume_at: at,
            m5_usd: Some(500.0),
            day: Some(DayVolume { usd: 1e5, scope: VolumeScope::Pools }),
        };
        let readings: Vec<Reading> = prices.into_iter().map(reading).collect();
        let as_of = readings.last().unwrap().at;
        self.keeper.take(Note::Seen(Seen { as_of, readings, gone: Vec::new() }));
    }

    async fn candles(&self, query: &str) -> Value {
        self.site.json(&path(query)).await
    }
}

fn path(query: &str) -> String {
    format!("/tokens/solana/{}/candles{query}", id(1).address())
}

#[tokio::test]
async fn candles_of_every_interval() {
    let past = Past::new();
    let body = past.candles("").await;
    assert_eq!(body["data"].as_array().unwrap().len(), 300);
    let opening = OPENING.millis() / 1_000;
    assert_eq!(body["data"][299], json!([opening - 60, "3.879", "3.879", "3.879", "3.879", 100.0]));
    let meta = &body["meta"];
    assert_eq!((&meta["interval"], &meta["source"], &meta["market"]), (&json!("1m"), &json!("own"), &json!("demo")));
    for (interval, seconds) in [("1m", 60), ("5m", 300), ("15m", 900), ("1h", 3_600), ("4h", 14_400), ("1d", 86_400)] {
        let body = past.candles(&format!("?interval={interval}&limit=1000")).await;
        assert_eq!(body["meta"]["interval"], interval);
        let data = body["data"].as_array().unwrap();
        assert!(!data.is_empty());
        for pair in data.windows(2) {
            assert_eq!(pair[1][0].as_i64().unwrap() - pair[0][0].as_i64().unwrap(), seconds, "{interval}");
        }
        let last = data.last().unwrap();
        assert_eq!((last[0].as_i64().unwrap() % seconds, &last[4]), (0, &json!("3.879")), "{interval}");
    }
}

#[tokio::test]
async fn a_range_that_is_over_may_be_kept() {
    let past = Past::new();
    let opening = OPENING.millis() / 1_000;
    let closed = path(&format!("?interval=5m&from={}&to={}", opening - 3_000, opening - 1_500));
    let reply = past.site.get(&closed).await;
    assert_eq!(reply.header(header::CACHE_CONTROL), "max-age=60");
    let data = reply.json()["data"].clone();
    assert_eq!(data.as_array().unwrap().len(), 5);
    assert_eq!(data[0], json!([opening - 3_000, "3.83", "3.834", "3.83", "3.834", 500.0]));
    let by_name = past.candles("?interval=5m&from=2026-11-22T21:05:00Z&to=2026-11-22T21:30:00Z").await;
    assert_eq!(by_name["data"], data);
    let tag = reply.header(header::ETAG).to_owned();
    assert_eq!(past.site.send(Method::GET, &closed, &[("if-none-match", &tag)]).await.status, 304);

    let open = past.site.get(&path("?limit=1")).await;
    assert_eq!(open.header(header::CACHE_CONTROL), "no-cache");
    // A commit that changes nothing in it leaves it as it is; the next price does not.
    past.site.market.commit(10, &[(2, Some(9))].into());
    let tag = open.header(header::ETAG).to_owned();
    let held = |past: &Past| {
        let (router, tag) = (past.site.router.clone(), tag.clone());
        async move {
            let request = Request::builder().uri(path("?limit=1")).header("if-none-match", tag);
            router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
        }
    };
    assert_eq!(held(&past).await, 304);
    let mut past = past;
    past.see([(OPENING, 9_999)]);
    assert_eq!(held(&past).await, 200);
}

#[tokio::test]
async fn mistakes_about_candles_are_named() {
    let past = Past::new();
    for (query, code, parameters) in [
        ("interval=2m", "invalid_parameter", &["interval"][..]),
        ("interval=1m&interval=1m", "invalid_parameter", &["interval"]),
        ("limit=0", "invalid_parameter", &["limit"]),
        ("limit=1001", "invalid_parameter", &["limit"]),
        ("from=noon", "invalid_parameter", &["from"]),
        ("from=-1", "invalid_parameter", &["from"]),
        ("to=1e9", "invalid_parameter", &["to"]),
        ("to=999999999999", "invalid_parameter", &["to"]),
        ("from=20&to=10", "invalid_parameter", &["from"]),
        ("to=10", "invalid_parameter", &["to"]),
        ("from=99999999999", "invalid_parameter", &["from"]),
        ("window=h1&limit=x", "unknown_parameter", &["window", "limit"]),
    ] {
        let reply = past.site.get(&path(&format!("?{query}"))).await;
        let names: Vec<String> = parameters.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(reply.problem(), (400, code.to_owned(), names), "{query}");
    }
    for (address, status, code) in [
        (format!("/tokens/solana/{}/candles", id(99).address()), 404, "token_not_found"),
        ("/tokens/solana/short/candles".to_owned(), 400, "invalid_address"),
        ("/tokens/solana/%ff/candles".to_owned(), 400, "invalid_address"),
    ] {
        let (found, name, _) = past.site.get(&address).await.problem();
        assert_eq!((found, name.as_str()), (status, code), "{address}");
    }
    assert_eq!(past.site.send(Method::POST, &path(""), &[]).await.status, 405);
    assert_eq!(past.site.send(Method::GET, &path(""), &[("accept", "text/csv")]).await.status, 406);
    // A token of which nothing was seen has an empty past, and so has every token without a history.
    let address = format!("/tokens/solana/{}/candles", id(2).address());
    assert_eq!(past.site.json(&address).await["data"], json!([]));
    let site = Site::new(Market::with_tokens(3));
    let body = site.json(&path("")).await;
    assert_eq!((&body["data"], &body["meta"]["source"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn sparklines_go_along_with_rows() {
    let past = Past::new();
    let list = past.site.json("/tokens?include=sparkline").await;
    let rows = list["data"].as_array().unwrap();
    let of = |number: u8| &rows.iter().find(|row| row["id"] == json!(id(number))).unwrap()["sparkline"];
    assert_eq!(of(2), &Value::Null);
    let spark = of(1);
    let points = spark["points"].as_array().unwrap();
    assert!((31..=32).contains(&points.len()), "{spark}");
    assert!(points.windows(2).all(|pair| pair[0].as_u64() < pair[1].as_u64() || pair[1].is_null()), "{spark}");
    assert_eq!((&spark["step_s"], &spark["high"]), (&json!(2_700), &json!("3.879")));

    let one = format!("/tokens/solana/{}", id(1).address());
    assert_eq!(
        &past.site.json(&format!("{one}?include=sparkline,provenance&fields=id")).await["data"]["sparkline"],
        spark
    );
    let plain = past.site.json(&one).await;
    assert!(plain["data"].get("sparkline").is_none(), "only who asks is told");
    let bytes = spark.to_string().len();
    assert!(bytes <= 260, "{bytes} bytes a row");
}

#[tokio::test]
async fn the_newest_figure_of_a_row_is_in_its_sparkline() {
    let mut past = Past::new();
    past.see([(OPENING.plus(Duration::from_secs(5)), 9_999)]);
    past.site.market.put(token(2, 7, OPENING));
    let list = past.site.json("/tokens?include=sparkline").await;
    let row = list["data"].as_array().unwrap().iter().find(|row| row["id"] == json!(id(1))).unwrap();
    assert_eq!(row["sparkline"]["high"], "9.999");
}
