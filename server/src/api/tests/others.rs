//! The routes beside the list.

use memescope::{Event, EventKind, EventPlace, Price, SourceState};
use serde_json::json;

use super::*;
use crate::bus::LogEntry;
use crate::pages::testing::{OPENING, Step, id, token};

/// The place of a numbered token in the default ranking, from 1.
async fn place(site: &Site, number: u8) -> usize {
    let all = site.json("/tokens?limit=200&fields=id").await;
    column(&all, "id").iter().position(|found| **found == json!(id(number))).unwrap() + 1
}

#[tokio::test]
async fn one_token() {
    let site = Site::new(Market::with_tokens(30));
    let address = id(7).address().to_owned();
    let body = site.json(&format!("/tokens/sol/{address}")).await;
    let listed = site.json(&format!("/tokens?ids={}", id(7))).await;
    let mut row = body["data"].clone();
    assert_eq!(row["aliases"], json!(["Other name"]));
    assert_eq!(row["rank"], place(&site, 7).await);
    row.as_object_mut().unwrap().remove("aliases");
    row["rank"] = json!(1);
    assert_eq!(row, listed["data"][0]);
    assert_eq!((&body["meta"]["seq"], &body["meta"]["market"]), (&json!(1), &json!("demo")));
    let few = site.json(&format!("/tokens/solana/{address}?fields=symbol")).await;
    assert_eq!(few["data"], json!({"symbol": "T7"}));
    let origin = site.json(&format!("/tokens/solana/{address}?include=provenance")).await;
    assert_eq!(origin["data"]["flag_details"], json!([]));

    for (address, status, code) in [
        (format!("/tokens/solana/{}", id(99).address()), 404, "token_not_found"),
        ("/tokens/ethereum/0xdAC17F958D2ee523a2206206994597C13D831ec7".to_owned(), 404, "token_not_found"),
        ("/tokens/solana/short".to_owned(), 400, "invalid_address"),
        ("/tokens/SOLANA/short".to_owned(), 400, "invalid_address"),
        (format!("/tokens/solana/{address}%00"), 400, "invalid_address"),
        ("/tokens/solana/%ff".to_owned(), 400, "invalid_address"),
        (format!("/tokens/solana/{address}?include=all"), 400, "invalid_parameter"),
        (format!("/tokens/solana/{address}?feilds=id"), 400, "unknown_parameter"),
    ] {
        let reply = site.get(&address).await;
        assert_eq!((reply.problem().0, reply.problem().1.as_str()), (status, code), "{address}");
    }
}

#[tokio::test]
async fn a_counterfeit_never_stands_above_the_original() {
    let market = Market::with_tokens(30);
    let named = |number, symbol: &str, name: &str, flags| {
        let mut row = token(number, 5, OPENING);
        (row.symbol, row.name, row.flags) = (Some(symbol.into()), Some(name.into()), flags);
        row
    };
    market.put(named(40, "WIF", "the dogwifhat", vec![]));
    // Bigger, and it fits better.
    let mut fake = named(41, "dogwifhat", "dogwifhat", vec![memescope::Flag::Lookalike]);
    fake.volume_usd.h24 = Some(1e9);
    market.put(fake);
    let site = Site::new(market);
    for query in ["dogwifhat", "dogwif", "hat", "DOGWIFHAT"] {
        let body = site.json(&format!("/search?q={query}")).await;
        assert_eq!(column(&body, "id"), [&json!(id(40)), &json!(id(41))], "{query}");
        assert_eq!(body["data"][1]["flags"], json!(["lookalike"]));
    }
    for query in [id(41).address().to_owned(), id(41).to_string(), format!("sol:{}", id(41).address())] {
        assert_eq!(column(&site.json(&format!("/search?q={query}")).await, "id"), [&json!(id(41))], "{query}");
    }
    assert_eq!(column(&site.json("/search?q=%24wif").await, "symbol")[0], "WIF");
    let listed = site.json("/tokens?q=%24wif&fields=symbol").await;
    assert_eq!(column(&listed, "symbol")[0], "WIF", "the list finds what the search finds");
}

#[tokio::test]
async fn search_puts_the_best_fit_first() {
    let site = Site::new(Market::with_tokens(30));
    let mut long = token(31, 5, OPENING);
    long.symbol = Some("$t3 dog".into());
    site.market.put(long);
    let body = site.json("/search?q=T3&limit=3").await;
    assert_eq!(column(&body, "symbol"), ["T3", "T30", "$t3 dog"]);
    assert_eq!(
        body["data"][1],
        json!({"id": id(30), "symbol": "T30", "name": "Token 30", "logo": null, "flags": [], "rank": place(&site, 30).await})
    );
    let by_address = site.json(&format!("/search?q={}", id(4).address())).await;
    assert_eq!(column(&by_address, "id"), [&json!(id(4))]);
    let by_id = site.json(&format!("/search?q={}", id(4))).await;
    assert_eq!(column(&by_id, "id"), [&json!(id(4))]);
    assert_eq!(site.json("/search?q=nothing+like+it").await["data"], json!([]));
    for (query, code) in [
        ("", "invalid_parameter"),
        ("q=", "invalid_parameter"),
        ("q=a&q=b", "invalid_parameter"),
        ("q=a&limit=51", "invalid_parameter"),
        ("q=a&rank=top", "unknown_parameter"),
    ] {
        assert_eq!(site.get(&format!("/search?{query}")).await.problem().1, code, "{query}");
    }
    assert_eq!(site.get("/search?q=t").await.header(header::CACHE_CONTROL), "max-age=2");
}

#[tokio::test]
async fn meta_tells_what_can_be_asked() {
    let site = Site::new(Market::with_tokens(30));
    let body = site.json("/meta").await;
    let data = &body["data"];
    assert_eq!(data["chains"], json!([{"chain": "solana", "tokens": 30}]));
    assert_eq!(data["dexes"], json!([{"dex": "orca", "label": "Orca", "tokens": 30}]));
    assert_eq!(body["meta"]["market"], "demo");
    // Whatever it offers is taken.
    for filter in data["filters"].as_array().unwrap() {
        let value = match filter["type"].as_str().unwrap() {
            "number" => "5",
            "duration" => "5m",
            "boolean" => "true",
            "time" => "2026-11-22T21:55:03Z",
            _ => "",
        };
        site.json(&format!("/tokens?{}={value}", filter["parameter"].as_str().unwrap())).await;
    }
    for sort in data["sort_keys"].as_array().unwrap() {
        site.json(&format!("/tokens?sort={}", sort.as_str().unwrap())).await;
    }
    for flag in data["flags"].as_array().unwrap() {
        site.json(&format!("/tokens?with_flags={}", flag["code"].as_str().unwrap())).await;
    }
    for kind in data["event_types"].as_array().unwrap() {
        site.json(&format!("/events?types={}", kind["type"].as_str().unwrap())).await;
    }
    assert_eq!(data["event_types"].as_array().unwrap().len(), 5);
    assert_eq!(site.get("/meta?x=1").await.problem().1, "unknown_parameter");
}

#[tokio::test]
async fn sources_are_told_as_they_are_now() {
    let site = Site::new(Market::with_tokens(3));
    let reply = site.get("/sources").await;
    assert_eq!(reply.json(), json!({"data": [], "meta": {"market": "demo", "stale": false}}));
    assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
}

fn event(seq: u64, index: u32, number: u8) -> Event {
    let place = EventPlace { epoch: memescope::Epoch::from_bits(7), seq, index };
    let [price_usd, prev_price_usd] = [2, 1].map(|mantissa| Price::new(mantissa, 0).unwrap());
    let source = memescope::Source::Jupiter;
    let kind = EventKind::PriceUpdate { price_usd, prev_price_usd, change_pct: 100.0, source };
    Event { event_id: place.id(), token: Some(id(number)), at: OPENING, kind }
}

#[tokio::test]
async fn events_are_told_from_where_the_reader_stopped() {
    let site = Site::new(Market::with_tokens(3));
    for seq in 2..5 {
        let board = site.market.store.snapshot().board.clone();
        let next = board.advance(board.as_of, board.sol_usd, false, board.tokens.clone());
        site.market.publish(&next, &[event(seq, 0, 1), event(seq, 1, 2)]);
    }
    let names = |body: &Value| {
        let names: Vec<String> =
            column(body, "event_id").iter().map(|name| name.as_str().unwrap()[17..].to_owned()).collect();
        (names.join(" "), body["meta"]["has_more"] == true, body["meta"]["gap"] == true)
    };
    let epoch = "0000000000000007";
    for (query, events, has_more, gap) in [
        (String::new(), "2-0 2-1 3-0 3-1 4-0 4-1", false, false),
        ("?limit=2".to_owned(), "4-0 4-1", true, false),
        (format!("?since={epoch}-3-0"), "3-1 4-0 4-1", false, false),
        (format!("?since={epoch}-3-0&limit=1"), "3-1", true, false),
        (format!("?since={epoch}-4-1"), "", false, false),
        ("?since=0000000000000008-4-1".to_owned(), "2-0 2-1 3-0 3-1 4-0 4-1", false, true),
        ("?types=volume:spike".to_owned(), "", false, false),
        ("?types=volume:spike,price:update&limit=1".to_owned(), "4-1", true, false),
        (format!("?token={}", id(2)), "2-1 3-1 4-1", false, false),
        (format!("?token={},{}&types=price:update&limit=1", id(2), id(3)), "4-1", true, false),
    ] {
        let body = site.json(&format!("/events{query}")).await;
        assert_eq!(names(&body), (events.to_owned(), has_more, gap), "{query}");
    }
    assert_eq!(site.get("/events?types=moon").await.problem().1, "invalid_parameter");
    assert_eq!(site.get("/events?since=yesterday").await.problem().1, "invalid_parameter");
    assert_eq!(site.get("/events?token=T1").await.problem().1, "invalid_parameter");
    site.market.commit(1_000, &Step::new());
    assert_eq!(names(&site.json(&format!("/events?since={epoch}-3-0")).await).0, "3-1 4-0 4-1", "deltas are gone");
    site.market.commit(3_000, &Step::new());
    assert_eq!(names(&site.json(&format!("/events?since={epoch}-3-0")).await), (String::new(), false, true));
}

#[tokio::test]
async fn what_a_source_does_while_the_board_stands_is_told_too() {
    let site = Site::new(Market::with_tokens(3));
    let board = site.market.store.snapshot().board.clone();
    let first = site.get("/events").await;
    assert_eq!((first.json()["data"].clone(), first.status), (json!([]), StatusCode::OK));

    let mut names = memescope::EventNames::default();
    let mut told = Vec::new();
    for state in [SourceState::Down, SourceState::Ok] {
        let kind = EventKind::SourceState { source: memescope::Source::Jupiter, state, prev_state: SourceState::Slow };
        let events = names.name((board.epoch, board.seq), board.as_of, [(None, kind)]);
        told.push(events[0].event_id.clone());
        let entry = LogEntry { delta: None, events: events.into(), reports: Arc::default() };
        assert!(site.market.store.commit(&entry).unwrap().is_none());
    }
    let reply = site.get("/events").await;
    assert_ne!(reply.header(header::ETAG), first.header(header::ETAG), "the board's seq is the same");
    let body = reply.json();
    assert_eq!(
        column(&body, "event_id"),
        told.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    let expected = json!({
        "event": "source:state", "event_id": told[0], "at": board.as_of, "source": "jupiter", "state": "down",
        "prev_state": "slow"
    });
    assert_eq!(body["data"][0], expected);
    let rest = site.json(&format!("/events?since={}&types=source:state", told[0])).await;
    assert_eq!((column(&rest, "state"), &rest["meta"]["gap"]), (vec![&json!("ok")], &json!(false)));
    assert_eq!(site.json(&format!("/events?token={}", id(1))).await["data"], json!([]), "it is about no token");
    let held = site.send(Method::GET, "/events", &[("if-none-match", reply.header(header::ETAG))]).await;
    assert_eq!(held.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn readiness_follows_the_board_and_the_end() {
    let site = Site::new(Market::with_tokens(3));
    let reply = site.get("/readyz").await;
    assert_eq!((reply.status, &reply.json()["ready"]), (StatusCode::OK, &json!(true)));
    assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
    site.readiness.set_journal_ok(false);
    let reply = site.get("/readyz").await;
    assert_eq!(reply.status, StatusCode::OK, "a full disk takes nobody out of service");
    let journal = json!({"name": "journal", "ok": false, "detail": "State cannot be written to disk."});
    assert!(reply.json()["checks"].as_array().unwrap().contains(&journal));
    site.readiness.drain();
    assert_eq!(site.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(site.get("/health").await.status, StatusCode::OK);
    // Lists are still served while the last requests run out.
    assert_eq!(site.get("/tokens").await.status, StatusCode::OK);
}

#[test]
fn an_old_board_is_enough_only_where_the_operator_says_so() {
    let market = Market::with_tokens(3);
    let board = market.store.snapshot().board.clone();
    market.publish(&board.advance(OPENING, None, true, board.tokens.clone()), &[]);
    let snapshot = market.store.snapshot();
    assert!(Readiness::new(true).report(&snapshot).ready);
    assert!(!Readiness::new(false).report(&snapshot).ready);
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let site = Site::new(Market::with_tokens(3));
    for kind in PROBLEMS {
        let reply = site.get(&format!("/problems/{}", kind.code.replace('_', "-"))).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(String::from_utf8_lossy(&reply.body).contains(kind.words));
    }
    assert_eq!(site.get("/problems/none").await.problem().1, "not_found");
    assert_eq!(site.get("/problems/%ff").await.problem().1, "not_found");
}
