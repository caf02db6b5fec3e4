//! What an answer is on the wire: its caching headers, its errors, and how it goes wrong.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fault::{FaultKind, Upstream};
use super::noise::mix;
use super::{Market, gecko};

/// The page a blocked network gets in place of an answer.
const BLOCKED: &str = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been blocked</h1></body></html>\n";

/// A JSON answer with the caching headers of its upstream and the seconds since it was made.
pub(super) fn json(body: Vec<u8>, cache: &'static str, age: i64) -> Response {
    let mut response = (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        ],
        body,
    )
        .into_response();
    response.headers_mut().insert(header::AGE, HeaderValue::from(age));
    response
}

fn problem(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.into()).into_response()
}

/// The 400 that `DexScreener` gives: a JSON string that holds a page of HTML.
pub(super) fn dexscreener_bad_request() -> Response {
    const BODY: &str = "\"<html>\\r\\n<head><title>400 Bad Request</title></head>\\r\\n<body>\\r\\n<center><h1>400 Bad Request</h1></center>\\r\\n</body>\\r\\n</html>\\r\\n\"";
    problem(StatusCode::BAD_REQUEST, BODY)
}

/// An error of `GeckoTerminal`'s second kind of envelope.
pub(super) fn gecko_error(status: StatusCode, title: &str) -> Response {
    let number = status.as_u16();
    let reference = gecko::uuid(mix(u64::from(number), title.len() as u64));
    problem(
        status,
        format!(r#"{{"errors":[{{"status":"{number}","title":"{title}"}}],"meta":{{"ref_id":"{reference}"}}}}"#),
    )
}

/// What an upstream answers to a path that it does not have.
pub(super) fn not_found(source: Option<Upstream>) -> Response {
    match source {
        Some(Upstream::GeckoTerminal) => gecko_error(StatusCode::NOT_FOUND, "Not Found"),
        Some(Upstream::Jupiter) => problem(StatusCode::NOT_FOUND, r#"{"code":404,"message":"Route not found"}"#),
        Some(Upstream::DexScreener) => problem(StatusCode::NOT_FOUND, r#"{"error":"Not Found"}"#),
        None => (StatusCode::NOT_FOUND, "Not Found\n").into_response(),
    }
}

/// The upstream a path belongs to.
pub(super) fn source_of(path: &str) -> Option<Upstream> {
    if path.starts_with("/dexscreener/") {
        Some(Upstream::DexScreener)
    } else if path.starts_with("/geckoterminal/") {
        Some(Upstream::GeckoTerminal)
    } else if path.starts_with("/jupiter/") {
        Some(Upstream::Jupiter)
    } else {
        None
    }
}

fn too_many(source: Upstream, retry_after: Option<Duration>) -> Response {
    let mut response = match source {
        Upstream::DexScreener => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::CONTENT_TYPE, "text/plain")], "Too Many Requests").into_response()
        }
        Upstream::GeckoTerminal => problem(
            StatusCode::TOO_MANY_REQUESTS,
            r#"{"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for higher rate limits."}}"#,
        ),
        Upstream::Jupiter => {
            problem(StatusCode::TOO_MANY_REQUESTS, r#"{"code":429,"message":"[API Gateway] Too many requests"}"#)
        }
    };
    // GeckoTerminal always sends the header, and always the same useless zero.
    let seconds = match (source, retry_after) {
        (_, Some(after)) => Some(after.as_secs()),
        (Upstream::GeckoTerminal, None) => Some(0),
        _ => None,
    };
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The well-formed answer of a path that has nothing in it.
fn empty(source: Upstream, path: &str) -> Response {
    let body = match source {
        Upstream::DexScreener if path.contains("/latest/dex/pairs/") => {
            r#"{"schemaVersion":"1.0.0","pairs":null,"pair":null}"#
        }
        Upstream::DexScreener if path.contains("/latest/dex/") => r#"{"schemaVersion":"1.0.0","pairs":null}"#,
        Upstream::GeckoTerminal => r#"{"data":[]}"#,
        Upstream::Jupiter if path.contains("/price/") => "{}",
        _ => "[]",
    };
    json(body.as_bytes().to_vec(), "public, max-age=5", 0)
}

/// Lets the faults of the script befall the requests to the upstreams.
pub(super) async fn faults(State(market): State<Market>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(source) = source_of(&path) else {
        return next.run(request).await;
    };
    match market.strike(source) {
        None => next.run(request).await,
        Some(FaultKind::TooMany(retry_after)) => too_many(source, retry_after),
        Some(FaultKind::Internal) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
        Some(FaultKind::Hang) => {
            market.inner.closing.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Some(FaultKind::Drip(pause)) => dripping(next.run(request).await, pause, &market).await,
        Some(FaultKind::Truncate) => truncated(next.run(request).await).await,
        Some(FaultKind::Html) => {
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], BLOCKED).into_response()
        }
        Some(FaultKind::Empty) => empty(source, &path),
        Some(FaultKind::Blank) => json(Vec::new(), "public, max-age=5", 0),
    }
}

/// The whole body of an answer made here.
async fn whole(body: Body) -> Bytes {
    // Bodies made here are in memory already and end.
    axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default()
}

async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = whole(body).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}

async fn dripping(response: Response, pause: Duration, market: &Market) -> Response {
    const DROP: usize = 64;
    let (mut parts, body) = response.into_parts();
    let bytes = whole(body).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    let closing = market.inner.closing.clone();
    let drops = futures::stream::unfold((bytes, closing), move |(mut rest, closing)| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = closing.cancelled() => return None,
        }
        let drop = rest.split_to(DROP.min(rest.len()));
        Some((Ok::<_, std::convert::Infallible>(drop), (rest, closing)))
    });
    Response::from_parts(parts, Body::from_stream(drops))
}
