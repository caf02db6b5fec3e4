//! `GET /meta`: what can be asked, in a form that a program can offer to its user.

use std::collections::BTreeMap;

use memescope::query::{MAX_IDS, MAX_SEARCH_CHARS, Metric, PAGE_LIQUIDITY_FLOOR, Rank, SortKey};
use memescope::{EventKind, Flag, Interval, Source, Window, dex_label};
use serde_json::{Value, json};

use super::answer::{Head, hash_of};
use super::candles::{DEFAULT_CANDLES, MAX_CANDLES};
use super::format::Format;
use super::params::MAX_QUERY_IDS;
use super::rows::{Column, EXTRAS};
use super::search::MAX_HITS;
use super::{Api, Draft, tokens};
use crate::reader::MAX_ROWS;

pub(super) fn answer(api: &Api) -> Draft<impl FnOnce() -> Vec<u8> + use<'_>> {
    let snapshot = api.store.snapshot();
    let head = Head::new(&snapshot.board, hash_of(&["meta"]), "max-age=60");
    let write = move || {
        let mut chains: BTreeMap<&str, usize> = BTreeMap::new();
        let mut dexes: BTreeMap<&str, usize> = BTreeMap::new();
        for row in snapshot.rows.values() {
            *chains.entry(row.token.chain.as_str()).or_default() += 1;
            if let Some(dex) = row.token.dex.as_deref() {
                *dexes.entry(dex).or_default() += 1;
            }
        }
        let chains: Vec<Value> =
            chains.into_iter().map(|(chain, tokens)| json!({ "chain": chain, "tokens": tokens })).collect();
        let dexes: Vec<Value> = dexes
            .into_iter()
            .map(|(dex, tokens)| json!({ "dex": dex, "label": dex_label(dex), "tokens": tokens }))
            .collect();
        let data = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "tokens": snapshot.rows.len(),
            "chains": chains,
            "dexes": dexes,
            "sources": Source::ALL.map(|source| json!({ "source": source, "label": source.label() })),
            "windows": Window::ALL.map(|window| {
                json!({ "window": window.name(), "label": window.label(), "seconds": window.duration().as_secs() })
            }),
            "ranks": Rank::ALL.map(|rank| {
                json!({ "rank": rank.name(), "label": rank.label(), "formula": rank.formula() })
            }),
            "rank_note": "Rows with liquidity under 10,000 USD or flagged lookalike, fake_liquidity or wash stand after \
                          all others in every rank. Unknown figures stand last in either direction.",
            "sort_keys": SortKey::ALL.map(SortKey::name),
            "filters": filters(),
            "fields": Column::names(),
            "include": EXTRAS,
            "formats": Format::ALL.map(|format| json!({ "format": format.name(), "media_type": format.media() })),
            "format_note": "csv and ndjson bring the whole filtered list when neither limit nor cursor is given.",
            "query_note": "POST /tokens/query takes the same parameters as members of a JSON object, ids as a list. Ask \
                           with updated_since set to the meta.as_of of the last answer to be told only what changed since.",
            "candles": {
                "interval": Interval::ALL.map(Interval::name),
                "limit": { "min": 1, "max": MAX_CANDLES, "default": DEFAULT_CANDLES },
            },
            "flags": Flag::ALL.iter().map(|flag| json!({ "code": flag, "words": flag.words() })).collect::<Vec<_>>(),
            "event_types": EventKind::ALL.map(|(name, words)| json!({ "type": name, "words": words })),
            "event_note": "At most one of a kind for a token or a source in a minute; what is held back is told at its end \
                           if it still holds. The first commit after a start tells nothing. The last hour is kept, 2,000 \
                           at most. On /ws the channel events takes types and the filters of this list: with a filter \
                           only events of tokens that pass it are told.",
            "limits": {
                "limit": { "min": 1, "max": MAX_ROWS, "default": 50 },
                "search_limit": { "min": 1, "max": MAX_HITS, "default": 10 },
                "ids": MAX_IDS,
                "query_ids": MAX_QUERY_IDS,
                "q_chars": MAX_SEARCH_CHARS,
            },
            "page_defaults": { "min_liquidity_usd": PAGE_LIQUIDITY_FLOOR },
            "excluded": "Anchors (wrapped SOL, stablecoins) and tokens tagged lst or stocks are not on the board.",
        });
        let meta = tokens::Meta::of(&snapshot.board, snapshot.board.stale, api.market());
        json!({ "data": data, "meta": meta }).to_string().into_bytes()
    };
    Draft { head, write }
}

/// What can be filtered by. Bounds are inclusive; an unknown figure passes none.
fn filters() -> Vec<Value> {
    let bounds = Metric::ALL.into_iter().flat_map(|metric| {
        ["min", "max"].map(|side| {
            json!({
                "parameter": format!("{side}_{}", metric.name()),
                "type": "number",
                // Only a change can be negative.
                "min": (metric != Metric::ChangePct).then_some(0),
                "windowed": metric.is_windowed(),
            })
        })
    });
    let others = [
        ("chain", "list"),
        ("dex", "list"),
        ("ids", "list"),
        ("with_flags", "list"),
        ("without_flags", "list"),
        ("min_age", "duration"),
        ("max_age", "duration"),
        ("verified", "boolean"),
        ("q", "text"),
        ("updated_since", "time"),
    ];
    others.into_iter().map(|(name, kind)| json!({ "parameter": name, "type": kind })).chain(bounds).collect()
}
