//! Where tokens trade.

use memescope::{PoolReason, PoolView, TokenDetails, TokenId};
use serde_json::json;

use super::*;
use crate::pages::testing::{Step, id};

/// A token with two pools, one of which counts.
pub(in crate::api) fn details(token: &TokenId) -> TokenDetails {
    let pool = |name: &str, reason, usd| PoolView {
        pool: format!("{name} of {}", token.address()).into(),
        dex: "orca".into(),
        quote: Some("SOL".into()),
        price_usd: "0.5".parse().ok(),
        liquidity_usd: usd,
        volume_usd: memescope::PerWindow { h24: Some(7.5), ..Default::default() },
        txns: memescope::PerWindow::default(),
        created_at: None,
        prices_token: reason == PoolReason::Canonical,
        eligible: reason == PoolReason::Canonical,
        reason,
        score: 1.0,
    };
    let pools = vec![pool("first", PoolReason::Canonical, Some(9.0)), pool("second", PoolReason::Thin, None)];
    TokenDetails { pools, aliases: vec!["Other name".into()] }
}

#[tokio::test]
async fn the_pools_of_a_token_and_why_they_count() {
    let site = Site::new(Market::with_tokens(3));
    let address = format!("/tokens/sol/{}/pools", id(2).address());
    let reply = site.get(&address).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header(header::CACHE_CONTROL), "no-cache");
    let body = reply.json();
    let none = json!({"m5": null, "h1": null, "h6": null, "h24": null, "d7": null});
    let mut volume = none.clone();
    volume["h24"] = json!(7.5);
    assert_eq!(
        body["data"][0],
        json!({
            "pool": format!("first of {}", id(2).address()), "dex": "orca", "quote": "SOL", "price_usd": "0.5",
            "liquidity_usd": 9.0, "volume_usd": volume, "txns": none, "created_at": null, "prices_token": true,
            "eligible": true, "reason": "canonical",
        })
    );
    assert_eq!((&body["data"][1]["reason"], &body["data"][1]["liquidity_usd"]), (&json!("thin"), &Value::Null));
    assert_eq!((&body["meta"]["seq"], &body["meta"]["market"]), (&json!(1), &json!("demo")));

    // Another board with the same pools is the same answer.
    let tag = reply.header(header::ETAG).to_owned();
    site.market.commit(1, &Step::from([(1, Some(9))]));
    assert_eq!(site.send(Method::GET, &address, &[("if-none-match", &tag)]).await.status, 304);
    assert_eq!(site.send(Method::HEAD, &address, &[]).await.header(header::ETAG), tag);
    let other = format!("/tokens/sol/{}/pools", id(3).address());
    assert_ne!(site.get(&other).await.header(header::ETAG), tag);
}

#[tokio::test]
async fn pools_come_with_rows_that_are_asked_with_them() {
    let site = Site::new(Market::with_tokens(3));
    let pools = site.json(&format!("/tokens/solana/{}/pools", id(2).address())).await["data"].clone();
    let one = format!("/tokens/solana/{}", id(2).address());
    assert_eq!(site.json(&format!("{one}?include=pools")).await["data"]["pools"], pools);
    assert!(site.json(&one).await["data"].get("pools").is_none());
    let list = site.json("/tokens?include=pools&sort=price_usd&fields=id").await;
    assert_eq!(list["data"][1], json!({"id": id(2), "pools": pools}));
}

#[tokio::test]
async fn news_of_pools_do_not_wait_for_a_commit() {
    let market = Market::with_tokens(3);
    let details = Details::default();
    let api = Api::new(market.store.clone(), market.pages.clone(), "live", Arc::new(Readiness::new(true)));
    let router = router(Arc::new(api.with_details(details.clone())));
    let site = Site { readiness: Arc::new(Readiness::new(true)), router, market };
    let address = format!("/tokens/solana/{}", id(2).address());
    let pools = async || {
        let one = site.json(&format!("{address}?include=pools")).await;
        let list = site.json(&format!("/tokens?include=pools&ids={}", id(2))).await;
        let alone = site.json(&format!("{address}/pools")).await;
        let counts = [&one["data"]["pools"], &list["data"][0]["pools"], &alone["data"]]
            .map(|list| list.as_array().unwrap().len());
        (counts, one["data"]["aliases"].clone())
    };
    assert_eq!(pools().await, ([0; 3], Value::Null), "nothing is known beside the row");
    details.tell(vec![(id(2), Some(Arc::new(super::pools::details(&id(2)))))], 3, |_| true);
    assert_eq!(pools().await, ([2; 3], json!(["Other name"])));
}

#[tokio::test]
async fn there_are_no_pools_of_nothing() {
    let site = Site::new(Market::with_tokens(3));
    for (address, status, code) in [
        (format!("/tokens/solana/{}/pools", id(99).address()), 404, "token_not_found"),
        ("/tokens/solana/short/pools".to_owned(), 400, "invalid_address"),
        ("/tokens/solana/%ff/pools".to_owned(), 400, "invalid_address"),
        (format!("/tokens/solana/{}/pools?limit=1", id(2).address()), 400, "unknown_parameter"),
    ] {
        let (found, name, _) = site.get(&address).await.problem();
        assert_eq!((found, name.as_str()), (status, code), "{address}");
    }
}
