//! Compression of what is worth it and is not compressed yet.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate as _, SizeAbove};

/// Shorter bodies fit into one packet anyway.
const MIN_BYTES: u16 = 860;

/// Quick rather than small: what is asked for often is kept compressed by its route.
const QUALITY: CompressionLevel = CompressionLevel::Precise(4);

type IsText = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Compresses long text with zstd, brotli or gzip, as the client likes.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, IsText>> {
    let is_text: IsText = |_, _, headers, _| is_text(headers);
    CompressionLayer::new().quality(QUALITY).compress_when(SizeAbove::new(MIN_BYTES).and(is_text))
}

/// Whether it is text. Events are not, as each must leave at once.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence {
        "text/event-stream" => false,
        "image/svg+xml" | "application/wasm" => true,
        essence => {
            essence.starts_with("text/")
                || essence.ends_with("json")
                || essence.ends_with("javascript")
                || essence.ends_with("yaml")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn text_is_compressed() {
        for (kind, worth) in [
            ("application/json", true),
            ("application/problem+json", true),
            ("application/x-ndjson", true),
            ("text/html; charset=utf-8", true),
            ("text/csv; charset=utf-8", true),
            ("text/javascript", true),
            ("image/svg+xml", true),
            ("text/event-stream", false),
            ("image/png", false),
            ("font/woff2", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_text(&headers), worth, "{kind}");
        }
    }
}
