//! Taking in what a source answered: newer replaces older, silence is counted, nothing is erased.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use super::rates::Implied;
use super::{Asked, Book};
use crate::merge::Said;
use crate::merge::limits::CLOCK_SLACK;
use crate::{
    Harvest, PoolId, PoolObservation, PoolSide, SortedMap, Source, Statement, Timestamp, TokenId, TokenObservation,
    Week, is_anchor,
};

/// Replaces what was said before by what is newer. Of two different things said of one moment the same one always wins.
fn replace<T: PartialEq + Debug>(slot: &mut Said<T>, what: T, as_of: impl Fn(&T) -> Timestamp) -> bool {
    slot.missed = 0;
    let (old, new) = (as_of(&slot.what), as_of(&what));
    let wins = new > old || (new == old && slot.what != what && format!("{:?}", slot.what) < format!("{what:?}"));
    if wins {
        slot.what = what;
    }
    wins
}

/// Puts in what was said, if it is the newest word.
fn put<K: Ord, T: PartialEq + Debug>(
    map: &mut SortedMap<K, Said<T>>,
    key: K,
    what: T,
    as_of: impl Fn(&T) -> Timestamp,
) -> bool {
    if let Some(slot) = map.get_mut(&key) {
        return replace(slot, what, as_of);
    }
    map.insert(key, Said { what, missed: 0 });
    true
}

/// The same among Jupiter's prices.
fn put_price(prices: &mut BTreeMap<TokenId, Said<TokenObservation>>, mut what: TokenObservation) -> bool {
    if let Some(slot) = prices.get_mut(&what.token) {
        share_statement(&mut what, &slot.what);
        return replace(slot, what, |said| said.as_of);
    }
    prices.insert(what.token.clone(), Said { what, missed: 0 });
    true
}

/// Makes an equal value the same value: ids and names are said anew with every answer, and kept by the ten thousand.
fn share<T: Clone + PartialEq>(new: &mut T, old: &T) {
    if new == old {
        *new = old.clone();
    }
}

fn share_text(new: &mut Option<Arc<str>>, old: Option<&Arc<str>>) {
    if new.as_ref() == old {
        *new = old.cloned();
    }
}

fn share_side(new: &mut PoolSide, old: &PoolSide) {
    share(&mut new.token, &old.token);
    share_text(&mut new.symbol, old.symbol.as_ref());
    share_text(&mut new.name, old.name.as_ref());
}

fn share_pool(new: &mut PoolObservation, old: &PoolObservation) {
    share(&mut new.pool, &old.pool);
    share(&mut new.dex, &old.dex);
    for (label, old) in new.labels.iter_mut().zip(&old.labels) {
        share(label, old);
    }
    share_side(&mut new.base, &old.base);
    share_side(&mut new.quote, &old.quote);
}

fn share_statement(new: &mut TokenObservation, old: &TokenObservation) {
    share(&mut new.token, &old.token);
    share_text(&mut new.symbol, old.symbol.as_ref());
    share_text(&mut new.name, old.name.as_ref());
    for (tag, old) in new.tags.iter_mut().zip(&old.tags) {
        share(tag, old);
    }
}

/// Whether an observation is another in nothing but its time.
fn says_the_same(old: &PoolObservation, new: &mut PoolObservation) -> bool {
    let as_of = std::mem::replace(&mut new.as_of, old.as_of);
    let is_same = new == old;
    new.as_of = as_of;
    is_same
}

/// The token that a pool is a market of: its base, or its quote where the base is money; of two moneys none.
fn owner(pool: &PoolObservation) -> Option<&TokenId> {
    [&pool.base.token, &pool.quote.token].into_iter().find(|side| !is_anchor(side))
}

impl Book {
    /// Takes in one answer of a source that arrived at `now`.
    ///
    /// Tokens that were not known are tracked from now on, if their chain is; a price alone tracks nothing. What
    /// `harvest.asked` names and the answer lacks is counted as a witness of its absence.
    pub fn absorb(&mut self, source: Source, harvest: Harvest, now: Timestamp) {
        let last = self.answered.entry(source).or_insert(now);
        *last = (*last).max(now);
        self.live.answered = true;
        let horizon = now.plus(CLOCK_SLACK);
        let empty = harvest.pools.is_empty() && harvest.tokens.is_empty();
        let tells_pools = empty || !harvest.pools.is_empty();
        let kinds: Vec<Statement> = [Statement::Price, Statement::Facts, Statement::Promotion]
            .into_iter()
            .filter(|kind| empty || harvest.tokens.iter().any(|said| said.statement == *kind))
            .collect();

        let pools: HashSet<&PoolId> = match &harvest.asked[..] {
            [] => HashSet::new(),
            _ => harvest.pools.iter().map(|pool| &pool.pool).collect(),
        };
        let told: HashSet<(&TokenId, Statement)> = match &harvest.asked[..] {
            [] => HashSet::new(),
            _ => harvest.tokens.iter().map(|said| (&said.token, said.statement)).collect(),
        };
        for token in &harvest.asked {
            if source == Source::Jupiter && kinds.contains(&Statement::Price) {
                self.note_question(token, told.contains(&(token, Statement::Price)), now);
            }
            let Some(entry) = self.entries.get_mut(token) else {
                continue;
            };
            // Without a row it may be time to forget the token.
            let mut is_touched = entry.pulse.interest.is_none();
            if tells_pools {
                for (id, by_source) in entry.known.pools.iter_mut() {
                    if let Some(said) = by_source.get_mut(&source)
                        && !pools.contains(id)
                    {
                        said.missed = said.missed.saturating_add(1);
                        is_touched = true;
                    }
                }
            }
            for kind in &kinds {
                if let Some(said) = entry.known.statements.get_mut(&(source, *kind))
                    && !told.contains(&(token, *kind))
                {
                    said.missed = said.missed.saturating_add(1);
                    is_touched = true;
                }
            }
            if is_touched {
                self.live.dirty.mark(token);
            }
        }

        for pool in harvest.pools {
            if pool.as_of <= horizon {
                self.absorb_pool(pool, now);
            }
        }
        for said in harvest.tokens {
            if said.as_of <= horizon {
                self.absorb_statement(said, now);
            }
        }
    }

    /// Takes in what the history knows of a token's last seven days; `None` when it knows nothing any more.
    ///
    /// Kept as long as the token is tracked, and in no file: the history tells it again after a restart.
    pub fn recall(&mut self, token: &TokenId, week: Option<Week>) {
        if let Some(entry) = self.entries.get_mut(token)
            && entry.week != week
        {
            entry.week = week;
            self.live.dirty.mark(token);
        }
    }

    fn absorb_pool(&mut self, mut pool: PoolObservation, now: Timestamp) {
        let Some(mut token) = owner(&pool).cloned() else {
            return;
        };
        if !self.tracks_chain(token.chain()) {
            return;
        }
        let entry = self.entry(&mut token, now);
        let (calm_until, known) = (entry.pulse.calm_until, &mut entry.known);
        // What the same source said of the same pool, else of any pool of the token: most of it is said again.
        let kin = known.pools.get(&pool.pool).or_else(|| known.pools.values().next());
        if let Some(kin) = kin.and_then(|by_source| by_source.get(&pool.source).or_else(|| by_source.values().next())) {
            share_pool(&mut pool, &kin.what);
        } else {
            share(&mut pool.base.token, &token);
            share(&mut pool.quote.token, &token);
        }
        let (source, implied) = (pool.source, Implied::of(&pool));
        let by_source = known.pools.get_or_default(pool.pool.clone());
        let is_renewal = by_source.get(&source).is_some_and(|before| says_the_same(&before.what, &mut pool));
        let as_of = pool.as_of;
        if put(by_source, source, pool, |pool| pool.as_of) {
            self.live.implied.note(implied);
            if is_renewal && calm_until.is_some_and(|until| as_of <= until) {
                self.live.renewed.mark(&token);
            } else {
                self.live.dirty.mark(&token);
            }
        }
    }

    fn absorb_statement(&mut self, mut said: TokenObservation, now: Timestamp) {
        let mut token = said.token.clone();
        if !self.tracks_chain(token.chain()) {
            return;
        }
        if said.source == Source::Jupiter && said.statement == Statement::Price {
            if put_price(&mut self.prices, said) {
                for waiting in self.live.wanting.get(&token).into_iter().flatten() {
                    self.live.dirty.mark(waiting);
                }
                self.live.dirty.mark(&token);
            }
            return;
        }
        if is_anchor(&token) {
            return;
        }
        if said.statement == Statement::Price && !self.contains(&token) {
            return;
        }
        let facts = said.statement == Statement::Facts;
        let known = &mut self.entry(&mut token, now).known;
        let key = (said.source, said.statement);
        if let Some(before) = known.statements.get(&key) {
            share_statement(&mut said, &before.what);
        } else {
            said.token.clone_from(&token);
        }
        if put(&mut known.statements, key, said, |said| said.as_of) {
            if facts {
                self.renew_claim(&token);
            }
            self.live.dirty.mark(&token);
        }
    }

    fn note_question(&mut self, token: &TokenId, answered: bool, now: Timestamp) {
        let asked = self.live.asked.entry(token.clone()).or_insert(Asked { at: now, silent: 0 });
        asked.at = now;
        asked.silent = if answered { 0 } else { asked.silent.saturating_add(1) };
        if let Some(said) = self.prices.get_mut(token).filter(|_| !answered) {
            said.missed = said.missed.saturating_add(1);
            self.live.doubted.insert(token.clone());
        }
    }
}
