//! The host around routes of a test.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "one route panics on purpose; a test stops at the first surprise"
)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Query;
use axum::routing::{get, post};
use memescope::Timestamp;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::config::RateLimit;
use crate::http::layers;

/// A port of its own, no limits.
pub(crate) fn config() -> HttpConfig {
    HttpConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        frontend: Origins::Same,
        trusted_proxies: Vec::new(),
        rate_limit: None,
        ws_limit: None,
    }
}

#[derive(serde::Deserialize)]
struct Number {
    number: u32,
}

/// Routes that do what routes may do.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/tokens", get(async || axum::Json("x".repeat(5000))).post(async |body: String| body))
        .route("/tokens/number", get(async |Query(Number { number }): Query<Number>| number.to_string()))
        .route("/tokens/panic", get(async || -> String { panic!("a secret") }))
        .route(
            "/tokens/who",
            get(async |request: Request| request.extensions().get::<ClientAddr>().unwrap().0.to_string()),
        )
        .route("/api/page", get(async || "page"))
        .route("/ws", get(async || "socket"))
        .route("/livez", get(async || "alive"))
        .route("/picture", post(async || ([(header::CONTENT_TYPE, "image/png")], "x".repeat(5000))))
}

fn app(config: &HttpConfig) -> Router {
    layers(routes(), config, Clock::new(|| Timestamp::from_secs(1_700_000_000)))
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 1234))));
    request
}

async fn send(app: &Router, request: Request) -> Response {
    app.clone().oneshot(request).await.unwrap()
}

async fn get_from(config: &HttpConfig, uri: &str, headers: &[(&str, &str)]) -> Response {
    send(&app(config), request("GET", uri, headers)).await
}

async fn problem(response: Response) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let id = response.headers()[X_REQUEST_ID].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], id.as_str());
    body
}

#[tokio::test]
async fn every_answer_has_the_headers_of_all() {
    let config = config();
    for (method, uri, status) in [
        ("GET", "/tokens", 200),
        ("HEAD", "/tokens", 200),
        ("GET", "/tokens/number?number=x", 400),
        ("GET", "/nowhere", 404),
        ("DELETE", "/tokens", 405),
        ("TRACE", "/tokens", 405),
        ("GET", "/tokens/panic", 500),
        ("OPTIONS", "/tokens", 204),
    ] {
        let response = send(&app(&config), request(method, uri, &[])).await;
        assert_eq!(response.status(), status, "{method} {uri}");
        let headers = response.headers();
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert!(headers.contains_key("permissions-policy"));
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(headers[header::VARY], "Accept, Accept-Encoding, Origin");
        assert!(headers[SERVER_TIMING].to_str().unwrap().starts_with("app;dur="));
        assert_eq!(headers[X_REQUEST_ID].len(), 26, "{method} {uri}");
    }
}

#[tokio::test]
async fn a_request_keeps_its_own_id_unless_it_is_a_hostile_one() {
    let config = config();
    let echoed = get_from(&config, "/nowhere", &[("x-request-id", "mine-1")]).await;
    assert_eq!(problem(echoed).await["request_id"], "mine-1");
    let hostile = get_from(&config, "/nowhere", &[("x-request-id", "<script>")]).await;
    assert_eq!(problem(hostile).await["request_id"].as_str().unwrap().len(), 26);
}

#[tokio::test]
async fn nothing_follows_a_body_of_chunks_and_two_hosts_are_none() {
    let chunked = send(&app(&config()), request("POST", "/tokens", &[("transfer-encoding", "chunked")])).await;
    assert_eq!((chunked.status().as_u16(), &chunked.headers()[header::CONNECTION]), (200, &"close".parse().unwrap()));
    let plain = send(&app(&config()), request("POST", "/tokens", &[("content-length", "0")])).await;
    assert!(!plain.headers().contains_key(header::CONNECTION));
    let two = get_from(&config(), "/tokens", &[("host", "a"), ("host", "b")]).await;
    assert_eq!(problem(two).await["code"], "bad_request");
}

#[tokio::test]
async fn refusals_have_one_shape() {
    let config = config();
    for (method, uri, code) in [
        ("GET", "/nowhere?x=1", "not_found"),
        ("DELETE", "/tokens", "method_not_allowed"),
        ("GET", "/tokens/number?number=x", "bad_request"),
        ("CONNECT", "/tokens", "method_not_allowed"),
    ] {
        let body = problem(send(&app(&config), request(method, uri, &[])).await).await;
        assert_eq!(body["code"], code, "{method} {uri}");
        assert_eq!(body["instance"], uri.split('?').next().unwrap());
        assert!(!body["detail"].as_str().unwrap().contains("invalid digit"));
    }
    let refused = send(&app(&config), request("DELETE", "/tokens", &[])).await;
    assert_eq!(refused.headers()[header::ALLOW], "GET,HEAD,POST");
    let asked = send(&app(&config), request("OPTIONS", "/tokens", &[])).await;
    assert_eq!(asked.headers()[header::ALLOW], "GET,HEAD,POST");
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let body = problem(get_from(&config(), "/tokens/panic", &[]).await).await;
    assert_eq!(body["code"], "internal");
    assert!(!body.to_string().contains("secret"));
}

#[tokio::test]
async fn addresses_and_bodies_have_a_longest_length() {
    let config = config();
    let long = format!("/tokens?q={}", "a".repeat(MAX_URI_BYTES));
    let refused = get_from(&config, &long, &[]).await;
    assert_eq!(refused.status(), 414);
    assert_eq!(problem(refused).await["code"], "uri_too_long");

    let post = |body: Body| {
        let mut request = request("POST", "/tokens", &[]);
        *request.body_mut() = body;
        request
    };
    let fits = send(&app(&config), post(Body::from("a".repeat(body::MAX_BYTES)))).await;
    assert_eq!(fits.status(), 200);
    let told = send(&app(&config), post(Body::from("a".repeat(body::MAX_BYTES + 1)))).await;
    assert_eq!(problem(told).await["code"], "payload_too_large");
    let chunks = futures::stream::iter((0..65).map(|_| Ok::<_, std::io::Error>("a".repeat(1024))));
    let untold = send(&app(&config), post(Body::from_stream(chunks))).await;
    assert_eq!(problem(untold).await["code"], "payload_too_large");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_cut_short() {
    let drops = futures::stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>("a"), ()))
    });
    let mut request = request("POST", "/tokens", &[]);
    *request.body_mut() = Body::from_stream(drops);
    let began = Instant::now();
    assert!(send(&app(&config()), request).await.status().is_client_error());
    assert!(began.elapsed() <= Duration::from_secs(6));
}

#[tokio::test]
async fn pages_of_configured_sites_may_read_the_public_routes() {
    let listed = Origins::Listed(vec!["https://board.example".to_owned()]);
    let ours = Some("https://board.example");
    for (frontend, uri, origin, allowed) in [
        (Origins::Same, "/tokens", "https://board.example", None),
        (listed.clone(), "/tokens", "https://board.example", ours),
        (listed.clone(), "/tokens/panic", "https://board.example", ours),
        (listed.clone(), "/tokens", "https://board.example.evil", None),
        (listed.clone(), "/tokens", "http://board.example", None),
        (listed.clone(), "/tokens", "null", None),
        (listed.clone(), "/api/page", "https://board.example", None),
        (Origins::Any, "/tokens", "https://anything.example", Some("*")),
        (Origins::Any, "/livez", "https://anything.example", None),
    ] {
        let config = HttpConfig { frontend: frontend.clone(), ..config() };
        let response = get_from(&config, uri, &[("origin", origin)]).await;
        let found = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
        assert_eq!(found, allowed, "{frontend:?} {uri} {origin}");
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        if allowed.is_some() {
            let exposed = response.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
            for name in ["ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"] {
                assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}");
            }
        }
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = send(&app(&config), request("OPTIONS", uri, &asked)).await;
        assert_eq!(preflight.status(), 204);
        let found = preflight.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
        assert_eq!(found, allowed, "{frontend:?} {uri} {origin}");
        if allowed.is_some() {
            assert_eq!(preflight.headers()[header::ACCESS_CONTROL_MAX_AGE], "600");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_asks_too_often_is_told_to_wait() {
    let config = HttpConfig { rate_limit: Some(RateLimit { per_second: 1, burst: 2 }), ws_limit: Some(20), ..config() };
    let app = app(&config);
    let get = async |uri| send(&app, request("GET", uri, &[])).await;
    let first = get("/tokens").await;
    assert_eq!(first.headers()["ratelimit-policy"], "\"ip\";q=2;w=2");
    assert_eq!(first.headers()["ratelimit"], "\"ip\";r=1;t=1");
    assert_eq!(get("/api/page").await.status(), 200);
    for uri in ["/tokens", "/api/page", "/ws"] {
        let refused = get(uri).await;
        assert_eq!(refused.status(), 429, "{uri}");
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        assert_eq!(refused.headers()["ratelimit"], "\"ip\";r=0;t=2");
        assert_eq!(problem(refused).await["code"], "rate_limited");
    }
    for _ in 0..10 {
        let free = get("/livez").await;
        assert_eq!(free.status(), 200);
        assert!(!free.headers().contains_key("ratelimit"));
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(get("/tokens").await.status(), 200);
}

#[tokio::test]
async fn handshakes_are_free_where_sockets_are() {
    let limit = Some(RateLimit { per_second: 1, burst: 1 });
    let app = app(&HttpConfig { rate_limit: limit, ws_limit: None, ..config() });
    for _ in 0..5 {
        assert_eq!(send(&app, request("GET", "/ws", &[])).await.status(), 200);
    }
}

#[tokio::test]
async fn a_route_learns_the_address_that_trusted_proxies_tell() {
    let who = async |config: &HttpConfig| {
        let response = get_from(config, "/tokens/who", &[("x-forwarded-for", "198.51.100.9")]).await;
        String::from_utf8(to_bytes(response.into_body(), 100).await.unwrap().to_vec()).unwrap()
    };
    assert_eq!(who(&config()).await, "192.0.2.7");
    let trusting = HttpConfig { trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()], ..config() };
    assert_eq!(who(&trusting).await, "198.51.100.9");
}

#[tokio::test]
async fn long_text_is_compressed_as_the_client_likes() {
    let config = config();
    for (accepted, encoding) in
        [("gzip", Some("gzip")), ("br", Some("br")), ("gzip, deflate, br, zstd", Some("zstd")), ("identity", None)]
    {
        let response = get_from(&config, "/tokens", &[("accept-encoding", accepted)]).await;
        let found = response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!(found, encoding, "{accepted}");
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert_eq!(body.len() < 1000, encoding.is_some());
    }
    let short = get_from(&config, "/tokens/who", &[("accept-encoding", "gzip")]).await;
    assert!(!short.headers().contains_key(header::CONTENT_ENCODING));
    let refused = get_from(&config, "/nowhere", &[("accept-encoding", "gzip")]).await;
    assert_eq!(problem(refused).await["code"], "not_found");
    let picture = send(&app(&config), request("POST", "/picture", &[("accept-encoding", "gzip")])).await;
    assert!(!picture.headers().contains_key(header::CONTENT_ENCODING));
}

#[tokio::test]
async fn with_too_many_requests_under_way_the_next_is_told_at_once() {
    let gate = Arc::new(Semaphore::new(0));
    let wait = {
        let gate = gate.clone();
        async move || {
            drop(gate.acquire().await);
            "at last"
        }
    };
    let routes = Router::new().route("/tokens", get(wait)).route("/livez", get(async || "alive"));
    let app = layers(routes, &config(), Clock::new(|| Timestamp::from_secs(1_700_000_000)));
    let mut under_way: Vec<_> =
        (0..MAX_UNDER_WAY).map(|_| Box::pin(send(&app, request("GET", "/tokens", &[])))).collect();
    for waiting in &mut under_way {
        assert!(waiting.as_mut().now_or_never().is_none());
    }
    for _ in 0..100 {
        let refused = send(&app, request("GET", "/tokens", &[])).await;
        assert_eq!((refused.status().as_u16(), &refused.headers()[header::RETRY_AFTER]), (503, &"1".parse().unwrap()));
        assert_eq!(problem(refused).await["code"], "overloaded");
        assert_eq!(send(&app, request("GET", "/livez", &[])).await.status(), 200);
    }
    gate.add_permits(1);
    for answered in futures::future::join_all(under_way).await {
        assert_eq!(answered.status(), 200);
    }
    assert_eq!(send(&app, request("GET", "/tokens", &[])).await.status(), 200);
}
