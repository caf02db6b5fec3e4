//! What every route has in common, seen from outside: through the host that stands before them.

use axum::extract::ConnectInfo;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::config::{HttpConfig, Origins, RateLimit};
use crate::http::{layers, test_config};
use crate::pages::testing::{OPENING, id};

const PAGE: &str = "https://page.example";

/// What a route promises of its answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keeping {
    /// Asked again with a tag, 304 if nothing is new.
    Tagged,
    /// Kept by nobody.
    Unstored,
}

fn served(config: &HttpConfig) -> Site {
    let mut site = Site::new(Market::with_tokens(60));
    site.router = layers(site.router.fallback(async || not_found().await), config, Clock::new(|| OPENING));
    site
}

fn open() -> HttpConfig {
    HttpConfig {
        frontend: Origins::Listed(vec![PAGE.to_owned()]),
        rate_limit: Some(RateLimit { per_second: 1_000, burst: 5_000 }),
        ..test_config()
    }
}

/// Every route for reading, and what it promises.
fn routes() -> Vec<(String, Keeping)> {
    let one = format!("/tokens/solana/{}", id(7).address());
    let tagged = [
        "/tokens".to_owned(),
        "/tokens?format=csv".to_owned(),
        "/tokens?format=ndjson&limit=5".to_owned(),
        format!("{one}?include=pools"),
        format!("{one}/pools"),
        format!("{one}/candles"),
        "/search?q=t".to_owned(),
        "/meta".to_owned(),
        "/events".to_owned(),
    ];
    let unstored = ["/sources", "/livez", "/health", "/readyz"];
    tagged
        .into_iter()
        .map(|address| (address, Keeping::Tagged))
        .chain(unstored.map(|address| (address.to_owned(), Keeping::Unstored)))
        .collect()
}

#[tokio::test]
async fn every_route_says_what_all_of_them_say() {
    let site = served(&open());
    for (address, keeping) in routes() {
        let origin = ("origin", PAGE);
        let get = site.send(Method::GET, &address, &[origin]).await;
        assert_eq!(get.status, StatusCode::OK, "{address}");
        let is_rest = !["/livez", "/health", "/readyz"].contains(&address.as_str());
        let head = site.send(Method::HEAD, &address, &[origin]).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{address}");
        for reply in [&get, &head] {
            let has = |name: &str| reply.headers.contains_key(name);
            assert!(reply.headers["server-timing"].to_str().unwrap().starts_with("app;dur="), "{address}");
            assert_eq!(reply.header(header::VARY), "Accept, Accept-Encoding, Origin", "{address}");
            assert_eq!(reply.headers["x-request-id"].len(), 26, "{address}");
            assert_eq!(reply.headers["x-content-type-options"], "nosniff");
            assert_eq!((has("ratelimit"), has("ratelimit-policy")), (is_rest, is_rest), "{address}");
            assert_eq!(has("access-control-allow-origin"), is_rest, "{address}");
            if is_rest {
                let exposed = reply.headers["access-control-expose-headers"].to_str().unwrap();
                for name in
                    ["ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id", "Deprecation"]
                {
                    assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}");
                }
            }
            match keeping {
                Keeping::Tagged => {
                    assert!(reply.header(header::ETAG).starts_with("W/\""), "{address}");
                    assert!(reply.header(header::LAST_MODIFIED).ends_with(" GMT"), "{address}");
                    assert!(["no-cache", "max-age=2", "max-age=60"].contains(&reply.header(header::CACHE_CONTROL)));
                }
                Keeping::Unstored => assert_eq!(reply.header(header::CACHE_CONTROL), "no-store", "{address}"),
            }
        }
        if keeping == Keeping::Tagged {
            let tag = get.header(header::ETAG);
            for method in [Method::GET, Method::HEAD] {
                let held = site.send(method, &address, &[origin, ("if-none-match", tag)]).await;
                assert_eq!((held.status, held.body.len()), (StatusCode::NOT_MODIFIED, 0), "{address}");
                assert_eq!(held.header(header::ETAG), tag);
                assert!(held.headers.contains_key("x-request-id") && held.headers.contains_key("server-timing"));
            }
        }
    }
}

#[tokio::test]
async fn a_browser_is_told_what_it_may_ask_and_everybody_which_methods_there_are() {
    let site = served(&open());
    let mut all = routes();
    all.push(("/tokens/query".to_owned(), Keeping::Unstored));
    for (address, _) in all {
        let options = site.send(Method::OPTIONS, &address, &[]).await;
        let methods = if address == "/tokens/query" { "POST" } else { "GET,HEAD" };
        assert_eq!((options.status, options.header(header::ALLOW)), (StatusCode::NO_CONTENT, methods), "{address}");
        let wrong = site.send(Method::PATCH, &address, &[]).await;
        assert_eq!(wrong.problem().1, "method_not_allowed", "{address}");
        assert_eq!(wrong.header(header::ALLOW), methods);
        let preflight = [("origin", PAGE), ("access-control-request-method", "POST")];
        let asked = site.send(Method::OPTIONS, &address, &preflight).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT);
        if !["/livez", "/health", "/readyz"].contains(&address.as_str()) {
            assert_eq!(asked.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), PAGE, "{address}");
            assert_eq!(asked.header(header::ACCESS_CONTROL_MAX_AGE), "600");
            assert!(asked.header(header::ACCESS_CONTROL_ALLOW_METHODS).contains("POST"));
        }
    }
}

#[tokio::test]
async fn every_refusal_is_a_problem_with_its_request() {
    let site = served(&open());
    let long = format!("/tokens?q={}", "a".repeat(17_000));
    let body = |bytes: usize| Body::from("x".repeat(bytes));
    let json = ("content-type", "application/json");
    let unknown = format!("/tokens/solana/{}", id(99).address());
    for (method, address, headers, body, status, code) in [
        (Method::GET, "/tokens?limit=0", vec![], body(0), 400, "invalid_parameter"),
        (Method::GET, "/tokens?limits=0", vec![], body(0), 400, "unknown_parameter"),
        (Method::GET, "/tokens?cursor=x", vec![], body(0), 400, "invalid_cursor"),
        (Method::GET, "/tokens/solana/x", vec![], body(0), 400, "invalid_address"),
        (Method::GET, "/tokens/solana/%ff/pools", vec![], body(0), 400, "invalid_address"),
        (Method::GET, &unknown, vec![], body(0), 404, "token_not_found"),
        (Method::GET, "/nowhere", vec![], body(0), 404, "not_found"),
        (Method::GET, "/tokens/a/b/c/d", vec![], body(0), 404, "not_found"),
        (Method::DELETE, "/tokens", vec![], body(0), 405, "method_not_allowed"),
        (Method::GET, "/tokens/query", vec![], body(0), 405, "method_not_allowed"),
        (Method::GET, "/tokens", vec![("accept", "image/png")], body(0), 406, "not_acceptable"),
        (Method::GET, "/meta", vec![("accept", "text/csv")], body(0), 406, "not_acceptable"),
        (Method::POST, "/tokens/query", vec![json], body(65_537), 413, "payload_too_large"),
        (Method::GET, &long, vec![], body(0), 414, "uri_too_long"),
        (Method::POST, "/tokens/query", vec![], body(2), 415, "unsupported_media_type"),
        (Method::POST, "/tokens/query", vec![json], body(2), 400, "bad_request"),
    ] {
        let reply = site.send_body(method, address, &headers, body).await;
        assert_eq!(reply.problem().1, code, "{address:.80}");
        assert_eq!(reply.status.as_u16(), status);
        let body = reply.json();
        assert_eq!(body["request_id"], reply.headers["x-request-id"].to_str().unwrap());
        assert_eq!(body["instance"], address.split('?').next().unwrap());
        assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
        let page = site.get(body["type"].as_str().unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{code} has a page");
        assert!(page.headers.contains_key(header::ETAG), "{code}");
    }
    // A body that does not say how long it is.
    let pieces = futures::stream::iter((0..70).map(|_| Ok::<_, std::convert::Infallible>("x".repeat(1_024))));
    let reply = site.send_body(Method::POST, "/tokens/query", &[json], Body::from_stream(pieces)).await;
    assert_eq!(reply.problem().1, "payload_too_large");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let site = served(&HttpConfig { rate_limit: Some(RateLimit { per_second: 1, burst: 2 }), ..test_config() });
    let one = format!("/tokens/solana/{}/pools", id(7).address());
    let ask = async |method: Method, address: &str| {
        let mut request = Request::builder().method(method).uri(address).header("content-type", "application/json");
        request = request.extension(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 7], 9))));
        let response = site.router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: to_bytes(body, 1 << 24).await.unwrap() }
    };
    assert_eq!(ask(Method::GET, &one).await.headers["ratelimit"], "\"ip\";r=1;t=1");
    assert_eq!(ask(Method::POST, "/tokens/query").await.status, StatusCode::OK);
    for (method, address) in
        [(Method::GET, one.as_str()), (Method::POST, "/tokens/query"), (Method::HEAD, "/tokens?format=csv")]
    {
        let refused = ask(method, address).await;
        assert_eq!((refused.status.as_u16(), refused.header(header::RETRY_AFTER)), (429, "1"), "{address}");
        assert_eq!(refused.headers["ratelimit-policy"], "\"ip\";q=2;w=2");
    }
    assert_eq!(ask(Method::GET, "/livez").await.json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn a_file_comes_whole_however_it_is_packed() {
    let site = served(&open());
    let plain = site.send(Method::GET, "/tokens?format=csv", &[("accept-encoding", "identity")]).await;
    let packed = site.send(Method::GET, "/tokens?format=csv", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header(header::CONTENT_ENCODING), "gzip");
    let mut whole = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed.body), &mut whole).unwrap();
    assert_eq!(whole, plain.body);
}
