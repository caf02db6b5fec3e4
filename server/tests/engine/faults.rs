use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use memescope::{EventKind, Source, SourceReport, SourceState};
use serde_json::Value;
use server::api::{Api, Readiness, router};
use server::pages::{CursorKey, Pages};
use tower::ServiceExt as _;

use crate::world::{Desk, INTERVAL, World};

/// Moves of the board after a source broke, beyond what is left over from before.
async fn moves_without(source: &str, fault: &str) -> usize {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    world.break_sources(&format!("{source}:{fault}@0s-")).await;
    // While its last word is fresh the others do not overrule it.
    world.pass(Duration::from_secs(60)).await;
    let rows = desk.store.snapshot().board.tokens.len();
    let mut changed = 0;
    for _ in 0..4 {
        changed += desk.tick(&world).await.changed;
    }
    let snapshot = desk.store.snapshot();
    assert!(snapshot.board.tokens.len() >= rows, "rows left because {source} answers {fault}");
    assert!(!snapshot.board.stale, "the others answer");
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_is_dead() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "500").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_hangs() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "hang").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_move_the_table_while_one_answers_html() {
    for source in ["dexscreener", "geckoterminal", "jupiter"] {
        assert!(moves_without(source, "html").await > 20, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_sources_dead_for_hours_the_table_stays_and_says_so() {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    let before = desk.store.snapshot();
    world.break_sources("all:500@0s-").await;
    for _ in 0..6 {
        world.pass(Duration::from_secs(3600)).await;
        desk.tick(&world).await;
    }
    let after = desk.store.snapshot();
    assert!(after.board.stale);
    let left: Vec<_> =
        before.board.tokens.values().filter(|token| !after.board.tokens.contains_key(&token.id)).collect();
    assert!(left.is_empty(), "{left:#?}");
    for (id, token) in &after.board.tokens {
        assert!(token.stale, "{id} is six hours old");
        let [was, is] = [&before.board.tokens[id], token].map(|row| row.price_usd);
        assert_eq!(was, is, "{id} keeps its last price");
    }
    assert!(desk.store.reports().iter().all(|report| report.state == SourceState::Down));

    world.break_sources("").await;
    // Breakers try again by the runtime's clock, which a test cannot push.
    for _ in 0..200 {
        world.hands.pass(INTERVAL);
        desk.tick(&world).await;
        if !desk.store.snapshot().board.stale {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!desk.store.snapshot().board.stale, "it recovers by itself");
    assert!(desk.store.reports().iter().any(|report| report.source == Source::Jupiter));
}

/// What `GET` of an address answers.
async fn get(desk: &Desk, address: &str) -> Value {
    let pages = Arc::new(Pages::new(desk.store.clone(), CursorKey::from_bytes([7; 32])));
    let api = Api::new(desk.store.clone(), pages, "demo", Arc::new(Readiness::new(true)));
    let request = Request::builder().uri(address).body(Body::empty()).unwrap();
    let response = router(Arc::new(api)).oneshot(request).await.unwrap();
    assert!(response.status().is_success(), "{address}");
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 24).await.unwrap()).unwrap()
}

/// How a source does, as `GET /sources` says.
async fn told_of(desk: &Desk, source: Source) -> SourceReport {
    let body = get(desk, "/sources").await;
    let reports: Vec<SourceReport> = serde_json::from_value(body["data"].clone()).unwrap();
    reports.into_iter().find(|report| report.source == source).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_as_what_it_is() {
    for (fault, state, kind) in [
        ("500", SourceState::Down, "status_5xx"),
        ("429", SourceState::Throttled, "rate_limited"),
        ("hang", SourceState::Down, "timeout"),
        ("html", SourceState::Down, "blocked"),
        ("blank", SourceState::Down, "malformed"),
    ] {
        let world = World::new(150).await;
        let mut config = world.sources();
        // More than the test needs, and it does not come back while it runs.
        config.dexscreener.budget = "600/1h:600".parse().unwrap();
        let mut desk = Desk::new(&config, &world.hands);
        for _ in 0..2 {
            desk.tick(&world).await;
        }
        let before = told_of(&desk, Source::Dexscreener).await;
        assert_eq!(before.state, SourceState::Ok, "{before:?}");
        assert!(before.requests.ok > 0 && before.rows.told > 0 && !before.errors.contains_key(kind), "{before:?}");
        assert!(before.latency_ms.p50 <= before.latency_ms.p95 && before.latency_ms.p95.is_some(), "{before:?}");
        assert_eq!((before.budget.per_minute, before.budget.burst), (10.0, 600));
        assert!(before.budget.left > 0 && before.budget.left < before.budget.burst, "some are spent: {before:?}");

        world.break_sources(&format!("dexscreener:{fault}@0s-")).await;
        let mut after = before.clone();
        for _ in 0..6 {
            desk.tick(&world).await;
            after = told_of(&desk, Source::Dexscreener).await;
            if after.state == state {
                break;
            }
        }
        assert_eq!(after.state, state, "{fault}: {after:?}");
        let failed: u64 = after.errors.values().sum();
        assert!(after.errors.contains_key(kind) && failed == after.requests.failed, "{fault}: {after:?}");
        assert!(after.budget.left <= 1, "{fault}: nothing but a probe may be asked now: {after:?}");
        assert_eq!(
            after.budget.per_minute < before.budget.per_minute,
            fault == "429",
            "{fault}: a refusal is a lesson"
        );
        assert_eq!(after.fields, before.fields, "what it once gave");
        assert_eq!(told_of(&desk, Source::Jupiter).await.state, SourceState::Ok, "the others are well");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_falls_silent_is_an_event_though_no_row_changes() {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..3 {
        desk.tick(&world).await;
    }
    let of_sources = |body: Value| -> Vec<Value> { body["data"].as_array().unwrap().clone() };
    assert_eq!(
        of_sources(get(&desk, "/events?types=source:state").await),
        Vec::<Value>::new(),
        "the start tells nothing"
    );
    world.break_sources("jupiter:500@0s-").await;
    for _ in 0..6 {
        desk.tick(&world).await;
    }
    let told = of_sources(get(&desk, "/events?types=source:state").await);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["source"], &told[0]["state"], &told[0]["prev_state"]),
        (&"jupiter".into(), &"down".into(), &"ok".into())
    );
    // All events of the run, with or without a commit, rise.
    let ring = desk.store.events();
    let places: Vec<_> = ring.iter().map(|event| event.place().unwrap()).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    assert!(ring.iter().any(|event| matches!(event.kind, EventKind::SourceState { source: Source::Jupiter, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_answers_with_nothing_for_long_is_not_well() {
    let world = World::new(150).await;
    let mut desk = world.desk();
    for _ in 0..2 {
        desk.tick(&world).await;
    }
    let before = told_of(&desk, Source::Dexscreener).await;
    world.break_sources("dexscreener:empty@0s-").await;
    desk.tick(&world).await;
    let early = told_of(&desk, Source::Dexscreener).await;
    assert_eq!(early.state, SourceState::Ok, "an empty answer is an answer: {early:?}");
    assert!(early.rows.empty_in_a_row > 0);
    world.pass(Duration::from_secs(300)).await;
    desk.tick(&world).await;
    let after = told_of(&desk, Source::Dexscreener).await;
    assert_eq!(after.state, SourceState::Down, "{after:?}");
    assert_eq!((after.rows.told, after.requests.failed), (before.rows.told, 0));
    assert!(after.last_ok_at > after.rows.last_at && after.rows.empty_in_a_row >= 10, "{after:?}");

    world.break_sources("").await;
    desk.tick(&world).await;
    assert_eq!(told_of(&desk, Source::Dexscreener).await.state, SourceState::Ok);
}
