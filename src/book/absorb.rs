//! Taking in what a source answered: newer replaces older, silence is counted, nothing is erased.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry as Slot;
use std::fmt::Debug;

use super::{Asked, Book};
use crate::merge::Said;
use crate::merge::limits::CLOCK_SLACK;
use crate::{
    Harvest, PoolId, PoolObservation, SortedMap, Source, Statement, Timestamp, TokenId, TokenObservation, Week,
    is_anchor,
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

fn put<K: Ord, T: PartialEq + Debug>(slot: Slot<'_, K, Said<T>>, what: T, as_of: impl Fn(&T) -> Timestamp) -> bool {
    match slot {
        Slot::Occupied(mut slot) => replace(slot.get_mut(), what, as_of),
        Slot::Vacant(slot) => {
            slot.insert(Said { what, missed: 0 });
            true
        }
    }
}

/// The same in a map of a few.
fn put_few<K: Ord, T: PartialEq + Debug>(
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

        let mut pools: BTreeSet<PoolId> = BTreeSet::new();
        for pool in harvest.pools {
            pools.insert(pool.pool.clone());
            if pool.as_of <= horizon {
                self.absorb_pool(pool, now);
            }
        }
        let mut told: BTreeSet<(TokenId, Statement)> = BTreeSet::new();
        for said in harvest.tokens {
            told.insert((said.token.clone(), said.statement));
            if said.as_of <= horizon {
                self.absorb_statement(said, now);
            }
        }

        for token in &harvest.asked {
            if source == Source::Jupiter && kinds.contains(&Statement::Price) {
                self.note_question(token, told.contains(&(token.clone(), Statement::Price)), now);
            }
            let Some(entry) = self.entries.get_mut(token) else {
                continue;
            };
            if tells_pools {
                for (id, by_source) in &mut entry.known.pools {
                    if let Some(said) = by_source.get_mut(&source)
                        && !pools.contains(id)
                    {
                        said.missed = said.missed.saturating_add(1);
                    }
                }
            }
            for kind in &kinds {
                if let Some(said) = entry.known.statements.get_mut(&(source, *kind))
                    && !told.contains(&(token.clone(), *kind))
                {
                    said.missed = said.missed.saturating_add(1);
                }
            }
            self.live.dirty.insert(token.clone());
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
            self.live.dirty.insert(token.clone());
        }
    }

    fn absorb_pool(&mut self, pool: PoolObservation, now: Timestamp) {
        let Some(token) = owner(&pool).cloned() else {
            return;
        };
        if !self.tracks_chain(token.chain()) {
            return;
        }
        let (id, source) = (pool.pool.clone(), pool.source);
        let by_source = self.entry(&token, now).known.pools.entry(id.clone()).or_default();
        if put_few(by_source, source, pool, |pool| pool.as_of) {
            let pool = self.entries.get(&token).and_then(|entry| entry.known.pools.get(&id)?.get(&source));
            if let Some(pool) = pool {
                self.live.implied.note(&pool.what);
            }
            self.live.dirty.insert(token);
        }
    }

    fn absorb_statement(&mut self, said: TokenObservation, now: Timestamp) {
        let token = said.token.clone();
        if !self.tracks_chain(token.chain()) {
            return;
        }
        if said.source == Source::Jupiter && said.statement == Statement::Price {
            if put(self.prices.entry(token.clone()), said, |said| said.as_of) {
                let waiting = self.live.wanting.get(&token).into_iter().flatten();
                self.live.dirty.extend(waiting.cloned());
                self.live.dirty.insert(token);
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
        let known = &mut self.entry(&token, now).known;
        let key = (said.source, said.statement);
        if put_few(&mut known.statements, key, said, |said| said.as_of) {
            if facts {
                self.renew_claim(&token);
            }
            self.live.dirty.insert(token);
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
