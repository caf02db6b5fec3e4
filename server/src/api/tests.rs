#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod export;
mod headers;
mod lists;
mod lookups;
mod others;
mod past;
pub(super) mod pools;
mod query;
mod refusals;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::pages::testing::Market;

/// A market with its API.
struct Site {
    market: Market,
    readiness: Arc<Readiness>,
    router: Router,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem and the parameters that it names; panics when it is none.
    fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(body["type"], format!("/problems/{}", code.replace('_', "-")));
        assert!(PROBLEMS.iter().any(|kind| kind.code == code && kind.status == self.status.as_u16()), "{code}");
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let names = errors.iter().map(|error| error["parameter"].as_str().unwrap().to_owned()).collect();
        (self.status.as_u16(), code, names)
    }
}

impl Site {
    fn new(market: Market) -> Self {
        let readiness = Arc::new(Readiness::new(true));
        let api = Api::new(market.store.clone(), market.pages.clone(), "demo:1", readiness.clone());
        let details = Details::default();
        let told =
            market.store.snapshot().rows.keys().map(|id| (id.clone(), Some(Arc::new(pools::details(id))))).collect();
        details.tell(told, usize::MAX, |_| true);
        let api = api.with_details(details);
        Self { router: router(Arc::new(api)), market, readiness }
    }

    async fn send(&self, method: Method, address: &str, headers: &[(&str, &str)]) -> Reply {
        self.send_body(method, address, headers, Body::empty()).await
    }

    async fn send_body(&self, method: Method, address: &str, headers: &[(&str, &str)], body: Body) -> Reply {
        let mut request = Request::builder().method(method).uri(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: to_bytes(body, 1 << 24).await.unwrap() }
    }

    async fn get(&self, address: &str) -> Reply {
        self.send(Method::GET, address, &[]).await
    }

    /// The body of an answer that must be good.
    async fn json(&self, address: &str) -> Value {
        let reply = self.get(address).await;
        assert_eq!(reply.status, StatusCode::OK, "{address}: {:?}", reply.body);
        reply.json()
    }
}

/// One member of each row.
fn column<'a>(body: &'a Value, name: &str) -> Vec<&'a Value> {
    body["data"].as_array().unwrap().iter().map(|row| &row[name]).collect()
}
