//! What happens to every request, before its route and after.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::client_address::Proxies;
use super::kind::Kind;
use super::rate::{Limiter, Taken};
use super::request_id::{RequestId, RequestIds};
use super::{body, cors, headers};
use crate::clock::Clock;
use crate::config::{HttpConfig, Origins};
use crate::feed::ClientAddr;
use crate::problem::Problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The longest address that is answered.
const MAX_URI_BYTES: usize = 16 * 1024;

/// Requests under way; beyond them the server says so at once rather than all answers coming late.
const MAX_UNDER_WAY: usize = 512;

/// What the host knows about all requests.
#[derive(Debug)]
pub(super) struct Host {
    ids: RequestIds,
    proxies: Proxies,
    origins: Origins,
    limiter: Option<Limiter>,
    /// Whether the limit holds for sockets too.
    limits_handshakes: bool,
    under_way: Semaphore,
}

impl Host {
    pub(super) fn new(config: &HttpConfig, clock: Clock) -> Self {
        Self {
            ids: RequestIds::new(clock),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            origins: config.frontend.clone(),
            limiter: config.rate_limit.map(Limiter::new),
            limits_handshakes: config.ws_limit.is_some(),
            under_way: Semaphore::new(MAX_UNDER_WAY),
        }
    }

    /// Whose buckets requests of a kind are taken from.
    fn limiter_of(&self, kind: Kind) -> Option<&Limiter> {
        let is_limited = match kind {
            Kind::Rest | Kind::ServerFunction => true,
            Kind::Handshake => self.limits_handshakes,
            Kind::Free => false,
        };
        self.limiter.as_ref().filter(|_| is_limited)
    }
}

/// A request under way: what is known of it before its route is asked, and what its answer is completed with.
pub(super) struct Visit {
    began: Instant,
    id: RequestId,
    client: ClientAddr,
    kind: Kind,
    is_chunked: bool,
    /// What pages of other origins are told: that they may read.
    readable: Option<HeaderValue>,
    taken: Option<Taken>,
}

impl Visit {
    /// A request begins.
    pub(super) fn begin(host: &Host, uri: &Uri, headers: &HeaderMap, peer: SocketAddr) -> Self {
        let kind = Kind::of(uri.path());
        Self {
            began: Instant::now(),
            id: host.ids.of(headers),
            client: ClientAddr(host.proxies.client(peer, headers)),
            kind,
            is_chunked: headers.contains_key(header::TRANSFER_ENCODING),
            readable: if kind == Kind::Rest { cors::allowed(&host.origins, headers) } else { None },
            taken: None,
        }
    }

    /// Takes it from the client's bucket: the refusal, if nothing is left there.
    pub(super) fn take(&mut self, host: &Host) -> Option<Response> {
        let limiter = host.limiter_of(self.kind)?;
        let taken = self.taken.insert(limiter.take(self.client.0, Instant::now()));
        taken.refusal().map(Problem::into_response)
    }

    /// Gives the answer what all answers have in common.
    pub(super) fn complete(&self, host: &Host, response: Response, told: &Told<'_>) -> Response {
        let mut response = Problem::place(in_one_shape(response, told.method), told.path, self.id.as_str());
        let took = self.began.elapsed();
        let answer = response.headers_mut();
        if let Some((limiter, taken)) = host.limiter.as_ref().zip(self.taken.as_ref()) {
            limiter.tell(taken, answer);
        }
        if let Some(origin) = &self.readable {
            cors::open(origin.clone(), answer);
        }
        headers::complete(answer);
        if self.is_chunked {
            // It may have named a length too, which the library below passes over. Whoever stands in front of us may
            // have believed that one, so what comes next is not taken for a request.
            answer.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer.insert(X_REQUEST_ID, self.id.header());
        answer.insert(SERVER_TIMING, timing(took));
        told.log(self.kind, &self.id, response.status(), took);
        response
    }
}

/// `app;dur=` and milliseconds.
fn timing(took: Duration) -> HeaderValue {
    let hundredths = took.as_micros() / 10;
    let text = format!("app;dur={}.{:02}", hundredths / 100, hundredths % 100);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("app"))
}

/// Answers a request: names it, refuses what is refused, asks its route, completes the answer.
pub(super) async fn answer(State(host): State<Arc<Host>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let peer = peer.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
    let mut visit = Visit::begin(&host, request.uri(), request.headers(), peer);
    request.extensions_mut().insert(visit.client);
    request.extensions_mut().insert(visit.id.clone());

    let (method, uri) = (request.method().clone(), request.uri().clone());
    let told = Told::of(&method, &uri);
    let preflight = if visit.kind == Kind::Rest { cors::preflight(&host.origins, &request) } else { None };
    let response = if let Some(answer) = preflight {
        answer
    } else if let Some(problem) = refuse(request.method(), request.uri(), request.headers(), request.body()) {
        problem.into_response()
    } else if let Some(refusal) = visit.take(&host) {
        refusal
    } else {
        ask(&host, &visit, request.map(body::limited), next, &told).await
    };
    visit.complete(&host, response, &told)
}

/// What is refused whatever its route says.
pub(super) fn refuse(method: &Method, uri: &Uri, headers: &HeaderMap, body: &impl HttpBody) -> Option<Problem> {
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > MAX_URI_BYTES {
        return Some(Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The address is longer than 16 KiB."));
    }
    if headers.get_all(header::HOST).iter().nth(1).is_some() {
        return problem_of(StatusCode::BAD_REQUEST);
    }
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        let problem = problem_of(StatusCode::METHOD_NOT_ALLOWED)?;
        return Some(problem.with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS")));
    }
    if body::is_too_long(body) {
        return problem_of(StatusCode::PAYLOAD_TOO_LARGE);
    }
    None
}

/// Asks the route. A panic becomes an answer.
async fn ask(host: &Host, visit: &Visit, request: Request, next: Next, told: &Told<'_>) -> Response {
    let Ok(_turn) = (if visit.kind == Kind::Free { Ok(None) } else { host.under_way.try_acquire().map(Some) }) else {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too many requests are under way.");
        return problem.retry_after(1).into_response();
    };
    let id = visit.id.as_str();
    let span = tracing::debug_span!("request", id, method = %told.method, path = told.path);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span).await;
    answered.unwrap_or_else(|_| {
        tracing::error!(
            request.id = id,
            http.method = %told.method,
            http.path = told.path,
            "A route panicked"
        );
        internal().into_response()
    })
}

fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here, not with the request.")
}

/// A refusal that a library wrote, in the shape of all others; every other answer as it is.
fn in_one_shape(response: Response, method: &Method) -> Response {
    let status = response.status();
    // A question about what may be asked has an answer; the router adds `Allow` to it, as to every 405.
    if (status, method) == (StatusCode::METHOD_NOT_ALLOWED, &Method::OPTIONS) {
        let mut asked = StatusCode::NO_CONTENT.into_response();
        asked.headers_mut().extend(response.headers().get(header::ALLOW).map(|allow| (header::ALLOW, allow.clone())));
        return asked;
    }
    if !(status.is_client_error() || status.is_server_error()) || response.extensions().get::<Problem>().is_some() {
        return response;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_bare = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    let Some(problem) = problem_of(status).filter(|_| is_bare) else { return response };
    match response.headers().get(header::ALLOW) {
        Some(allow) => problem.with_header(header::ALLOW, allow.clone()),
        None => problem,
    }
    .into_response()
}

fn problem_of(status: StatusCode) -> Option<Problem> {
    let (code, detail) = match status {
        StatusCode::BAD_REQUEST => ("bad_request", "The request cannot be read."),
        StatusCode::FORBIDDEN => ("forbidden", "This is not for everybody."),
        StatusCode::NOT_FOUND => ("not_found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This address does not answer to this method."),
        StatusCode::NOT_ACCEPTABLE => ("not_acceptable", "There is no answer of the kind that is accepted."),
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "The request did not arrive in time."),
        StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "The body is longer than 64 KiB."),
        StatusCode::URI_TOO_LONG => ("uri_too_long", "The address is longer than 16 KiB."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "A body of this kind is not understood."),
        StatusCode::UNPROCESSABLE_ENTITY => ("unprocessable", "The body does not say what it should."),
        StatusCode::INTERNAL_SERVER_ERROR => return Some(internal()),
        _ => return None,
    };
    Some(Problem::new(status, code, detail))
}

/// What the log tells about a request.
pub(super) struct Told<'a> {
    method: &'a Method,
    path: &'a str,
}

impl<'a> Told<'a> {
    /// The longest path that is repeated, bytes.
    const LONGEST: usize = 256;

    pub(super) fn of(method: &'a Method, uri: &'a Uri) -> Self {
        let path = uri.path();
        let end = (0..=path.len().min(Self::LONGEST)).rev().find(|end| path.is_char_boundary(*end));
        Self { method, path: &path[..end.unwrap_or_default()] }
    }

    fn log(&self, kind: Kind, id: &RequestId, status: StatusCode, took: Duration) {
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    request.id = id.as_str(),
                    http.method = %self.method,
                    http.path = self.path,
                    http.status = status.as_u16(),
                    duration_ms = took.as_secs_f64() * 1000.0,
                    "Answered a request"
                )
            };
        }
        // A server function answers 500 to every refusal; a server that is not ready says so elsewhere, once.
        let is_fault =
            status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE && kind != Kind::ServerFunction;
        if is_fault { tell!(warn) } else { tell!(debug) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
