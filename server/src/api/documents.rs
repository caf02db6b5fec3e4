//! The documents of the API: `/openapi.json`, `/asyncapi.json`, `/docs`, `/llms.txt`.
//!
//! They are files of the repository, made from the code by its tests and a part of the binary: nothing is put together
//! while the server runs, and a test fails when one of them says what the code does not.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memescope::fnv::Fnv;
use sha2::{Digest as _, Sha256};

use super::answer;

/// A file that is served as it is.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    body: &'static str,
    /// Its name for programs that write clients.
    #[cfg_attr(not(test), expect(dead_code, reason = "told by the documents alone"))]
    pub(super) id: &'static str,
    /// What it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "told by the documents alone"))]
    pub(super) words: &'static str,
}

/// Every document.
pub(super) static ALL: [Document; 4] = [
    Document {
        path: "/openapi.json",
        kind: "application/json",
        body: include_str!("../../../docs/openapi.json"),
        id: "getOpenApi",
        words: "This API, as OpenAPI 3.1.",
    },
    Document {
        path: "/asyncapi.json",
        kind: "application/json",
        body: include_str!("../../../docs/asyncapi.json"),
        id: "getAsyncApi",
        words: "The feed, as AsyncAPI 3.0.",
    },
    Document {
        path: "/docs",
        kind: "text/html; charset=utf-8",
        body: include_str!("../../../docs/api.html"),
        id: "getDocs",
        words: "This API, for people.",
    },
    Document {
        path: "/llms.txt",
        kind: "text/plain; charset=utf-8",
        body: include_str!("../../../docs/llms.txt"),
        id: "getLlmsTxt",
        words: "What a language model should know before it writes a client.",
    },
];

/// The page brings its own style, and nothing else: no script, no font, no picture.
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = ALL.iter().find_map(|document| style(document.body)).unwrap_or_default();
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("letters, digits and marks")
});

/// What stands in the element `style` of a page.
fn style(page: &str) -> Option<&str> {
    Some(page.split_once("<style>")?.1.split_once("</style>")?.0)
}

/// Their routes.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let one = |router: Router<S>, document: &'static Document| {
        router.merge(Router::new().route(document.path, get(tell)).with_state(document))
    };
    ALL.iter().fold(Router::new(), one)
}

async fn tell(State(document): State<&'static Document>, request: HeaderMap) -> Response {
    let mut hash = Fnv::default();
    hash.write(document.body.as_bytes());
    let etag = HeaderValue::try_from(format!("W/\"{:x}\"", hash.finish())).expect("hexadecimal digits");
    let mut response = Response::new(Body::empty());
    if answer::holds(&request, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(document.body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(document.kind));
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if document.kind.starts_with("text/html") {
        headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY.clone());
    }
    response
}
