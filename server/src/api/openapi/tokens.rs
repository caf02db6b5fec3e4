//! The list, and what belongs to one token.

use memescope::query::{MAX_IDS, MAX_SEARCH_CHARS, Metric, Rank, SortKey, TokenQuery};
use memescope::{Flag, Interval, Window};
use serde_json::{Map, Value, json};

use super::Schemas;
use super::operation::{Answer, Body, Operation, Parameter, TAGGED};
use super::shapes::{AnyRow, CandlesAnswer, PoolsAnswer, TokenAnswer, TokensAnswer};
use crate::api::candles::{DEFAULT_CANDLES, MAX_CANDLES};
use crate::api::format::Format;
use crate::api::params::{DEFAULT_ROWS, MAX_QUERY_IDS};
use crate::api::rows::{Column, EXTRAS};
use crate::reader::MAX_ROWS;

const TAG: &str = "Tokens";

/// A token that many know; any other would do.
pub(super) const ADDRESS: &str = "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm";

const LISTED: &[&str] = &["ETag", "Last-Modified", "Cache-Control", "Link"];

const FILE: &[&str] = &["Cache-Control", "Content-Disposition"];

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    vec![list(schemas), query(schemas), one(schemas), pools(schemas), candles(schemas)]
}

/// A list in each of its forms. The headers are those of the page; a file says its name too.
fn forms(schemas: &mut Schemas, headers: &'static [&'static str]) -> Vec<Answer> {
    const CSV: &str = "text/csv; charset=utf-8; header=present";
    let page = Answer::json(&schemas.of::<TokensAnswer>(), headers, "The page.");
    let csv = Answer::text(CSV, FILE, "As a table: a line of names, then a line a row. What is not known is empty.");
    let line = Some(schemas.of::<AnyRow>());
    let ndjson = Answer::text(Format::Ndjson.media(), FILE, "A row a line, each as in `data` of the page.");
    vec![page, csv, Answer { line, ..ndjson }]
}

fn list(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/tokens",
        method: "get",
        id: "listTokens",
        tag: TAG,
        summary: "A ranked, filtered page of tokens",
        words: "Nothing is filtered that was not asked for. A page's `next_cursor` continues the same frozen list, so that \
                paging neither repeats nor skips a token while ranks move; where that list is gone, `meta.rebased` says so. \
                An unknown parameter is refused: a typing error in a filter must not show unfiltered rows. Rows with \
                liquidity under 10,000 USD, or flagged `lookalike`, `fake_liquidity` or `wash`, stand after all others in \
                every rank. Unknown figures stand last in either direction, and pass no bound.\n\n`format`, or else `Accept`, \
                chooses between a page in JSON and a file in CSV or NDJSON. A file is the whole list, unless `limit` or \
                `cursor` makes it a page; it is streamed out of one snapshot. A table has no columns for what `include` adds."
            .into(),
        parameters: list_parameters(),
        body: None,
        answers: forms(schemas, LISTED),
        problems: &["invalid_parameter", "unknown_parameter", "invalid_cursor", "not_acceptable", "not_ready"],
        limited: true,
    }
}

fn query(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/tokens/query",
        method: "post",
        id: "queryTokens",
        tag: TAG,
        summary: "The list, for more tokens than an address names",
        words: format!(
            "The members of the body are the parameters of `GET /tokens`, with up to {MAX_QUERY_IDS} `ids` and as many rows. \
             Rows keep the order of the ids unless `sort` is given; ids that are not on the board are left out. With \
             `updated_since` a program is told only what changed since it last asked. The address takes no parameters, and \
             nobody may keep the answer."
        ),
        parameters: Vec::new(),
        body: Some(query_body()),
        answers: forms(schemas, &["Cache-Control"]),
        problems: &[
            "invalid_parameter",
            "unknown_parameter",
            "bad_request",
            "invalid_cursor",
            "not_acceptable",
            "request_timeout",
            "payload_too_large",
            "unsupported_media_type",
            "not_ready",
        ],
        limited: true,
    }
}

/// The parameters of the list as members of an object.
fn query_body() -> Body {
    let member = |parameter: Parameter| {
        let Parameter { name, mut schema, example, .. } = parameter;
        match name.as_str() {
            "ids" => schema["maxItems"] = json!(MAX_QUERY_IDS),
            // As many as there are ids, or those of a page.
            "limit" => schema = json!({ "type": "integer", "minimum": 1, "maximum": MAX_QUERY_IDS }),
            _ => {}
        }
        if !example.is_null() {
            schema["examples"] = json!([example]);
        }
        (name, schema)
    };
    let members: Map<String, Value> = list_parameters().into_iter().map(member).collect();
    Body {
        words: "A JSON object of at most 64 KiB. Lists may also be texts with commas, numbers and truth values texts; \
                `null` asks nothing.",
        schema: json!({ "type": "object", "properties": members, "additionalProperties": false }),
        example: json!({
            "ids": [format!("solana:{ADDRESS}")],
            "fields": ["id", "price_usd", "updated_at"],
            "updated_since": "2026-11-22T21:55:03Z",
        }),
    }
}

fn one(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/tokens/{chain}/{address}",
        method: "get",
        id: "getToken",
        tag: TAG,
        summary: "One token",
        words: "The row as the list has it, with its other names, and its place in the default ranking. A token that is not on \
                the board is looked up at DexScreener; what is found has no `rank`."
            .into(),
        parameters: [place(), shape()].concat(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<TokenAnswer>(), TAGGED, "The token.")],
        problems: &[
            "invalid_parameter",
            "unknown_parameter",
            "invalid_address",
            "token_not_found",
            "not_acceptable",
            "not_ready",
            "sources_unavailable",
            "upstream_timeout",
        ],
        limited: true,
    }
}

fn pools(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/tokens/{chain}/{address}/pools",
        method: "get",
        id: "getPools",
        tag: TAG,
        summary: "Where a token trades",
        words:
            "The pools of a token on the board, best first, and why each of them counts or does not. A token that is \
                priced by Jupiter alone has none. The `ETag` changes with the pools, not with every board."
                .into(),
        parameters: place(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<PoolsAnswer>(), TAGGED, "The pools.")],
        problems: &[
            "invalid_parameter",
            "unknown_parameter",
            "invalid_address",
            "token_not_found",
            "not_acceptable",
            "not_ready",
        ],
        limited: true,
    }
}

fn candles(schemas: &mut Schemas) -> Operation {
    let intervals = Interval::ALL.map(Interval::name);
    // Seconds or RFC 3339, so plain text; the server reads up to eleven digits.
    let moment = json!({ "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": 99_999_999_999_i64 },
        { "type": "string", "format": "date-time" },
    ]});
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_CANDLES, "default": DEFAULT_CANDLES });
    let own = vec![
        Parameter::query("interval", "How long a candle lasts.", one_of(&intervals, Some(intervals[0])), "15m"),
        Parameter::query(
            "from",
            "Only candles that begin at or after this: seconds since 1970, or RFC 3339.",
            moment.clone(),
            1_795_384_500,
        ),
        Parameter::query("to", "Only candles that begin before this.", moment, "2036-11-22T21:55:00Z"),
        Parameter::query("limit", "The most candles; the newest are told.", limit, 10),
    ];
    Operation {
        path: "/tokens/{chain}/{address}/candles",
        method: "get",
        id: "getCandles",
        tag: TAG,
        summary: "What a token cost, interval by interval",
        words: "What this server saw of the price, and what GeckoTerminal tells of the time before. A minute in which \
                nobody looked has no candle. Prices have six significant digits. A range that is over may be kept for a \
                minute."
            .into(),
        parameters: [place(), own].concat(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<CandlesAnswer>(), TAGGED, "The candles, oldest first.")],
        problems: &[
            "invalid_parameter",
            "unknown_parameter",
            "invalid_address",
            "token_not_found",
            "not_acceptable",
            "not_ready",
        ],
        limited: true,
    }
}

/// Chain and address.
fn place() -> Vec<Parameter> {
    let chain = json!({ "type": "string", "pattern": "^[a-z0-9_-]{1,32}$" });
    let address = json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9:_.-]+$" });
    vec![
        Parameter::path("chain", "The chain's slug, or an alias of it.", chain, "solana"),
        Parameter::path("address", "The token's address on that chain.", address, ADDRESS),
    ]
}

/// Which parts of rows are wanted.
fn shape() -> Vec<Parameter> {
    vec![
        Parameter::query(
            "fields",
            "Only these fields of the rows.",
            any_of(&Column::names()),
            json!(["id", "price_usd"]),
        ),
        Parameter::query(
            "include",
            "Parts of rows that are not sent unless they are asked for.",
            any_of(&EXTRAS),
            json!(["provenance"]),
        ),
    ]
}

fn list_parameters() -> Vec<Parameter> {
    let mut all = query_parameters();
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": DEFAULT_ROWS });
    all.extend(shape());
    all.extend([
        Parameter::query("limit", "Rows of the page.", limit, 20),
        Parameter::query(
            "cursor",
            "The `next_cursor` of the page before, with the same filters and order. Opaque.",
            json!({ "type": "string" }),
            Value::Null,
        ),
        Parameter::query(
            "format",
            "The form of the answer. Written out, `Accept` does not matter.",
            one_of(&Format::ALL.map(Format::name), None),
            "json",
        ),
        Parameter::query(
            "updated_since",
            "Only rows of which a board made after this told a change. Send the `meta.as_of` of the last answer.",
            json!({ "type": "string", "format": "date-time" }),
            "2026-11-22T21:55:03Z",
        ),
    ]);
    all
}

/// Filters, order and window: what a [`TokenQuery`] is read from.
pub(super) fn query_parameters() -> Vec<Parameter> {
    let ranks: Vec<String> = Rank::ALL.map(|rank| format!("`{}`: {}", rank.name(), rank.formula())).into();
    let chain = json!({ "type": "array", "items": { "type": "string", "pattern": "^[a-z0-9_-]{1,32}$" } });
    let dex = json!({ "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" } });
    let ids = json!({
        "type": "array", "maxItems": MAX_IDS,
        "items": { "type": "string", "pattern": "^[a-z0-9_-]{1,32}:\\S+$" },
    });
    let age = json!({ "type": "string", "pattern": "^0$|^[0-9]{1,8}[smh]$|^[0-9]{1,4}d$" });
    let codes: Vec<&str> = Flag::ALL.iter().map(|flag| flag.code()).collect();
    let mut all = vec![
        Parameter::query(
            "rank",
            format!("A named order.\n\n{}", ranks.join("\n\n")),
            one_of(&Rank::ALL.map(Rank::name), Some(Rank::default().name())),
            "gainers",
        ),
        Parameter::query(
            "window",
            "Drives the rank, and bounds without a window of their own.",
            one_of(
                &[Window::ALL.map(Window::name), Window::ALL.map(Window::label)].concat(),
                Some(Window::default().name()),
            ),
            "h1",
        ),
        Parameter::query(
            "sort",
            "A column to sort by instead of the rank; `-` descends. `volume`, `price`, `marketCap` and `priceChange` are \
             older spellings, and descend.",
            one_of(&sorts().iter().map(String::as_str).collect::<Vec<_>>(), None),
            "-volume_usd",
        ),
        Parameter::query("chain", "Any of these chains.", chain, json!(["solana"])),
        Parameter::query("dex", "Any of these venues.", dex, json!(["raydium", "orca"])),
        Parameter::query("min_age", "At least this old, by the oldest pool.", age.clone(), "30m"),
        Parameter::query("max_age", "At most this old.", age, "7d"),
        Parameter::query("verified", "Verified by Jupiter, or not.", json!({ "type": "boolean" }), true),
        Parameter::query("with_flags", "All of these flags stand on the row.", any_of(&codes), json!(["new"])),
        Parameter::query(
            "without_flags",
            "None of these flags does.",
            any_of(&codes),
            json!(["lookalike", "fake_liquidity"]),
        ),
        Parameter::query(
            "q",
            "Text in symbol, name or address.",
            json!({ "type": "string", "maxLength": MAX_SEARCH_CHARS }),
            "cat",
        ),
        Parameter::query(
            "ids",
            "Only these tokens, in this order unless sorted.",
            ids,
            json!([format!("solana:{ADDRESS}")]),
        ),
    ];
    all.extend(Metric::ALL.into_iter().flat_map(bounds));
    all
}

/// The bounds of a figure; of one that is counted over a window also those with the window written out.
fn bounds(metric: Metric) -> Vec<Parameter> {
    let schema = match metric {
        // Only a change can be negative.
        Metric::ChangePct => json!({ "type": "number" }),
        _ => json!({ "type": "number", "minimum": 0 }),
    };
    let figure = metric.name();
    let mut all = Vec::new();
    // What a reader of the board would write; of everything else something that lets most rows pass.
    let least = if metric == Metric::LiquidityUsd { json!(10_000) } else { json!(0.5) };
    for (side, words, example) in [("min", "At least", least), ("max", "At most", json!(1_000_000_000))] {
        let name = format!("{side}_{figure}");
        let over = if metric.is_windowed() { ", in the window" } else { "" };
        let words = format!("{words} this `{figure}`{over}.");
        all.push(Parameter::query(&name, words.clone(), schema.clone(), example.clone()));
        for window in Window::ALL.into_iter().filter(|_| metric.is_windowed()) {
            let words = words.replace("the window", &format!("`{window}`"));
            let variant = Parameter::query(&format!("{name}.{window}"), words, schema.clone(), example.clone());
            all.push(variant.variant_of(&name));
        }
    }
    all
}

fn sorts() -> Vec<String> {
    let keys = SortKey::ALL.map(SortKey::name);
    let own = keys.iter().flat_map(|key| [(*key).to_owned(), format!("-{key}")]);
    own.chain(["volume", "price", "marketCap", "priceChange"].map(str::to_owned)).collect()
}

/// One of some names.
pub(super) fn one_of(names: &[&str], default: Option<&str>) -> Value {
    let mut schema = json!({ "type": "string", "enum": names });
    if let Some(default) = default {
        schema["default"] = json!(default);
    }
    schema
}

/// A list of some names.
pub(super) fn any_of(names: &[&str]) -> Value {
    json!({ "type": "array", "items": { "type": "string", "enum": names } })
}

#[test]
fn every_parameter_of_the_list_is_described() {
    let described: std::collections::BTreeSet<String> =
        list_parameters().into_iter().map(|parameter| parameter.name).collect();
    let read: std::collections::BTreeSet<String> = crate::api::params::list_keys().into_iter().collect();
    let missing: Vec<_> = read.difference(&described).collect();
    let gone: Vec<_> = described.difference(&read).collect();
    assert!(missing.is_empty() && gone.is_empty(), "add {missing:?}, remove {gone:?}");
    let of_queries: std::collections::BTreeSet<String> = query_parameters()
        .into_iter()
        .filter(|parameter| parameter.variant_of.is_none())
        .map(|parameter| parameter.name)
        .collect();
    assert_eq!(of_queries, TokenQuery::keys().into_iter().collect());
}
