//! The public REST API: everything below `/` that answers in JSON.
//!
//! Each answer is a function of the current snapshot and the address; it is made once and given, also packed, to
//! everybody who asks the same while the snapshot lasts. Whatever is not understood is refused by name: a typing error
//! in a filter must not show unfiltered rows.

mod answer;
mod body;
mod candles;
mod documents;
mod encoding;
mod events;
mod export;
mod format;
mod health;
mod meta;
#[cfg(test)]
mod openapi;
mod params;
mod pools;
mod problems;
mod rows;
mod search;
mod tokens;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use memescope::{SparkView, Timestamp};
use serde_json::json;
use tokio::sync::Semaphore;

pub(crate) use self::answer::holds;
use self::answer::{Answer, Head, Kept};
use self::format::{Format, accepts_json};
pub use self::health::Readiness;
pub use self::problems::{PROBLEMS, ProblemKind};
use crate::history::History;
use crate::lookup::{LookupError, Lookups};
use crate::pages::{Pages, Selection};
use crate::problem::Problem;
use crate::store::{Details, Row, Snapshot, Store};

/// How many requests read the disk at the same time; more of them wait.
const DISK_READERS: usize = 4;

/// What the routes share.
pub struct Api {
    store: Arc<Store>,
    pages: Arc<Pages>,
    readiness: Arc<Readiness>,
    is_demo: bool,
    details: Details,
    lookups: Option<Lookups>,
    history: Option<History>,
    disk: Semaphore,
    /// Places for lists that are written out whole.
    exports: Arc<Semaphore>,
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
            details: Details::default(),
            lookups: None,
            history: None,
            disk: Semaphore::new(DISK_READERS),
            exports: Arc::new(Semaphore::new(export::MOST_EXPORTS)),
            ranking: tokens::ranking(),
            kept: Kept::default(),
        }
    }

    /// The same, telling the pools and the other names of a token.
    #[must_use]
    pub fn with_details(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// The same, looking up tokens that are not on the board.
    #[must_use]
    pub fn with_lookups(self, lookups: Lookups) -> Self {
        Self { lookups: Some(lookups), ..self }
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
            return Ok(answer.give(headers));
        }
        let draft = make(uri.query().unwrap_or_default())?;
        if draft.head.is_held(headers) {
            return Ok(draft.head.not_modified());
        }
        let answer = Arc::new(draft.finish());
        self.kept.put(&snapshot.board, address, &answer);
        Ok(answer.respond(headers))
    }

    /// The page of `GET /tokens` that is kept, if there is one of the current board for this reader.
    pub fn at_hand(&self, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        if uri.path() != "/tokens" || Format::accepted(headers) != Some(Format::Json) {
            return None;
        }
        let snapshot = self.board().ok()?;
        let answer = self.kept.get(&snapshot.board, uri.path_and_query()?.as_str())?;
        Some(answer.give(headers))
    }

    /// The address, with the version of what is known beside the rows: under this name an answer about it is kept.
    fn detailed(&self, uri: &Uri) -> String {
        // No address holds a number sign.
        format!("{uri}#{}", self.details.snapshot().version)
    }
}

/// An answer whose body is not written yet: for a reader who holds it already it never is.
struct Draft<W> {
    head: Head,
    write: W,
}

impl<W: FnOnce() -> Vec<u8>> Draft<W> {
    fn finish(self) -> Answer {
        Answer::new(self.head, (self.write)())
    }

    /// The answer to one reader, kept by nobody.
    fn respond(self, headers: &HeaderMap) -> Response {
        if self.head.is_held(headers) { self.head.not_modified() } else { self.finish().respond(headers) }
    }
}

/// The routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/tokens", get(tokens))
        .route("/tokens/query", post(query))
        .route("/tokens/{chain}/{address}", get(token))
        .route("/tokens/{chain}/{address}/pools", get(pools))
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

/// The answer to a method that a route does not know; the router adds `Allow`. A question about the methods has one.
async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = "This address does not know the method; the header Allow names those that it knows.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).into_response()
}

/// `GET /tokens`: the ranked and filtered list.
///
/// Parameters: those of [`memescope::TokenQuery`] (`rank`, `window`, `sort`, `chain`, `dex`, bounds, ages, flags, `q`,
/// `ids` up to 200), `updated_since`, `fields`, `include` (`provenance`, `sparkline`, `pools`), `limit` (1 to 200, 50),
/// `cursor`, `format` (`json`, `csv`, `ndjson`; else `Accept` decides).
///
/// Answers 200 with a page in JSON, or with a file: a page where `limit` or `cursor` is given, else the whole list,
/// streamed. `Link` names the pages after and before. 304; 400 `invalid_parameter`, `unknown_parameter`,
/// `invalid_cursor`; 406; 503 `not_ready`, and `overloaded` when too many whole lists are being written.
async fn tokens(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let raw = uri.query().unwrap_or_default();
    let accepted = Format::accepted(&headers);
    if accepted != Some(Format::Json) || raw.contains("format") {
        api.board()?;
        let pairs = params::pairs(raw)?;
        let params = params::list(&pairs)?;
        let format = params.format.or(accepted).ok_or_else(not_acceptable)?;
        if format != Format::Json {
            return export(&api, format, &pairs, &params, raw, &headers);
        }
        return Ok(tokens::list(&api, &pairs, params, raw)?.respond(&headers));
    }
    // What is known beside the rows is news without a commit too.
    let address = if raw.contains("pools") { api.detailed(&uri) } else { uri.to_string() };
    api.answer_as(&address, &uri, &headers, |query| {
        let pairs = params::pairs(query)?;
        let params = params::list(&pairs)?;
        tokens::list(&api, &pairs, params, query)
    })
}

/// `POST /tokens/query`: the list of `GET /tokens` for whoever names more tokens than an address holds.
///
/// The body is a JSON object (64 KiB at most) with the parameters of `GET /tokens` as members: texts, numbers, truth
/// values, lists of them. `ids` holds up to 1,000 ids and rows keep their order unless `sort` is given; `limit` is 1 to
/// 1,000, by default as many as there are ids. With `updated_since` a bot is told only what changed since it last asked.
///
/// Answers 200 as `GET /tokens` does, but nobody may keep it; 400, also `bad_request` for a body that is no JSON object;
/// 406; 408; 413 `payload_too_large`; 415 `unsupported_media_type`; 503 as there.
async fn query(
    State(api): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    params::none(&params::pairs(uri.query().unwrap_or_default())?)?;
    let body::Asked { ids, pairs } = body::read(&headers, body)?;
    let params = params::query(&pairs, ids.as_deref())?;
    let format = params.format.or_else(|| Format::accepted(&headers)).ok_or_else(not_acceptable)?;
    api.board()?;
    // Tags and packed forms are for answers that others may be given too.
    let bare = HeaderMap::new();
    let mut response = if format == Format::Json {
        tokens::list(&api, &pairs, params, "")?.respond(&bare)
    } else {
        export(&api, format, &pairs, &params, "", &bare)?
    };
    let answer = response.headers_mut();
    for name in [header::ETAG, header::LAST_MODIFIED, header::LINK] {
        answer.remove(name);
    }
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The list as a file.
fn export(
    api: &Arc<Api>,
    format: Format,
    pairs: &params::Pairs,
    params: &params::ListParams,
    raw: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if format == Format::Csv {
        params::demand_flat(&params.shape)?;
    }
    export::answer(api, format, pairs, params, raw, headers)
}

/// `GET /tokens/{chain}/{address}`: one token, with its other names.
///
/// Parameters: `fields`, `include` (`provenance`, `sparkline`, `pools`). A token that is not on the board is looked up at
/// DexScreener; what is found has no `rank`. Answers 200; 304; 400 `invalid_address` and others; 404 `token_not_found`;
/// 406; 503 `overloaded` when too many unknown tokens are asked for, `sources_unavailable` when the source does not
/// answer within two seconds; 504 `upstream_timeout`; both with `Retry-After`.
async fn token(
    State(api): State<Arc<Api>>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (chain, address) = place(path)?;
    let raw = uri.query().unwrap_or_default();
    let read = || {
        demand_json(&headers)?;
        Ok::<_, Problem>((params::shape(&params::pairs(raw)?)?, tokens::token_id(&chain, &address)?))
    };
    let known = api.answer_as(&api.detailed(&uri), &uri, &headers, |raw| {
        let (shape, id) = read()?;
        tokens::one(&api, id, shape, raw).ok_or_else(tokens::not_on_the_board)
    });
    let Some(lookups) = api.lookups.as_ref().filter(|_| is_unknown(&known)) else { return known };
    let (shape, id) = read()?;
    let finding = lookups.find(&id).await.map_err(looked_up_in_vain)?;
    let draft = tokens::found(&api, &finding, shape, raw).ok_or_else(tokens::not_on_the_board)?;
    Ok(draft.respond(&headers))
}

fn is_unknown(known: &Result<Response, Problem>) -> bool {
    known.as_ref().is_err_and(|problem| problem.status() == StatusCode::NOT_FOUND)
}

fn looked_up_in_vain(error: LookupError) -> Problem {
    let unavailable =
        |code, detail: &str, wait| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(wait);
    match error {
        LookupError::Absent => tokens::not_on_the_board(),
        LookupError::Overloaded { retry_after } => {
            unavailable("overloaded", "Too many tokens that are not on the board are asked for.", retry_after)
        }
        LookupError::Unavailable { retry_after } => unavailable(
            "sources_unavailable",
            "This token is not on the board, and its source has not answered yet.",
            retry_after,
        ),
        LookupError::TimedOut => {
            let detail = "This token is not on the board, and its source did not answer in time.";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", detail).retry_after(5)
        }
    }
}

/// `GET /tokens/{chain}/{address}/pools`: the pools of a token on the board, best first, and why each counts or not.
///
/// No parameters. Answers 200; 304; 400 `invalid_address`; 404 `token_not_found`; 406; 503 `not_ready`.
async fn pools(
    State(api): State<Arc<Api>>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (chain, address) = place(path)?;
    api.answer_as(&api.detailed(&uri), &uri, &headers, |raw| {
        demand_json(&headers)?;
        pools::answer(&api, (&chain, &address), raw)
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

/// `GET /problems/{code}`: a page for people about a kind of problem. 304; 404 `not_found`.
async fn problem(path: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Result<Response, Problem> {
    let page = path.ok().and_then(|Path(code)| problems::page(&code));
    let Some(page) = page else { return Err(not_found().await) };
    let head = Head::of_text(&page);
    if head.is_held(&headers) {
        return Ok(head.not_modified());
    }
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    head.write(response.headers_mut());
    Ok(response)
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

fn not_acceptable() -> Problem {
    let names = Format::ALL.map(Format::media).join(", ");
    Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", format!("This address answers in {names}."))
}

#[cfg(test)]
mod tests;
