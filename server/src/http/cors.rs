//! Which pages of other sites may read the public routes.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::config::Origins;

/// What a page may see of an answer besides its body.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Deprecation, Sunset, Content-Disposition, \
     Server-Timing",
);

/// What a page may send. There is nothing that a request could change.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const HEADERS: HeaderValue =
    HeaderValue::from_static("Accept, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id");

/// Seconds that a browser remembers the answer.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The answer to a browser that asks beforehand; `None` for every other request.
pub(super) fn preflight(origins: &Origins, request: &Request<Body>) -> Option<Response> {
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(allowed) = allowed(origins, request.headers()) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    Some(response)
}

/// What `Access-Control-Allow-Origin` says to a request with these headers; `None`: its page may not read.
pub(super) fn allowed(origins: &Origins, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(header::ORIGIN)?;
    match origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        origins => origin.to_str().is_ok_and(|text| origins.allows(text)).then(|| origin.clone()),
    }
}

/// Lets the page read an answer.
pub(super) fn open(allowed: HeaderValue, response: &mut HeaderMap) {
    response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}
