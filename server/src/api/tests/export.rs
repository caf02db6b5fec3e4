//! Lists as files.

use futures::StreamExt as _;
use memescope::Flag;
use serde_json::json;

use super::*;
use crate::pages::testing::{OPENING, Step, id, token};

/// The lines of a file.
fn lines(reply: &Reply) -> Vec<&str> {
    std::str::from_utf8(&reply.body).unwrap().lines().collect()
}

#[tokio::test]
async fn the_whole_list_comes_where_no_page_is_asked_for() {
    let site = Site::new(Market::with_tokens(250));
    for (address, accept, kind, ending, count) in [
        ("/tokens?format=csv&sort=price_usd", "", "text/csv; charset=utf-8; header=present", "csv", 251),
        ("/tokens?sort=price_usd", "text/csv", "text/csv; charset=utf-8; header=present", "csv", 251),
        ("/tokens?format=ndjson&sort=price_usd", "application/json", "application/x-ndjson", "ndjson", 250),
        ("/tokens?sort=price_usd", "application/x-ndjson", "application/x-ndjson", "ndjson", 250),
        (
            "/tokens?sort=price_usd&min_liquidity_usd=10000&format=csv",
            "",
            "text/csv; charset=utf-8; header=present",
            "csv",
            242,
        ),
    ] {
        let reply = site.send(Method::GET, address, &[("accept", accept)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{address}: {:?}", reply.body);
        assert_eq!(reply.header(header::CONTENT_TYPE), kind);
        let name = format!("attachment; filename=\"memescope-tokens-20261122T215510Z-demo.{ending}\"");
        assert_eq!(reply.header(header::CONTENT_DISPOSITION), name);
        assert_eq!(reply.header(header::CACHE_CONTROL), "no-cache");
        assert!(!reply.headers.contains_key(header::LINK));
        assert_eq!(lines(&reply).len(), count, "{address}");
        let tag = reply.header(header::ETAG);
        let again = site.send(Method::GET, address, &[("accept", accept), ("if-none-match", tag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        let head = site.send(Method::HEAD, address, &[("accept", accept)]).await;
        assert_eq!((head.status, head.body.len(), head.header(header::ETAG)), (StatusCode::OK, 0, tag));
        assert_eq!(head.header(header::CONTENT_DISPOSITION), name);
    }
}

#[tokio::test]
async fn forms_have_tags_of_their_own() {
    let site = Site::new(Market::with_tokens(9));
    let mut tags = Vec::new();
    for accept in ["application/json", "text/csv", "application/x-ndjson"] {
        tags.push(site.send(Method::GET, "/tokens", &[("accept", accept)]).await.header(header::ETAG).to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
}

#[tokio::test]
async fn a_line_of_json_is_the_row_of_the_list() {
    let site = Site::new(Market::with_tokens(60));
    let page = site.json("/tokens?limit=200&include=provenance,pools&fields=rank,id,price_usd").await;
    let file = site.get("/tokens?format=ndjson&include=provenance,pools&fields=rank,id,price_usd").await;
    let rows: Vec<Value> = lines(&file).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(rows), page["data"]);
    assert!(rows[0]["pools"].as_array().is_some_and(|pools| pools.len() == 2));
}

#[tokio::test]
async fn a_table_is_flat_and_carries_no_formula() {
    let market = Market::with_tokens(2);
    let mut row = token(9, 5, OPENING);
    row.symbol = Some("=cmd|' /C calc'!A0".into());
    row.name = Some("a \"dog\", with hat".into());
    row.change_pct.h1 = Some(-2.5);
    row.txns.h24 = Some(memescope::Txns { buys: 3, sells: 4 });
    row.flags = vec![Flag::Lookalike, Flag::Wash];
    row.verified = Some(false);
    market.put(row);
    let site = Site::new(market);
    let address = format!("/tokens?format=csv&ids={}", id(9));
    let fields = "rank,symbol,name,price_usd,change_pct,txns,flags,verified,holders,stage";
    let file = site.get(&format!("{address}&fields={fields}")).await;
    let expected = "rank,symbol,name,price_usd,change_pct.m5,change_pct.h1,change_pct.h6,change_pct.h24,change_pct.d7,\
        txns.m5.buys,txns.m5.sells,txns.h1.buys,txns.h1.sells,txns.h6.buys,txns.h6.sells,txns.h24.buys,\
        txns.h24.sells,txns.d7.buys,txns.d7.sells,holders,stage,verified,flags\r\n\
        1,'=cmd|' /C calc'!A0,\"a \"\"dog\"\", with hat\",0.006,,-2.5,,-195.0,,,,,,,,3,4,,,,unpooled,false,lookalike wash\r\n";
    assert_eq!(std::str::from_utf8(&file.body).unwrap(), expected);
    // Every field of a row has its column, and a line has as many cells as there are names.
    let whole = site.get("/tokens?format=csv&q=Token").await;
    let all = lines(&whole);
    assert!(all[0].starts_with("rank,rank_prev,id,chain,address,symbol,") && all[0].contains(",volume_usd.h24,"));
    assert_eq!(all[0].matches(',').count(), all[1].matches(',').count());
    for name in super::super::rows::Column::names() {
        assert!(all[0].split(',').any(|head| head.split('.').next() == Some(name)), "{name}");
    }
    // A page is one too.
    assert_eq!(lines(&site.get("/tokens?format=csv&limit=1").await).len(), 2);
}

#[tokio::test]
async fn pages_of_a_file_are_walked_by_their_links() {
    let site = Site::new(Market::with_tokens(60));
    let mut address = "/tokens?sort=price_usd&format=csv&fields=id&limit=25".to_owned();
    let mut seen = Vec::new();
    loop {
        let reply = site.get(&address).await;
        seen.extend(lines(&reply).into_iter().skip(1).map(str::to_owned));
        site.market.commit(1, &Step::from([(1, u16::try_from(seen.len()).ok())]));
        let Some((next, _)) = reply.header(header::LINK).split_once(">; rel=\"next\"") else { break };
        address = next.trim_start_matches('<').to_owned();
    }
    assert_eq!(seen, (1..=60).map(|number| id(number).to_string()).collect::<Vec<_>>());
    assert_eq!(site.get("/tokens?format=csv&cursor=AAAA").await.problem().1, "invalid_cursor");
}

#[tokio::test]
async fn a_long_list_is_written_piece_by_piece_out_of_one_board() {
    let site = Site::new(Market::with_tokens(250));
    let request = Request::builder().uri("/tokens?format=ndjson&sort=price_usd").body(Body::empty()).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    let first = pieces.next().await.unwrap().unwrap();
    assert!((64 << 10..80 << 10).contains(&first.len()), "{}", first.len());
    // The board moves on; the file does not.
    site.market.commit(1, &(1..=250).map(|number| (number, None)).collect());
    let mut whole = first.to_vec();
    let mut count = 1;
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece.unwrap());
        count += 1;
    }
    assert!(count > 2);
    let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let rows: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(rows.len(), 250);
}

#[tokio::test]
async fn readers_of_whole_lists_are_counted() {
    let site = Site::new(Market::with_tokens(250));
    let ask = async || {
        let request = Request::builder().uri("/tokens?format=csv").body(Body::empty()).unwrap();
        site.router.clone().oneshot(request).await.unwrap()
    };
    let mut open = Vec::new();
    for _ in 0..super::super::export::MOST_EXPORTS {
        open.push(ask().await);
    }
    assert!(open.iter().all(|response| response.status() == StatusCode::OK));
    let refused = site.get("/tokens?format=csv").await;
    assert_eq!(refused.problem(), (503, "overloaded".to_owned(), vec![]));
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    // A page holds nothing, and whoever leaves makes room.
    assert_eq!(site.get("/tokens?format=csv&limit=5").await.status, StatusCode::OK);
    open.pop();
    assert_eq!(site.get("/tokens?format=csv").await.status, StatusCode::OK);
}
