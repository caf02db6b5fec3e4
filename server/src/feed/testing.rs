//! A small market for tests of the feed, and a client that follows the rules of the protocol.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use memescope::feed::{DeltaFrame, ServerMessage, SnapshotFrame, Verdict, apply_splices, judge};
use memescope::query::TokenQuery;
use memescope::{
    Board, Chain, Epoch, Field, FieldProvenance, Flag, FlagDetail, Provenance, Seq, Source, Timestamp, Token, TokenId,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::bus::LogEntry;
use crate::store::{Commit, Snapshot, Store};

/// The id of a numbered token.
pub(super) fn id(number: u8) -> TokenId {
    let address = bs58::encode([number; 32]).into_string();
    TokenId::new(&Chain::solana(), &address).expect("32 bytes are an address")
}

/// What a commit does: numbered tokens that come or change, with a figure, and those that leave (`None`). Figures that
/// differ by thousands make rows that differ in the origins of their fields alone.
pub(super) type Step = BTreeMap<u8, Option<u16>>;

/// Any sequence of steps.
pub(super) fn any_steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let figure = prop_oneof![0u16..400, proptest::sample::select(vec![150u16, 300])];
    let figure = (figure, 0u16..4).prop_map(|(figure, origins)| figure + origins * 1_000);
    let change = prop_oneof![4 => figure.prop_map(Some), 1 => Just(None)];
    let step = proptest::collection::btree_map(1u8..30, change, 0..12);
    proptest::collection::vec(step, 1..=count)
}

/// A query from its text.
pub(super) fn query(text: &str) -> TokenQuery {
    let parsed = TokenQuery::parse(text.split('&').filter_map(|pair| pair.split_once('=')));
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.query
}

/// A store that is committed to by hand. Its time is its seq, in seconds.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) store: Arc<Store>,
    /// All snapshots that there were.
    snapshots: Mutex<BTreeMap<Seq, Arc<Snapshot>>>,
}

impl Market {
    pub(super) fn new() -> Self {
        let store = Arc::new(Store::new(Board { epoch: Epoch::from_bits(7), ..Board::default() }));
        let snapshots = Mutex::new(BTreeMap::from([(0, store.snapshot())]));
        Self { store, snapshots }
    }

    /// The market of a store that goes on.
    pub(super) fn of(store: Arc<Store>) -> Self {
        let now = store.snapshot();
        let snapshots = Mutex::new(BTreeMap::from([(now.board.seq, now)]));
        Self { store, snapshots }
    }

    /// The snapshot of a seq.
    pub(super) fn snapshot_at(&self, seq: Seq) -> Arc<Snapshot> {
        self.snapshots.lock().expect("no test goes on after a panic")[&seq].clone()
    }

    /// Commits a step; returns what was committed.
    pub(super) fn commit(&self, step: &Step) -> Arc<Commit> {
        let before = self.store.snapshot();
        let as_of = Timestamp::from_secs(i64::try_from(before.board.seq + 1).expect("small"));
        let mut tokens = before.board.tokens.clone();
        for (number, figure) in step {
            match figure {
                Some(figure) => tokens.insert(id(*number), Arc::new(token(*number, *figure))),
                None => tokens.remove(&id(*number)),
            };
        }
        let after = before.board.advance(as_of, None, false, tokens);
        self.publish(&before.board, &after)
    }

    pub(super) fn publish(&self, before: &Board, after: &Board) -> Arc<Commit> {
        let delta = Some(Arc::new(before.diff(after)));
        let entry = LogEntry { delta, events: Arc::default(), reports: Arc::default() };
        let commit = self.store.commit(&entry).expect("it follows").expect("it has a delta");
        let snapshot = commit.snapshot.clone();
        self.snapshots.lock().expect("no test goes on after a panic").insert(snapshot.board.seq, snapshot);
        commit
    }
}

fn token(number: u8, figure: u16) -> Token {
    let (figure, origins) = (figure % 1_000, figure / 1_000);
    let mut token = Token::new(id(number), Timestamp::from_secs(i64::from(figure)));
    token.provenance = Arc::new(provenance(figure, origins));
    token.symbol = Some(format!("T{}", figure % 7).into());
    token.liquidity_usd = Some(f64::from(figure) * 100.0);
    token.volume_usd.h24 = (!figure.is_multiple_of(5)).then_some(f64::from(figure));
    token.change_pct.h24 = Some(f64::from(figure) - 200.0);
    token.price_usd = memescope::Price::new(u64::from(figure) + 1, -3);
    token.created_at = Some(Timestamp::from_secs(i64::from(number)));
    token
}

/// Origins that have members now and then.
fn provenance(figure: u16, origins: u16) -> Provenance {
    let mut provenance = Provenance::default();
    let others = [(Source::Dexscreener, "1"), (Source::Geckoterminal, "2")];
    let others = others.into_iter().filter(|(source, _)| (*source == Source::Dexscreener) == origins.is_multiple_of(2));
    let price = FieldProvenance {
        source: Source::Jupiter.into(),
        pool: (origins == 1).then(|| "pool".into()),
        observed_at: Timestamp::from_secs(i64::from(figure)),
        others: others.map(|(source, price)| (source, price.into())).collect(),
        spread_pct: (origins > 1).then_some(0.5),
    };
    if origins > 0 {
        let volume = FieldProvenance { pool: None, source: Source::Dexscreener.into(), ..price.clone() };
        provenance.fields.insert(Field::VolumeUsd, volume);
    }
    provenance.fields.insert(Field::PriceUsd, price);
    if origins == 3 {
        let detail = "a reason".to_owned();
        provenance.flags.push(FlagDetail { code: Flag::Wash, source: None, since: Timestamp::from_secs(1), detail });
    }
    provenance
}

/// What a client holds of one subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held {
    pub(super) have: Seq,
    pub(super) ids: Vec<TokenId>,
    pub(super) total: u64,
    pub(super) rows: BTreeMap<TokenId, Value>,
}

/// A client that follows the rules: of one subscription.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// `None` before the first snapshot and after a gap.
    pub(super) held: Option<Held>,
    parts: Vec<Value>,
}

impl Client {
    /// Takes a frame; says whether it was a gap.
    pub(super) fn take(&mut self, text: &str) -> Verdict {
        let value: Value = serde_json::from_str(text).expect("JSON");
        if let Some(part) = value.get("part") {
            let (number, count) = (part[0].as_u64(), part[1].as_u64());
            self.parts.push(value.clone());
            if number != count {
                return Verdict::Ignore;
            }
            let parts = std::mem::take(&mut self.parts);
            let mut whole = Map::new();
            for part in parts {
                for (key, piece) in part.as_object().expect("an object") {
                    match (whole.get_mut(key), piece) {
                        (Some(Value::Array(all)), Value::Array(more)) => all.extend(more.iter().cloned()),
                        _ => drop(whole.insert(key.clone(), piece.clone())),
                    }
                }
            }
            whole.remove("part");
            return self.apply(Value::Object(whole));
        }
        self.apply(value)
    }

    fn apply(&mut self, value: Value) -> Verdict {
        let raw_rows: Vec<Value> = value["rows"].as_array().cloned().unwrap_or_default();
        let raw_patches: Vec<Value> = value["patches"].as_array().cloned().unwrap_or_default();
        match serde_json::from_value(value).expect("a message") {
            ServerMessage::Snapshot(SnapshotFrame { seq, ids, total, .. }) => {
                let mut held = Held { have: seq, ..Held::default() };
                held.ids = ids.unwrap_or_default();
                held.total = total.unwrap_or_default();
                held.add(raw_rows);
                self.held = Some(held);
                Verdict::Apply
            }
            ServerMessage::Delta(delta) => self.delta(&delta, raw_rows, raw_patches),
            other => unreachable!("only frames of a subscription are taken: {other:?}"),
        }
    }

    fn delta(&mut self, delta: &DeltaFrame, rows: Vec<Value>, patches: Vec<Value>) -> Verdict {
        let Some(held) = &mut self.held else { return Verdict::Gap };
        let verdict = judge(held.have, delta.prev, delta.seq);
        match verdict {
            Verdict::Gap => self.held = None,
            Verdict::Ignore => {}
            Verdict::Apply => {
                held.have = delta.seq;
                if let Some(splices) = &delta.splices {
                    apply_splices(&mut held.ids, splices).expect("splices fit");
                }
                held.total = delta.total.unwrap_or(held.total);
                for id in &delta.gone {
                    held.rows.remove(id);
                }
                held.add(rows);
                for patch in patches {
                    let id = patch["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
                    let Some(row) = held.rows.get_mut(&id) else {
                        self.held = None;
                        return Verdict::Gap;
                    };
                    merge(row, patch);
                }
            }
        }
        verdict
    }
}

impl Held {
    fn add(&mut self, rows: Vec<Value>) {
        for row in rows {
            let id = row["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            self.rows.insert(id, row);
        }
    }
}

/// A merge patch, except that `null` stays: all fields are always there. Not so inside `provenance`.
fn merge(row: &mut Value, patch: Value) {
    match (row, patch) {
        (Value::Object(row), Value::Object(patch)) => {
            for (key, change) in patch {
                if key == "provenance" {
                    merge_away(row.entry(key).or_insert(Value::Null), change);
                } else {
                    merge(row.entry(key).or_insert(Value::Null), change);
                }
            }
        }
        (slot, change) => *slot = change,
    }
}

/// A merge patch to the letter: `null` takes away.
fn merge_away(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(members), Value::Object(patch)) => {
            for (key, change) in patch {
                if change.is_null() {
                    members.remove(&key);
                } else {
                    merge_away(members.entry(key).or_insert(Value::Null), change);
                }
            }
        }
        (slot, change) => *slot = change,
    }
}

/// The row as the server has it.
pub(super) fn row(store: &Store, id: &TokenId) -> Option<Value> {
    store.snapshot().rows.get(id).map(|row| serde_json::from_slice(row.json()).expect("JSON"))
}
