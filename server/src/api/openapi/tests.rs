//! The documents against the routes, the answers and the files.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use memescope::feed::{ClientMessage, ServerMessage};
use memescope::{Field, FieldProvenance, Flag, FlagDetail, Provenance, Source, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::asyncapi::{asyncapi, client_examples, server_examples};
use super::bruno::bruno;
use super::html::page;
use super::judge::Judge;
use super::operation::Operation;
use super::postman::postman;
use super::{Schemas, openapi, operations};
use crate::api::tests::pools;
use crate::api::{Api, Readiness, documents, router, rows::Column};
use crate::clock::Clock;
use crate::feed::{self, FeedConfig, Hub};
use crate::logos;
use crate::pages::testing::{Market, OPENING, id, token};
use crate::store::Details;

/// Set, the files are written instead of compared.
const WRITE: &str = "MEMESCOPE_WRITE_DOCS";

fn described() -> Vec<Operation> {
    operations(&mut Schemas::of_answers())
}

/// The public routes as the server has them: the API and the feed, over a small market.
fn routes() -> Router {
    let market = Market::with_tokens(60);
    let mut row = token(9, 399, OPENING);
    row.flags = vec![Flag::Lookalike];
    row.change_pct.m5 = Some(-0.5);
    let origin = FieldProvenance {
        source: Source::Jupiter.into(),
        pool: Some("pool".into()),
        observed_at: OPENING,
        others: [(Source::Dexscreener, "0.41".into())].into(),
        spread_pct: Some(2.5),
    };
    let detail = FlagDetail { code: Flag::Lookalike, source: None, since: OPENING, detail: "Like another.".into() };
    row.provenance = Arc::new(Provenance { fields: [(Field::PriceUsd, origin)].into(), flags: vec![detail] });
    market.put(row);
    let readiness = Arc::new(Readiness::new(true));
    let details = Details::default();
    let told = market.store.snapshot().rows.keys().map(|id| (id.clone(), Some(Arc::new(pools::details(id))))).collect();
    details.tell(told, usize::MAX, |_| true);
    let api = Api::new(market.store.clone(), market.pages.clone(), "demo:1", readiness).with_details(details);
    let hub = Hub::new(market.store, Clock::from_runtime(OPENING), true, FeedConfig::default());
    router(Arc::new(api)).merge(feed::router(hub)).merge(logos::router(None).unwrap())
}

/// The addresses of a router, as it prints itself: axum tells them in no other way.
fn addresses(router: &Router) -> BTreeSet<String> {
    let text = format!("{router:?}");
    // What is left is how it keeps its fallback.
    let found = text.split('"').filter(|piece| piece.len() > 1 && piece.starts_with('/') && !piece.contains("/{*"));
    found.map(str::to_owned).collect()
}

/// The methods that an address answers to.
async fn methods(router: &Router, path: &str) -> BTreeSet<String> {
    let request = Request::builder().method("BREW").uri(path.replace(['{', '}'], "")).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    let allowed = answer.headers()[header::ALLOW].to_str().unwrap();
    allowed.split(',').filter(|name| !matches!(*name, "HEAD" | "OPTIONS")).map(str::to_lowercase).collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let router = routes();
    let mut served = BTreeSet::new();
    for path in addresses(&router) {
        served.extend(methods(&router, &path).await.into_iter().map(|method| format!("{method} {path}")));
    }
    assert!(served.len() > 10, "the router tells its addresses: {router:?}");
    let described: BTreeSet<String> = described().iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    let missing: Vec<_> = served.difference(&described).collect();
    let gone: Vec<_> = described.difference(&served).collect();
    assert!(missing.is_empty(), "describe these in server/src/api/openapi/, in the file of their area: {missing:?}");
    assert!(gone.is_empty(), "described, and not served: {gone:?}");
}

#[test]
fn every_name_is_used_once_and_every_reference_leads_somewhere() {
    let all = described();
    let names: BTreeSet<&str> = all.iter().map(|operation| operation.id).collect();
    assert_eq!(names.len(), all.len());
    for document in [openapi(), asyncapi()] {
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}

/// An answer, judged by the document.
async fn judged(router: &Router, judge: &Judge, path: &str, address: &str, accept: &str) -> (u16, Vec<String>) {
    let request = Request::builder().uri(address).header("accept", accept).body(Body::empty()).unwrap();
    judged_request(router, judge, path, request).await
}

/// The same of a body that is sent.
async fn judged_body(router: &Router, judge: &Judge, path: &str, kind: &str, body: &str) -> (u16, Vec<String>) {
    let request = Request::builder().method(Method::POST).uri(path).header("content-type", kind);
    judged_request(router, judge, path, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn judged_request(router: &Router, judge: &Judge, path: &str, request: Request<Body>) -> (u16, Vec<String>) {
    let method = request.method().as_str().to_lowercase();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
    // Events have no end.
    let body = if kind == "text/event-stream" { Body::empty() } else { body };
    let body = to_bytes(body, 1 << 24).await.unwrap();
    let status = parts.status.as_u16();
    (status, judge.judge_answer(&method, path, (status, kind, &body)))
}

#[tokio::test]
async fn every_parameter_is_taken_with_its_example_and_its_answer_is_as_described() {
    let (router, judge) = (routes(), Judge::strict(openapi()));
    let known = id(9).address().to_owned();
    // A socket is no answer, and of pictures there are none here.
    let others = ["/ws", "/logos/{key}"];
    for operation in described().iter().filter(|one| !others.contains(&one.path) && one.body.is_none()) {
        let mut path = operation.path.replace("{address}", &known);
        for parameter in operation.parameters.iter().filter(|parameter| parameter.is_path) {
            path = path.replace(&format!("{{{}}}", parameter.name), &parameter.example_text());
        }
        let needed = operation.parameters.iter().filter(|parameter| parameter.required && !parameter.is_path);
        let needed: Vec<_> = needed.map(|one| format!("{}={}", one.name, one.example_text())).collect();
        let mut addresses = vec![format!("{path}?{}", needed.join("&"))];
        for one in operation.parameters.iter().filter(|one| !one.is_path && !one.required && !one.example.is_null()) {
            let example = one.example_text().replace(super::tokens::ADDRESS, &known);
            addresses.push(format!("{path}?{}&{}={example}", needed.join("&"), one.name));
            let faults = judge.faults(&one.schema, &one.example);
            assert!(faults.is_empty(), "the example of {}: {faults:?}", one.name);
        }
        for address in addresses {
            let found = judged(&router, &judge, operation.path, &address, "*/*").await;
            assert_eq!(found, (200, Vec::new()), "{address}");
        }
    }
}

#[tokio::test]
async fn every_member_of_a_body_is_taken_with_its_example() {
    let (router, judge) = (routes(), Judge::strict(openapi()));
    let mut tried = 0;
    for operation in described() {
        let Some(body) = operation.body else { continue };
        let members = body.schema["properties"].as_object().unwrap().iter();
        let alone = members.filter_map(|(name, schema)| Some(json!({ name: schema.get("examples")?[0] })));
        for example in alone.chain([body.example.clone(), json!({})]) {
            assert_eq!(judge.faults(&body.schema, &example), Vec::<String>::new(), "{example}");
            let text = example.to_string().replace(super::tokens::ADDRESS, id(9).address());
            let found = judged_body(&router, &judge, operation.path, "application/json", &text).await;
            assert_eq!(found, (200, Vec::new()), "{text}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn a_list_is_described_in_every_form() {
    let (router, judge) = (routes(), Judge::strict(openapi()));
    for (address, accept) in [
        ("/tokens?format=csv", "*/*"),
        ("/tokens?format=ndjson&include=pools,provenance,sparkline", "*/*"),
        ("/tokens?limit=3&fields=id,price_usd", "application/x-ndjson"),
        ("/tokens?limit=3", "text/csv"),
    ] {
        assert_eq!(judged(&router, &judge, "/tokens", address, accept).await, (200, Vec::new()), "{address}");
    }
    for format in ["csv", "ndjson"] {
        let body = json!({ "format": format, "ids": [id(9)] }).to_string();
        let found = judged_body(&router, &judge, "/tokens/query", "application/json", &body).await;
        assert_eq!(found, (200, Vec::new()), "{format}");
    }
}

#[tokio::test]
async fn no_route_takes_a_parameter_that_is_not_described() {
    let (router, all) = (routes(), described());
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(|operation| operation.parameters.iter().filter(|parameter| !parameter.is_path))
        .map(|parameter| parameter.name.as_str())
        .chain(["until", "order", "page", "offset"])
        .collect();
    for operation in all.iter().filter(|operation| operation.problems.contains(&"unknown_parameter")) {
        let path = operation.path.replace("{chain}", "solana").replace("{address}", id(9).address());
        for name in names.iter().filter(|name| operation.parameters.iter().all(|own| own.name != **name)) {
            let request = Request::builder().method(&*operation.method.to_uppercase()).uri(format!("{path}?{name}=1"));
            let request = request.body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["code"], "unknown_parameter", "describe {name} of {}", operation.path);
        }
    }
}

#[tokio::test]
async fn refusals_are_as_described() {
    let (router, judge) = (routes(), Judge::strict(openapi()));
    let token = "/tokens/{chain}/{address}";
    let here = format!("/tokens/solana/{}", id(9).address());
    for (path, address, accept, status) in [
        ("/tokens", "/tokens?window=2h&limit=0", "*/*", 400),
        ("/tokens", "/tokens?min_liquidity=1", "*/*", 400),
        ("/tokens", "/tokens?cursor=x", "*/*", 400),
        ("/tokens", "/tokens", "text/html", 406),
        (token, "/tokens/solana/short", "*/*", 400),
        (token, "/tokens/solana/11111111111111111111111111111112", "*/*", 404),
        (token, &format!("{here}?include=nothing"), "*/*", 400),
        ("/tokens/{chain}/{address}/candles", &format!("{here}/candles?interval=2m"), "*/*", 400),
        ("/search", "/search", "*/*", 400),
        ("/events", "/events?since=x", "*/*", 400),
        ("/meta", "/meta?a=1", "*/*", 400),
        ("/sources", "/sources", "text/html", 406),
        ("/problems/{code}", "/problems/none", "*/*", 404),
        ("/tokens", "/tokens?format=csv&include=pools", "*/*", 400),
        ("/tokens/{chain}/{address}/pools", "/tokens/solana/11111111111111111111111111111112/pools", "*/*", 404),
        ("/tokens/{chain}/{address}/pools", &format!("{here}/pools"), "text/html", 406),
        ("/ws", "/ws", "*/*", 426),
        ("/stream", "/stream", "*/*", 400),
        ("/stream", "/stream?channel=events,events", "*/*", 409),
        ("/stream", "/stream?channel=list&min_liqudity_usd=1", "*/*", 400),
        ("/logos/{key}", "/logos/3f7a0c9d5b1e48626a90d3c4e5f60718", "*/*", 404),
    ] {
        let found = judged(&router, &judge, path, address, accept).await;
        assert_eq!(found, (status, Vec::new()), "{address}");
    }
    for (kind, body, status) in [
        ("application/json", "[]", 400),
        ("application/json", r#"{"until":1}"#, 400),
        ("application/json", r#"{"limit":0}"#, 400),
        ("application/json", r#"{"cursor":"x"}"#, 400),
        ("text/plain", "{}", 415),
    ] {
        let found = judged_body(&router, &judge, "/tokens/query", kind, body).await;
        assert_eq!(found, (status, Vec::new()), "{body}");
    }
}

#[tokio::test]
async fn an_empty_server_answers_as_described() {
    let market = Market::new();
    let api = Api::new(market.store.clone(), market.pages, "live", Arc::new(Readiness::new(true)));
    let (router, judge) = (router(Arc::new(api)), Judge::strict(openapi()));
    for path in ["/tokens", "/meta", "/events", "/readyz"] {
        assert_eq!(judged(&router, &judge, path, path, "*/*").await, (503, Vec::new()), "{path}");
    }
    assert_eq!(judged(&router, &judge, "/sources", "/sources", "*/*").await, (200, Vec::new()));
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let judge = Judge::strict(openapi());
    let answer =
        |body: Value| judge.judge_answer("get", "/livez", (200, "application/json", body.to_string().as_bytes()));
    assert_eq!(answer(json!({ "status": "ok" })), Vec::<String>::new());
    assert_eq!(answer(json!({ "status": "ok", "news": 1 })).len(), 1, "a member that is not described");
    assert_eq!(answer(json!({})).len(), 1, "a member that is missing");
    assert_eq!(judge.judge_answer("get", "/livez", (418, "", b"")).len(), 1, "a status");
    assert_eq!(judge.judge_answer("get", "/livez", (200, "text/plain", b"ok")).len(), 1, "a kind of body");
    let row = json!({ "$ref": "#/components/schemas/Row" });
    let whole = json!(token(1, 1, OPENING));
    assert!(!judge.faults(&row, &whole).is_empty(), "a row without its rank");
    let price = json!({ "$ref": "#/components/schemas/Price" });
    assert_eq!(judge.faults(&price, &json!("1e-9")).len(), 1);
    let time = json!({ "$ref": "#/components/schemas/Timestamp" });
    assert_eq!(judge.faults(&time, &json!("yesterday")).len(), 1);
}

#[test]
fn the_fields_of_a_row_are_those_that_can_be_asked_for() {
    let document = openapi();
    let required = document["components"]["schemas"]["Row"]["required"].as_array().unwrap();
    let described: BTreeSet<&str> = required.iter().filter_map(Value::as_str).collect();
    assert_eq!(described, Column::names().into_iter().collect());
}

#[test]
fn every_example_of_the_feed_is_what_both_ends_read_and_write() {
    let (document, judge) = (asyncapi(), Judge::of_messages(asyncapi()));
    for example in client_examples() {
        let message: ClientMessage = serde_json::from_value(example.clone()).unwrap();
        // A member that the type does not know would be lost on the way.
        assert_eq!(serde_json::to_value(&message).unwrap(), example);
        let faults = judge.judge_message(&format!("client.{}", example["op"].as_str().unwrap()), &example);
        assert!(faults.is_empty(), "{example}: {faults:?}");
    }
    for example in server_examples() {
        let message: ServerMessage = serde_json::from_value(example.clone()).unwrap();
        assert_ne!(message, ServerMessage::Unknown);
        assert_eq!(serde_json::to_value(&message).unwrap(), example);
        let faults = judge.judge_message(&format!("server.{}", example["type"].as_str().unwrap()), &example);
        assert!(faults.is_empty(), "{example}: {faults:?}");
    }
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        assert!(!message["examples"].as_array().unwrap().is_empty(), "{name} has no example");
    }
}

#[test]
fn a_message_with_an_unknown_member_is_no_example() {
    let mut example = client_examples().remove(0);
    example["colour"] = json!("blue");
    let message: ClientMessage = serde_json::from_value(example.clone()).unwrap();
    assert_ne!(serde_json::to_value(message).unwrap(), example);
    let judge = Judge::of_messages(asyncapi());
    assert_eq!(judge.judge_message("client.subscribe", &example).len(), 1);
    let mut frame = server_examples().remove(0);
    frame["seq"] = json!("many");
    assert_eq!(judge.judge_message("server.hello", &frame).len(), 1);
    assert_eq!(judge.judge_message("server.weather", &frame).len(), 1);
}

/// Every file, below the folder `docs`.
fn files() -> Vec<(PathBuf, String)> {
    let document = openapi();
    let mut files = vec![
        ("openapi.json".into(), format!("{document:#}\n")),
        ("asyncapi.json".into(), format!("{:#}\n", asyncapi())),
        ("api.html".into(), page(&document, &described())),
        ("postman_collection.json".into(), format!("{:#}\n", postman())),
    ];
    files.extend(bruno().into_iter().map(|(name, content)| (Path::new("bruno").join(name), content)));
    files
}

#[test]
fn the_files_are_those_of_the_code() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let writes = std::env::var_os(WRITE).is_some();
    let files = files();
    for (name, content) in &files {
        let path = docs.join(name);
        if writes {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == *content, "docs/{} is not what the code says: run scripts/api-docs", name.display());
    }
    // One that was renamed does not stay behind.
    for entry in std::fs::read_dir(docs.join("bruno")).unwrap() {
        let name = Path::new("bruno").join(entry.unwrap().file_name());
        let is_known = files.iter().any(|(known, _)| known.starts_with(&name));
        if !is_known && writes {
            std::fs::remove_file(docs.join(&name)).unwrap();
        }
        assert!(is_known || writes, "docs/{} is of no request", name.display());
    }
}

#[tokio::test]
async fn a_document_is_told_once_and_the_page_may_do_nothing() {
    let router = routes();
    let get = async |path: &str, tag: Option<&str>| {
        let request = Request::builder().method(Method::GET).uri(path);
        let request = tag.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    for document in &documents::ALL {
        let answer = get(document.path, None).await;
        assert_eq!(
            (answer.status(), &answer.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &document.kind.parse().unwrap())
        );
        let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        assert!(body.len() > 1_000, "{}", document.path);
        let held = get(document.path, Some(&tag)).await;
        assert_eq!((held.status(), held.headers()[header::ETAG].to_str().unwrap()), (StatusCode::NOT_MODIFIED, &*tag));
        assert!(to_bytes(held.into_body(), 1).await.unwrap().is_empty());
    }
    let answer = get("/docs", None).await;
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let page = String::from_utf8(to_bytes(answer.into_body(), 1 << 24).await.unwrap().to_vec()).unwrap();
    assert!(!page.contains("<script") && !page.contains("style=\"") && page.matches("<style>").count() == 1);
    // What it leads to within itself is there.
    for place in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(page.contains(&format!("id=\"{place}\"")), "{place}");
    }
}

#[test]
fn a_timestamp_is_printed_as_the_schema_says() {
    let judge = Judge::strict(openapi());
    let schema = json!({ "$ref": "#/components/schemas/Timestamp" });
    for at in [Timestamp::default(), OPENING] {
        assert_eq!(judge.faults(&schema, &json!(at)), Vec::<String>::new());
    }
}
