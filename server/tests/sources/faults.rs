//! Every way in which an upstream can fail ends in a typed error, in time, and costs nobody else anything.

use std::time::Duration;

use memescope::{Chain, Harvest, Source, SourceState, TokenId, Window};
use server::sources::{Allowance, PoolSort, SourceError, TokenList};
use tokio::time::Instant;

use super::stub::{Reply, Stub};
use super::{NOW, config, impatient, place, sources};

fn token(byte: u8) -> TokenId {
    TokenId::new(&Chain::solana(), &bs58::encode([byte; 32]).into_string()).unwrap()
}

#[tokio::test]
async fn each_fault_has_its_error_and_its_number_of_requests() {
    let raw = |text: &str| Reply::Raw(text.replace('\n', "\r\n").into_bytes());
    let html = "content-type: text/html; charset=utf-8\r\n";
    for (name, reply, error, requests) in [
        ("400", Reply::new(400, "", "{}"), SourceError::Status(400), 1),
        ("404", Reply::new(404, "", "{}"), SourceError::Status(404), 1),
        ("401", Reply::new(401, "", "{}"), SourceError::Status(401), 1),
        ("403 page", Reply::new(403, html, "<html>"), SourceError::Blocked, 1),
        ("500", Reply::new(500, "", "x"), SourceError::Status(500), 2),
        ("502 page", Reply::new(502, html, "<html>"), SourceError::Status(502), 2),
        ("503", Reply::new(503, "retry-after: 5\r\n", ""), SourceError::Status(503), 2),
        ("200 page", Reply::new(200, html, "[]"), SourceError::Blocked, 1),
        ("200 page as JSON", Reply::json("\n <!DOCTYPE html>"), SourceError::Blocked, 1),
        ("200 empty", Reply::json(""), SourceError::Malformed, 1),
        ("200 blank", Reply::json(" \n"), SourceError::Malformed, 1),
        ("204", raw("HTTP/1.1 204 X\nconnection: close\n\n"), SourceError::Malformed, 1),
        ("truncated", Reply::json(r#"[{"id":"#), SourceError::Malformed, 1),
        (
            "not UTF-8",
            Reply::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 3\r\n\r\n[\"\xFF".to_vec()),
            SourceError::Malformed,
            1,
        ),
        ("body too short", raw("HTTP/1.1 200 X\ncontent-length: 99\n\n[]"), SourceError::Interrupted, 2),
        ("body too long", raw("HTTP/1.1 200 X\ncontent-length: 1\n\n[]"), SourceError::Malformed, 1),
        ("bad chunk", raw("HTTP/1.1 200 X\ntransfer-encoding: chunked\n\nzz\n[]\n"), SourceError::Interrupted, 2),
        ("bad gzip", Reply::new(200, "content-encoding: gzip\r\n", "[]"), SourceError::Interrupted, 2),
        ("no HTTP", raw("SSH-2.0-x\n"), SourceError::Interrupted, 2),
        ("nothing", raw(""), SourceError::Interrupted, 2),
        ("off-host", Reply::new(301, "location: http://localhost:1/x\r\n", ""), SourceError::Status(301), 1),
        ("in circles", Reply::new(302, "location: /x\r\n", ""), SourceError::Status(302), 4),
    ] {
        let stub = Stub::always(reply).await;
        let sources = sources(&config(&stub.base));
        let result = sources.jupiter().recent().await;
        assert_eq!(result, Err(error), "{name}");
        assert_eq!(stub.heads().len(), requests, "{name}");
        let report = sources.reports().remove(2);
        assert_eq!((report.source, report.state), (Source::Jupiter, SourceState::Down), "{name}");
        assert!(report.errors.get(error.kind()).is_some_and(|count| *count > 0), "{name}");
    }
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let base = Stub::always(Reply::json("[]")).await.base.clone();
    tokio::task::yield_now().await;
    let sources = sources(&config(&base));
    assert_eq!(sources.dexscreener().search("x").await, Err(SourceError::Connect));
    assert!(SourceError::Connect.is_transient());
}

#[tokio::test]
async fn a_redirect_on_the_host_is_followed() {
    let stub = Stub::start(|number, _| match number {
        0 => Reply::new(307, "location: /elsewhere\r\n", ""),
        _ => Reply::json("[]"),
    })
    .await;
    assert_eq!(sources(&config(&stub.base)).jupiter().recent().await, Ok(Harvest::default()));
    assert_eq!(stub.paths(), ["/tokens/v2/recent", "/elsewhere"]);
}

#[tokio::test]
async fn one_retry_saves_a_quick_failure() {
    let stub = Stub::start(|number, _| match number {
        0 => Reply::new(500, "", ""),
        _ => Reply::json("[]"),
    })
    .await;
    let sources = sources(&config(&stub.base));
    assert_eq!(sources.jupiter().recent().await, Ok(Harvest::default()));
    let report = sources.reports().remove(2);
    assert_eq!((report.requests.ok, report.requests.failed), (1, 1));
    assert_eq!(report.state, SourceState::Ok);
}

#[tokio::test]
async fn a_retry_needs_budget() {
    let stub = Stub::always(Reply::new(500, "", "")).await;
    let mut config = config(&stub.base);
    config.jupiter = place(&stub.base, "1/1h:1");
    let sources = sources(&config);
    assert_eq!(sources.jupiter().recent().await, Err(SourceError::Status(500)));
    assert_eq!(stub.heads().len(), 1);
    assert!(matches!(sources.jupiter().recent().await, Err(SourceError::Budget { .. })));
    assert_eq!(stub.heads().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_obeyed_in_every_form() {
    let gecko = |headers: &'static str| (Source::Geckoterminal, headers);
    let dex = |headers: &'static str| (Source::Dexscreener, headers);
    let jupiter = |headers: &'static str| (Source::Jupiter, headers);
    for ((source, headers), asked, seconds) in [
        (dex("retry-after: 7\r\n"), Some(7), 7.0),
        (dex("retry-after: Mon, 28 Sep 2026 20:46:25 GMT\r\n"), Some(10), 10.0),
        (dex("retry-after: 99999\r\n"), Some(900), 900.0),
        (dex("retry-after: 0\r\n"), None, 3.0),
        (dex("retry-after: -1\r\n"), None, 3.0),
        (dex("retry-after: soon\r\n"), None, 3.0),
        (dex(""), None, 3.0),
        (dex("content-type: text/html\r\n"), None, 3.0),
        (gecko("retry-after: 0\r\n"), None, 10.0),
        (gecko("retry-after: 4\r\n"), Some(4), 10.0),
        (jupiter("x-ratelimit-remaining: -1\r\nx-ratelimit-reset: 1790628379\r\n"), Some(4), 4.0),
        (jupiter("x-ratelimit-reset: 1790628375\r\n"), None, 2.5),
    ] {
        let stub = Stub::always(Reply::new(429, headers, "{}")).await;
        let sources = sources(&config(&stub.base));
        let ask = async || match source {
            Source::Dexscreener => sources.dexscreener().boosts_top().await,
            Source::Geckoterminal => sources.geckoterminal().new_pools(&Chain::solana(), 1).await,
            Source::Jupiter => sources.jupiter().recent().await,
        };
        let retry_after = asked.map(Duration::from_secs);
        assert_eq!(ask().await, Err(SourceError::RateLimited { retry_after }), "{headers}");
        let Err(SourceError::Resting { ready_in }) = ask().await else {
            panic!("{source} was asked again after {headers}");
        };
        assert!((seconds - 1.0..=seconds).contains(&ready_in.as_secs_f64()), "{headers} {ready_in:?}");
        assert_eq!(stub.heads().len(), 1, "{headers}");
        let states = sources.reports().into_iter().map(|report| (report.source, report.state));
        for (reported, state) in states {
            let expected = if reported == source { SourceState::Throttled } else { SourceState::Off };
            assert_eq!(state, expected, "{headers}");
        }
        let Allowance { left, ready_in } = sources.allowance(source);
        assert!(left == 0 && ready_in > Duration::ZERO);
        assert!(sources.memory()[&source].rests_until.is_some_and(|until| until > NOW));
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for head in ["", "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n["] {
        let mut stub = Stub::always(Reply::Hang(head.into())).await;
        let sources = sources(&config(&stub.base));
        let asking = sources.clone();
        let ask = tokio::spawn(async move { asking.jupiter().recent().await });
        stub.requests(1).await;
        tokio::time::pause();
        let start = Instant::now();
        assert_eq!(ask.await.unwrap(), Err(SourceError::Timeout));
        assert!(start.elapsed() < Duration::from_millis(8_500));
        assert!(start.elapsed() > Duration::from_secs(5));
        assert_eq!(stub.heads().len(), 1, "a slow failure is not asked again");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_same_deadline() {
    let head = "HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n[";
    let mut stub = Stub::always(Reply::Drip(head.into())).await;
    let sources = sources(&config(&stub.base));
    let asking = sources.clone();
    let ask = tokio::spawn(async move { asking.jupiter().recent().await });
    stub.requests(1).await;
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(ask.await.unwrap(), Err(SourceError::Timeout));
    assert!(start.elapsed() < Duration::from_millis(8_500) && start.elapsed() > Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_may_break_at_any_byte() {
    let body = r#"[{"id":"DKxXdaMC1so182urvrrnhs6V6fGTrttPS8br6JuEpump","usdPrice":1}]"#;
    let Reply::Raw(whole) = Reply::json(body) else {
        panic!("an honest answer is raw bytes");
    };
    for end in (0..whole.len()).step_by(5) {
        let stub = Stub::always(Reply::Raw(whole[..end].to_vec())).await;
        let result = sources(&config(&stub.base)).jupiter().recent().await;
        assert_eq!(result, Err(SourceError::Interrupted), "after {end} bytes");
    }
}

#[tokio::test]
async fn five_failures_open_the_circuit_of_that_source_alone() {
    let stub =
        Stub::start(|_, head| if head.contains("/latest/") { Reply::new(404, "", "") } else { Reply::json("[]") })
            .await;
    let sources = sources(&config(&stub.base));
    for _ in 0..5 {
        assert_eq!(sources.dexscreener().search("x").await, Err(SourceError::Status(404)));
    }
    let closed = sources.dexscreener().search("x").await;
    assert!(matches!(closed, Err(SourceError::CircuitOpen { .. })), "{closed:?}");
    assert_eq!(stub.heads().len(), 5);
    assert!(sources.jupiter().recent().await.is_ok());
}

#[tokio::test]
async fn two_requests_at_a_time() {
    let mut stub = Stub::always(Reply::Hang(Vec::new())).await;
    let sources = impatient(&stub.base, Duration::from_millis(300));
    let asks: Vec<_> = (0..4)
        .map(|_| {
            let sources = sources.clone();
            tokio::spawn(async move { sources.jupiter().recent().await })
        })
        .collect();
    stub.requests(2).await;
    let first: Vec<_> = sources.reports().iter().map(|report| report.requests.failed).collect();
    assert_eq!((first[2], stub.heads().len()), (0, 2), "two are under way, two wait");
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Err(SourceError::Timeout));
    }
    assert_eq!(stub.heads().len(), 4);
}

#[tokio::test]
async fn a_dropped_request_leaves_no_trace() {
    let mut stub = Stub::start(|number, _| match number {
        0 => Reply::Hang(Vec::new()),
        _ => Reply::json("[]"),
    })
    .await;
    let sources = sources(&config(&stub.base));
    let asking = sources.clone();
    let ask = tokio::spawn(async move { asking.jupiter().recent().await });
    stub.requests(1).await;
    ask.abort();
    assert!(ask.await.unwrap_err().is_cancelled());
    let report = sources.reports().remove(2);
    assert_eq!((report.requests.ok, report.requests.failed), (0, 0));
    assert!(sources.jupiter().recent().await.is_ok());
}

#[tokio::test]
async fn requests_say_who_asks_and_for_what() {
    let stub = Stub::always(Reply::new(200, "age: 27\r\n", "[]")).await;
    let base = format!("{}/below/", stub.base);
    let mut config = config(&base);
    config.jupiter.api_key = Some("secret".into());
    assert!(!format!("{config:?}").contains("secret"));
    let sources = sources(&config);
    let (dex, gecko, jupiter) = (sources.dexscreener(), sources.geckoterminal(), sources.jupiter());
    let solana = Chain::solana();
    let (one, two) = (token(1), token(2));
    let both = [one.clone(), two.clone(), one.clone()];

    dex.search("a&b c").await.unwrap();
    let asked = dex.tokens(&solana, &both).await.unwrap().asked;
    assert_eq!(asked, [one.clone(), two.clone()]);
    assert_eq!(dex.token_pairs(&one).await.unwrap().asked, std::slice::from_ref(&one));
    dex.boosts_latest().await.unwrap();
    dex.profiles().await.unwrap();
    gecko.trending(&solana, 99, Window::H1).await.unwrap();
    gecko.pools(&solana, 0, PoolSort::Volume).await.unwrap();
    gecko.search_pools(&solana, "wif", 2).await.unwrap();
    assert_eq!(gecko.tokens_multi(&solana, &both).await.unwrap().asked, [one.clone(), two.clone()]);
    let priced = jupiter.prices(&both).await.unwrap().asked;
    assert_eq!(priced.len(), 3);
    assert_eq!(priced[0].address(), "So11111111111111111111111111111111111111112");
    jupiter.trending(TokenList::Trending, Window::M5, 500).await.unwrap();
    assert_eq!(jupiter.search(&both).await.unwrap().asked, [one.clone(), two.clone()]);

    let (a, b) = (one.address(), two.address());
    assert_eq!(
        stub.paths(),
        [
            "/below/latest/dex/search?q=a%26b+c".into(),
            format!("/below/tokens/v1/solana/{a},{b}"),
            format!("/below/token-pairs/v1/solana/{a}"),
            "/below/token-boosts/latest/v1".into(),
            "/below/token-profiles/latest/v1".into(),
            "/below/networks/solana/trending_pools?duration=1h&include=base_token%2Cquote_token%2Cdex&page=10".into(),
            "/below/networks/solana/pools?sort=h24_volume_usd_desc&include=base_token%2Cquote_token%2Cdex&page=1"
                .into(),
            "/below/search/pools?query=wif&network=solana&include=base_token%2Cquote_token%2Cdex&page=2".into(),
            format!("/below/networks/solana/tokens/multi/{a},{b}?include=top_pools&include_composition=true"),
            format!("/below/price/v3?ids=So11111111111111111111111111111111111111112%2C{a}%2C{b}"),
            "/below/tokens/v2/toptrending/5m?limit=100".into(),
            format!("/below/tokens/v2/search?query={a}%2C{b}"),
        ]
    );
    for head in stub.heads() {
        assert!(head.contains("user-agent: memescope/"), "{head}");
        let to_jupiter = head.contains("/price/") || head.contains("/tokens/v2/");
        assert_eq!(head.contains("x-api-key: secret"), to_jupiter, "{head}");
    }
    let count = stub.heads().len();
    assert_eq!(dex.tokens(&solana, &[]).await, Ok(Harvest::default()));
    assert_eq!(stub.heads().len(), count, "no question, no request");
}

#[tokio::test]
async fn what_a_cache_held_is_as_old_as_it_says() {
    let body = r#"[{"id":"DKxXdaMC1so182urvrrnhs6V6fGTrttPS8br6JuEpump"}]"#;
    let stub = Stub::always(Reply::new(200, "age: 27\r\n", body)).await;
    let harvest = sources(&config(&stub.base)).jupiter().recent().await.unwrap();
    assert_eq!(harvest.tokens[0].as_of, NOW.minus(Duration::from_secs(27)));
}

#[tokio::test]
async fn budgets_hold_over_a_restart() {
    let stub = Stub::always(Reply::json("[]")).await;
    let mut config = config(&stub.base);
    config.jupiter = place(&stub.base, "5/1m:3");
    for _ in 0..3 {
        let sources = sources(&config);
        while sources.jupiter().recent().await.is_ok() {}
        let json = serde_json::to_string(&sources.memory()).unwrap();
        config.memory = serde_json::from_str(&json).unwrap();
    }
    assert_eq!(stub.heads().len(), 3);
}
