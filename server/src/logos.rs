//! Pictures of tokens, for pages that may load nothing from elsewhere. Only with `LOGOS=proxy`.
//!
//! ```text
//!  sources ─▶ harvest.logos ─▶ Album ─▶ rows: "logo": "/logos/<key>"
//!                                │
//!  GET /logos/<key> ─▶ Cabinet ──┴─▶ fetch (strict) ─▶ draw anew ─▶ PNG, kept a day
//! ```
//!
//! An address never stands in a request: a key leads to one that a source named for a token on the board. The server would
//! otherwise fetch whatever somebody asks it to.

mod address;
mod album;
mod cabinet;
mod fetch;
mod picture;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub use self::album::Album;
use self::album::Key;
use self::cabinet::Cabinet;
use self::fetch::{Fetcher, Rules, System};
use crate::api::holds;
use crate::problem::Problem;

/// The route `/logos/{key}`; without an album there are no pictures.
pub fn router(album: Option<Album>) -> reqwest::Result<Router> {
    let cabinet = album.map(|album| {
        let fetcher = Fetcher::new(Rules::STRICT, Arc::new(System))?;
        Ok::<_, reqwest::Error>(Cabinet::new(album, fetcher))
    });
    Ok(route(cabinet.transpose()?))
}

fn route(cabinet: Option<Cabinet>) -> Router {
    Router::new().route("/logos/{key}", get(logo)).with_state(cabinet)
}

/// 404 `not_found` where there is no picture; 503 `overloaded` when too many are asked for.
async fn logo(State(cabinet): State<Option<Cabinet>>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    let none = || Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such picture.").into_response();
    let (Some(cabinet), Some(key)) = (cabinet, Key::parse(&key)) else { return none() };
    let picture = match cabinet.picture(key).await {
        Ok(Some(picture)) => picture,
        Ok(None) => return none(),
        Err(cabinet::Busy) => {
            let busy = "Too many pictures are asked for.";
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", busy).retry_after(2).into_response();
        }
    };
    let mut response = if holds(&headers, &picture.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = picture.png.clone().into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
        response
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Opened by itself it is a document, and may do nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-site"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::ETAG, picture.tag.clone());
    response
}
