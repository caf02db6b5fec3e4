//! `POST /tokens/query`: many tokens at once.

use serde_json::json;

use super::*;
use crate::pages::testing::{Step, id};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn ask(site: &Site, body: &Value) -> Reply {
    ask_as(site, body.to_string(), &[JSON]).await
}

async fn ask_as(site: &Site, body: impl Into<Body>, headers: &[(&str, &str)]) -> Reply {
    site.send_body(Method::POST, "/tokens/query", headers, body.into()).await
}

#[tokio::test]
async fn a_body_asks_what_an_address_would() {
    let site = Site::new(Market::with_tokens(60));
    let by_address = site
        .json("/tokens?sort=-price_usd&limit=5&min_liquidity_usd=10000&chain=solana,base&fields=id,rank&verified=false")
        .await;
    let reply = ask(
        &site,
        &json!({
            "sort": "-price_usd", "limit": 5, "min_liquidity_usd": 10000, "chain": ["solana", "base"],
            "fields": ["id", "rank"], "verified": false, "q": null,
        }),
    )
    .await;
    assert_eq!(reply.status, StatusCode::OK, "{:?}", reply.body);
    assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
    for name in [header::ETAG, header::LAST_MODIFIED, header::LINK] {
        assert!(!reply.headers.contains_key(&name), "{name}");
    }
    let body = reply.json();
    assert_eq!((&body["data"], &body["page"]["total"]), (&by_address["data"], &by_address["page"]["total"]));
    assert_eq!(body["meta"]["query"], by_address["meta"]["query"]);
    // The next page.
    let cursor = &body["page"]["next_cursor"];
    let next = ask(
        &site,
        &json!({
            "sort": "-price_usd", "limit": 5, "min_liquidity_usd": 10000, "chain": ["solana", "base"],
            "fields": "id,rank", "verified": false, "cursor": cursor,
        }),
    )
    .await;
    assert_eq!(next.json()["data"][0], json!({"rank": 6, "id": id(55)}));
}

#[tokio::test]
async fn many_tokens_come_in_one_answer_and_in_their_order() {
    let site = Site::new(Market::with_tokens(250));
    let mut ids: Vec<String> = (1..=250).rev().map(|number| id(number).to_string()).collect();
    ids.push(id(251).to_string());
    ids.push(id(7).to_string());
    let body = ask(&site, &json!({"ids": ids, "fields": ["id"]})).await.json();
    assert_eq!(
        column(&body, "id"),
        ids[..250].iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(
        body["page"],
        json!({"limit": 251, "next_cursor": null, "prev_cursor": null, "has_more": false, "total": 250})
    );
    assert!(body["meta"]["query"].get("ids").is_none(), "whoever sent so many need not read them again");
    let sorted = ask(&site, &json!({"ids": ids, "fields": ["id"], "sort": "price_usd", "limit": 2})).await.json();
    assert_eq!(column(&sorted, "id"), [&json!(id(1)), &json!(id(2))]);
    let table = ask(&site, &json!({"ids": ids, "fields": ["id"], "format": "csv"})).await;
    assert_eq!(table.body.split(|byte| *byte == b'\n').count(), 252);
}

#[tokio::test]
async fn a_bot_that_asks_since_the_last_board_misses_nothing() {
    let site = Site::new(Market::with_tokens(9));
    let first = ask(&site, &json!({"ids": [id(3), id(4)]})).await.json();
    site.market.commit(10, &Step::from([(4, Some(3)), (5, Some(3))]));
    let news = ask(&site, &json!({"ids": [id(3), id(4)], "updated_since": first["meta"]["as_of"]})).await.json();
    assert_eq!(column(&news, "id"), [&json!(id(4))]);
    let none = ask(&site, &json!({"ids": [id(3), id(4)], "updated_since": news["meta"]["as_of"]})).await.json();
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn mistakes_in_a_body_are_named() {
    let site = Site::new(Market::with_tokens(9));
    let many: Vec<String> = (0..=1_000u16).map(numbered).collect();
    for (body, code, parameters) in [
        (json!({"ids": many}), "invalid_parameter", &["ids"][..]),
        (json!({"ids": ["WIF"]}), "invalid_parameter", &["ids"]),
        (json!({"ids": [7]}), "invalid_parameter", &["ids"]),
        (json!({"ids": {"a": 1}}), "invalid_parameter", &["ids"]),
        (json!({"limit": 1001}), "invalid_parameter", &["limit"]),
        (json!({"limit": 5.5}), "invalid_parameter", &["limit"]),
        (json!({"window": ["h1", "h6"]}), "invalid_parameter", &["window"]),
        (json!({"q": {"text": "x"}}), "invalid_parameter", &["q"]),
        (json!({"q": "a\u{0}"}), "invalid_parameter", &["q"]),
        (json!({"min_liqidity_usd": 5}), "unknown_parameter", &["min_liqidity_usd"]),
        (json!({"cursor": "AAAA"}), "invalid_cursor", &[]),
        (json!({"format": "csv", "include": ["pools"]}), "invalid_parameter", &["include"]),
        (json!({"chain": vec!["solana"; 200]}), "invalid_parameter", &["*"]),
    ] {
        let names: Vec<String> = parameters.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(ask(&site, &body).await.problem(), (400, code.to_owned(), names), "{body:.80}");
    }
    for body in ["", "[]", "null", "{", "{\"limit\":1e999}", "{\"a\":1}x"] {
        assert_eq!(ask_as(&site, body, &[JSON]).await.problem().1, "bad_request", "{body}");
    }
    let twice = ask_as(&site, "{\"limit\":1,\"limit\":2}", &[JSON]).await;
    assert_eq!(twice.problem().2, ["limit"]);
    let twice = ask_as(&site, "{\"ids\":[],\"ids\":[]}", &[JSON]).await;
    assert_eq!(twice.problem().2, ["ids"]);
    let deep = "[".repeat(5_000);
    assert_eq!(ask_as(&site, format!("{{\"q\":{deep}"), &[JSON]).await.problem().1, "bad_request");
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let reply = ask_as(&site, "{}", &[("content-type", kind)]).await;
        assert_eq!(reply.problem(), (415, "unsupported_media_type".to_owned(), vec![]));
    }
    assert_eq!(ask_as(&site, "{}", &[JSON, ("accept", "text/html")]).await.problem().0, 406);
    assert_eq!(
        ask_as(&site, "{}", &[("content-type", "application/json; charset=utf-8")]).await.status,
        StatusCode::OK
    );
    let reply = site.send_body(Method::POST, "/tokens/query?limit=5", &[JSON], Body::from("{}")).await;
    assert_eq!(reply.problem().2, ["limit"]);
    let get = site.get("/tokens/query").await;
    assert_eq!((get.problem().0, get.header(header::ALLOW)), (405, "POST"));
    assert_eq!(ask(&Site::new(Market::new()), &json!({})).await.problem().1, "not_ready");
}

/// The id of a numbered token, of more than there are.
fn numbered(number: u16) -> String {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    format!("solana:{}", bs58::encode(bytes).into_string())
}

#[tokio::test]
async fn as_many_ids_as_are_allowed_fit_into_a_body() {
    let site = Site::new(Market::with_tokens(9));
    let longest = "solana:".to_owned() + &bs58::encode([255; 32]).into_string();
    let body = json!({"ids": vec![longest; 1_000], "include": ["provenance"], "updated_since": "2026-11-22T21:55:03Z"});
    assert!(body.to_string().len() <= 64 * 1024);
    assert_eq!(ask(&site, &body).await.status, StatusCode::OK);
    let ids: Vec<String> = (0..1_000).map(numbered).collect();
    assert_eq!(ask(&site, &json!({"ids": ids})).await.status, StatusCode::OK);
}
