//! The rows of the newest snapshot laid out for looking through: texts side by side, figures in columns, the default
//! ranking in blocks. Kept up by what commits touched, when somebody asks; nothing else of a large board is looked at.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem::Finder;
use memescope::query::{Filter, Metric, Order, OrderKey, TokenQuery, figure};
use memescope::{Epoch, Flag, Seq, Token, TokenId, Window};

use super::standing::Standing;
use crate::store::{Row, Snapshot, Store};

/// A snapshot's rows, each in a slot of its own.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The snapshot; `None` before the first one.
    at: Option<(Epoch, Seq)>,
    slots: HashMap<TokenId, usize>,
    rows: Vec<Option<Slot>>,
    free: Vec<usize>,
    texts: Texts,
    /// How the addresses begin, in lower case; 0 where there is no row.
    heads: Vec<u64>,
    /// Figures that somebody asked for, unknown ones as NaN, which passes no bound.
    columns: Vec<((Metric, Window), Vec<f64>)>,
    ranking: Option<Standing>,
}

#[derive(Debug)]
struct Slot {
    id: TokenId,
    /// In the default ranking.
    key: OrderKey,
    is_lookalike: bool,
}

/// A row that a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found<F> {
    /// How well it fits.
    pub(crate) fit: F,
    /// Its place in the default ranking, from 1.
    pub(crate) place: usize,
    /// The row.
    pub(crate) row: Arc<Row>,
}

impl Index {
    /// Whether it tells of this snapshot.
    pub(super) fn is_at(&self, snapshot: &Snapshot) -> bool {
        self.at == Some((snapshot.board.epoch, snapshot.board.seq))
    }

    /// Goes on to a snapshot; whether it could: it never goes back.
    pub(super) fn follow(&mut self, store: &Store, snapshot: &Snapshot) -> bool {
        let board = &snapshot.board;
        let steps = match self.at {
            Some(at) if at == (board.epoch, board.seq) => return true,
            Some((epoch, seq)) if epoch == board.epoch && seq > board.seq => return false,
            Some((epoch, seq)) if epoch == board.epoch => store.steps_between(seq, board),
            _ => None,
        };
        let touched = steps.as_ref().and_then(|steps| steps.touched_at_most(64 + self.rows.len() / 4));
        let Some(touched) = touched else {
            *self = Self::of(snapshot);
            return true;
        };
        for id in touched {
            match snapshot.rows.get(id) {
                Some(row) => self.put(&row.token),
                None => self.remove(id),
            }
        }
        self.at = Some((board.epoch, board.seq));
        true
    }

    fn of(snapshot: &Snapshot) -> Self {
        let at = Some((snapshot.board.epoch, snapshot.board.seq));
        let mut index = Self { at, ..Self::default() };
        for row in snapshot.rows.values() {
            index.put(&row.token);
        }
        index.ranking = Some(Standing::of(TokenQuery::default(), snapshot));
        index
    }

    fn put(&mut self, token: &Token) {
        let order = Order::of(&TokenQuery::default());
        let new = Slot { id: token.id.clone(), key: order.key(token), is_lookalike: token.has(Flag::Lookalike) };
        let slot = if let Some(slot) = self.slots.get(&token.id) {
            *slot
        } else {
            let slot = self.free.pop().unwrap_or_else(|| {
                self.rows.push(None);
                self.heads.push(0);
                self.columns.iter_mut().for_each(|(_, column)| column.push(f64::NAN));
                self.rows.len() - 1
            });
            self.slots.insert(token.id.clone(), slot);
            slot
        };
        self.heads[slot] = head(token.address.as_bytes());
        for ((metric, window), column) in &mut self.columns {
            column[slot] = figure(token, *metric, *window).unwrap_or(f64::NAN);
        }
        self.texts.put(slot, token);
        let old = self.rows[slot].replace(new);
        if let Some(ranking) = &mut self.ranking {
            let new_key = self.rows[slot].as_ref().map(|slot| &slot.key);
            if let Some(old) = old.filter(|old| Some(&old.key) != new_key) {
                ranking.leave(&old.key, &old.id);
            }
            // One that stands there already stays as it is.
            if let Some(key) = new_key {
                ranking.enter(key.clone(), token.id.clone());
            }
        }
    }

    fn remove(&mut self, id: &TokenId) {
        let Some(slot) = self.slots.remove(id) else { return };
        self.heads[slot] = 0;
        self.texts.clear(slot);
        self.columns.iter_mut().for_each(|(_, column)| column[slot] = f64::NAN);
        if let Some((old, ranking)) = self.rows[slot].take().zip(self.ranking.as_mut()) {
            ranking.leave(&old.key, &old.id);
        }
        self.free.push(slot);
    }

    /// Makes the columns of a query, where they are not kept yet.
    pub(super) fn learn(&mut self, query: &TokenQuery, snapshot: &Snapshot) {
        for figure_of in wanted(query).filter(|wanted| !self.has(*wanted)).collect::<Vec<_>>() {
            let mut column = vec![f64::NAN; self.rows.len()];
            for (id, slot) in &self.slots {
                let value = snapshot.rows.get(id).and_then(|row| figure(&row.token, figure_of.0, figure_of.1));
                column[*slot] = value.unwrap_or(f64::NAN);
            }
            self.columns.push((figure_of, column));
        }
    }

    fn has(&self, wanted: (Metric, Window)) -> bool {
        self.columns.iter().any(|(figure, _)| *figure == wanted)
    }

    /// Whether it holds every column that a query asks for.
    pub(super) fn knows(&self, query: &TokenQuery) -> bool {
        wanted(query).all(|figure| self.has(figure))
    }

    /// The rows within all bounds of a query; the other filters are not looked at. `None` if it has no bounds, or more
    /// than `most` rows pass.
    pub(super) fn within(&self, query: &TokenQuery, snapshot: &Snapshot, most: usize) -> Option<Vec<Arc<Row>>> {
        let columns = query.bounds.iter().map(|bound| {
            let wanted = (bound.metric, bound.window.unwrap_or(query.window));
            let (_, column) = self.columns.iter().find(|(figure, _)| *figure == wanted)?;
            let (min, max) = (bound.min.unwrap_or(f64::NEG_INFINITY), bound.max.unwrap_or(f64::INFINITY));
            Some((column, min, max))
        });
        let columns: Vec<(&Vec<f64>, f64, f64)> = columns.collect::<Option<_>>()?;
        let ((first, min, max), others) = columns.split_first()?;
        let mut slots = Vec::new();
        for (slot, value) in first.iter().enumerate() {
            if (min..=max).contains(&value)
                && others.iter().all(|(column, min, max)| (min..=max).contains(&&column[slot]))
            {
                slots.push(slot);
                if slots.len() > most {
                    return None;
                }
            }
        }
        let ids = slots.into_iter().filter_map(|slot| self.rows[slot].as_ref());
        Some(ids.filter_map(|slot| snapshot.rows.get(&slot.id).cloned()).collect())
    }

    /// The best `limit` rows of a text, the best first; among equals the default ranking decides. `by_text` judges symbol
    /// and name in lower case and whether the row is a lookalike, `by_row` a row whose address may be meant.
    pub(super) fn search<F: Ord + Copy>(
        &self,
        needle: &str,
        filter: &Filter<'_>,
        snapshot: &Snapshot,
        limit: usize,
        (by_text, by_row): (impl Fn([&str; 2], bool) -> F, impl Fn(&Token) -> F),
    ) -> Vec<Found<F>> {
        let mut hits: Vec<(F, &Slot)> = Vec::new();
        let by_address = self.addressed(needle);
        for slot in &by_address {
            let found = self.rows[*slot].as_ref().and_then(|slot| Some((slot, snapshot.rows.get(&slot.id)?)));
            hits.extend(
                found.filter(|(_, row)| filter.passes(&row.token)).map(|(slot, row)| (by_row(&row.token), slot)),
            );
        }
        self.texts.find(needle, |slot, names| {
            if let Some(found) = self.rows[slot].as_ref()
                && by_address.binary_search(&slot).is_err()
            {
                hits.push((by_text(names, found.is_lookalike), found));
            }
        });
        let Some(ranking) = &self.ranking else { return Vec::new() };
        let compare = |a: &(F, &Slot), b: &(F, &Slot)| {
            a.0.cmp(&b.0).then_with(|| ranking.order().compare((&a.1.key, &a.1.id), (&b.1.key, &b.1.id)))
        };
        if hits.len() > limit && limit > 0 {
            hits.select_nth_unstable_by(limit - 1, compare);
        }
        hits.truncate(limit);
        hits.sort_unstable_by(compare);
        hits.into_iter()
            .filter_map(|(fit, slot)| {
                let place = ranking.place_of(&slot.key, &slot.id)? + 1;
                Some(Found { fit, place, row: snapshot.rows.get(&slot.id)?.clone() })
            })
            .collect()
    }

    /// The slots whose address a text may begin or be, in order.
    fn addressed(&self, needle: &str) -> Vec<usize> {
        let rest = needle.split_once(':').map(|(_, rest)| rest);
        let masks: Vec<(u64, u64)> = [Some(needle), rest]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .map(|text| {
                let known = text.len().min(8);
                let mask = if known == 0 { 0 } else { u64::MAX << (8 * (8 - known)) };
                (mask, head(text.as_bytes()) & mask)
            })
            .collect();
        let begins = |head: u64| masks.iter().any(|(mask, start)| head & mask == *start);
        self.heads.iter().enumerate().filter(|(_, head)| **head != 0 && begins(**head)).map(|(slot, _)| slot).collect()
    }
}

fn wanted(query: &TokenQuery) -> impl Iterator<Item = (Metric, Window)> {
    query.bounds.iter().map(|bound| (bound.metric, bound.window.unwrap_or(query.window)))
}

/// The first eight bytes in lower case.
fn head(address: &[u8]) -> u64 {
    let mut head = [0; 8];
    for (slot, byte) in head.iter_mut().zip(address) {
        *slot = byte.to_ascii_lowercase();
    }
    u64::from_be_bytes(head)
}

/// Symbols and names in lower case, one after the other.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    /// Where each text begins and whose it is, in the order of `bytes`; also of texts that were replaced.
    starts: Vec<(usize, usize)>,
    /// By slot.
    spans: Vec<Span>,
    /// Bytes of replaced texts.
    lost: usize,
}

/// Where the texts of a slot are: the symbol, a zero, the name, a zero.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: usize,
    symbol: usize,
    name: usize,
}

impl Span {
    fn len(self) -> usize {
        self.symbol + self.name + 2
    }
}

impl Texts {
    fn put(&mut self, slot: usize, token: &Token) {
        let lower = |text: &Option<Arc<str>>| text.as_deref().map(str::to_lowercase).unwrap_or_default();
        let (symbol, name) = (lower(&token.symbol), lower(&token.name));
        if self.spans.len() <= slot {
            self.spans.resize(slot + 1, Span::default());
        }
        if self.texts_of(slot) == Some([&symbol, &name]) {
            return;
        }
        self.clear(slot);
        if symbol.is_empty() && name.is_empty() {
            return;
        }
        self.append(slot, &symbol, &name);
        if self.lost > 4_096 + self.bytes.len() / 2 {
            self.compact();
        }
    }

    fn append(&mut self, slot: usize, symbol: &str, name: &str) {
        let start = self.bytes.len();
        self.starts.push((start, slot));
        self.spans[slot] = Span { start, symbol: symbol.len(), name: name.len() };
        for text in [symbol, name] {
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(0);
        }
    }

    /// Forgets the texts of a slot.
    fn clear(&mut self, slot: usize) {
        let Some(span) = self.spans.get_mut(slot).map(std::mem::take) else { return };
        if span.symbol + span.name > 0 {
            self.bytes[span.start..span.start + span.len()].fill(0);
            self.lost += span.len();
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        self.spans = vec![Span::default(); old.spans.len()];
        for slot in 0..old.spans.len() {
            if let Some([symbol, name]) = old.texts_of(slot) {
                self.append(slot, symbol, name);
            }
        }
    }

    /// Symbol and name of a slot; `None` if it has neither.
    fn texts_of(&self, slot: usize) -> Option<[&str; 2]> {
        let Span { start, symbol, name } = *self.spans.get(slot)?;
        let text = |from: usize, len: usize| std::str::from_utf8(self.bytes.get(from..from + len)?).ok();
        let texts = [text(start, symbol)?, text(start + symbol + 1, name)?];
        (symbol + name > 0).then_some(texts)
    }

    /// Calls with each slot of whose symbol or name a text in lower case is part, once, and with both.
    fn find<'a>(&'a self, needle: &str, mut found: impl FnMut(usize, [&'a str; 2])) {
        // No name holds what separates them.
        if needle.is_empty() || needle.contains('\0') {
            return;
        }
        let finder = Finder::new(needle);
        let mut at = 0;
        let mut starts = &self.starts[..];
        while let Some(match_at) = self.bytes.get(at..).and_then(|rest| finder.find(rest)).map(|place| at + place) {
            starts = &starts[starts.partition_point(|(start, _)| *start <= match_at).saturating_sub(1)..];
            let Some((start, slot)) = starts.first().copied() else { return };
            let span = self.spans[slot];
            match self.texts_of(slot) {
                Some(texts) if span.start == start => {
                    found(slot, texts);
                    at = start + span.len();
                }
                _ => at = match_at + 1,
            }
        }
    }
}
