//! `GET /tokens`: pages, their headers and their forms.

use memescope::{Field, FieldProvenance, Flag, FlagDetail, Provenance, Source};
use serde_json::json;

use super::*;
use crate::pages::testing::{OPENING, Step, id, token};

#[tokio::test]
async fn a_page_has_rows_places_and_the_board_that_it_is_of() {
    let site = Site::new(Market::with_tokens(60));
    let reply = site.get("/tokens?sort=-price_usd&limit=2&min_liquidity_usd=10000").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header(header::CONTENT_TYPE), "application/json");
    assert_eq!(reply.header(header::CACHE_CONTROL), "no-cache");
    assert_eq!(reply.header(header::LAST_MODIFIED), "Sun, 22 Nov 2026 21:55:10 GMT");
    assert!(reply.header(header::ETAG).starts_with("W/\"0000000000000007.1."));
    let body = reply.json();
    assert_eq!(column(&body, "rank"), [1, 2]);
    assert_eq!(column(&body, "rank_prev"), [&Value::Null; 2]);
    assert_eq!(column(&body, "id"), [&json!(id(60)), &json!(id(59))]);
    assert_eq!(column(&body, "price_usd"), ["0.601", "0.591"]);
    let cursor = body["page"]["next_cursor"].as_str().unwrap();
    assert_eq!(
        body["page"],
        json!({"limit": 2, "next_cursor": cursor, "prev_cursor": null, "has_more": true, "total": 51})
    );
    let link = format!("</tokens?sort=-price_usd&limit=2&min_liquidity_usd=10000&cursor={cursor}>; rel=\"next\"");
    assert_eq!(reply.header(header::LINK), link);
    assert_eq!(
        body["meta"],
        json!({
            "sol_usd": "163.74", "epoch": "0000000000000007", "seq": 1, "as_of": "2026-11-22T21:55:10.000Z",
            "rebased": false, "stale": false, "market": "demo",
            "query": {"rank": "trending", "window": "h24", "sort": "-price_usd", "min_liquidity_usd": 10000},
        })
    );
}

#[tokio::test]
async fn following_the_link_shows_every_row_once() {
    let site = Site::new(Market::with_tokens(60));
    let mut address = "/tokens?sort=price_usd&limit=7".to_owned();
    let mut seen = Vec::new();
    loop {
        let reply = site.get(&address).await;
        let body = reply.json();
        assert_eq!(body["page"]["total"], 60);
        seen.extend(column(&body, "id").into_iter().cloned());
        // The first row of the list falls to its end meanwhile, and comes back.
        site.market.commit(1, &Step::from([(1, Some(if seen.len() % 2 == 0 { 0 } else { 999 }))]));
        let link = reply.header(header::LINK);
        let Some((next, _)) = link.split_once(">; rel=\"next\"") else { break };
        address = next.trim_start_matches('<').to_owned();
    }
    assert_eq!(seen, (1..=60).map(|number| json!(id(number))).collect::<Vec<_>>());

    // And back: the last page names the one before.
    let last = site.get(&address).await;
    let link = last.header(header::LINK).to_owned();
    let back = link.strip_suffix(">; rel=\"prev\"").unwrap().trim_start_matches('<');
    let body = site.json(back).await;
    assert_eq!(column(&body, "id"), seen[49..56].iter().collect::<Vec<_>>());
    let both = site.get(back).await;
    assert!(
        both.header(header::LINK).contains("rel=\"next\", </tokens?")
            && both.header(header::LINK).ends_with("rel=\"prev\"")
    );
}

#[tokio::test]
async fn unknown_is_null_and_stands_last() {
    let site = Site::new(Market::with_tokens(10));
    let nulls = |body: &Value| column(body, "volume_usd").iter().map(|v| v["h24"].is_null()).collect::<Vec<_>>();
    // Every second volume is unknown: each figure is a multiple of ten.
    site.market.commit(1, &Step::from([(1, Some(7)), (2, Some(8))]));
    for sort in ["volume_usd", "-volume_usd"] {
        let body = site.json(&format!("/tokens?limit=4&sort={sort}")).await;
        assert_eq!(nulls(&body), [false, false, true, true], "{sort}");
        let row = &body["data"][3];
        for field in ["market_cap_usd", "holders", "price_sol", "logo", "verified"] {
            assert_eq!(row[field], Value::Null, "{field}");
        }
        assert_eq!(row["txns"], json!({"m5": null, "h1": null, "h6": null, "h24": null, "d7": null}));
    }
    let body = site.json("/tokens?min_volume_usd=0").await;
    assert_eq!(body["page"]["total"], 2);
}

#[tokio::test]
async fn a_price_is_printed_to_its_last_digit() {
    let site = Site::new(Market::with_tokens(3));
    for price in ["0.00000000000000000000123456789012345678", "123456789012345678", "0.1"] {
        let mut row = token(9, 9, OPENING);
        row.price_usd = price.parse().ok();
        site.market.put(row);
        let body = site.json(&format!("/tokens?ids={}", id(9))).await;
        assert_eq!(body["data"][0]["price_usd"], price);
    }
}

#[tokio::test]
async fn chosen_fields_and_their_origin() {
    let market = Market::with_tokens(3);
    let mut row = token(9, 399, OPENING);
    row.flags = vec![Flag::Lookalike];
    let origin = FieldProvenance {
        source: Source::Jupiter.into(),
        pool: None,
        observed_at: OPENING,
        others: [(Source::Dexscreener, "0.41".into())].into(),
        spread_pct: Some(2.5),
    };
    let detail = FlagDetail { code: Flag::Lookalike, source: None, since: OPENING, detail: "Like another.".into() };
    row.provenance = Arc::new(Provenance { fields: [(Field::PriceUsd, origin)].into(), flags: vec![detail] });
    market.put(row);
    let site = Site::new(market);
    let body = site.json(&format!("/tokens?fields=price_usd,id&fields=rank&include=provenance&ids={}", id(9))).await;
    let at = "2026-11-22T21:55:00.000Z";
    assert_eq!(
        body["data"],
        json!([{
            "rank": 1, "id": id(9), "price_usd": "0.4",
            "provenance": {"price_usd": {
                "source": "jupiter", "observed_at": at, "others": {"dexscreener": "0.41"}, "spread_pct": 2.5,
            }},
            "flag_details": [{"code": "lookalike", "source": null, "since": at, "detail": "Like another."}],
        }])
    );
    let whole = site.json(&format!("/tokens?ids={}", id(9))).await;
    assert_eq!(whole["data"][0]["flags"], json!(["lookalike"]));
    assert!(whole["data"][0].get("provenance").is_none());
    // Whoever names every field gets the row that others get without asking.
    let all = super::super::rows::Column::names().join(",");
    assert_eq!(site.json(&format!("/tokens?ids={}&fields={all}", id(9))).await["data"], whole["data"]);
}

#[tokio::test]
async fn a_reader_who_holds_the_page_gets_none() {
    let site = Site::new(Market::with_tokens(60));
    let address = "/tokens?limit=200&rank=top";
    let first = site.get(address).await;
    let tag = first.header(header::ETAG).to_owned();
    let bare = tag.trim_start_matches("W/");
    for held in [tag.clone(), bare.to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
        let reply = site.send(Method::GET, address, &[("if-none-match", &held)]).await;
        assert_eq!((reply.status, reply.body.len()), (StatusCode::NOT_MODIFIED, 0), "{held}");
        assert_eq!(reply.header(header::ETAG), tag);
        assert_eq!(reply.header(header::CACHE_CONTROL), "no-cache");
        assert!(!reply.headers.contains_key(header::CONTENT_TYPE));
    }
    // Before anybody asked for the page: nothing is kept, nothing is written.
    let other = Site::new(Market::with_tokens(60));
    assert_eq!(other.send(Method::GET, address, &[("if-none-match", &tag)]).await.status, StatusCode::NOT_MODIFIED);
    // If-Modified-Since says less than a tag and is not looked at.
    let since = ("if-modified-since", first.header(header::LAST_MODIFIED));
    assert_eq!(site.send(Method::GET, address, &[since]).await.status, StatusCode::OK);
    site.market.commit(1, &Step::from([(1, Some(1))]));
    let later = site.send(Method::GET, address, &[("if-none-match", &tag)]).await;
    assert_eq!(later.status, StatusCode::OK);
    assert_ne!(later.header(header::ETAG), tag);
    assert_ne!(site.get("/tokens?limit=199&rank=top").await.header(header::ETAG), later.header(header::ETAG));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let site = Site::new(Market::with_tokens(60));
    for address in ["/tokens", "/meta", "/livez", "/sources", "/search?q=t", "/events"] {
        let get = site.get(address).await;
        let head = site.send(Method::HEAD, address, &[]).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{address}");
        assert_eq!(head.header(header::CONTENT_LENGTH), get.body.len().to_string(), "{address}");
        assert_eq!(head.header(header::ETAG), get.header(header::ETAG));
    }
}

#[tokio::test]
async fn a_page_is_packed_as_the_reader_likes_it() {
    let site = Site::new(Market::with_tokens(60));
    let plain = site.get("/tokens").await;
    assert!(!plain.headers.contains_key(header::CONTENT_ENCODING));
    for (accepted, encoding) in [("gzip, br, zstd", "br"), ("zstd", "zstd"), ("gzip;q=0.9, br;q=0.1", "gzip")] {
        for _ in 0..2 {
            let packed = site.send(Method::GET, "/tokens", &[("accept-encoding", accepted)]).await;
            assert_eq!(packed.header(header::CONTENT_ENCODING), encoding);
            assert_eq!(packed.header(header::ETAG), plain.header(header::ETAG));
            assert!(packed.body.len() < plain.body.len() / 4);
            if encoding == "zstd" {
                assert_eq!(zstd::decode_all(&*packed.body).unwrap(), plain.body);
            }
        }
    }
    let none = site.send(Method::GET, "/tokens", &[("accept-encoding", "br;q=0, identity")]).await;
    assert_eq!(none.body, plain.body);
}

#[tokio::test]
async fn an_old_page_says_that_nobody_answers_any_more() {
    let site = Site::new(Market::with_tokens(60));
    let first = site.json("/tokens?limit=5").await;
    let address = format!("/tokens?limit=5&cursor={}", first["page"]["next_cursor"].as_str().unwrap());
    let fresh = site.get(&address).await;
    assert_eq!(fresh.json()["meta"]["stale"], false);
    let board = site.market.store.snapshot().board.clone();
    site.market.publish(&board.advance(OPENING, board.sol_usd, true, board.tokens.clone()), &[]);
    assert_eq!(site.json("/tokens").await["meta"]["stale"], true);
    let later = site.get(&address).await;
    assert_eq!(later.json()["meta"]["stale"], true);
    assert_eq!(later.json()["meta"]["seq"], 1);
    assert_ne!(later.header(header::ETAG), fresh.header(header::ETAG));
}

#[tokio::test]
async fn a_walk_over_a_lost_snapshot_says_so() {
    let site = Site::new(Market::with_tokens(60));
    let first = site.json("/tokens?limit=50&sort=price_usd").await;
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    site.market.commit(1_000, &Step::from([(5, None)]));
    let next = site.json(&format!("/tokens?limit=50&sort=price_usd&cursor={cursor}")).await;
    assert_eq!((&next["meta"]["rebased"], &next["page"]["total"]), (&json!(true), &json!(59)));
    assert_eq!(
        column(&next, "id"),
        (51..=60).map(|number| json!(id(number))).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(next["data"][0]["rank"], 50);
}

#[tokio::test]
async fn only_what_changed_lately() {
    let site = Site::new(Market::with_tokens(9));
    site.market.commit(10, &Step::from([(4, Some(3))]));
    // What was heard before the last board and published after it is news as well.
    let mut late = token(5, 7, OPENING);
    late.updated_at = OPENING;
    site.market.put(late);
    assert_eq!(column(&site.json("/tokens?updated_since=2026-11-22T21:55:10Z").await, "id").len(), 2);
    site.market.commit(10, &Step::from([(4, Some(2))]));
    let body = site.json("/tokens?updated_since=2026-11-22T21:55:20Z").await;
    assert_eq!(column(&body, "id"), [&json!(id(4))]);
    assert_eq!(body["meta"]["query"]["updated_since"], "2026-11-22T21:55:20.000Z");
}
