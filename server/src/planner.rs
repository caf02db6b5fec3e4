//! Which requests this tick, from what the budgets allow.
//!
//! The keyless limits are the scarce good. Discovery asks each list as often as it can say something new; what is left
//! refreshes tokens. What is in somebody's sight is refreshed as soon as its source can say something new; the rest by
//! how long it has waited, weighed by who might look and how fast it moves. A part of the places always goes to those
//! that waited longest, so that nobody starves.
//!
//! Pure: the moment, the budgets and what is known come in, requests go out. [`Planner`] only remembers when it last
//! asked for what.

mod batch;
mod heads;
mod heat;
mod lists;
mod memory;
mod past;
mod request;
mod share;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::HashSet;
use std::time::Duration;

use memescope::{PoolId, Source, Timestamp, TokenId};

use self::batch::{batches, of_one_chain};
pub use self::heads::Heads;
pub use self::heat::{Candidate, Place, Watched};
pub use self::lists::{JupiterKind, List};
use self::memory::Memory;
pub use self::past::{PastPlanner, PastRequest};
pub use self::request::{DETAILS_BATCH, DEXSCREENER_BATCH, FACTS_BATCH, PRICES_BATCH, Request};
use self::share::Share;
use self::turn::{Turn, choose};

/// How soon the sources can say something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Feeds, searches and the first pages of lists.
    pub lists: Duration,
    /// A watched token at DexScreener.
    pub watched: Duration,
    /// Any other token at DexScreener.
    pub others: Duration,
    /// A watched token's price at Jupiter.
    pub prices: Duration,
    /// A token's facts at Jupiter.
    pub facts: Duration,
}

impl Pace {
    /// What the caches of the live sources give.
    pub const LIVE: Self = Self {
        lists: Duration::from_secs(60),
        watched: Duration::from_secs(30),
        others: Duration::from_secs(30),
        prices: Duration::from_secs(5),
        facts: Duration::from_secs(600),
    };

    /// The demo market has no cache, and it is ours.
    pub const DEMO: Self = Self {
        lists: Duration::from_secs(10),
        watched: Duration::from_secs(2),
        others: Duration::from_secs(8),
        prices: Duration::from_secs(2),
        facts: Duration::from_secs(60),
    };

    /// How soon a token is worth asking DexScreener about again.
    fn token(&self, place: Place) -> Duration {
        if place.is_hot() { self.watched } else { self.others }
    }
}

/// How many requests each source may be asked now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// DexScreener.
    pub dexscreener: usize,
    /// GeckoTerminal.
    pub geckoterminal: usize,
    /// Jupiter.
    pub jupiter: usize,
}

/// Ticks come a few milliseconds early or late; who would be due so soon after this one is not made to wait for the
/// next.
const SLACK: Duration = Duration::from_millis(500);

/// A token that was never asked about, and of which nothing is known but its name, is this much more urgent.
const UNKNOWN_WEIGHT: f64 = 8.0;

/// Whose pools could not be vouched for is looked at as a whole this many times as rarely as a token is refreshed: the
/// same answer would only repeat it.
const POOLS_PERIODS: u32 = 4;

/// How soon the same pool is worth another question about its quote side. DexScreener may not know it at all.
const PAIRS_AGAIN: Duration = Duration::from_secs(300);

/// What GeckoTerminal alone knows about a token is asked for this seldom, on screens and of silent tokens: past this age
/// it is stale.
const DETAILS_AGAIN: Duration = Duration::from_secs(300);

/// Jupiter's facts of a silent token are asked for again after so many periods of a list.
const SILENT_PERIODS: u32 = 2;

/// At least so many of GeckoTerminal's lists come between two requests for details while lists wait.
const LISTS_PER_DETAILS: u32 = 2;

/// How requests are chosen. The poller's own planner is [`Planner`]; a benchmark compares it with a plainer one.
pub trait Plan: Send {
    /// Stage one: discovery and refresh.
    fn discover(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        catalogue: &[List],
        candidates: &[Candidate<'_>],
    ) -> Vec<Request>;

    /// Stage two: Jupiter's prices, first where the price is missing, rejected, stale or disputed, then for what is
    /// watched, hottest first.
    fn fill(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        in_need: &[TokenId],
        watched: &[TokenId],
    ) -> Vec<Request>;

    /// A request brought no answer; `sent` tells whether its source was asked at all.
    fn unanswered(&mut self, now: Timestamp, pace: &Pace, request: &Request, sent: bool);
}

/// Remembers when what was asked.
#[derive(Debug)]
pub struct Planner {
    memory: Memory,
    /// Of DexScreener's requests, for all pools of a token.
    for_pools: Share,
    /// Of DexScreener's requests, for single pools.
    for_pairs: Share,
    /// Of Jupiter's requests, for lists and facts; the rest is for the prices of stage two.
    for_facts: Share,
    /// GeckoTerminal's lists since it was last asked for details.
    lists_since_details: u32,
    /// Kept for its room.
    waiting: Vec<Turn>,
}

impl Default for Planner {
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            for_pools: Share::of(0.1),
            for_pairs: Share::of(0.1),
            for_facts: Share::of(0.5),
            lists_since_details: 0,
            waiting: Vec::new(),
        }
    }
}

impl Plan for Planner {
    fn discover(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        catalogue: &[List],
        candidates: &[Candidate<'_>],
    ) -> Vec<Request> {
        self.memory.forget_untracked(now, candidates);
        let mut due = self.memory.due_lists(now, pace.lists, catalogue);
        let mut requests = Vec::new();
        self.ask_dexscreener(now, pace, allowance.dexscreener, &due, candidates, &mut requests);
        due.retain(|list| list.source() != Source::Dexscreener);
        self.ask_geckoterminal(now, allowance.geckoterminal, &due, candidates, &mut requests);
        let for_facts = self.for_facts.grant(allowance.jupiter);
        self.ask_jupiter(now, pace, for_facts, &due, candidates, &mut requests);
        requests
    }

    /// The first request is made even when nothing is in need: it carries wrapped SOL.
    fn fill(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        in_need: &[TokenId],
        watched: &[TokenId],
    ) -> Vec<Request> {
        let most = allowance.jupiter.saturating_mul(PRICES_BATCH);
        let mut known: HashSet<&TokenId> = HashSet::new();
        let in_sight: HashSet<&TokenId> = watched.iter().collect();
        let (seen, unseen): (Vec<&TokenId>, Vec<&TokenId>) = in_need.iter().partition(|id| in_sight.contains(id));
        let wanted = seen.into_iter().chain(unseen).chain(watched);
        let chosen: Vec<TokenId> = wanted
            .filter(|id| is_solana(id) && self.memory.is_due(id, now, pace.prices, |asked| asked.prices))
            .filter(|id| known.insert(id))
            .take(most)
            .cloned()
            .collect();
        let mut requests: Vec<Request> =
            chosen.chunks(PRICES_BATCH).map(|batch| Request::Prices(batch.to_vec())).collect();
        for id in chosen {
            self.memory.of(&id).prices = Some(now);
        }
        if requests.is_empty() && allowance.jupiter > 0 {
            requests.push(Request::Prices(Vec::new()));
        }
        requests
    }

    /// What was not sent is due again at once. A source that failed on facts is given a minute in place of their long
    /// period; everything else comes round soon enough by itself.
    fn unanswered(&mut self, now: Timestamp, pace: &Pace, request: &Request, sent: bool) {
        if !sent {
            self.memory.forget(request);
        } else if let Request::Facts(ids) = request {
            let asked = now.minus(pace.facts.saturating_sub(pace.lists));
            for id in ids {
                self.memory.of(id).facts = Some(asked);
            }
        }
    }
}

impl Planner {
    fn ask_dexscreener(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowed: usize,
        due: &[&List],
        candidates: &[Candidate<'_>],
        requests: &mut Vec<Request>,
    ) {
        if allowed == 0 {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.clear();
        waiting.extend(self.waiting_tokens(now, pace, candidates));
        let pools = self.doubtful_tokens(now, pace, candidates);
        let pairs = self.unverified_pools(now, pace, candidates);

        let mut left = allowed;
        let others = waiting.len().div_ceil(DEXSCREENER_BATCH) + pools.len() + pairs.len().div_ceil(DEXSCREENER_BATCH);
        for list in due.iter().filter(|list| list.source() == Source::Dexscreener).take(share(allowed, others)) {
            left -= 1;
            requests.push(self.ask_list(now, list));
        }
        let (for_pools, for_pairs) = (self.for_pools.grant(left), self.for_pairs.grant(left));
        for id in pools.into_iter().take(for_pools) {
            left -= 1;
            self.for_pools.spend();
            self.memory.of(id).pools = Some(now);
            requests.push(Request::Pools(id.clone()));
        }
        for (chain, batch) in batches(pairs.into_iter().map(|pool| (pool.chain(), pool)), for_pairs.min(left)) {
            left -= 1;
            self.for_pairs.spend();
            for pool in &batch {
                self.memory.pairs.insert(pool.clone(), now);
            }
            requests.push(Request::Pairs(chain, batch));
        }
        let chosen = choose(&mut waiting, left * DEXSCREENER_BATCH);
        let chosen = chosen.iter().map(|turn| candidates[turn.number].age.token);
        for (chain, batch) in batches(chosen.map(|id| (id.chain(), id)), left) {
            for id in &batch {
                self.memory.of(id).tokens = Some(now);
            }
            requests.push(Request::Tokens(chain, batch));
        }
        self.waiting = waiting;
    }

    /// The tokens about which DexScreener can say something new.
    fn waiting_tokens(&self, now: Timestamp, pace: &Pace, candidates: &[Candidate<'_>]) -> impl Iterator<Item = Turn> {
        candidates.iter().enumerate().filter_map(move |(number, candidate)| {
            let period = pace.token(candidate.place);
            let asked = self.memory.get(candidate.age.token).tokens;
            let heard = heard(asked, candidate.age.dexscreener_at, period);
            let waited = heard.map_or_else(|| now.since(candidate.age.first_seen) + period, |heard| now.since(heard));
            let unknown = if heard.is_none() { UNKNOWN_WEIGHT } else { 1.0 };
            (waited + SLACK >= period).then(|| Turn {
                number,
                waited,
                on_screen: candidate.place.is_screen(),
                urgency: waited.as_secs_f64() * candidate.weight() * unknown,
            })
        })
    }

    /// The tokens all of whose pools are wanted, hottest first, then the longest unasked.
    fn doubtful_tokens<'a>(&self, now: Timestamp, pace: &Pace, candidates: &[Candidate<'a>]) -> Vec<&'a TokenId> {
        let mut wanted: Vec<(Place, Option<Timestamp>, &TokenId)> = candidates
            .iter()
            .filter(|candidate| candidate.age.disputed)
            .map(|candidate| (candidate.place, self.memory.get(candidate.age.token).pools, candidate.age.token))
            .filter(|(place, asked, _)| is_due(*asked, now, pace.token(*place) * POOLS_PERIODS))
            .collect();
        wanted.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
        wanted.into_iter().map(|(.., id)| id).collect()
    }

    /// The pools that only a question of their own can renew, hottest first, then the longest unasked: those that
    /// nobody vouches for yet, and those that stand for their token though DexScreener calls another its main one.
    fn unverified_pools<'a>(&self, now: Timestamp, pace: &Pace, candidates: &[Candidate<'a>]) -> Vec<&'a PoolId> {
        let mut wanted: Vec<(Place, Option<Timestamp>, &PoolId)> = Vec::new();
        for candidate in candidates {
            let period = pace.token(candidate.place);
            let passed_over = candidate.age.main_pool.filter(|_| {
                let (asked, told) = (self.memory.get(candidate.age.token).tokens, candidate.age.dexscreener_at);
                asked.zip(told).is_some_and(|(asked, told)| told.plus(period) < asked)
            });
            let unverified = candidate.age.unverified.iter().map(|pool| (pool, PAIRS_AGAIN));
            for (pool, period) in passed_over.map(|pool| (pool, period)).into_iter().chain(unverified) {
                let asked = self.memory.pairs.get(pool).copied();
                if is_due(asked, now, period) {
                    wanted.push((candidate.place, asked, pool));
                }
            }
        }
        wanted.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
        wanted.into_iter().map(|(.., pool)| pool).collect()
    }

    /// Lists, and among them now and then the details of what is on screens.
    fn ask_geckoterminal(
        &mut self,
        now: Timestamp,
        allowed: usize,
        due: &[&List],
        candidates: &[Candidate<'_>],
        requests: &mut Vec<Request>,
    ) {
        if allowed == 0 {
            return;
        }
        let mut details = self.undetailed_tokens(now, candidates);
        let mut lists = due.iter().filter(|list| list.source() == Source::Geckoterminal).peekable();
        for _ in 0..allowed {
            let is_their_turn = self.lists_since_details >= LISTS_PER_DETAILS || lists.peek().is_none();
            if is_their_turn && let Some((chain, batch)) = of_one_chain(&mut details, DETAILS_BATCH) {
                self.lists_since_details = 0;
                for id in &batch {
                    self.memory.of(id).details = Some(now);
                }
                requests.push(Request::Details(chain, batch));
            } else if let Some(list) = lists.next() {
                self.lists_since_details = self.lists_since_details.saturating_add(1);
                requests.push(self.ask_list(now, list));
            }
        }
    }

    /// The tokens on screens of which GeckoTerminal has long said nothing, most looked at first, and those that live by
    /// its word alone: it is asked by name, for only then is its silence an answer.
    fn undetailed_tokens<'a>(&self, now: Timestamp, candidates: &[Candidate<'a>]) -> Vec<&'a TokenId> {
        let mut wanted: Vec<(Place, Option<Timestamp>, &TokenId)> = candidates
            .iter()
            .filter(|candidate| {
                let lives_by_it = candidate.age.geckoterminal_at.is_some() && candidate.is_silent(now);
                candidate.place.is_screen() || lives_by_it
            })
            .map(|candidate| {
                let asked = self.memory.get(candidate.age.token).details;
                (candidate.place, asked.max(candidate.age.geckoterminal_at), candidate.age.token)
            })
            .filter(|(_, heard, _)| is_due(*heard, now, DETAILS_AGAIN))
            .collect();
        wanted.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
        wanted.into_iter().map(|(.., id)| id).collect()
    }

    fn ask_jupiter(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowed: usize,
        due: &[&List],
        candidates: &[Candidate<'_>],
        requests: &mut Vec<Request>,
    ) {
        if allowed == 0 {
            return;
        }
        let mut left = allowed;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.clear();
        waiting.extend(self.waiting_facts(now, pace, candidates));
        for list in due
            .iter()
            .filter(|list| list.source() == Source::Jupiter)
            .take(share(left, waiting.len().div_ceil(FACTS_BATCH)))
        {
            left -= 1;
            self.for_facts.spend();
            requests.push(self.ask_list(now, list));
        }
        for batch in choose(&mut waiting, left * FACTS_BATCH).chunks(FACTS_BATCH) {
            self.for_facts.spend();
            let batch: Vec<TokenId> = batch.iter().map(|turn| candidates[turn.number].age.token.clone()).collect();
            for id in &batch {
                self.memory.of(id).facts = Some(now);
            }
            requests.push(Request::Facts(batch));
        }
        self.waiting = waiting;
    }

    /// The tokens whose facts may have changed.
    fn waiting_facts(&self, now: Timestamp, pace: &Pace, candidates: &[Candidate<'_>]) -> impl Iterator<Item = Turn> {
        candidates.iter().enumerate().filter(|(_, candidate)| is_solana(candidate.age.token)).filter_map(
            move |(number, candidate)| {
                let asked = self.memory.get(candidate.age.token).facts;
                let silent = candidate.is_silent(now);
                let period = if silent { pace.facts.min(pace.lists * SILENT_PERIODS) } else { pace.facts };
                let first_seen = candidate.age.first_seen;
                let waited = asked.map_or_else(|| now.since(first_seen) + period, |asked| now.since(asked));
                (waited + SLACK >= period).then(|| Turn {
                    number,
                    waited,
                    on_screen: candidate.place.is_screen(),
                    // In periods: who should be asked more often is as urgent sooner.
                    urgency: waited.div_duration_f64(period) * candidate.weight(),
                })
            },
        )
    }

    fn ask_list(&mut self, now: Timestamp, list: &List) -> Request {
        self.memory.lists.insert(list.clone(), now);
        Request::List(list.clone())
    }
}

/// How many of `allowed` requests go to lists when `waiting` others would use them too: half, or what those leave.
fn share(allowed: usize, waiting: usize) -> usize {
    allowed.div_ceil(2).max(allowed.saturating_sub(waiting))
}

fn is_solana(id: &TokenId) -> bool {
    id.chain().as_str() == "solana"
}

fn is_due(asked: Option<Timestamp>, now: Timestamp, period: Duration) -> bool {
    asked.is_none_or(|asked| now.since(asked) + SLACK >= period)
}

/// When a source last had its say about a token. An answer may come out of a cache: then it is as old as it was true.
/// Who was asked and did not speak is as good as heard.
fn heard(asked: Option<Timestamp>, told: Option<Timestamp>, period: Duration) -> Option<Timestamp> {
    match (asked, told) {
        (Some(asked), Some(told)) if told.plus(period) <= asked => Some(asked),
        (asked, told) => told.or(asked),
    }
}
