//! The page and its files, asked for as a browser does.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;

use app::reader::{BoardStatus, PageRequest, ReadError, RowPast, SheetError, SheetFuture, TokenPage};
use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use memescope::{Epoch, Interval, Seq, SourceReport, Timestamp, Token, TokenId, TokenQuery};
use serde_json::json;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;
use crate::clock::Clock;
use crate::http::layers;

const SCRIPT: &str = "memescope.0123456789abcdef.js";

/// Reads an empty board.
struct Empty;

impl TokenReader for Empty {
    fn page(&self, request: &PageRequest) -> Result<TokenPage, ReadError> {
        if request.cursor.is_some() {
            return Err(ReadError::InvalidCursor);
        }
        Ok(TokenPage {
            rows: Vec::new(),
            first: 0,
            total: 0,
            next_cursor: None,
            rebased: false,
            epoch: Epoch::from_bits(1),
            seq: Seq::default(),
            as_of: Timestamp::from_secs(1_700_000_000),
            server_time: Timestamp::from_secs(1_700_000_000),
            sol_usd: None,
            stale: false,
            demo: true,
            sources: Vec::new(),
        })
    }

    fn past(&self, _: &TokenQuery, _: &[TokenId]) -> Vec<RowPast> {
        Vec::new()
    }

    fn row(&self, _: &TokenId) -> Option<(Token, Timestamp)> {
        None
    }

    fn sheet<'a>(&'a self, _: &'a TokenId, _: Option<Interval>) -> SheetFuture<'a> {
        Box::pin(async { Err(SheetError::Unavailable) })
    }

    fn status(&self) -> BoardStatus {
        BoardStatus {
            seq: 918_273,
            tokens: 1_284,
            as_of: Timestamp::from_secs(1_700_000_000),
            server_time: Timestamp::from_secs(1_700_000_002),
            sol_usd: "163.74".parse().ok(),
            stale: false,
            demo: true,
            sources: vec![jupiter()],
        }
    }
}

/// A source that is in trouble and sends what it should not.
fn jupiter() -> SourceReport {
    serde_json::from_value(json!({
        "source": "jupiter", "state": "throttled", "last_ok_at": "2023-11-14T22:13:18.000Z",
        "latency_ms": {"p50": 120, "p95": 410}, "requests": {"ok": 1204, "failed": 3},
        "errors": {"rate_limited": 3}, "budget": {"per_minute": 12.0, "left": 1, "burst": 4},
        "rows": {"told": 48120, "last_at": null, "empty_answers": 0, "empty_in_a_row": 0},
        "fields": ["price_usd"], "rejects": [{"field": "usd<Price>", "reason": "not_a_number", "count": 17}],
    }))
    .unwrap()
}

/// A site folder as a build leaves it, beside a file that is nobody's business.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    for (name, content) in [
        (format!("pkg/{SCRIPT}"), "plain script"),
        (format!("pkg/{SCRIPT}.br"), "brotli script"),
        (format!("pkg/{SCRIPT}.gz"), "gzip script"),
        ("pkg/memescope.0123456789abcdef.wasm".to_owned(), "module"),
        ("pkg/memescope.0123456789abcdef.css".to_owned(), "styles"),
        ("pkg/snippets/a-1/inline0.js".to_owned(), "snippet"),
        ("robots.txt".to_owned(), "robots"),
        ("offline.html".to_owned(), "<p>offline"),
        ("fonts/a.woff2".to_owned(), "font"),
    ] {
        let path = site.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let names = r#"{"js":"memescope.0123456789abcdef.js","wasm":"memescope.0123456789abcdef.wasm","css":"memescope.0123456789abcdef.css"}"#;
    fs::write(site.join("pkg/assets.json"), names).unwrap();
    fs::write(folder.path().join("secret"), "for nobody").unwrap();
    folder
}

fn site() -> Router {
    let folder = folder();
    let files = Files::open(&folder.path().join("site")).unwrap();
    hosted(Some(files))
}

fn hosted(files: Option<Files>) -> Router {
    let config = crate::http::test_config();
    layers(router(files, Arc::new(Empty)), &config, Clock::system())
}

async fn send(site: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = site.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn files_come_in_the_form_that_the_client_understands() {
    let site = site();
    let path = format!("/pkg/{SCRIPT}");
    for (accepted, encoding, content) in [
        ("gzip, deflate, br", Some("br"), "brotli script"),
        ("gzip", Some("gzip"), "gzip script"),
        ("identity", None, "plain script"),
    ] {
        let (status, headers, body) = send(&site, "GET", &path, &[("accept-encoding", accepted)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, content));
        assert_eq!(headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(headers[header::VARY].to_str().unwrap().contains("Accept-Encoding"));
    }
}

#[tokio::test]
async fn only_names_that_change_with_their_content_are_kept_for_ever() {
    let site = site();
    for (path, immutable) in [
        (format!("/pkg/{SCRIPT}"), true),
        ("/pkg/memescope.0123456789abcdef.wasm".to_owned(), true),
        ("/pkg/memescope.0123456789abcdef.css".to_owned(), true),
        ("/pkg/snippets/a-1/inline0.js".to_owned(), false),
        ("/robots.txt".to_owned(), false),
        ("/fonts/a.woff2".to_owned(), false),
        ("/offline.html".to_owned(), false),
    ] {
        let (status, headers, _) = send(&site, "GET", &path, &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let cache = headers[header::CACHE_CONTROL].to_str().unwrap();
        assert_eq!(cache, if immutable { "public, max-age=31536000, immutable" } else { "no-cache" }, "{path}");
    }
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let site = site();
    let path = format!("/pkg/{SCRIPT}");
    let (_, headers, _) = send(&site, "GET", &path, &[("accept-encoding", "br")]).await;
    let tag = headers[header::ETAG].to_str().unwrap().to_owned();
    let known = [("accept-encoding", "br"), ("if-none-match", tag.as_str())];
    let (status, headers, body) = send(&site, "GET", &path, &known).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(headers[header::ETAG], tag.as_str());
    // Another form is another content.
    let (status, ..) = send(&site, "GET", &path, &[("if-none-match", tag.as_str())]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_outside_of_the_folder_and_no_sibling_is_a_file() {
    let built = site();
    let folder = folder();
    fs::remove_file(folder.path().join("site/pkg/assets.json")).unwrap();
    let edited = hosted(Some(Files::open(&folder.path().join("site")).unwrap()));
    for path in ["/../secret", "/%2e%2e/secret", "/pkg/../../secret", "/pkg/", "/pkg", "//secret", "/pkg/assets.json"] {
        for site in [&built, &edited] {
            let (status, headers, body) = send(site, "GET", path, &[]).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
            assert!(!body.contains("for nobody"));
        }
    }
    let (status, ..) = send(&built, "GET", &format!("/pkg/{SCRIPT}.br"), &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, ..) = send(&edited, "GET", "/robots.txt", &[]).await;
    assert_eq!(status, StatusCode::OK);
    let (status, headers, _) = send(&built, "POST", "/robots.txt", &[]).await;
    assert_eq!((status, headers[header::ALLOW].to_str().unwrap()), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
}

#[tokio::test]
async fn the_page_is_nobody_elses_and_runs_its_own_scripts_alone() {
    let site = site();
    let (status, headers, body) = send(&site, "GET", "/", &[("accept", "text/html")]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");
    assert_eq!(headers[header::VARY], "Accept, Accept-Encoding, Origin, Cookie");
    assert!(!headers.contains_key(header::ETAG));
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' \
             data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        )
    );
    for script in body.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")) || tag.contains("application/json"), "{tag}");
    }
    assert!(body.contains(SCRIPT));
    assert!(!body.contains("style=\""));
    let (_, headers, _) = send(&site, "GET", "/", &[("accept", "text/html")]).await;
    assert_ne!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap(), policy);
    let (status, _, body) = send(&site, "HEAD", "/", &[]).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_lost_person_gets_a_page_and_a_lost_program_a_problem() {
    let site = site();
    let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let (status, headers, body) = send(&site, "GET", "/nowhere", &html).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("'nonce-"));
    assert!(body.contains("There is nothing here"));
    for (method, path, accept) in
        [("GET", "/nowhere", "*/*"), ("GET", "/pkg/old.js", "text/html"), ("POST", "/nowhere", "text/html")]
    {
        let (status, headers, _) = send(&site, method, path, &[("accept", accept)]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{method} {path}");
    }
}

#[tokio::test]
async fn server_functions_read_through_the_reader() {
    let site = site();
    let (status, headers, body) = send(&site, "GET", "/api/page?search=", &[]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");
    assert_eq!(serde_json::from_str::<TokenPage>(&body).unwrap().total, 0);
    let (status, _, body) = send(&site, "GET", "/api/page?search=&cursor=old", &[]).await;
    assert!(status.is_server_error());
    assert!(body.contains("InvalidCursor"), "{body}");
}

#[tokio::test]
async fn without_its_files_the_page_says_what_to_do() {
    let site = hosted(None);
    for path in ["/", "/status"] {
        let (status, _, body) = send(&site, "GET", path, &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("make build"));
    }
    let (status, headers, _) = send(&site, "GET", "/nowhere", &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn the_status_page_has_its_numbers_in_the_html() {
    let site = site();
    let (status, headers, body) = send(&site, "GET", "/status", &[]).await;
    assert_eq!((status, headers[header::CACHE_CONTROL].to_str().unwrap()), (StatusCode::OK, "private, no-cache"));
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    assert!(body.contains("<title>Status · Memescope</title>"));
    // Markers stand between a text and its neighbours.
    let text = text_of(&body);
    for words in [
        "Jupiter told us to wait",
        "Last answer22:13:18 UTC, 4.0 s ago",
        "Latencyhalf within 120 ms, 19 of 20 within 410 ms",
        "Requests1,204 answered, 3 failed",
        "Failuresrate limited 3×",
        "Budget3 of 4 used, 1 left; 12 a minute",
        "Fieldsprice in USD",
        "usd&lt;Price&gt;not a number17",
        "DexScreener not asked yet",
        "Tokens1,284",
        "Changes so far918,273",
        "Marketdemo: every number is simulated",
        "SOL$163.74",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!body.contains("style="), "the policy allows no inline styles");
    let (_, _, board) = send(&site, "GET", "/", &[]).await;
    assert!(board.contains("href=\"/status\""), "the footer leads there");
}

/// The text of a page: without tags, comments and what the browser takes over.
fn text_of(html: &str) -> String {
    let body = html.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    let mut text = String::new();
    let mut inside = true;
    for symbol in body.chars() {
        match symbol {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if inside => {}
            _ => text.push(symbol),
        }
    }
    text
}

#[tokio::test]
async fn a_token_that_cannot_be_told_of_is_a_page_that_says_so() {
    let site = site();
    let path = "/token/solana/So11111111111111111111111111111111111111112";
    let (status, headers, body) = send(&site, "GET", path, &[("accept", "text/html")]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");
    assert!(body.contains("This token is not on the board"), "{body}");
    let (status, _, _) = send(&site, "GET", &format!("{path}/card.png"), &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // What is no address of a token leads nowhere.
    let (status, _, body) = send(&site, "GET", "/token/solana/not-an-address", &[("accept", "text/html")]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("There is nothing here"), "{body}");
}

#[tokio::test]
async fn markup_and_extras_are_asked_for_like_pages() {
    let site = site();
    let token = "solana:So11111111111111111111111111111111111111112";
    let (status, _, body) = send(&site, "GET", &format!("/api/extras?search=&ids={token},nonsense"), &[]).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "[]"));
    for path in [
        format!("/api/card?search=&token={token}"),
        format!("/api/sheet?token={token}"),
        "/api/sheet?token=x".to_owned(),
    ] {
        let (status, _, body) = send(&site, "GET", &path, &[]).await;
        assert_eq!((status.is_server_error(), body.as_str()), (true, "\"Unreachable\""), "{path}");
    }
}

#[tokio::test]
async fn a_worker_may_fetch_from_here_and_nowhere_else() {
    let site = site();
    let (_, headers, _) = send(&site, "GET", &format!("/pkg/{SCRIPT}"), &[]).await;
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("connect-src 'self'") && policy.contains("default-src 'none'"), "{policy}");
}
