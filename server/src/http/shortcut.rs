//! Answers that are at hand: given before any route is asked.
//!
//! What is asked for most is kept whole. To find it takes less than the way through routes, layers and their boxes; what
//! every answer has in common it has too.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::http::{HeaderMap, Method, Request, Uri, header};
use axum::response::Response;
use hyper::body::Body;
use tokio::time::Instant;

use super::host::{Host, Told, Visit, refuse};
use crate::observe;

/// Answers to `GET` that are at hand whole, in the form that the reader likes best; `None` where a route has to be asked.
pub type AtHand = Arc<dyn Fn(&Uri, &HeaderMap) -> Option<Response> + Send + Sync>;

/// Gives what is at hand.
#[derive(Clone)]
pub struct Shortcut {
    pub(super) host: Arc<Host>,
    pub(super) at_hand: AtHand,
}

impl Shortcut {
    /// The answer to a request, if it is at hand and nothing about the request is out of the ordinary.
    pub(super) fn answer<B: Body>(&self, request: &Request<B>, peer: SocketAddr) -> Option<Response> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let is_plain = method == Method::GET
            && request.body().is_end_stream()
            && !headers.contains_key(header::TRANSFER_ENCODING)
            && refuse(method, uri, headers, request.body()).is_none();
        if !is_plain {
            return None;
        }
        let began = Instant::now();
        // A panic is the route's to tell of.
        let found = catch_unwind(AssertUnwindSafe(|| (self.at_hand)(uri, headers))).ok()??;
        let mut visit = Visit::begin(&self.host, uri, headers, peer);
        let response = visit.take(&self.host).unwrap_or(found);
        let response = visit.complete(&self.host, response, &Told::of(method, uri));
        observe::answered(Some(uri.path()), method, response.status(), began.elapsed());
        Some(response)
    }
}

impl std::fmt::Debug for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shortcut").finish_non_exhaustive()
    }
}
