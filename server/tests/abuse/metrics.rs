//! What is counted names nobody: no client and no token adds a series.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use server::clock::Clock;
use server::observe::MetricsListener;
use tokio_util::sync::CancellationToken;

use crate::house::{House, id, request};
use crate::wire::{Wire, text};

/// The words that a label may have.
fn words(label: &str) -> &'static [&'static str] {
    match label {
        "route" => &[
            "/tokens",
            "/tokens/query",
            "/tokens/{chain}/{address}",
            "/tokens/{chain}/{address}/pools",
            "/tokens/{chain}/{address}/candles",
            "/search",
            "/meta",
            "/sources",
            "/events",
            "/openapi.json",
            "/health",
            "/livez",
            "/readyz",
            "/problems/{code}",
            "/ws",
            "/stream",
            "page",
            "other",
        ],
        "method" => &["GET", "HEAD", "POST", "OPTIONS", "other"],
        "source" => &["dexscreener", "geckoterminal", "jupiter"],
        "channel" => &["list", "rows", "events", "status", "none"],
        "kind" => &["snapshot", "delta", "event", "status", "heartbeat", "other"],
        "reason" => &["address", "server", "asked", "epoch", "lagged"],
        _ => &[],
    }
}

/// The labels of each series, and how many series there are.
async fn series(metrics: &str) -> (BTreeMap<String, BTreeSet<String>>, usize) {
    let text = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for line in &lines {
        // No value of a label holds a quote or a comma: each is a word of ours.
        let Some((_, inner)) = line.split_once('{') else { continue };
        let (inner, _) = inner.rsplit_once('}').unwrap();
        let mut rest = inner;
        while let Some((label, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            labels.entry(label.trim_start_matches(',').to_owned()).or_default().insert(value.to_owned());
            rest = after;
        }
    }
    (labels, lines.len())
}

async fn round(house: &House, number: usize) {
    let methods = ["GET", "HEAD", "POST", "OPTIONS", "BREW", "PROPFIND", "get", "X-ANY"];
    let unusual = format!("M{number}");
    let targets = [
        format!("/tokens/solana/Evil{number}"),
        format!("/tokens/evil{number}/x/candles"),
        format!("/tokens/solana/{}/pools?evil{number}=1", id(9).address()),
        format!("/Evil{number}"),
        format!("/problems/evil{number}"),
        format!("/search?q=evil{number}"),
        format!("/stream?channel=evil{number}"),
        format!("/pkg/evil{number}.js"),
        "/%2e%2e/%00".to_owned(),
        "*".to_owned(),
        format!("/tokens?cursor=evil{number}"),
        format!("/events?since=evil{number}"),
    ];
    for method in methods.into_iter().chain([&*unusual]) {
        for target in &targets {
            house.ask(request(method, target, "")).await;
        }
    }
    let mut wire = Wire::open(house).await;
    let name = format!("evil{number}");
    let rows = json!({"op": "subscribe", "id": name, "channel": "rows", "params": {"ids": [id(1)]}});
    wire.send(text(rows.to_string())).await;
    wire.next_of("snapshot").await;
    wire.send(text(json!({"op": name, "id": name}).to_string())).await;
    wire.next_of("error").await;
}

#[tokio::test]
async fn labels_are_words_of_ours_whatever_clients_ask() {
    let house = House::new();
    let address = ([127, 0, 0, 1], 0).into();
    let listener =
        MetricsListener::open(address, house.store.clone(), house.hub.clone(), Clock::system()).await.unwrap();
    let metrics = format!("http://{}/metrics", listener.address().unwrap());
    let stop = CancellationToken::new();
    let _open = stop.clone().drop_guard();
    tokio::spawn(listener.serve(stop));
    // The port for everybody does not tell.
    assert_eq!(house.get("/metrics").await.status(), 404);

    round(&house, 0).await;
    let (mut labels, mut after) = series(&metrics).await;
    let mut before = 0;
    // Tests beside this one may count words of ours in the same process, and so for the first time.
    for time in 0..20 {
        if before == after {
            break;
        }
        before = after;
        for number in 1..8 {
            round(&house, 100 * time + number).await;
        }
        (labels, after) = series(&metrics).await;
    }
    assert_eq!(before, after, "no series was added");
    assert!(labels["route"].len() > 8 && labels["method"].len() == 5, "{labels:?}");
    for (label, values) in &labels {
        let is_ours = |value: &String| match label.as_str() {
            "status" => value.parse::<u16>().is_ok_and(|status| status == 0 || (100..600).contains(&status)),
            "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
            "version" | "commit" => true,
            label => words(label).contains(&&**value),
        };
        let strangers: Vec<&String> = values.iter().filter(|value| !is_ours(value)).collect();
        assert!(strangers.is_empty(), "{label}: {strangers:?}");
    }
}
