//! `GET /tokens` and `GET /tokens/{chain}/{address}`.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use memescope::query::{MAX_IDS, Sort, TokenQuery};
use memescope::{Board, Chain, TokenId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{Head, hash_of};
use super::params::{ListParams, Pairs};
use super::rows::{Extras, Places, Shape};
use super::{Api, Draft};
use crate::lookup::Finding;
use crate::pages::{Page, Selection};
use crate::problem::Problem;
use crate::store::Row;

/// What stays as it is in the address of the next page.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

/// A longer `Link` would not pass every proxy; the cursor stands in the body too.
const MAX_LINK: usize = 4_096;

/// What every answer says about the board that it was made of.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Meta<'a> {
    /// USD per SOL.
    sol_usd: Option<memescope::Price>,
    epoch: memescope::Epoch,
    /// The board's number within its epoch; rises by one with each.
    seq: memescope::Seq,
    /// When the board was made.
    as_of: memescope::Timestamp,
    /// Of pages: whether the cursor's list was gone, and the page is of a newer one.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebased: Option<bool>,
    /// Whether no source has answered for too long.
    stale: bool,
    /// `live` or `demo`.
    market: &'a str,
    /// Of pages: the query as it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Value>,
}

impl<'a> Meta<'a> {
    pub(super) fn of(board: &Board, stale: bool, market: &'a str) -> Self {
        let Board { epoch, seq, as_of, sol_usd, .. } = *board;
        Self { sol_usd, epoch, seq, as_of, rebased: None, stale, market, query: None }
    }
}

/// Where a page stands in its list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PageInfo<'a> {
    limit: usize,
    /// Leads to the next page; null on the last one.
    next_cursor: Option<&'a str>,
    /// Leads to the page before; null on the first one.
    prev_cursor: Option<&'a str>,
    has_more: bool,
    /// Rows of the whole list.
    total: usize,
}

/// A page of the list.
pub(super) fn list<'a>(
    api: &'a Api,
    pairs: &Pairs,
    params: ListParams,
    raw: &str,
) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let limit = params.rows();
    let ListParams { selection, cursor, shape, .. } = params;
    let page = page(api, &selection, limit, cursor.as_deref())?;
    // Of now, not of the snapshot: an old page shall not hide that nobody answers any more.
    let stale = api.store.snapshot().board.stale;
    let details = shape.pools.then(|| api.details.snapshot());
    let version = details.as_ref().map(|details| details.version);
    let hash = hash_of(&[raw, &format!("{stale} {} {:?} {version:?}", page.rebased, page.past_seq())]);
    let mut head = Head::new(&page.snapshot().board, hash, "no-cache");
    head.link = link(pairs, &page);
    let write = move || {
        let size = page.rows().iter().map(|row| row.json().len() + 40).sum::<usize>();
        let mut out = Vec::with_capacity(size + 2_048);
        out.extend_from_slice(b"{\"data\":[");
        for (place, row) in page.places.clone().zip(page.rows()) {
            if place > page.places.start {
                out.push(b',');
            }
            let places = Places { rank: Some(place + 1), rank_prev: page.rank_prev(row) };
            let spark = shape.sparkline.then(|| api.spark(row, page.snapshot().board.as_of)).flatten();
            let details = details.as_ref().and_then(|details| details.get(&row.token.id)).map(|details| &**details);
            shape.write(&mut out, row, places, &Extras { spark, details });
        }
        let info = PageInfo {
            limit,
            next_cursor: page.next_cursor.as_deref(),
            prev_cursor: page.prev_cursor.as_deref(),
            has_more: page.next_cursor.is_some(),
            total: page.list.rows.len(),
        };
        let meta = Meta {
            rebased: Some(page.rebased),
            query: Some(echo(&selection)),
            ..Meta::of(&page.snapshot().board, stale, api.market())
        };
        out.extend_from_slice(b"],\"page\":");
        append(&mut out, &info);
        out.extend_from_slice(b",\"meta\":");
        append(&mut out, &meta);
        out.push(b'}');
        out
    };
    Ok(Draft { head, write })
}

/// One token; `None` when it is not on the board.
pub(super) fn one<'a>(
    api: &'a Api,
    id: TokenId,
    shape: Shape,
    raw: &str,
) -> Option<Draft<impl FnOnce() -> Vec<u8> + use<'a>>> {
    let list = api.pages.current(&api.ranking);
    let row = list.snapshot.rows.get(&id).cloned()?;
    let past = api.pages.past(&api.ranking);
    let past_seq = past.as_ref().map(|past| past.seq);
    let details = api.details.snapshot();
    let details = details.get(&id).cloned();
    // The version of all details rises with every token's; what is told of this one says more.
    let told = format!(
        "{past_seq:?} {:?}",
        details.as_ref().map(|known| (&known.aliases, shape.pools.then_some(&known.pools)))
    );
    let head = Head::new(&list.snapshot.board, hash_of(&[raw, &told]), "no-cache");
    let write = move || {
        let rank = list.place_of(&id).map(|place| place + 1);
        let rank_prev = past.as_ref().and_then(|past| past.place_of(&id));
        let places = Places { rank, rank_prev };
        let spark = shape.sparkline.then(|| api.spark(&row, list.snapshot.board.as_of)).flatten();
        let extras = Extras { spark, details: details.as_deref() };
        single(api, &list.snapshot.board, &row, &shape, places, &extras)
    };
    Some(Draft { head, write })
}

/// A token that was looked up: like one on the board, but without a place.
pub(super) fn found<'a>(
    api: &'a Api,
    finding: &'a Finding,
    shape: Shape,
    raw: &str,
) -> Option<Draft<impl FnOnce() -> Vec<u8> + use<'a>>> {
    let snapshot = api.store.snapshot();
    let row = Row::new(finding.token.clone()?, snapshot.board.seq, snapshot.board.as_of);
    let mut head = Head::new(&snapshot.board, 0, "no-cache");
    head.tag(hash_of(&["found", raw, &format!("{:?} {:?}", row.json(), finding.details)]));
    let write = move || {
        let extras = Extras { spark: None, details: finding.details.as_deref() };
        single(api, &snapshot.board, &row, &shape, Places::default(), &extras)
    };
    Some(Draft { head, write })
}

/// The document of one token.
fn single(api: &Api, board: &Board, row: &Row, shape: &Shape, places: Places, extras: &Extras<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.json().len() + 2_048);
    out.extend_from_slice(b"{\"data\":");
    shape.write(&mut out, row, places, extras);
    if shape.fields.is_none() {
        // They belong into the object of the row.
        out.pop();
        out.extend_from_slice(b",\"aliases\":");
        append(&mut out, &extras.details.map(|details| &details.aliases));
        out.push(b'}');
    }
    out.extend_from_slice(b",\"meta\":");
    append(&mut out, &Meta::of(board, board.stale, api.market()));
    out.push(b'}');
    out
}

/// A page of the list, or why the cursor leads nowhere.
pub(super) fn page(api: &Api, selection: &Arc<Selection>, rows: usize, cursor: Option<&str>) -> Result<Page, Problem> {
    let refuse = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", "This is not a cursor of this list.");
    api.pages.page(selection, rows, cursor).map_err(refuse)
}

/// The id of the two parts of an address.
pub(super) fn token_id(chain: &str, address: &str) -> Result<TokenId, Problem> {
    let refuse = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "invalid_address", detail);
    let chain = Chain::parse(chain).ok_or_else(|| refuse("This is not the name of a chain."))?;
    TokenId::new(&chain, address).map_err(|_| refuse("This is not an address of that chain."))
}

/// The answer about a token that has no row.
pub(super) fn not_on_the_board() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "token_not_found", "This token is not on the board.")
}

fn append(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("text keys and finite numbers");
}

/// Where the pages after and before are, as a header.
pub(super) fn link(pairs: &Pairs, page: &Page) -> Option<HeaderValue> {
    let mut address = String::from("</tokens?");
    for (key, value) in pairs.iter().filter(|(key, _)| key != "cursor") {
        address.extend(utf8_percent_encode(key, PLAIN));
        address.push('=');
        address.extend(utf8_percent_encode(value, PLAIN));
        address.push('&');
    }
    let cursors = [(page.next_cursor.as_deref(), "next"), (page.prev_cursor.as_deref(), "prev")];
    let links =
        cursors.into_iter().filter_map(|(cursor, rel)| Some(format!("{address}cursor={}>; rel=\"{rel}\"", cursor?)));
    // The next page is worth more than the one before.
    let mut text = String::new();
    for link in links {
        if text.len() + link.len() > MAX_LINK {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(&link);
    }
    if text.is_empty() { None } else { HeaderValue::try_from(text).ok() }
}

/// The query as it was understood, defaults of rank and window included.
fn echo(selection: &Selection) -> Value {
    let query = selection.query();
    let mut echo = Map::new();
    let mut add = |key: &str, value: Value| drop(echo.insert(key.to_owned(), value));
    add("rank", query.rank.name().into());
    add("window", query.window.name().into());
    if let Some(sort) = query.sort.map(Sort::spelling) {
        add("sort", sort.into());
    }
    for (key, value) in query.to_pairs() {
        match key.as_str() {
            "rank" | "window" | "sort" => {}
            "ids" if query.ids.len() > MAX_IDS => {}
            "chain" | "dex" | "with_flags" | "without_flags" | "ids" => {
                add(&key, value.split(',').collect::<Vec<_>>().into());
            }
            "verified" => add(&key, json!(query.verified)),
            "min_age" | "max_age" | "q" => add(&key, value.into()),
            // Bounds: printed without a fraction where they have none.
            _ => add(&key, serde_json::from_str(&value).unwrap_or(Value::String(value))),
        }
    }
    if let Some(since) = selection.updated_since() {
        add("updated_since", json!(since));
    }
    echo.into()
}

/// The default ranking, in which a lone row has its place.
pub(super) fn ranking() -> Arc<Selection> {
    Arc::new(Selection::new(TokenQuery::default(), None))
}
