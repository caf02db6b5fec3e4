//! What every answer says to browsers and caches.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What an answer depends on.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Origin");

/// For answers that bring no policy of their own: data is never a document that may do anything.
const CONTENT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

/// Nothing here needs any of it.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), \
     usb=()",
);

/// Completes the headers of an answer; what a route chose for itself stays.
pub(super) fn complete(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (OPENER_POLICY, HeaderValue::from_static("same-origin")),
        (PERMISSIONS_POLICY, PERMISSIONS),
    ] {
        headers.entry(name).or_insert(value);
    }
    if headers.get(header::VARY).is_none() {
        headers.insert(header::VARY, VARY);
        return;
    }
    let own: Vec<_> = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).collect();
    if let Ok(vary) = HeaderValue::from_str(&joined(&own)) {
        headers.insert(header::VARY, vary);
    }
}

/// What every answer depends on, and what this one does besides.
fn joined(own: &[&str]) -> String {
    let mut all = VARY.to_str().unwrap_or_default().to_owned();
    for name in own.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty()) {
        if !all.split(", ").any(|known| known.eq_ignore_ascii_case(name)) {
            all.push_str(", ");
            all.push_str(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_depends_on_what_it_says_and_on_what_all_do() {
        assert_eq!(joined(&["Cookie"]), "Accept, Accept-Encoding, Origin, Cookie");
        assert_eq!(joined(&["accept-encoding, cookie", "Cookie"]), "Accept, Accept-Encoding, Origin, cookie");
    }

    #[test]
    fn a_route_keeps_its_own_policy() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        complete(&mut headers);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::VARY], "Accept, Accept-Encoding, Origin");
    }
}
