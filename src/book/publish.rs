//! Making the rows of the next board from what changed since the last one.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;

use super::events::listed;
use super::evict::{interest, sortable};
use super::rates::Shift;
use super::settle::settle;
use super::{Book, Pulse, TokenDetails};
use crate::merge::limits::BOARD_STALE_AFTER;
use crate::merge::{Symbols, aliases, merge};
use crate::{Board, EventKind, Field, Price, Timestamp, Token, TokenId, Window};

/// The circumstances of a publication.
#[derive(Clone, Copy, Debug)]
pub struct Tick<'a> {
    /// The moment.
    pub now: Timestamp,
    /// How often the sources are polled; three of these without an answer make the board stale.
    pub poll_interval: Duration,
    /// Tokens on somebody's screen: they never leave for want of room.
    pub watched: &'a HashSet<TokenId>,
}

/// What the next board is made of.
#[derive(Clone, Debug)]
pub struct Published {
    /// The rows; those that did not change are the previous board's own.
    pub tokens: OrdMap<TokenId, Arc<Token>>,
    /// USD per SOL.
    pub sol_usd: Option<Price>,
    /// Whether no source has answered for too long.
    pub stale: bool,
    /// What is worth telling.
    pub events: Vec<(TokenId, EventKind)>,
    /// What is new beside the rows; `None` of a token that has no row any more.
    pub details: Vec<(TokenId, Option<Arc<TokenDetails>>)>,
}

/// What the merge of one token brought.
struct MergedOne {
    row: Arc<Token>,
    /// What is known beside the row, if that is new.
    details: Option<Arc<TokenDetails>>,
}

impl Book {
    /// Merges every token that could have changed since `prev`, the board made of this book's last publication.
    ///
    /// At the first publication after a start every token is merged, rows equal to those of `prev` are kept, and no
    /// event is raised.
    pub fn publish(&mut self, prev: &Board, tick: &Tick) -> Published {
        let now = tick.now;
        let first = !self.live.began;
        if first {
            self.index();
        }
        self.forget_prices(now);
        self.renew_rates(now);
        let dirty = self.take_dirty(now);
        self.live.began = true;
        self.published_at = now;

        let mut tokens = if first { OrdMap::new() } else { prev.tokens.clone() };
        let (mut events, mut details) = (Vec::new(), Vec::new());
        let is_filled = self.seen.is_filled(now);
        for token in dirty {
            let previous = prev.tokens.get(&token);
            let is_listed = self.entries.get(&token).is_some_and(|entry| entry.memory.listed);
            let Some(MergedOne { row, details: new }) = self.merge_one(&token, previous, now) else {
                if tokens.remove(&token).is_some() {
                    details.push((token.clone(), None));
                }
                if self.entries.get(&token).is_some_and(|entry| entry.is_silent(now)) {
                    self.remove(&token, now);
                }
                continue;
            };
            let kept = previous.is_some_and(|previous| Arc::ptr_eq(previous, &row));
            if !first && previous.is_none() && !is_listed && self.seen.is_news(&token, now) {
                events.push((token.clone(), listed(&row)));
            }
            if let Some(entry) = self.entries.get_mut(&token) {
                if !is_filled {
                    entry.told.know_flags(now);
                }
                match previous {
                    Some(previous) if !first && !kept => {
                        for what in entry.told.events(previous, &row, now) {
                            events.push((token.clone(), what));
                        }
                    }
                    Some(_) if !first => {}
                    _ => entry.told.begin(&row, now),
                }
            }
            if new.is_some() {
                details.push((token.clone(), new));
            }
            if first || !kept {
                tokens.insert(token, row);
            }
        }
        for token in self.surplus(tick.watched) {
            self.remove(&token, now);
            tokens.remove(&token);
            events.retain(|(about, _)| *about != token);
            details.push((token, None));
        }
        if !tokens.is_empty() {
            self.seen.note_rows(now);
        }
        Published { tokens, sol_usd: self.sol_usd(), stale: self.is_stale(tick), events, details }
    }

    /// Makes again what is not written down, but for what the merge of every token brings.
    fn index(&mut self) {
        self.live.symbols = Symbols::default();
        self.live.implied.clear();
        (self.live.rows, self.live.rowless) = (BTreeSet::new(), BTreeSet::new());
        let tokens: Vec<TokenId> = self.entries.keys().cloned().collect();
        for token in &tokens {
            self.renew_claim(token);
        }
        for (token, entry) in &self.entries {
            match entry.pulse.interest {
                Some(interest) => self.live.rows.insert((sortable(interest), token.clone())),
                None => self.live.rowless.insert((entry.first_seen, token.clone())),
            };
            for said in entry.known.pools.values().flat_map(crate::SortedMap::values) {
                self.live.implied.note(&said.what);
            }
        }
        self.live.doubted = self.prices.keys().cloned().collect();
    }

    /// Whether no source has answered for three polls, and for at least a minute; or not yet since the book was read
    /// from disk.
    pub fn is_stale(&self, tick: &Tick) -> bool {
        let limit = BOARD_STALE_AFTER.max(tick.poll_interval * 3);
        !self.live.answered || self.answered.values().max().is_none_or(|last| tick.now.since(*last) > limit)
    }

    /// Merges one token, remembers what the planner wants to know; its row if it has one, and what is new beside it.
    fn merge_one(&mut self, token: &TokenId, previous: Option<&Arc<Token>>, now: Timestamp) -> Option<MergedOne> {
        if self.entries.get_mut(token)?.known.forget(now) {
            self.renew_claim(token);
        }
        let entry = self.entries.get(token)?;
        let merged = merge(token, &entry.known, &entry.memory, &self.world(now));
        let row = merged.row.map(|mut row| {
            if let Some(week) = &entry.week {
                week.tell(&mut row, now);
            }
            settle(previous, row, now)
        });

        let details = row.as_ref().map(|row| TokenDetails {
            aliases: aliases(token, &entry.known, &[row.symbol.as_deref(), row.name.as_deref()]),
            pools: merged.pools.clone(),
        });

        let entry = self.entries.get_mut(token)?;
        entry.known.cap_pools(&merged.pools);
        entry.memory = merged.memory;
        let details = match details {
            Some(details) if entry.details.as_deref() == Some(&details) => None,
            details => {
                entry.details = details.map(Arc::new);
                entry.details.clone()
            }
        };
        let priced_at =
            row.as_ref().and_then(|row| row.provenance.fields.get(&Field::PriceUsd)).map(|origin| origin.observed_at);
        let symbol = entry.pulse.symbol.take();
        let before = std::mem::replace(
            &mut entry.pulse,
            Pulse {
                interest: row.as_deref().map(interest),
                doubt: merged.doubtful,
                priced_at,
                moved_pct: row.as_ref().and_then(|row| row.change_pct.at(Window::M5)).map_or(0.0, f64::abs),
                wants: merged.wants.clone(),
                unverified: merged.unverified,
                due: merged.due,
                symbol,
            },
        );
        self.carry(token, row.as_ref().and_then(|row| row.symbol.as_ref()));
        self.place(token, before.interest);
        if before.due != merged.due {
            if let Some(due) = before.due {
                self.live.due.remove(&(due, token.clone()));
            }
            if let Some(due) = merged.due {
                self.live.due.insert((due, token.clone()));
            }
        }
        if before.wants != merged.wants {
            for quote in &before.wants {
                self.unwant(quote, token);
            }
            for quote in merged.wants {
                let waiting = self.live.wanting.entry(quote).or_default();
                waiting.insert(token.clone());
            }
        }
        row.map(|row| MergedOne { row, details })
    }

    /// The tokens whose row could differ from the one on `prev`.
    fn take_dirty(&mut self, now: Timestamp) -> BTreeSet<TokenId> {
        let mut dirty = std::mem::take(&mut self.live.dirty);
        let shift = self.shift_of_rates();
        if !self.live.began || shift == Shift::New {
            return self.entries.keys().cloned().collect();
        }
        if shift == Shift::Moved {
            // Pools were judged by the rate of their time; only prices that were computed with it follow it.
            let computed = self.entries.iter().filter(|(_, entry)| entry.memory.in_sol.is_some());
            dirty.extend(computed.map(|(token, _)| token.clone()));
        }
        while let Some((due, token)) = self.live.due.pop_first() {
            if due > now {
                self.live.due.insert((due, token));
                break;
            }
            if let Some(entry) = self.entries.get_mut(&token) {
                entry.pulse.due = None;
            }
            dirty.insert(token);
        }
        dirty
    }
}
