//! Which pool stands for the token, and what all eligible pools together say it costs.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::limits::{CHALLENGE_COUNT, CHALLENGE_FACTOR};
use super::pool::Market;
use crate::{PoolId, Timestamp};

/// The canonical pool, and the one that may take its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incumbent {
    pub(crate) pool: PoolId,
    challenger: Option<Challenger>,
}

impl Incumbent {
    /// Whether another pool may take its place: then every observation counts.
    pub(crate) fn is_challenged(&self) -> bool {
        self.challenger.is_some()
    }
}

/// A pool that scored far more than the canonical one, in so many observations in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Challenger {
    pool: PoolId,
    as_of: Timestamp,
    count: u8,
}

/// Best first: score, depth, age, address. A total order.
fn rank(a: &Market, b: &Market) -> Ordering {
    let born = |market: &Market| market.created_at().map_or(i64::MAX, Timestamp::millis);
    b.score
        .total_cmp(&a.score)
        .then_with(|| b.depth.unwrap_or(0.0).total_cmp(&a.depth.unwrap_or(0.0)))
        .then_with(|| born(a).cmp(&born(b)))
        .then_with(|| a.id.cmp(b.id))
}

/// The canonical pool among the eligible ones: the best, unless the one so far is nearly as good.
pub(super) fn choose(markets: &[Market], before: Option<&Incumbent>) -> Option<Incumbent> {
    let eligible = || markets.iter().filter(|market| market.eligible());
    let best = eligible().min_by(|a, b| rank(a, b))?;
    let crowned = |pool: &PoolId| Incumbent { pool: pool.clone(), challenger: None };
    let Some((before, incumbent)) =
        before.and_then(|before| Some((before, eligible().find(|m| *m.id == before.pool)?)))
    else {
        return Some(crowned(best.id));
    };
    if best.id == incumbent.id || best.score < CHALLENGE_FACTOR * incumbent.score {
        return Some(crowned(incumbent.id));
    }
    let as_of = best.flow.as_of.max(best.main.as_of);
    let challenger = match &before.challenger {
        Some(challenger) if challenger.pool == *best.id && challenger.as_of >= as_of => challenger.clone(),
        Some(challenger) if challenger.pool == *best.id => {
            Challenger { pool: best.id.clone(), as_of, count: challenger.count + 1 }
        }
        _ => Challenger { pool: best.id.clone(), as_of, count: 1 },
    };
    Some(if challenger.count >= CHALLENGE_COUNT {
        crowned(best.id)
    } else {
        Incumbent { pool: incumbent.id.clone(), challenger: Some(challenger) }
    })
}

/// The eligible pools, the canonical one first, then by score.
pub(super) fn ranked<'m, 'a>(eligible: &[&'m Market<'a>], main: Option<&Market>) -> Vec<&'m Market<'a>> {
    let mut sorted = eligible.to_vec();
    let other = |market: &Market| main.is_none_or(|main| main.id != market.id);
    sorted.sort_by(|a, b| other(a).cmp(&other(b)).then_with(|| rank(a, b)));
    sorted
}

/// The lower median of the eligible pools' prices, weighted by their scores; always the price of one of them.
///
/// Pools with a stale price have no say beside fresher ones: after a fall their old prices would outvote the new one.
pub(super) fn reference_price(eligible: &[&Market], heard: Timestamp) -> Option<f64> {
    let mut sorted: Vec<&Market> = eligible.iter().copied().filter(|market| !market.is_stale(heard)).collect();
    if sorted.is_empty() {
        sorted = eligible.to_vec();
    }
    sorted.sort_by(|a, b| a.price.cmp(&b.price).then_with(|| a.id.cmp(b.id)));
    let scored = sorted.iter().any(|market| market.score > 0.0);
    let weight = |market: &Market| {
        if scored { market.score } else { market.depth.unwrap_or(0.0) }
    };
    let half = sorted.iter().map(|market| weight(market)).sum::<f64>() / 2.0;
    let mut running = 0.0;
    sorted
        .iter()
        .find(|market| {
            running += weight(market);
            running >= half
        })
        .map(|market| market.price_f64())
}
