//! Making the rows of the next board from what changed since the last one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;

use super::evict::interest;
use super::settle::settle;
use super::{Book, Pulse};
use crate::merge::anchor::{Rate, implied_rate, native_of};
use crate::merge::limits::{BOARD_STALE_AFTER, RATE_HOLDS, SAME_MOMENT};
use crate::merge::{fold, merge, moved};
use crate::{Board, Event, EventPlace, Field, Price, Source, Statement, Timestamp, Token, TokenId};

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
    /// What is worth telling, named for the board that follows `prev`.
    pub events: Vec<Event>,
}

impl Book {
    /// Merges every token that could have changed since `prev`, the board made of this book's last publication.
    ///
    /// At the first publication after a start every token is merged, rows equal to those of `prev` are kept, and no
    /// event is raised.
    pub fn publish(&mut self, prev: &Board, tick: &Tick) -> Published {
        let now = tick.now;
        let first = !self.live.began;
        self.renew_rates(now);
        let dirty = self.take_dirty(prev, now);
        self.live.began = true;
        self.published_at = now;

        let mut tokens = if first { OrdMap::new() } else { prev.tokens.clone() };
        let mut events = Vec::new();
        for token in dirty {
            let previous = prev.tokens.get(&token);
            let Some(row) = self.merge_one(&token, previous, now) else {
                tokens.remove(&token);
                if self.entries.get(&token).is_some_and(|entry| entry.is_silent(now)) {
                    self.remove(&token);
                }
                continue;
            };
            let kept = previous.is_some_and(|previous| Arc::ptr_eq(previous, &row));
            if let Some(entry) = self.entries.get_mut(&token) {
                match previous {
                    Some(previous) if !first && !kept => {
                        for what in entry.told.events(previous, &row, now) {
                            events.push((token.clone(), what));
                        }
                    }
                    Some(_) if !first => {}
                    _ => entry.told.rebase(&row),
                }
            }
            if first || !kept {
                tokens.insert(token, row);
            }
        }
        for token in self.surplus(tick.watched) {
            self.remove(&token);
            tokens.remove(&token);
            events.retain(|(about, _)| *about != token);
        }
        self.forget_prices(now);

        let named = |(index, (token, kind))| Event {
            event_id: EventPlace { epoch: prev.epoch, seq: prev.seq + 1, index }.id(),
            token,
            at: now,
            kind,
        };
        Published {
            tokens,
            sol_usd: self.sol_usd(),
            stale: self.is_stale(tick),
            events: (0u32..).zip(events).map(named).collect(),
        }
    }

    /// Whether no source has answered for three polls, and for at least a minute; or not yet since the book was read
    /// from disk.
    pub fn is_stale(&self, tick: &Tick) -> bool {
        let limit = BOARD_STALE_AFTER.max(tick.poll_interval * 3);
        !self.live.answered || self.answered.values().max().is_none_or(|last| tick.now.since(*last) > limit)
    }

    /// Merges one token, remembers what the planner wants to know; its row if it has one.
    fn merge_one(&mut self, token: &TokenId, previous: Option<&Arc<Token>>, now: Timestamp) -> Option<Arc<Token>> {
        let entry = self.entries.get_mut(token)?;
        entry.known.forget(now);
        let entry = self.entries.get(token)?;
        let merged = merge(token, &entry.known, &entry.memory, &self.world(now));
        let row = merged.row.map(|mut row| {
            if let Some(week) = &entry.week {
                week.tell(&mut row, now);
            }
            settle(previous, row, now)
        });

        let entry = self.entries.get_mut(token)?;
        entry.known.cap_pools(&merged.pools);
        entry.memory = merged.memory;
        let priced_at =
            row.as_ref().and_then(|row| row.provenance.fields.get(&Field::PriceUsd)).map(|origin| origin.observed_at);
        let before = std::mem::replace(
            &mut entry.pulse,
            Pulse {
                interest: row.as_deref().map(interest),
                doubt: merged.doubtful,
                priced_at,
                wants: merged.wants.clone(),
                due: merged.due,
            },
        );
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
        row
    }

    /// The tokens whose row could differ from the one on `prev`.
    fn take_dirty(&mut self, prev: &Board, now: Timestamp) -> BTreeSet<TokenId> {
        let mut dirty = std::mem::take(&mut self.live.dirty);
        if !self.live.began {
            self.note_all_symbols();
        }
        let shift = self.shift_of_rates();
        let claimed = std::mem::take(&mut self.live.claimed);
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
        if !claimed.is_empty() {
            let alike = prev.tokens.values().filter(|row| {
                let symbol = row.symbol.as_deref();
                symbol.is_some_and(|symbol| claimed.contains(&fold(symbol)))
            });
            dirty.extend(alike.map(|row| row.id.clone()));
        }
        dirty
    }

    fn note_all_symbols(&mut self) {
        let facts = (Source::Jupiter, Statement::Facts);
        let said: Vec<_> = self
            .entries
            .values()
            .filter_map(|entry| entry.known.statements.get(&facts))
            .filter(|said| said.what.verified == Some(true))
            .map(|said| said.what.clone())
            .collect();
        for facts in said {
            self.note_symbol(&facts);
        }
    }

    /// What each chain's wrapped native coin costs: by Jupiter, else by what its pools imply, else as it was a few
    /// minutes ago, else nobody knows. While no source answers at all the last rate holds, as everything else does.
    fn renew_rates(&mut self, now: Timestamp) {
        let heard = self.heard(now);
        let natives: Vec<TokenId> = self.live.settings.chains.iter().filter_map(native_of).collect();
        let mut rates: BTreeMap<TokenId, Rate> = BTreeMap::new();
        for native in natives {
            let jupiter = self.prices.get(&native).and_then(|said| {
                Some(Rate { usd: said.what.price_usd?, as_of: said.what.as_of, source: said.what.source })
            });
            let implied = || {
                let pools = self.entries.values();
                let pools = pools.flat_map(|entry| entry.known.pools.values());
                let said = pools.flat_map(BTreeMap::values).map(|said| &said.what);
                implied_rate(&native, said, heard)
            };
            let rate = jupiter.filter(|rate| heard.since(rate.as_of) <= SAME_MOMENT).or_else(implied).or_else(|| {
                let last = [jupiter, self.rates.get(&native).copied()];
                let last = last.into_iter().flatten().max_by_key(|rate| rate.as_of);
                last.filter(|rate| heard.since(rate.as_of) <= RATE_HOLDS)
            });
            if let Some(rate) = rate {
                rates.insert(native, rate);
            }
        }
        self.rates = rates;
    }

    /// How far the rates moved since what is told in them was last renewed.
    fn shift_of_rates(&mut self) -> Shift {
        let mut shift = Shift::None;
        self.live.marked.retain(|native, _| self.rates.contains_key(native));
        for (native, rate) in &self.rates {
            let next = match self.live.marked.get(native) {
                None => Shift::New,
                Some(marked) if moved(*marked, rate.usd) => Shift::Moved,
                Some(_) => continue,
            };
            self.live.marked.insert(native.clone(), rate.usd);
            shift = shift.max(next);
        }
        shift
    }
}

/// What happened to the rates of the native coins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shift {
    /// Nothing to speak of.
    None,
    /// One moved by more than noise.
    Moved,
    /// One is known that was not.
    New,
}
