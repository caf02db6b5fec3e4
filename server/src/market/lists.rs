//! Which tokens stand on which list of the upstreams.
//!
//! A list begins with the true top by its measure. The rest of it is a slice of the remaining
//! population, and the slices of all lists together are disjoint: who reads every list meets
//! nearly every token of a market of the usual size. In a larger market the slices move on with
//! time, so that readers meet every token sooner or later.

use super::noise::{mix, unit};
use super::sim::Market;
use super::token::{Pool, Token};

/// Seconds by which `GeckoTerminal` may lag, its cache included; what it lists must have existed then.
const GECKO_LAG: i64 = 60;
/// Seconds after birth from which Jupiter knows a token's price.
pub(super) const JUPITER_LAG: i64 = 20;

const JUPITER_LISTS: usize = 12;
const JUPITER_LEN: usize = 100;
const JUPITER_TOP: usize = 20;
const GECKO_LISTS: usize = 6;
const GECKO_LEN: usize = 200;
const GECKO_TOP: usize = 40;
/// Seconds after which the slices of a large market move on.
const TURN: i64 = 60;

/// All lists at one time, as slots of the population.
#[derive(Debug, Default)]
pub(super) struct Lists {
    made_at: Option<i64>,
    /// Kind (organic, traded, trending) times window (5m, 1h, 6h, 24h).
    jupiter: Vec<Vec<usize>>,
    /// Trending by duration (5m, 1h, 6h, 24h), then by transactions and by volume of a day.
    gecko: Vec<Vec<usize>>,
    /// Places of pools, newest first: slot and place in the token's pools.
    new_pools: Vec<(usize, usize)>,
    /// Newest first.
    recent: Vec<usize>,
    boosted: Vec<usize>,
    profiles: Vec<usize>,
}

/// What the lists are ordered by.
#[derive(Clone, Copy)]
struct Measures {
    /// By window m5, h1, h6, h24.
    volume: [f64; 4],
    trades: [f64; 4],
    trending: [f64; 4],
    organic: f64,
}

fn measures(market: &Market, token: &Token) -> Measures {
    let now = market.now();
    let reading = token.reading(token.main_pool(now), now, market.quotes());
    let flows = [0, 3, 4, 5].map(|window| reading.flows[window]);
    let changes = [0, 3, 4, 5].map(|window| reading.changes[window].unwrap_or(0.0));
    let volume = flows.map(|flow| flow.volume);
    let trades = flows.map(|flow| flow.trades() as f64);
    let trending = std::array::from_fn(|window| {
        volume[window].ln_1p() + trades[window].ln_1p() + changes[window].clamp(-50.0, 100.0) / 50.0
    });
    Measures { volume, trades, trending, organic: organic_score(token) }
}

/// Jupiter's organic score, 0 to 100.
pub(super) fn organic_score(token: &Token) -> f64 {
    let base = if token.verified { 55.0 } else { 0.0 };
    let busy = (token.pace.steady * 86_400.0 * token.pace.trade_usd).ln_1p() * 2.2;
    (base + busy * unit(token.seed, 700)).clamp(0.0, 99.9)
}

/// The pool by which `GeckoTerminal` knows a token: the main one, else any that it lists.
pub(super) fn gecko_pool(token: &Token, at: i64) -> Option<&Pool> {
    let known = |pool: &&Pool| pool.on_gecko && pool.opens <= at;
    Some(token.main_pool(at)).filter(known).or_else(|| token.pools.iter().find(known))
}

/// Whether Jupiter knows the token's price.
pub(super) fn on_jupiter(token: &Token, at: i64) -> bool {
    token.on_jupiter && !token.is_distrusted() && token.born + JUPITER_LAG <= at
}

impl Lists {
    /// Makes the lists anew when they are older than their sources would let them get.
    pub(super) fn refresh(&mut self, market: &Market) {
        let now = market.now();
        let lasts = 15 * i64::try_from(1 + market.tokens().len() / 20_000).unwrap_or(1);
        if self.made_at.is_some_and(|made_at| (made_at..made_at + lasts).contains(&now)) {
            return;
        }
        *self = Self::new(market);
    }

    fn new(market: &Market) -> Self {
        let tokens = market.tokens();
        let now = market.now();
        let all: Vec<Measures> = tokens.iter().map(|token| measures(market, token)).collect();
        let by_jupiter: Vec<usize> = (0..tokens.len()).filter(|slot| on_jupiter(&tokens[*slot], now)).collect();
        let by_gecko: Vec<usize> =
            (0..tokens.len()).filter(|slot| gecko_pool(&tokens[*slot], now - GECKO_LAG).is_some()).collect();

        let mut jupiter: Vec<Vec<usize>> = Vec::with_capacity(JUPITER_LISTS);
        for kind in 0..3 {
            for window in 0..4 {
                jupiter.push(top(&by_jupiter, JUPITER_TOP, |slot| match kind {
                    0 => all[slot].organic + all[slot].volume[window].ln_1p() * 0.1,
                    1 => all[slot].volume[window],
                    _ => all[slot].trending[window],
                }));
            }
        }
        let mut gecko: Vec<Vec<usize>> = Vec::with_capacity(GECKO_LISTS);
        for window in 0..4 {
            gecko.push(top(&by_gecko, GECKO_TOP, |slot| all[slot].trending[window]));
        }
        gecko.push(top(&by_gecko, GECKO_TOP, |slot| all[slot].trades[3]));
        gecko.push(top(&by_gecko, GECKO_TOP, |slot| all[slot].volume[3]));

        deal(market, &all, &mut jupiter, &mut gecko, &by_jupiter, &by_gecko);

        let mut new_pools: Vec<(usize, usize)> = by_gecko
            .iter()
            .flat_map(|slot| (0..tokens[*slot].pools.len()).map(move |place| (*slot, place)))
            .filter(|(slot, place)| {
                let pool = &tokens[*slot].pools[*place];
                pool.on_gecko && pool.opens <= now - GECKO_LAG
            })
            .collect();
        new_pools.sort_by_key(|(slot, place)| (std::cmp::Reverse(tokens[*slot].pools[*place].opens), *slot));
        new_pools.truncate(GECKO_LEN);
        let mut recent: Vec<usize> =
            (0..tokens.len()).filter(|slot| tokens[*slot].on_jupiter && tokens[*slot].born <= now).collect();
        recent.sort_by_key(|slot| (std::cmp::Reverse(tokens[*slot].born), *slot));
        recent.truncate(30);
        let turning = |slot: &usize| mix(tokens[*slot].seed, (now / 300).cast_unsigned());
        let mut boosted: Vec<usize> = (0..tokens.len()).filter(|slot| tokens[*slot].boosts.is_some()).collect();
        boosted.sort_by_key(turning);
        let mut profiles: Vec<usize> = (0..tokens.len()).filter(|slot| tokens[*slot].has_profile).collect();
        profiles.sort_by_key(turning);
        Self { made_at: Some(now), jupiter, gecko, new_pools, recent, boosted, profiles }
    }

    /// `kind` 0 organic score, 1 traded, 2 trending; `window` 0 to 3.
    pub(super) fn jupiter(&self, kind: usize, window: usize) -> &[usize] {
        self.jupiter.get(kind * 4 + window).map_or(&[], Vec::as_slice)
    }

    /// Trending by `window` 0 to 3.
    pub(super) fn gecko_trending(&self, window: usize) -> &[usize] {
        self.gecko.get(window).map_or(&[], Vec::as_slice)
    }

    /// By transactions of a day, or by volume.
    pub(super) fn gecko_pools(&self, by_volume: bool) -> &[usize] {
        self.gecko.get(4 + usize::from(by_volume)).map_or(&[], Vec::as_slice)
    }

    /// Slots and places of the newest pools that `GeckoTerminal` knows.
    pub(super) fn new_pools(&self) -> &[(usize, usize)] {
        &self.new_pools
    }

    /// The newest tokens that Jupiter knows of, priced or not.
    pub(super) fn recent(&self) -> &[usize] {
        &self.recent
    }

    pub(super) fn boosted(&self) -> &[usize] {
        &self.boosted
    }

    pub(super) fn profiles(&self) -> &[usize] {
        &self.profiles
    }
}

fn top(from: &[usize], len: usize, measure: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> = from.iter().map(|slot| (measure(*slot), *slot)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.truncate(len);
    order.into_iter().map(|(_, slot)| slot).collect()
}

/// Fills the lists up with the tokens that stand on no top.
fn deal(
    market: &Market,
    all: &[Measures],
    jupiter: &mut [Vec<usize>],
    gecko: &mut [Vec<usize>],
    by_jupiter: &[usize],
    by_gecko: &[usize],
) {
    let mut seen = vec![false; all.len()];
    for slot in jupiter.iter().chain(gecko.iter()).flatten() {
        seen[*slot] = true;
    }
    let mut knows = vec![(false, false); all.len()];
    for slot in by_jupiter {
        knows[*slot].0 = true;
    }
    for slot in by_gecko {
        knows[*slot].1 = true;
    }
    let mut rest: Vec<usize> = (0..all.len()).filter(|slot| !seen[*slot] && knows[*slot] != (false, false)).collect();
    rest.sort_by_key(|slot| mix(market.seed(), 9_000_000 + *slot as u64));

    let (room_jupiter, room_gecko) =
        (JUPITER_LISTS * (JUPITER_LEN - JUPITER_TOP), GECKO_LISTS * (GECKO_LEN - GECKO_TOP));
    let mut for_jupiter: Vec<usize> = rest.iter().copied().filter(|slot| knows[*slot] == (true, false)).collect();
    let mut for_gecko: Vec<usize> = rest.iter().copied().filter(|slot| knows[*slot] == (false, true)).collect();
    let both: Vec<usize> = rest.into_iter().filter(|slot| knows[*slot] == (true, true)).collect();
    if for_jupiter.len() + for_gecko.len() + both.len() <= room_jupiter + room_gecko {
        let to_jupiter = room_jupiter.saturating_sub(for_jupiter.len()).min(both.len());
        for_jupiter.extend(&both[..to_jupiter]);
        for_gecko.extend(&both[to_jupiter..]);
    } else {
        for_jupiter.extend(&both);
        for_gecko.extend(&both);
    }
    let turn = usize::try_from(market.now() / TURN).unwrap_or(0);
    slice(jupiter, &for_jupiter, room_jupiter, JUPITER_LEN - JUPITER_TOP, turn, all);
    slice(gecko, &for_gecko, room_gecko, GECKO_LEN - GECKO_TOP, turn, all);
}

fn slice(lists: &mut [Vec<usize>], from: &[usize], room: usize, len: usize, turn: usize, all: &[Measures]) {
    if from.is_empty() {
        return;
    }
    // Everything fits: nobody has to give way.
    let shift = if from.len() > room { turn.wrapping_mul(room) } else { 0 };
    let mut place = 0;
    for list in lists {
        let mut part: Vec<usize> = (0..len)
            .map(|step| place + step)
            .take_while(|place| *place < from.len())
            .map(|place| from[place.wrapping_add(shift) % from.len()])
            .collect();
        place += len;
        part.sort_by(|a, b| all[*b].volume[3].total_cmp(&all[*a].volume[3]).then(a.cmp(b)));
        list.extend(part);
    }
}
