//! Making the rows of the next board from what changed since the last one.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use imbl::OrdMap;

use super::events::listed;
use super::evict::{interest, place};
use super::rates::{Implied, Shift};
use super::settle::settle;
use super::{Book, Live, Pulse, TokenDetails};
use crate::merge::limits::{BOARD_STALE_AFTER, CONFIRM_AFTER};
use crate::merge::{Symbols, World, aliases, merge};
use crate::{Board, Changes, EventKind, Field, Price, Timestamp, Token, TokenId, Window};

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
    /// Which of them those are that did change; not after a start, when all are made anew.
    pub changes: Option<Changes>,
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
    /// Whether it had been on the board before.
    was_listed: bool,
    /// What its change is worth telling.
    events: Vec<EventKind>,
}

/// What is the same for all tokens of a publication.
#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    heard: Timestamp,
    sol_usd: Option<Price>,
    /// Whether it is the first one since the start.
    first: bool,
    /// Whether the board had time to be filled.
    is_filled: bool,
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
        let is_filled = self.seen.is_filled(now);
        let moment = Moment { now, heard: self.heard(now), sol_usd: self.sol_usd(), first, is_filled };
        self.live.began = true;
        self.published_at = now;

        let mut tokens = if first { OrdMap::new() } else { prev.tokens.clone() };
        let (mut changes, mut events, mut details) = (Changes::default(), Vec::new(), Vec::new());
        for token in dirty {
            let previous = prev.tokens.get(&token);
            let Some(MergedOne { row, details: new, was_listed, events: told }) =
                self.merge_one(&token, previous, moment)
            else {
                if tokens.remove(&token).is_some() {
                    changes.removed.push(token.clone());
                    details.push((token.clone(), None));
                }
                if self.entries.get(&token).is_some_and(|entry| entry.is_silent(now)) {
                    self.remove(&token, now);
                }
                continue;
            };
            let kept = previous.is_some_and(|previous| Arc::ptr_eq(previous, &row));
            if !first && previous.is_none() && !was_listed && self.seen.is_news(&token, now) {
                events.push((token.clone(), listed(&row)));
            }
            events.extend(told.into_iter().map(|what| (token.clone(), what)));
            if new.is_some() {
                details.push((token.clone(), new));
            }
            if first || !kept {
                changes.upserts.push(row.clone());
                tokens.insert(token, row);
            }
        }
        let leaving = self.surplus(tick.watched);
        if !leaving.is_empty() {
            let gone: HashSet<&TokenId> = leaving.iter().collect();
            events.retain(|(about, _)| !gone.contains(about));
            changes.upserts.retain(|row| !gone.contains(&row.id));
        }
        for token in leaving {
            self.remove(&token, now);
            if tokens.remove(&token).is_some() && prev.tokens.contains_key(&token) {
                changes.removed.push(token.clone());
            }
            details.push((token, None));
        }
        changes.removed.sort_unstable();
        if !tokens.is_empty() {
            self.seen.note_rows(now);
        }
        let changes = (!first).then_some(changes);
        Published { tokens, changes, sol_usd: self.sol_usd(), stale: self.is_stale(tick), events, details }
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
                Some(interest) => self.live.rows.insert((place(interest), token.clone())),
                None => self.live.rowless.insert((entry.first_seen, token.clone())),
            };
            for said in entry.known.pools.values().flat_map(crate::SortedMap::values) {
                self.live.implied.note(Implied::of(&said.what));
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
    fn merge_one(&mut self, token: &TokenId, previous: Option<&Arc<Token>>, moment: Moment) -> Option<MergedOne> {
        let Moment { now, heard, sol_usd, first, is_filled } = moment;
        let Self { entries, rates, prices, live, .. } = self;
        let entry = &mut **entries.get_mut(token)?;
        if entry.known.forget(now) {
            live.claim(token, Some(&entry.known));
        }
        let was_listed = entry.memory.listed;
        let world = World { now, heard, sol_usd, rates, prices, symbols: &live.symbols };
        let merged = merge(token, &entry.known, std::mem::take(&mut entry.memory), &world);
        let row = merged.row.map(|mut row| {
            if let Some(week) = &entry.week {
                week.tell(&mut row, now);
            }
            settle(previous, row, now)
        });
        entry.memory = merged.memory;
        entry.known.cap_pools(&merged.pools);

        let details = row.as_ref().map(|row| TokenDetails {
            aliases: aliases(token, &entry.known, &[row.symbol.as_deref(), row.name.as_deref()]),
            pools: merged.pools,
        });
        let details = match details {
            Some(details) if entry.details.as_deref() == Some(&details) => None,
            details => {
                entry.details = details.map(Arc::new);
                entry.details.clone()
            }
        };
        let priced_at =
            row.as_ref().and_then(|row| row.provenance.fields.get(&Field::PriceUsd)).map(|origin| origin.observed_at);

        let pulse = &mut entry.pulse;
        let interest = row.as_deref().map(interest);
        live.place(token, entry.first_seen, pulse.interest, interest);
        live.wait_for(token, &pulse.wants, &merged.wants);
        live.carry(token, &mut pulse.symbol, row.as_ref().and(entry.memory.worn.as_ref()));
        live.look_again(token, pulse, merged.due);
        // Later than that a row is renewed even if nothing but its time is new.
        pulse.calm_until = row.as_ref().filter(|_| merged.is_calm).map(|row| row.updated_at.plus(CONFIRM_AFTER));
        pulse.interest = interest;
        pulse.doubt = merged.doubtful;
        pulse.priced_at = priced_at;
        pulse.moved_pct = row.as_ref().and_then(|row| row.change_pct.at(Window::M5)).map_or(0.0, f64::abs);
        pulse.wants = merged.wants;
        pulse.unverified = merged.unverified;
        let row = row?;
        if !is_filled {
            entry.told.know_flags(now);
        }
        let events = match previous {
            Some(previous) if !first && !Arc::ptr_eq(previous, &row) => entry.told.events(previous, &row, now),
            Some(_) if !first => Vec::new(),
            _ => {
                entry.told.begin(&row, now);
                Vec::new()
            }
        };
        Some(MergedOne { row, details, was_listed, events })
    }

    /// The tokens whose row could differ from the one on `prev`, in order.
    pub(super) fn take_dirty(&mut self, now: Timestamp) -> Vec<TokenId> {
        let shift = self.shift_of_rates();
        let renewed = self.live.renewed.take();
        if !self.live.began || shift == Shift::New {
            self.live.dirty.take();
            return self.entries.keys().cloned().collect();
        }
        if shift == Shift::Moved {
            // Pools were judged by the rate of their time; only prices that were computed with it follow it.
            let computed = self.entries.iter().filter(|(_, entry)| entry.memory.in_sol.is_some());
            for (token, _) in computed {
                self.live.dirty.mark(token);
            }
        }
        for token in renewed {
            let Self { entries, rates, live, .. } = self;
            if !entries.get_mut(&token).is_some_and(|entry| entry.memory.renew(&entry.known, rates)) {
                live.dirty.mark(&token);
            }
        }
        while let Some((at, token)) = self.live.due.pop_first() {
            if at > now {
                self.live.due.insert((at, token));
                break;
            }
            let Some(pulse) = self.entries.get_mut(&token).map(|entry| &mut entry.pulse) else {
                continue;
            };
            pulse.queued = None;
            match pulse.due {
                // What it was to be looked at for was said again since.
                Some(due) if due > now => self.live.look_again(&token, pulse, Some(due)),
                _ => {
                    pulse.due = None;
                    self.live.dirty.mark(&token);
                }
            }
        }
        self.live.dirty.take()
    }
}

impl Live {
    /// Sees to it that a token is merged when it is due.
    ///
    /// With nearly every answer that moment moves a little further: a token that is looked at too early is put back.
    fn look_again(&mut self, token: &TokenId, pulse: &mut Pulse, due: Option<Timestamp>) {
        pulse.due = due;
        let Some(due) = due.filter(|due| pulse.queued.is_none_or(|queued| *due < queued)) else {
            return;
        };
        if let Some(queued) = pulse.queued.replace(due) {
            self.due.remove(&(queued, token.clone()));
        }
        self.due.insert((due, token.clone()));
    }

    /// Notes whose prices a token waits for now.
    pub(super) fn wait_for(&mut self, token: &TokenId, before: &[TokenId], wants: &[TokenId]) {
        if before == wants {
            return;
        }
        for quote in before {
            self.unwant(quote, token);
        }
        for quote in wants {
            self.wanting.entry(quote.clone()).or_default().insert(token.clone());
        }
    }
}
