//! When what was last asked, for as long as it matters.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use memescope::{PoolId, Timestamp, TokenId};

use super::heat::Candidate;
use super::lists::List;
use super::request::Request;
use super::{PAIRS_AGAIN, SLACK, is_due};

/// When what was last asked about one token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its main pool, at DexScreener.
    pub(super) tokens: Option<Timestamp>,
    /// All its pools, at DexScreener.
    pub(super) pools: Option<Timestamp>,
    /// Its top pools, at GeckoTerminal.
    pub(super) details: Option<Timestamp>,
    /// Its facts, at Jupiter.
    pub(super) facts: Option<Timestamp>,
    /// Its price, at Jupiter.
    pub(super) prices: Option<Timestamp>,
}

/// When what was last asked.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The first tick: since then every list waits.
    began: Option<Timestamp>,
    pub(super) lists: HashMap<List, Timestamp>,
    tokens: HashMap<TokenId, Asked>,
    pub(super) pairs: HashMap<PoolId, Timestamp>,
}

impl Memory {
    /// When what was last asked about a token.
    pub(super) fn get(&self, token: &TokenId) -> Asked {
        self.tokens.get(token).copied().unwrap_or_default()
    }

    /// The same, to be changed.
    pub(super) fn of(&mut self, token: &TokenId) -> &mut Asked {
        self.tokens.entry(token.clone()).or_default()
    }

    /// Whether something about a token can be asked again.
    pub(super) fn is_due(
        &self,
        token: &TokenId,
        now: Timestamp,
        period: Duration,
        what: impl Fn(Asked) -> Option<Timestamp>,
    ) -> bool {
        is_due(what(self.get(token)), now, period)
    }

    /// The lists that can say something new, the longest overdue first. One that was never asked waits since the first
    /// tick, so that a large catalogue does not keep the first pages from their second turn.
    pub(super) fn due_lists<'l>(&mut self, now: Timestamp, base: Duration, catalogue: &'l [List]) -> Vec<&'l List> {
        let began = *self.began.get_or_insert(now);
        let periods = |list: &List, since: Timestamp, slack: Duration| {
            (now.since(since) + slack).as_secs_f64() / list.period(base).as_secs_f64()
        };
        let overdue = |list: &List| match self.lists.get(list) {
            None => 1.0 + periods(list, began, Duration::ZERO),
            Some(asked) => periods(list, *asked, SLACK),
        };
        let mut due: Vec<(f64, &List)> =
            catalogue.iter().map(|list| (overdue(list), list)).filter(|(overdue, _)| *overdue >= 1.0).collect();
        // Stable: among equals the catalogue's order holds.
        due.sort_by(|left, right| right.0.total_cmp(&left.0));
        due.into_iter().map(|(_, list)| list).collect()
    }

    /// Takes a question back that was not put.
    pub(super) fn forget(&mut self, request: &Request) {
        let Self { lists, tokens, pairs, .. } = self;
        let mut each = |ids: &[TokenId], forget: fn(&mut Asked)| {
            for id in ids {
                if let Some(asked) = tokens.get_mut(id) {
                    forget(asked);
                }
            }
        };
        match request {
            Request::List(list) => drop(lists.remove(list)),
            Request::Tokens(_, ids) => each(ids, |asked| asked.tokens = None),
            Request::Pools(id) => each(std::slice::from_ref(id), |asked| asked.pools = None),
            Request::Pairs(_, ids) => pairs.retain(|pool, _| !ids.contains(pool)),
            Request::Details(_, ids) => each(ids, |asked| asked.details = None),
            Request::Facts(ids) => each(ids, |asked| asked.facts = None),
            Request::Prices(ids) => each(ids, |asked| asked.prices = None),
        }
    }

    /// How many tokens and pools are remembered.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.tokens.len(), self.pairs.len())
    }

    /// Lets go of tokens that are no longer tracked; only when it is worth a pass.
    pub(super) fn forget_untracked(&mut self, now: Timestamp, candidates: &[Candidate<'_>]) {
        let bound = candidates.len() * 2 + 1_000;
        if self.tokens.len() > bound {
            let tracked: HashSet<&TokenId> = candidates.iter().map(|candidate| candidate.age.token).collect();
            self.tokens.retain(|id, _| tracked.contains(id));
        }
        if self.pairs.len() > bound {
            self.pairs.retain(|_, asked| now.since(*asked) < PAIRS_AGAIN);
        }
    }
}
