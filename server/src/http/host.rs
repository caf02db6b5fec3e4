//! What happens to every request, before its route and after.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
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

    /// Takes a request from the client's bucket, where one is limited.
    fn take(&self, kind: Kind, client: ClientAddr) -> Option<(&Limiter, Taken)> {
        let limited = match kind {
            Kind::Rest | Kind::ServerFunction => true,
            Kind::Handshake => self.limits_handshakes,
            Kind::Free => false,
        };
        let limiter = self.limiter.as_ref().filter(|_| limited)?;
        Some((limiter, limiter.take(client.0, Instant::now())))
    }
}

/// Answers a request: names it, refuses what is refused, asks its route, completes the answer.
pub(super) async fn answer(State(host): State<Arc<Host>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = host.ids.of(request.headers());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let peer = peer.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
    let client = ClientAddr(host.proxies.client(peer, request.headers()));
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(id.clone());

    let kind = Kind::of(request.uri().path());
    let told = Told::of(&request, kind);
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let readable = if kind == Kind::Rest { cors::allowed(&host.origins, request.headers()) } else { None };
    let preflight = if kind == Kind::Rest { cors::preflight(&host.origins, &request) } else { None };

    let mut taken = None;
    let mut response = if let Some(answer) = preflight {
        answer
    } else if let Some(problem) = refuse(&request) {
        problem.into_response()
    } else {
        taken = host.take(kind, client);
        match taken.as_ref().and_then(|(_, taken)| taken.refusal()) {
            Some(refusal) => refusal.into_response(),
            None => ask(&host, kind, request.map(body::limited), next, &told, &id).await,
        }
    };
    response = Problem::place(in_one_shape(response, &told.method), &told.path, id.as_str());

    let took = began.elapsed();
    let answer = response.headers_mut();
    if let Some((limiter, taken)) = &taken {
        limiter.tell(taken, answer);
    }
    if let Some(origin) = readable {
        cors::open(origin, answer);
    }
    headers::complete(answer);
    if is_chunked {
        // It may have named a length too, which the library below passes over. Whoever stands in front of us may have
        // believed that one, so what comes next is not taken for a request.
        answer.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer.insert(X_REQUEST_ID, id.header());
    if let Ok(timing) = HeaderValue::from_str(&format!("app;dur={:.2}", took.as_secs_f64() * 1000.0)) {
        answer.insert(SERVER_TIMING, timing);
    }
    told.log(&id, response.status(), took);
    response
}

/// What is refused whatever its route says.
fn refuse(request: &Request) -> Option<Problem> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > MAX_URI_BYTES {
        return Some(Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The address is longer than 16 KiB."));
    }
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return problem_of(StatusCode::BAD_REQUEST);
    }
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        let problem = problem_of(StatusCode::METHOD_NOT_ALLOWED)?;
        return Some(problem.with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS")));
    }
    if body::is_too_long(request.body()) {
        return problem_of(StatusCode::PAYLOAD_TOO_LARGE);
    }
    None
}

/// Asks the route. A panic becomes an answer.
async fn ask(host: &Host, kind: Kind, request: Request, next: Next, told: &Told, id: &RequestId) -> Response {
    let Ok(_turn) = (if kind == Kind::Free { Ok(None) } else { host.under_way.try_acquire().map(Some) }) else {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too many requests are under way.");
        return problem.retry_after(1).into_response();
    };
    let span = tracing::debug_span!("request", id = id.as_str(), method = %told.method, path = told.path.as_str());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span).await;
    answered.unwrap_or_else(|_| {
        tracing::error!(
            request.id = id.as_str(),
            http.method = %told.method,
            http.path = told.path.as_str(),
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
struct Told {
    kind: Kind,
    method: Method,
    path: String,
}

impl Told {
    /// The longest path that is repeated.
    const LONGEST: usize = 256;

    fn of(request: &Request<Body>, kind: Kind) -> Self {
        let path = request.uri().path().chars().take(Self::LONGEST).collect();
        Self { kind, method: request.method().clone(), path }
    }

    fn log(&self, id: &RequestId, status: StatusCode, took: Duration) {
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    request.id = id.as_str(),
                    http.method = %self.method,
                    http.path = self.path.as_str(),
                    http.status = status.as_u16(),
                    duration_ms = took.as_secs_f64() * 1000.0,
                    "Answered a request"
                )
            };
        }
        // A server function answers 500 to every refusal; a server that is not ready says so elsewhere, once.
        let is_fault =
            status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE && self.kind != Kind::ServerFunction;
        if is_fault { tell!(warn) } else { tell!(debug) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
