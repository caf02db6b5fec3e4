//! What is not understood, and what is meant to hurt.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

#[tokio::test]
async fn each_mistake_is_named() {
    let site = Site::new(Market::with_tokens(30));
    for (query, code, parameters) in [
        ("limit=0", "invalid_parameter", &["limit"][..]),
        ("limit=201", "invalid_parameter", &["limit"]),
        ("limit=-1", "invalid_parameter", &["limit"]),
        ("limit=1e2", "invalid_parameter", &["limit"]),
        ("limit=99999999999999999999999", "invalid_parameter", &["limit"]),
        ("limit=", "invalid_parameter", &["limit"]),
        ("limit=5&limit=6", "invalid_parameter", &["limit"]),
        ("rank=best&window=2h", "invalid_parameter", &["rank", "window"]),
        ("min_liquidity_usd=NaN", "invalid_parameter", &["min_liquidity_usd"]),
        ("min_liquidity_usd=inf", "invalid_parameter", &["min_liquidity_usd"]),
        ("min_liquidity_usd=1e999", "invalid_parameter", &["min_liquidity_usd"]),
        ("max_price_usd=-1", "invalid_parameter", &["max_price_usd"]),
        ("min_age=yesterday", "invalid_parameter", &["min_age"]),
        ("verified=1", "invalid_parameter", &["verified"]),
        ("ids=WIF", "invalid_parameter", &["ids"]),
        ("fields=id,secret", "invalid_parameter", &["fields"]),
        ("include=everything", "invalid_parameter", &["include"]),
        ("format=xml", "invalid_parameter", &["format"]),
        ("format=csv&include=provenance", "invalid_parameter", &["include"]),
        ("format=csv&limit=0", "invalid_parameter", &["limit"]),
        ("format=json&format=json", "invalid_parameter", &["format"]),
        ("updated_since=noon", "invalid_parameter", &["updated_since"]),
        ("min_liqidity_usd=5", "unknown_parameter", &["min_liqidity_usd"]),
        ("cols=price&limit=0", "unknown_parameter", &["cols", "limit"]),
        ("cursor=", "invalid_cursor", &[]),
        ("cursor=AAAA", "invalid_cursor", &[]),
        ("cursor=%F0%9F%98%80", "invalid_cursor", &[]),
        ("q=%00", "invalid_parameter", &["q"]),
        ("q=%zz", "invalid_parameter", &["q"]),
        ("q=%ff", "invalid_parameter", &["q"]),
    ] {
        let reply = site.get(&format!("/tokens?{query}")).await;
        let (status, found, named) = reply.problem();
        assert_eq!(
            (status, found.as_str(), named.as_slice()),
            (400, code, parameters.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>().as_slice()),
            "{query}"
        );
    }
    let hint = site.get("/tokens?min_liqidity_usd=5").await.json();
    assert_eq!(hint["errors"][0]["allowed"], serde_json::json!(["min_liquidity_usd"]));
}

#[tokio::test]
async fn what_is_long_or_strange_is_a_mistake_too() {
    let site = Site::new(Market::with_tokens(30));
    for query in [
        format!("q={}", "a".repeat(10_000)),
        "x".repeat(10_000),
        "a=1&".repeat(2_500),
        format!("cursor={}", "A".repeat(10_000)),
        format!("ids={}", "solana:x,".repeat(1_100)),
        format!("dex={}", "é".repeat(3_000)).replace('é', "%C3%A9"),
        "%".repeat(9_000),
        format!("min_txns=1{}", "0".repeat(9_000)),
        "limit=5;rank=top".to_owned(),
        "<script>=1".replace('<', "%3C").replace('>', "%3E"),
    ] {
        let reply = site.get(&format!("/tokens?{query}")).await;
        let (status, ..) = reply.problem();
        assert_eq!(status, 400, "{}", &query[..20.min(query.len())]);
        assert!(reply.body.len() < 20_000);
    }
}

#[test]
fn nothing_in_an_address_is_our_fault() {
    let site = Site::new(Market::with_tokens(30));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let keys = proptest::sample::select(super::super::params::list_keys());
    let value = "[a-zA-Z0-9%.,:+_~*!-]{0,40}";
    let pairs = proptest::collection::vec((keys, value), 0..6);
    let paths =
        proptest::sample::select(vec!["/tokens", "/search", "/events", "/meta", "/tokens/solana/x", "/sources"]);
    TestRunner::default()
        .run(&(paths, pairs), |(path, pairs)| {
            let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let reply = runtime.block_on(site.get(&format!("{path}?{}", query.join("&"))));
            prop_assert!(reply.status.is_success() || reply.status.is_client_error());
            if reply.status.is_client_error() {
                reply.problem();
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_cursor_that_was_touched_is_refused() {
    let site = Site::new(Market::with_tokens(30));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let first = runtime.block_on(site.json("/tokens?limit=5"));
    let cursor = first["page"]["next_cursor"].as_str().unwrap().to_owned();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for place in 0..cursor.len() {
        for letter in [letters.as_bytes()[place % 64], b'A', b'_'] {
            let mut touched = cursor.clone().into_bytes();
            if touched[place] == letter {
                continue;
            }
            touched[place] = letter;
            let touched = String::from_utf8(touched).unwrap();
            let reply = runtime.block_on(site.get(&format!("/tokens?limit=5&cursor={touched}")));
            assert_eq!(reply.problem(), (400, "invalid_cursor".to_owned(), vec![]));
        }
    }
    let other = runtime.block_on(site.get(&format!("/tokens?limit=5&rank=top&cursor={cursor}")));
    assert_eq!(other.problem().1, "invalid_cursor");
    runtime.block_on(site.json(&format!("/tokens?limit=5&cursor={cursor}")));
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let site = Site::new(Market::with_tokens(3));
    for address in ["/tokens", "/tokens/solana/x", "/search", "/meta", "/sources", "/events", "/livez", "/readyz"] {
        for method in [Method::POST, Method::DELETE, Method::PATCH] {
            let reply = site.send(method, address, &[]).await;
            assert_eq!(reply.problem().1, "method_not_allowed", "{address}");
            assert_eq!(reply.header(header::ALLOW), "GET,HEAD", "{address}");
        }
    }
}

#[tokio::test]
async fn the_reader_says_what_it_takes() {
    let site = Site::new(Market::with_tokens(3));
    for (accepted, status) in [
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("", 200),
        ("text/csv", 200),
        ("application/x-ndjson", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("*/*, application/json;q=0", 200),
    ] {
        // Twice, with and without a kept answer.
        for _ in 0..2 {
            let reply = site.send(Method::GET, "/tokens", &[("accept", accepted)]).await;
            assert_eq!(reply.status.as_u16(), status, "{accepted}");
            if status == 406 {
                assert_eq!(reply.problem().1, "not_acceptable");
            }
        }
        let named = site.send(Method::GET, "/tokens?format=json", &[("accept", accepted)]).await;
        assert_eq!(named.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn without_a_board_there_is_nothing_to_list() {
    let site = Site::new(Market::new());
    for address in ["/tokens", "/search?q=a", "/meta", "/events", "/tokens/solana/x"] {
        let reply = site.get(address).await;
        assert_eq!(reply.problem(), (503, "not_ready".to_owned(), vec![]), "{address}");
        assert_eq!(reply.header(header::RETRY_AFTER), "1");
    }
    assert_eq!(site.get("/livez").await.status, StatusCode::OK);
    assert_eq!(site.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
