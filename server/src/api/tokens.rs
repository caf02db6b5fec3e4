//! `GET /tokens` and `GET /tokens/{chain}/{address}`.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use memescope::query::{Sort, TokenQuery};
use memescope::{Board, Chain, TokenId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{Head, hash_of};
use super::params::{self, ListParams, Pairs};
use super::{Api, Draft};
use crate::pages::Selection;
use crate::problem::Problem;

/// What stays as it is in the address of the next page.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

/// A longer `Link` would not pass every proxy; the cursor stands in the body too.
const MAX_LINK: usize = 4_096;

/// What every answer says about the board that it was made of.
#[derive(Serialize)]
pub(super) struct Meta<'a> {
    sol_usd: Option<memescope::Price>,
    epoch: memescope::Epoch,
    seq: memescope::Seq,
    as_of: memescope::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    rebased: Option<bool>,
    stale: bool,
    market: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<Value>,
}

impl<'a> Meta<'a> {
    pub(super) fn of(board: &Board, stale: bool, market: &'a str) -> Self {
        let Board { epoch, seq, as_of, sol_usd, .. } = *board;
        Self { sol_usd, epoch, seq, as_of, rebased: None, stale, market, query: None }
    }
}

#[derive(Serialize)]
struct PageInfo<'a> {
    limit: usize,
    next_cursor: Option<&'a str>,
    prev_cursor: Option<&'a str>,
    has_more: bool,
    total: usize,
}

/// A page of the list.
pub(super) fn list<'a>(
    api: &'a Api,
    pairs: &Pairs,
    params: ListParams,
    raw: &str,
) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let ListParams { selection, limit, cursor, shape, .. } = params;
    let page = api
        .pages
        .page(&selection, limit, cursor.as_deref())
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", "This is not a cursor of this list."))?;
    // Of now, not of the snapshot: an old page shall not hide that nobody answers any more.
    let stale = api.store.snapshot().board.stale;
    let hash = hash_of(&[raw, &format!("{stale} {} {:?}", page.rebased, page.past_seq())]);
    let mut head = Head::new(&page.snapshot().board, hash, "no-cache");
    head.link = page.next_cursor.as_deref().and_then(|cursor| link(pairs, cursor));
    let write = move || {
        let size = page.rows().iter().map(|row| row.json.len() + 40).sum::<usize>();
        let mut out = Vec::with_capacity(size + 2_048);
        out.extend_from_slice(b"{\"data\":[");
        for (place, row) in page.places.clone().zip(page.rows()) {
            if place > page.places.start {
                out.push(b',');
            }
            let spark = shape.sparkline.then(|| api.spark(row, page.snapshot().board.as_of));
            shape.write(&mut out, row, (Some(place + 1), page.rank_prev(row)), spark.as_ref());
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

/// One token.
pub(super) fn one<'a>(
    api: &'a Api,
    chain: &str,
    address: &str,
    pairs: &Pairs,
    raw: &str,
) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let shape = params::shape(pairs)?;
    let id = token_id(chain, address)?;
    let list = api.pages.current(&api.ranking);
    let row = list.snapshot.rows.get(&id).cloned().ok_or_else(not_on_the_board)?;
    let past = api.pages.past(&api.ranking);
    let past_seq = past.as_ref().map(|past| past.seq);
    let aliases = api.aliases.as_ref().map(|aliases| aliases(&id));
    let head = Head::new(&list.snapshot.board, hash_of(&[raw, &format!("{past_seq:?} {aliases:?}")]), "no-cache");
    let write = move || {
        let mut out = Vec::with_capacity(row.json.len() + 2_048);
        out.extend_from_slice(b"{\"data\":");
        let place = list.place_of(&id).map(|place| place + 1);
        let former = past.as_ref().and_then(|past| past.place_of(&id));
        let spark = shape.sparkline.then(|| api.spark(&row, list.snapshot.board.as_of));
        shape.write(&mut out, &row, (place, former), spark.as_ref());
        if shape.fields.is_none() {
            // They belong into the object of the row.
            out.pop();
            out.extend_from_slice(b",\"aliases\":");
            append(&mut out, &aliases);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"meta\":");
        let board = &list.snapshot.board;
        append(&mut out, &Meta::of(board, board.stale, api.market()));
        out.push(b'}');
        out
    };
    Ok(Draft { head, write })
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

/// Where the next page is, as a header.
fn link(pairs: &Pairs, cursor: &str) -> Option<HeaderValue> {
    let mut text = String::from("</tokens?");
    for (key, value) in pairs.iter().filter(|(key, _)| key != "cursor") {
        for piece in [utf8_percent_encode(key, PLAIN).to_string().as_str(), "="] {
            text.push_str(piece);
        }
        text.extend(utf8_percent_encode(value, PLAIN));
        text.push('&');
    }
    text.push_str("cursor=");
    text.push_str(cursor);
    text.push_str(">; rel=\"next\"");
    HeaderValue::try_from(text).ok().filter(|value| value.len() <= MAX_LINK)
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
