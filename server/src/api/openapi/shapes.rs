//! The bodies of answers, as types that schemas are made of. Answers are put together from pieces that are printed
//! already; that these types are true of them is what the tests of this folder hold every answer of theirs to.
#![expect(dead_code, reason = "read by their schemas alone")]

use std::sync::Arc;

use memescope::{
    CandleSource, Epoch, Event, Field, FieldProvenance, Flag, FlagDetail, PoolView, Price, Seq, SortedMap, Source,
    SourceReport, SparkView, Timestamp, Token,
};
use schemars::JsonSchema;

use crate::api::search::Hit;
use crate::api::tokens::{Meta, PageInfo};

/// A token's row.
#[derive(JsonSchema)]
pub(super) struct Row {
    /// Its place in the list, from 1; of a single token that in the default ranking.
    rank: Option<usize>,
    /// Its place five minutes ago in the same list; null when that is not known.
    rank_prev: Option<usize>,
    #[schemars(flatten)]
    token: Token,
    /// With `include=provenance`: where each field comes from. An unknown field has no entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<SortedMap<Field, FieldProvenance>>,
    /// With `include=provenance`: why each flag stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    flag_details: Option<Vec<FlagDetail>>,
    /// With `include=sparkline`: the course of the last day; null when too little is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    sparkline: Option<SparkView>,
    /// With `include=pools`: where it trades, best first; empty when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pools: Option<Vec<PoolView>>,
}

/// A token's row, and its other names.
#[derive(JsonSchema)]
pub(super) struct TokenRow {
    #[schemars(flatten)]
    row: Row,
    /// Other names that sources gave it; null when they are not kept.
    aliases: Option<Vec<Arc<str>>>,
}

/// A row of which only some fields were asked for.
#[derive(JsonSchema)]
#[schemars(transform = nothing_is_required)]
pub(super) struct SparseRow {
    #[schemars(flatten)]
    row: Row,
}

fn nothing_is_required(schema: &mut schemars::Schema) {
    schema.remove("required");
}

#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum AnyRow {
    Whole(Row),
    Sparse(SparseRow),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum AnyTokenRow {
    Whole(TokenRow),
    Sparse(SparseRow),
}

/// A page of the list.
#[derive(JsonSchema)]
pub(super) struct TokensAnswer {
    data: Vec<AnyRow>,
    page: PageInfo<'static>,
    meta: Meta<'static>,
}

/// One token.
#[derive(JsonSchema)]
pub(super) struct TokenAnswer {
    data: AnyTokenRow,
    meta: Meta<'static>,
}

/// The pools of a token, best first.
#[derive(JsonSchema)]
pub(super) struct PoolsAnswer {
    data: Vec<PoolView>,
    meta: Meta<'static>,
}

/// `[second, open, high, low, close, usd]`: prices are decimals as text, the volume is a number or null.
#[derive(JsonSchema)]
struct CandleRow(i64, Price, Price, Price, Price, Option<f64>);

/// Candles, oldest first.
#[derive(JsonSchema)]
pub(super) struct CandlesAnswer {
    data: Vec<CandleRow>,
    meta: CandlesMeta,
}

/// What the candles are of.
#[derive(JsonSchema)]
struct CandlesMeta {
    /// How long each lasts.
    interval: String,
    /// Who saw these prices; null when there are none.
    source: Option<CandleSource>,
    /// The pool that the price is of now; candles of the past may be of others.
    pool: Option<String>,
    /// `live` or `demo`.
    market: String,
    /// When the board was made.
    as_of: Timestamp,
}

/// What was probably meant, the best first.
#[derive(JsonSchema)]
pub(super) struct SearchAnswer {
    data: Vec<Hit<'static>>,
}

/// How the sources do.
#[derive(JsonSchema)]
pub(super) struct SourcesAnswer {
    data: Vec<SourceReport>,
    meta: SourcesMeta,
}

#[derive(JsonSchema)]
struct SourcesMeta {
    /// `live` or `demo`.
    market: String,
    /// Whether no source has answered for too long.
    stale: bool,
}

/// Events, oldest first.
#[derive(JsonSchema)]
pub(super) struct EventsAnswer {
    data: Vec<Event>,
    meta: EventsMeta,
}

#[derive(JsonSchema)]
struct EventsMeta {
    epoch: Epoch,
    /// The board's seq.
    seq: Seq,
    /// When the board was made.
    as_of: Timestamp,
    /// `live` or `demo`.
    market: String,
    /// Whether the limit left some out.
    has_more: bool,
    /// Whether some that followed `since` may be forgotten already.
    gap: bool,
}

/// What can be asked.
#[derive(JsonSchema)]
pub(super) struct MetaAnswer {
    data: Catalogue,
    meta: Meta<'static>,
}

#[derive(JsonSchema)]
struct Catalogue {
    /// Of the server.
    version: String,
    /// How many are on the board.
    tokens: usize,
    /// Chains on the board.
    chains: Vec<ChainCount>,
    /// Venues on the board.
    dexes: Vec<DexCount>,
    sources: Vec<SourceName>,
    windows: Vec<WindowName>,
    ranks: Vec<RankName>,
    /// What holds for every rank.
    rank_note: String,
    sort_keys: Vec<String>,
    filters: Vec<FilterKind>,
    /// What `fields` may name.
    fields: Vec<String>,
    /// What `include` may name.
    include: Vec<String>,
    /// What `format` may name.
    formats: Vec<FormatName>,
    /// What holds for files.
    format_note: String,
    /// What `POST /tokens/query` is for.
    query_note: String,
    candles: CandleKinds,
    flags: Vec<FlagName>,
    event_types: Vec<EventName>,
    /// What holds for all events.
    event_note: String,
    limits: Limits,
    page_defaults: PageDefaults,
    /// What is never on the board.
    excluded: String,
}

#[derive(JsonSchema)]
struct ChainCount {
    chain: String,
    tokens: usize,
}

#[derive(JsonSchema)]
struct DexCount {
    dex: String,
    /// The name that a person reads.
    label: String,
    tokens: usize,
}

#[derive(JsonSchema)]
struct SourceName {
    source: Source,
    /// The name that a person reads.
    label: String,
}

#[derive(JsonSchema)]
struct WindowName {
    window: String,
    /// The name that a person reads; taken as a value too.
    label: String,
    seconds: u64,
}

#[derive(JsonSchema)]
struct RankName {
    rank: String,
    /// The name that a person reads.
    label: String,
    /// How the order is made.
    formula: String,
}

#[derive(JsonSchema)]
struct FilterKind {
    parameter: String,
    /// `number`, `list`, `duration`, `boolean`, `text` or `time`.
    r#type: String,
    /// Of numbers: the least value that is taken; null when any is.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    /// Of numbers: whether a window may follow the name, as in `min_volume_usd.h1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    windowed: Option<bool>,
}

#[derive(JsonSchema)]
struct FormatName {
    format: String,
    /// As in `Accept`.
    media_type: String,
}

#[derive(JsonSchema)]
struct CandleKinds {
    interval: Vec<String>,
    limit: Limit,
}

#[derive(JsonSchema)]
struct Limit {
    min: usize,
    max: usize,
    default: usize,
}

#[derive(JsonSchema)]
struct FlagName {
    code: Flag,
    /// The words on the page.
    words: String,
}

#[derive(JsonSchema)]
struct EventName {
    r#type: String,
    /// What it tells, and when.
    words: String,
}

#[derive(JsonSchema)]
struct Limits {
    limit: Limit,
    search_limit: Limit,
    /// The most ids of a request.
    ids: usize,
    /// The most ids of a body of `POST /tokens/query`.
    query_ids: usize,
    /// The most characters of `q`.
    q_chars: usize,
}

#[derive(JsonSchema)]
struct PageDefaults {
    /// The floor of the page's default view; the API has none.
    min_liquidity_usd: f64,
}

/// The process lives.
#[derive(JsonSchema)]
pub(super) struct Liveness {
    /// `ok`
    status: String,
}
