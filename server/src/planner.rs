//! Which requests this tick, from what the budgets allow.
//!
//! The keyless limits are the scarce good. Discovery asks each list as often as it can say something new; what is left
//! refreshes tokens: those that somebody looks at as soon as their source can say something new, the others by age.
//!
//! Pure: the moment, the budgets and what is known come in, requests go out. [`Planner`] only remembers when it last
//! asked for what.

mod lists;
mod past;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use memescope::{Chain, Timestamp, TokenId};

pub use self::lists::{JupiterKind, List};
pub use self::past::{PastPlanner, PastRequest};

/// Tokens in one DexScreener request.
pub const DEXSCREENER_BATCH: usize = 30;

/// Tokens in one Jupiter request for facts.
pub const FACTS_BATCH: usize = 100;

/// Tokens in one Jupiter request for prices, one place of which is wrapped SOL's.
pub const PRICES_BATCH: usize = 49;

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

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A list that may name tokens that are not yet known.
    List(List),
    /// The main pool of up to 30 tokens of one chain, at DexScreener.
    Tokens(Chain, Vec<TokenId>),
    /// All pools of one token, at DexScreener.
    Pools(TokenId),
    /// Facts of up to 100 Solana tokens, at Jupiter.
    Facts(Vec<TokenId>),
    /// Prices of up to 49 Solana tokens, at Jupiter.
    Prices(Vec<TokenId>),
}

/// What the planner knows of a tracked token.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub id: TokenId,
    /// Somebody looks at it, or it stands at the head of a common list.
    pub watched: bool,
    /// Its price is missing, disputed, or from a pool that cannot be vouched for: all its pools are wanted.
    pub wants_pools: bool,
}

/// Remembers when what was asked.
#[derive(Debug, Default)]
pub struct Planner {
    lists: HashMap<List, Timestamp>,
    refreshed: HashMap<TokenId, Timestamp>,
    pools: HashMap<TokenId, Timestamp>,
    facts: HashMap<TokenId, Timestamp>,
    prices: HashMap<TokenId, Timestamp>,
}

impl Planner {
    /// Stage one: discovery and refresh.
    pub fn discover(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        catalogue: &[List],
        candidates: &[Candidate],
    ) -> Vec<Request> {
        self.forget_untracked(candidates);
        let mut requests = Vec::new();
        let due = self.due_lists(now, pace, catalogue);

        let waiting =
            due_tokens(
                &self.refreshed,
                now,
                candidates,
                |candidate| {
                    if candidate.watched { pace.watched } else { pace.others }
                },
            );
        let wanted = due_tokens(
            &self.pools,
            now,
            candidates.iter().filter(|candidate| candidate.wants_pools),
            // The same answer again would only repeat what could not be vouched for.
            |_| pace.others * 4,
        );
        let batches = waiting.len().div_ceil(DEXSCREENER_BATCH) + wanted.len();
        let for_lists = share(allowance.dexscreener, batches);
        let mut left = allowance.dexscreener;
        for list in due.iter().filter(|list| list.is_dexscreener()).take(for_lists) {
            left -= 1;
            requests.push(Request::List(self.ask_list(now, list)));
        }
        // A fifth of what is left looks at whole tokens; the rest refreshes thirty at a time.
        for id in wanted.into_iter().take(left.div_ceil(5)) {
            left -= 1;
            self.pools.insert(id.clone(), now);
            requests.push(Request::Pools(id));
        }
        requests.extend(self.token_batches(now, waiting, left));

        for list in due.iter().filter(|list| list.is_geckoterminal()).take(allowance.geckoterminal) {
            requests.push(Request::List(self.ask_list(now, list)));
        }

        // Half of Jupiter's budget is kept for the prices of stage two.
        let mut left = allowance.jupiter.div_ceil(2);
        let mut without_facts = due_tokens(&self.facts, now, candidates, |_| pace.facts);
        without_facts.retain(|id| id.chain().as_str() == "solana");
        let fact_batches = without_facts.len().div_ceil(FACTS_BATCH);
        for list in due.iter().filter(|list| list.is_jupiter()).take(share(left, fact_batches)) {
            left -= 1;
            requests.push(Request::List(self.ask_list(now, list)));
        }
        for batch in without_facts.chunks(FACTS_BATCH).take(left) {
            self.facts.extend(batch.iter().map(|id| (id.clone(), now)));
            requests.push(Request::Facts(batch.to_vec()));
        }
        requests
    }

    /// Stage two: Jupiter's prices, first where the price is missing, rejected, stale or disputed, then for what is
    /// watched. The first request is made even when nothing is in need: it carries wrapped SOL.
    pub fn fill(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: Allowance,
        in_need: &[TokenId],
        candidates: &[Candidate],
    ) -> Vec<Request> {
        let solana = |id: &&TokenId| id.chain().as_str() == "solana";
        let is_due = |id: &&TokenId| self.prices.get(*id).is_none_or(|asked| now.since(*asked) >= pace.prices);
        let mut chosen: Vec<TokenId> = in_need.iter().filter(solana).filter(is_due).cloned().collect();
        let mut known: HashSet<TokenId> = chosen.iter().cloned().collect();
        let watched = candidates.iter().filter(|candidate| candidate.watched).map(|candidate| &candidate.id);
        for id in watched.filter(solana).filter(is_due) {
            if known.insert(id.clone()) {
                chosen.push(id.clone());
            }
        }
        let mut requests = Vec::new();
        for batch in chosen.chunks(PRICES_BATCH).take(allowance.jupiter) {
            self.prices.extend(batch.iter().map(|id| (id.clone(), now)));
            requests.push(Request::Prices(batch.to_vec()));
        }
        if requests.is_empty() && allowance.jupiter > 0 {
            requests.push(Request::Prices(Vec::new()));
        }
        requests
    }

    fn ask_list(&mut self, now: Timestamp, list: &List) -> List {
        self.lists.insert(list.clone(), now);
        list.clone()
    }

    /// The lists that can say something new, the longest overdue first.
    fn due_lists(&self, now: Timestamp, pace: &Pace, catalogue: &[List]) -> Vec<List> {
        let overdue = |list: &List| match self.lists.get(list) {
            None => f64::INFINITY,
            Some(asked) => now.since(*asked).as_secs_f64() / list.period(pace.lists).as_secs_f64(),
        };
        let mut due: Vec<(f64, &List)> =
            catalogue.iter().map(|list| (overdue(list), list)).filter(|(overdue, _)| *overdue >= 1.0).collect();
        // Stable: among lists that were never asked the catalogue's order holds.
        due.sort_by(|left, right| right.0.total_cmp(&left.0));
        due.into_iter().map(|(_, list)| list.clone()).collect()
    }

    fn token_batches(&mut self, now: Timestamp, waiting: Vec<TokenId>, most: usize) -> Vec<Request> {
        let mut by_chain: Vec<(Chain, Vec<TokenId>)> = Vec::new();
        let mut requests = Vec::new();
        for id in waiting {
            if requests.len() == most {
                break;
            }
            let place = by_chain.iter().position(|(chain, _)| chain == id.chain()).unwrap_or_else(|| {
                by_chain.push((id.chain().clone(), Vec::new()));
                by_chain.len() - 1
            });
            let batch = &mut by_chain[place].1;
            batch.push(id);
            if batch.len() == DEXSCREENER_BATCH {
                requests.push(Request::Tokens(by_chain[place].0.clone(), std::mem::take(&mut by_chain[place].1)));
            }
        }
        for (chain, batch) in by_chain {
            if requests.len() < most && !batch.is_empty() {
                requests.push(Request::Tokens(chain, batch));
            }
        }
        for request in &requests {
            if let Request::Tokens(_, batch) = request {
                self.refreshed.extend(batch.iter().map(|id| (id.clone(), now)));
            }
        }
        requests
    }

    fn forget_untracked(&mut self, candidates: &[Candidate]) {
        // Only when it is worth a pass: the maps stay within twice the tracked set.
        let bound = candidates.len() * 2 + 1_000;
        if self.refreshed.len().max(self.pools.len()).max(self.facts.len()).max(self.prices.len()) <= bound {
            return;
        }
        let tracked: HashSet<&TokenId> = candidates.iter().map(|candidate| &candidate.id).collect();
        for memory in [&mut self.refreshed, &mut self.pools, &mut self.facts, &mut self.prices] {
            memory.retain(|id, _| tracked.contains(id));
        }
    }
}

/// How many of `allowed` requests go to lists when `waiting` others would use them too: half, or what those leave.
fn share(allowed: usize, waiting: usize) -> usize {
    allowed.div_ceil(2).max(allowed.saturating_sub(waiting))
}

/// The tokens that can be asked again, watched ones first, then the longest unasked.
fn due_tokens<'a>(
    asked: &HashMap<TokenId, Timestamp>,
    now: Timestamp,
    candidates: impl IntoIterator<Item = &'a Candidate>,
    period: impl Fn(&Candidate) -> Duration,
) -> Vec<TokenId> {
    let mut due: Vec<(bool, Timestamp, &TokenId)> = candidates
        .into_iter()
        .map(|candidate| (candidate, asked.get(&candidate.id).copied().unwrap_or_default()))
        .filter(|(candidate, at)| now.since(*at) >= period(candidate))
        .map(|(candidate, at)| (!candidate.watched, at, &candidate.id))
        .collect();
    due.sort();
    due.into_iter().map(|(_, _, id)| id.clone()).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn id(number: u16) -> TokenId {
        let mut bytes = [1u8; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        TokenId::new(&Chain::solana(), &bs58::encode(bytes).into_string()).unwrap()
    }

    fn candidates(count: u16, watched: u16) -> Vec<Candidate> {
        (0..count).map(|n| Candidate { id: id(n), watched: n < watched, wants_pools: false }).collect()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000_000 + secs)
    }

    fn refreshed(requests: &[Request]) -> Vec<TokenId> {
        requests
            .iter()
            .filter_map(|request| if let Request::Tokens(_, ids) = request { Some(ids.clone()) } else { None })
            .flatten()
            .collect()
    }

    #[test]
    fn never_asks_more_than_is_allowed() {
        let catalogue = List::catalogue(&[Chain::solana()], &["sol".to_owned()]);
        let allowance = Allowance { dexscreener: 10, geckoterminal: 3, jupiter: 4 };
        let mut planner = Planner::default();
        let tokens = candidates(2_000, 50);
        for tick in 0..50 {
            let requests = planner.discover(at(tick * 10), &Pace::LIVE, allowance, &catalogue, &tokens);
            let count = |of: fn(&Request) -> bool| requests.iter().filter(|request| of(request)).count();
            let dexscreener = count(|request| match request {
                Request::List(list) => list.is_dexscreener(),
                Request::Tokens(..) | Request::Pools(_) => true,
                _ => false,
            });
            let geckoterminal = count(|request| matches!(request, Request::List(list) if list.is_geckoterminal()));
            let jupiter = count(|request| match request {
                Request::List(list) => list.is_jupiter(),
                Request::Facts(_) | Request::Prices(_) => true,
                _ => false,
            });
            assert!(dexscreener <= 10 && geckoterminal <= 3 && jupiter <= 2, "{requests:?}");
            let prices = planner.fill(at(tick * 10), &Pace::LIVE, Allowance { jupiter: 2, ..allowance }, &[], &tokens);
            assert!((1..=2).contains(&prices.len()));
        }
    }

    #[test]
    fn watched_tokens_come_first_and_all_come_in_the_end() {
        let mut planner = Planner::default();
        let tokens = candidates(300, 30);
        let allowance = Allowance { dexscreener: 2, ..Allowance::default() };
        let first = refreshed(&planner.discover(at(0), &Pace::LIVE, allowance, &[], &tokens));
        assert_eq!(first.len(), 60);
        assert!(tokens[..30].iter().all(|candidate| first.contains(&candidate.id)));
        let mut seen: HashSet<TokenId> = first.into_iter().collect();
        for tick in 1..=12 {
            seen.extend(refreshed(&planner.discover(at(tick * 10), &Pace::LIVE, allowance, &[], &tokens)));
        }
        assert_eq!(seen.len(), 300);
    }

    #[test]
    fn nothing_is_asked_before_its_source_can_say_something_new() {
        let mut planner = Planner::default();
        let tokens = candidates(20, 20);
        let allowance = Allowance { dexscreener: 10, geckoterminal: 10, jupiter: 10 };
        let catalogue = [List::Boosts];
        assert!(!planner.discover(at(0), &Pace::LIVE, allowance, &catalogue, &tokens).is_empty());
        assert_eq!(planner.discover(at(10), &Pace::LIVE, allowance, &catalogue, &tokens), vec![]);
        assert_eq!(refreshed(&planner.discover(at(30), &Pace::LIVE, allowance, &catalogue, &tokens)).len(), 20);
        let again = planner.discover(at(60), &Pace::LIVE, allowance, &catalogue, &tokens);
        assert!(again.contains(&Request::List(List::Boosts)));
    }

    #[test]
    fn prices_in_need_go_before_watched_ones_and_sol_is_always_asked() {
        let mut planner = Planner::default();
        let tokens = candidates(60, 60);
        let need = [id(900)];
        let allowance = Allowance { jupiter: 1, ..Allowance::default() };
        let requests = planner.fill(at(0), &Pace::LIVE, allowance, &need, &tokens);
        let [Request::Prices(ids)] = requests.as_slice() else { unreachable!("one request: {requests:?}") };
        assert_eq!((ids.len(), &ids[0]), (PRICES_BATCH, &need[0]));
        assert_eq!(planner.fill(at(1), &Pace::LIVE, allowance, &[], &[]), vec![Request::Prices(vec![])]);
        assert_eq!(planner.fill(at(1), &Pace::LIVE, Allowance::default(), &need, &tokens), vec![]);
    }

    #[test]
    fn memory_is_bounded_by_what_is_tracked() {
        let mut planner = Planner::default();
        let allowance = Allowance { dexscreener: 100, geckoterminal: 0, jupiter: 0 };
        for generation in 0..20u16 {
            let tokens: Vec<Candidate> = (0..500)
                .map(|n| Candidate { id: id(generation * 500 + n), watched: false, wants_pools: false })
                .collect();
            planner.discover(at(i64::from(generation) * 60), &Pace::LIVE, allowance, &[], &tokens);
        }
        assert!(planner.refreshed.len() <= 2_500, "{}", planner.refreshed.len());
    }
}
