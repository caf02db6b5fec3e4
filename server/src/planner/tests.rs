//! The planner as a whole: never too much, the right things first, nobody forgotten.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memescope::{Chain, TokenAge, Window};
use proptest::prelude::*;

use super::*;

pub(super) fn id(number: u16) -> TokenId {
    let mut bytes = [1u8; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    TokenId::new(&Chain::solana(), &bs58::encode(bytes).into_string()).unwrap_or_else(|error| unreachable!("{error}"))
}

fn pool(number: usize) -> PoolId {
    let number = u16::try_from(number).unwrap_or_else(|error| unreachable!("{error}"));
    PoolId::new(&Chain::solana(), id(number).address()).unwrap_or_else(|error| unreachable!("{error}"))
}

fn at(secs: u32) -> Timestamp {
    Timestamp::from_secs(1_000_000_000 + i64::from(secs))
}

/// Tokens as the book would tell of them, and sources that answer as soon as they are asked.
#[derive(Default)]
struct World {
    tokens: Vec<TokenId>,
    places: BTreeMap<usize, Place>,
    moved_pct: BTreeMap<usize, f64>,
    disputed: BTreeSet<usize>,
    main_pools: BTreeMap<usize, PoolId>,
    unverified: BTreeMap<usize, Vec<PoolId>>,
    /// When DexScreener last spoke of a token.
    told: BTreeMap<usize, Timestamp>,
    detailed: BTreeMap<usize, Timestamp>,
    /// When the price that a row shows was true.
    priced: BTreeMap<usize, Timestamp>,
    planner: Planner,
    catalogue: Vec<List>,
}

impl World {
    fn of(count: u16) -> Self {
        Self { tokens: (0..count).map(id).collect(), ..Self::default() }
    }

    /// The first `count` are on a screen.
    fn seen(mut self, count: usize) -> Self {
        self.places.extend((0..count).map(|number| (number, Place::Screen(1))));
        self
    }

    fn candidates(&self) -> Vec<Candidate<'_>> {
        let candidate = |(number, token)| Candidate {
            place: self.places.get(&number).copied().unwrap_or_default(),
            age: TokenAge {
                token,
                interest: self.priced.contains_key(&number).then_some(1.0),
                moved_pct: self.moved_pct.get(&number).copied().unwrap_or(0.0),
                disputed: self.disputed.contains(&number),
                priced_at: self.priced.get(&number).copied(),
                first_seen: at(0),
                main_pool: self.main_pools.get(&number),
                dexscreener_at: self.told.get(&number).copied(),
                geckoterminal_at: self.detailed.get(&number).copied(),
                unverified: self.unverified.get(&number).map_or(&[], Vec::as_slice),
            },
        };
        self.tokens.iter().enumerate().map(candidate).collect()
    }

    fn ask(&mut self, secs: u32, allowance: Allowance) -> Vec<Request> {
        let mut planner = std::mem::take(&mut self.planner);
        let requests = planner.discover(at(secs), &Pace::LIVE, allowance, &self.catalogue, &self.candidates());
        self.planner = planner;
        requests
    }

    /// Asks DexScreener alone and lets it answer; the numbers of the refreshed tokens, in the order asked.
    fn refresh(&mut self, secs: u32, dexscreener: usize) -> Vec<usize> {
        let requests = self.ask(secs, Allowance { dexscreener, ..Allowance::default() });
        let asked = requests.iter().filter_map(|request| match request {
            Request::Tokens(_, ids) => Some(ids),
            _ => None,
        });
        let places: HashMap<&TokenId, usize> = self.tokens.iter().enumerate().map(|(n, id)| (id, n)).collect();
        let numbers: Vec<usize> = asked.flatten().filter_map(|id| places.get(id).copied()).collect();
        self.told.extend(numbers.iter().map(|number| (*number, at(secs))));
        numbers
    }
}

fn only(source: Source, count: usize) -> Allowance {
    let mut allowance = Allowance::default();
    *match source {
        Source::Dexscreener => &mut allowance.dexscreener,
        Source::Geckoterminal => &mut allowance.geckoterminal,
        Source::Jupiter => &mut allowance.jupiter,
    } = count;
    allowance
}

#[test]
fn never_asks_more_than_is_allowed() {
    let mut world = World::of(2_000).seen(50);
    world.catalogue = List::catalogue(&[Chain::solana()], &["sol".to_owned()]);
    world.disputed = (0..100).collect();
    world.unverified = (0..200).map(|number| (number, vec![pool(number)])).collect();
    let watched: Vec<TokenId> = world.tokens[..50].to_vec();
    for tick in 0..50 {
        let allowed = [(0, 0, 0), (1, 1, 1), (10, 3, 4), (2, 0, 7)][tick as usize % 4];
        let allowance = Allowance { dexscreener: allowed.0, geckoterminal: allowed.1, jupiter: allowed.2 };
        let requests = world.ask(tick * 10, allowance);
        let count = |source| requests.iter().filter(|request| request.source() == source).count();
        assert!(count(Source::Dexscreener) <= allowed.0, "{requests:?}");
        assert!(count(Source::Geckoterminal) <= allowed.1, "{requests:?}");
        assert!(count(Source::Jupiter) <= allowed.2.div_ceil(2), "{requests:?}");
        let prices = world.planner.fill(at(tick * 10), &Pace::LIVE, allowance, &[], &watched);
        assert!(prices.len() <= allowed.2 && prices.is_empty() == (allowed.2 == 0));
    }
}

#[test]
fn rows_on_a_screen_are_refreshed_as_soon_as_there_can_be_news() {
    let mut world = World::of(3_000).seen(50);
    let mut last = BTreeMap::new();
    for tick in 0..60 {
        let secs = tick * 10;
        for number in world.refresh(secs, 8) {
            if let Some(before) = last.insert(number, secs).filter(|_| number < 50) {
                assert!(secs - before == 30, "{number} after {}", secs - before);
            }
        }
    }
    assert_eq!(last.range(..50).count(), 50);
    assert!(last.range(..50).all(|(_, secs)| *secs >= 570), "{last:?}");
}

#[test]
fn what_matters_more_waits_less() {
    // 0: nowhere, 1: moving, 2: on a first page, 3: in a followed list, 4: on a screen; each among equals.
    let mut world = World::of(4_000);
    for number in 0..4_000 {
        match number % 40 {
            1 => drop(world.moved_pct.insert(number, 12.0)),
            2 => drop(world.places.insert(number, Place::Head)),
            3 => drop(world.places.insert(number, Place::Listed)),
            4 => drop(world.places.insert(number, Place::Screen(1))),
            _ => {}
        }
    }
    let mut turns = BTreeMap::new();
    for tick in 0..180 {
        for number in world.refresh(tick * 10, 8) {
            *turns.entry((number % 40).min(5)).or_insert(0) += 1;
        }
    }
    // 35 of 40 kinds are nothing special.
    let rates = [turns[&0] + turns[&5], turns[&1], turns[&2], turns[&3], turns[&4]];
    let rates = [rates[0] / 36, rates[1], rates[2], rates[3], rates[4]];
    assert!(rates.is_sorted_by(|a, b| a < b), "{rates:?}");
}

#[test]
fn an_answer_out_of_a_cache_is_as_old_as_it_was_true() {
    let table: [(Option<u32>, Option<u32>, Option<u32>); 6] = [
        // asked, told, heard
        (None, None, None),
        (None, Some(7), Some(7)),
        (Some(100), None, Some(100)),
        (Some(100), Some(75), Some(75)),
        (Some(100), Some(70), Some(100)),
        (Some(100), Some(120), Some(120)),
    ];
    for (asked, told, expected) in table {
        let result = heard(asked.map(at), told.map(at), Pace::LIVE.watched);
        assert_eq!(result, expected.map(at), "{asked:?} {told:?}");
    }
}

#[test]
fn nothing_is_asked_before_its_source_can_say_something_new() {
    let mut world = World::of(20).seen(20);
    world.catalogue = vec![List::Boosts];
    let all = Allowance { dexscreener: 10, geckoterminal: 10, jupiter: 10 };
    assert!(!world.ask(0, all).is_empty());
    assert_eq!(world.ask(10, all), vec![]);
    assert_eq!(world.refresh(30, 10).len(), 20);
    assert!(world.ask(60, all).contains(&Request::List(List::Boosts)));
}

#[test]
fn a_large_catalogue_does_not_keep_the_first_pages_from_their_second_turn() {
    let mut world = World::of(0);
    world.catalogue = List::catalogue(&[Chain::solana()], &[]);
    let first = List::TrendingPools(Chain::solana(), Window::H1, 1);
    let mut turns = Vec::new();
    let mut asked = BTreeSet::new();
    for tick in 0..240u32 {
        // Five a minute.
        let requests = world.ask(tick * 12, only(Source::Geckoterminal, 1));
        if requests.contains(&Request::List(first.clone())) {
            turns.push(tick * 12);
        }
        asked.extend(requests.iter().map(|request| format!("{request:?}")));
    }
    let gaps: Vec<u32> = turns.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap <= 300), "{gaps:?}");
    let lists = world.catalogue.iter().filter(|list| list.source() == Source::Geckoterminal).count();
    assert_eq!(asked.len(), lists, "every page has had its turn");
}

#[test]
fn pools_that_nobody_vouches_for_are_looked_up_by_their_address() {
    let mut world = World::of(100).seen(3);
    world.unverified = (0..70).map(|number| (number, vec![pool(1_000 + number)])).collect();
    let pairs = |requests: Vec<Request>| -> Vec<PoolId> {
        let pairs = requests.into_iter().filter_map(|request| match request {
            Request::Pairs(_, pools) => Some(pools),
            _ => None,
        });
        pairs.flatten().collect()
    };
    let first = pairs(world.ask(0, only(Source::Dexscreener, 10)));
    assert_eq!(first.len(), DEXSCREENER_BATCH);
    assert!((1_000..1_003).all(|number| first.contains(&pool(number))), "those on screens first");
    let rest: Vec<PoolId> =
        (1..4).flat_map(|tick| pairs(world.ask(tick * 10, only(Source::Dexscreener, 10)))).collect();
    assert_eq!(rest.len(), 40, "each is asked once");
    assert_eq!(pairs(world.ask(290, only(Source::Dexscreener, 10))), vec![]);
    assert_eq!(pairs(world.ask(300, only(Source::Dexscreener, 10))), first, "and again where nobody answered");
}

#[test]
fn a_main_pool_that_dexscreener_passes_over_is_asked_by_name() {
    let mut world = World::of(2).seen(2);
    world.main_pools = (0..2).map(|number| (number, pool(500 + number))).collect();
    world.told = BTreeMap::from([(0, at(0)), (1, at(0))]);
    let tokens = |secs| Request::Tokens(Chain::solana(), vec![id(secs), id(secs + 1)]);
    assert_eq!(world.ask(40, only(Source::Dexscreener, 5)), [tokens(0)]);
    // The answer spoke of the first one's pool only.
    world.told.insert(0, at(40));
    let requests = world.ask(50, only(Source::Dexscreener, 5));
    assert_eq!(requests, [Request::Pairs(Chain::solana(), vec![pool(501)])]);
}

#[test]
fn disputed_tokens_are_looked_at_as_a_whole_now_and_then() {
    let mut world = World::of(50).seen(1);
    world.disputed = BTreeSet::from([0, 20]);
    let pools = |requests: &[Request]| requests.iter().filter(|request| matches!(request, Request::Pools(_))).count();
    let first = world.ask(0, only(Source::Dexscreener, 10));
    assert!(first.contains(&Request::Pools(id(0))), "the one on the screen: {first:?}");
    let later: usize = (1..12).map(|tick| pools(&world.ask(tick * 10, only(Source::Dexscreener, 10)))).sum();
    assert_eq!(later, 1, "the other one; neither again within two minutes");
    assert_eq!(world.ask(120, only(Source::Dexscreener, 10)).first(), Some(&Request::Pools(id(0))));
}

#[test]
fn details_are_asked_for_what_is_on_screens_between_the_lists() {
    let mut world = World::of(200).seen(50);
    world.catalogue = List::catalogue(&[Chain::solana()], &[]);
    world.detailed = (0..5).map(|number| (number, at(0))).collect();
    let mut kinds = Vec::new();
    let mut detailed = Vec::new();
    for tick in 0..9 {
        for request in world.ask(tick * 12, only(Source::Geckoterminal, 1)) {
            kinds.push(matches!(request, Request::Details(..)));
            if let Request::Details(_, ids) = request {
                detailed.extend(ids);
            }
        }
    }
    assert_eq!(kinds, [false, false, true, false, false, true, false, false, false]);
    assert_eq!(detailed.iter().collect::<BTreeSet<_>>(), world.tokens[5..50].iter().collect());
    world.catalogue.clear();
    assert!(matches!(world.ask(310, only(Source::Geckoterminal, 1))[..], [Request::Details(..)]), "no list waits");
}

#[test]
fn a_row_that_nobody_confirms_is_asked_about_by_name() {
    let mut world = World::of(40);
    // All were seen by GeckoTerminal; the prices of the last ten are kept up by another source.
    world.detailed = (0..40).map(|number| (number, at(0))).collect();
    let all = Allowance { geckoterminal: 3, jupiter: 4, ..Allowance::default() };
    let mut asked = |secs| {
        world.priced = (0..30).map(|n| (n, at(0))).chain((30..40).map(|n| (n, at(secs)))).collect();
        let requests = world.ask(secs, all);
        requests.into_iter().fold((0, 0), |(details, facts), request| match request {
            Request::Details(_, ids) => (details + ids.len(), facts),
            Request::Facts(ids) => (details, facts + ids.len()),
            _ => (details, facts),
        })
    };
    assert_eq!(asked(0), (0, 40), "facts of what is new");
    assert_eq!(asked(290), (0, 0));
    assert_eq!(asked(300), (30, 30), "silent for five minutes");
    assert_eq!(asked(420), (0, 30), "facts again after two");
    assert_eq!(asked(600), (30, 40), "three such answers let a row leave");
}

#[test]
fn prices_in_need_go_before_watched_ones_and_sol_is_always_asked() {
    let mut planner = Planner::default();
    let watched: Vec<TokenId> = (0..60).map(id).collect();
    let need = [id(900), id(59)];
    let one = only(Source::Jupiter, 1);
    let requests = planner.fill(at(0), &Pace::LIVE, one, &need, &watched);
    let [Request::Prices(ids)] = requests.as_slice() else { unreachable!("one request: {requests:?}") };
    assert_eq!((ids.len(), &ids[0], &ids[1], &ids[2]), (PRICES_BATCH, &id(59), &id(900), &id(0)));
    let rest = planner.fill(at(1), &Pace::LIVE, one, &need, &watched);
    assert_eq!(rest, [Request::Prices((47..59).map(id).collect())], "nobody twice within five seconds");
    assert_eq!(planner.fill(at(1), &Pace::LIVE, one, &[], &[]), [Request::Prices(vec![])]);
    assert_eq!(planner.fill(at(9), &Pace::LIVE, Allowance::default(), &need, &watched), []);
}

#[test]
fn what_was_not_sent_is_due_again_and_what_failed_is_not_tried_without_end() {
    let all = Allowance { dexscreener: 11, geckoterminal: 9, jupiter: 9 };
    for (sent, again) in [(false, true), (true, false)] {
        let mut world = World::of(5).seen(5);
        world.catalogue = vec![List::Boosts, List::Recent, List::NewPools(Chain::solana(), 1)];
        world.disputed = BTreeSet::from([0]);
        world.unverified = BTreeMap::from([(1, vec![pool(1)])]);
        let first = world.ask(0, all);
        assert_eq!(first.iter().map(Request::source).collect::<BTreeSet<_>>().len(), 3, "{first:?}");
        for request in &first {
            world.planner.unanswered(at(1), &Pace::LIVE, request, sent);
        }
        let second = world.ask(10, all);
        assert_eq!(second.len(), if again { first.len() } else { 0 }, "{second:?}");
        let facts = world.ask(61, all).into_iter().filter(|request| matches!(request, Request::Facts(_))).count();
        assert_eq!(facts, usize::from(sent), "a source that failed on facts has a minute");
    }
}

#[test]
fn memory_is_bounded_by_what_is_tracked() {
    let mut planner = Planner::default();
    for generation in 0..20u16 {
        let mut world = World { tokens: (0..500).map(|n| id(generation * 500 + n)).collect(), ..World::default() };
        world.unverified = (0..500).map(|n| (n, vec![pool(usize::from(generation) * 500 + n)])).collect();
        world.planner = planner;
        world.ask(u32::from(generation) * 60, only(Source::Dexscreener, 100));
        planner = world.planner;
    }
    let (tokens, pairs) = planner.memory.sizes();
    assert!(tokens <= 2_500 && pairs <= 2_500, "{tokens} tokens, {pairs} pools");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// With `n` tokens and `s` places a tick a quarter of the places goes to the longest wait: whatever is hot and however
    /// it moves about, nobody waits longer than it takes to walk through all of them with that quarter.
    #[test]
    fn nobody_starves(count in 1u16..700, requests in 1usize..4, hot in 0u16..400, shift in 0u16..60, doubts in 0u16..80) {
        let mut world = World::of(count);
        let places = requests * DEXSCREENER_BATCH;
        world.disputed = (0..usize::from(doubts.min(count))).collect();
        // A tenth of the requests may go to whole tokens, and a few that were saved up.
        let ticks_around = (usize::from(count) * 10).div_ceil((places / 4).max(1) * 9);
        let bound = u32::try_from(ticks_around + 8).unwrap_or(u32::MAX) * 10;
        for tick in 0..(u32::try_from(ticks_around).unwrap_or(0) * 2 + 12) {
            let moved = u32::from(shift) * tick;
            world.places = (0..u32::from(hot))
                .map(|n| (((n + moved) % u32::from(count)) as usize, Place::Screen(n)))
                .collect();
            world.moved_pct = world.places.keys().map(|number| (*number, 50.0)).collect();
            world.refresh(tick * 10, requests);
            for number in 0..usize::from(count) {
                let heard = world.told.get(&number).copied().unwrap_or(at(0));
                let waited = at(tick * 10).since(heard).as_secs();
                prop_assert!(waited <= u64::from(bound), "{number} waits {waited} s, more than {bound} s");
            }
        }
    }
}
