//! The public REST API: everything below `/` that answers in JSON.
//!
//! Each answer is a function of the current snapshot and the address; it is made once and given, also packed, to
//! everybody who asks the same while the snapshot lasts. Whatever is not understood is refused by name: a typing error
//! in a filter must not show unfiltered rows.

mod answer;
mod candles;
mod documents;
mod encoding;
mod events;
mod health;
mod meta;
#[cfg(test)]
mod openapi;
mod params;
mod problems;
mod rows;
mod search;
mod tokens;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use memescope::{SparkView, Timestamp, TokenId};
use serde_json::json;
use tokio::sync::Semaphore;

use self::answer::{Answer, Head, Kept};
pub use self::health::Readiness;
pub use self::problems::{PROBLEMS, ProblemKind};
use crate::history::History;
use crate::pages::{Pages, Selection};
use crate::problem::Problem;
use crate::store::{Row, Snapshot, Store};

/// How many requests read the disk at the same time; more of them wait.
const DISK_READERS: usize = 4;

/// Tells the other names of a token.
pub type Aliases = Arc<dyn Fn(&TokenId) -> Vec<Arc<str>> + Send + Sync>;

/// What the routes share.
pub struct Api {
    store: Arc<Store>,
    pages: Arc<Pages>,
    readiness: Arc<Readiness>,
    is_demo: bool,
    aliases: Option<Aliases>,
    history: Option<History>,
    disk: Semaphore,
    /// The default ranking.
    ranking: Arc<Selection>,
    kept: Kept,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("market", &self.market()).finish_non_exhaustive()
    }
}

impl Api {
    /// The API of a store. `market` is `live`, or `demo:` and its seed.
    pub fn new(store: Arc<Store>, pages: Arc<Pages>, market: &str, readiness: Arc<Readiness>) -> Self {
        Self {
            store,
            pages,
            readiness,
            is_demo: market != "live",
            aliases: None,
            history: None,
            disk: Semaphore::new(DISK_READERS),
            ranking: tokens::ranking(),
            kept: Kept::default(),
        }
    }

    /// The same, telling the other names of a token.
    #[must_use]
    pub fn with_aliases(self, aliases: Aliases) -> Self {
        Self { aliases: Some(aliases), ..self }
    }

    /// The same, telling the past: candles and sparklines.
    #[must_use]
    pub fn with_history(self, history: History) -> Self {
        Self { history: Some(history), ..self }
    }

    /// The sparkline of a row of a board.
    fn spark(&self, row: &Row, as_of: Timestamp) -> Option<SparkView> {
        self.history.as_ref()?.spark(&row.token.id, as_of)
    }

    /// `live` or `demo`.
    fn market(&self) -> &'static str {
        if self.is_demo { "demo" } else { "live" }
    }

    /// The current snapshot, if there was ever a board.
    fn board(&self) -> Result<Arc<Snapshot>, Problem> {
        let snapshot = self.store.snapshot();
        if health::has_board(&snapshot) {
            return Ok(snapshot);
        }
        let detail = "No source has answered yet, and there is no board from before.";
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail).retry_after(1))
    }

    /// Answers from what is kept, or with a new answer, which is kept.
    ///
    /// A kept answer was made for a request that was right in every way but its `Accept`, which `make` judges.
    fn answer<W: FnOnce() -> Vec<u8>>(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        make: impl FnOnce(&str) -> Result<Draft<W>, Problem>,
    ) -> Result<Response, Problem> {
        let address = uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
        self.answer_as(address, uri, headers, make)
    }

    /// The same, kept under a name: for what depends on more than the board and the address.
    fn answer_as<W: FnOnce() -> Vec<u8>>(
        &self,
        address: &str,
        uri: &Uri,
        headers: &HeaderMap,
        make: impl FnOnce(&str) -> Result<Draft<W>, Problem>,
    ) -> Result<Response, Problem> {
        let snapshot = self.board()?;
        if accepts_json(headers)
            && let Some(answer) = self.kept.get(&snapshot.board, address)
        {
            return Ok(if answer.head().is_held(headers) {
                answer.head().not_modified()
            } else {
                answer.respond(headers)
            });
        }
        let draft = make(uri.query().unwrap_or_default())?;
        if draft.head.is_held(headers) {
            return Ok(draft.head.not_modified());
        }
        let answer = Arc::new(Answer::new(draft.head, (draft.write)()));
        self.kept.put(&snapshot.board, address, &answer);
        Ok(answer.respond(headers))
    }
}

/// An answer whose body is not written yet: for a reader who holds it already it never is.
struct Draft<W> {
    head: Head,
    write: W,
}

/// The routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/tokens", get(tokens))
        .route("/tokens/{chain}/{address}", get(token))
        .route("/tokens/{chain}/{address}/candles", get(candles))
        .route("/search", get(search))
        .route("/meta", get(meta))
        .route("/sources", get(sources))
        .route("/events", get(events))
        .route("/livez", get(livez))
        .route("/health", get(livez))
        .route("/readyz", get(readyz))
        .route("/problems/{code}", get(problem))
        .merge(documents::router())
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(api)
}

/// The answer to an address that leads nowhere.
#[expect(clippy::unused_async, reason = "a handler is async")]
pub async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
}

async fn method_not_allowed() -> Problem {
    let detail = "This address does not know the method; the header Allow names those that it knows.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

async fn tokens(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    api.answer(&uri, &headers, |query| {
        let pairs = params::pairs(query)?;
        let params = params::list(&pairs)?;
        if !params.format_is_given {
            demand_json(&headers)?;
        }
        tokens::list(&api, &pairs, params, query)
    })
}

async fn token(
    State(api): State<Arc<Api>>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (chain, address) = place(path)?;
    api.answer(&uri, &headers, |query| {
        demand_json(&headers)?;
        tokens::one(&api, &chain, &address, &params::pairs(query)?, query)
    })
}

/// Chain and address of a token's route.
fn place(path: Result<Path<(String, String)>, PathRejection>) -> Result<(String, String), Problem> {
    let refuse = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_address", "This is not percent-encoded text.");
    path.map(|Path(place)| place).map_err(refuse)
}

async fn candles(
    State(api): State<Arc<Api>>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    demand_json(&headers)?;
    let (chain, address) = place(path)?;
    candles::answer(&api, (&chain, &address), uri.query().unwrap_or_default(), &headers).await
}

async fn search(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    api.answer(&uri, &headers, |query| {
        demand_json(&headers)?;
        search::answer(&api, query)
    })
}

async fn meta(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    api.answer(&uri, &headers, |query| {
        demand_json(&headers)?;
        params::none(&params::pairs(query)?)?;
        Ok(meta::answer(&api))
    })
}

async fn events(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let ring = api.store.events();
    // No address holds a number sign.
    let address = format!("{uri}#{}", ring.next_number());
    api.answer_as(&address, &uri, &headers, |query| {
        demand_json(&headers)?;
        events::answer(&api, ring, query)
    })
}

async fn sources(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    demand_json(&headers)?;
    params::none(&params::pairs(uri.query().unwrap_or_default())?)?;
    let meta = json!({ "market": api.market(), "stale": api.store.snapshot().board.stale });
    Ok(unstored(StatusCode::OK, &json!({ "data": &*api.store.reports(), "meta": meta })))
}

async fn livez() -> Response {
    unstored(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn readyz(State(api): State<Arc<Api>>) -> Response {
    let report = api.readiness.report(&api.store.snapshot());
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    unstored(status, &json!(report))
}

async fn problem(path: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let page = path.ok().and_then(|Path(code)| problems::page(&code));
    match page {
        Some(page) => Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()),
        None => Err(not_found().await),
    }
}

/// JSON that nobody may keep.
fn unstored(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}

fn demand_json(headers: &HeaderMap) -> Result<(), Problem> {
    if accepts_json(headers) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", "This address answers in application/json."))
}

/// Whether JSON is among what the reader takes; somebody who says nothing takes anything.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut says_something = false;
    // The most exact range decides: 2 for the type itself, 1 for its family, 0 for anything.
    let mut best: Option<(u8, bool)> = None;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            says_something |= !name.is_empty();
            let exactness = match name.to_ascii_lowercase().as_str() {
                "application/json" => 2,
                "application/*" => 1,
                "*/*" | "*" => 0,
                _ => continue,
            };
            let takes = encoding::weight(parts).is_some_and(|weight| weight > 0);
            if best.is_none_or(|(most, _)| exactness >= most) {
                best = Some((exactness, takes));
            }
        }
    }
    best.map_or(!says_something, |(_, takes)| takes)
}

#[cfg(test)]
mod tests;
