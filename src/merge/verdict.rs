//! Whether a source's prices of a pool are told in money of known worth.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anchor::{self, Rate, Reference};
use super::{PoolMemory, World};
use crate::{PoolObservation, Timestamp, TokenId};

/// The judgement of one source's prices of one pool. It holds for that observation, and for later ones for which no
/// reference of their time is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// The observation that was judged.
    pub(crate) as_of: Timestamp,
    /// Whether its prices are told in money of known worth.
    pub(super) anchored: bool,
    /// USD per unit of that money.
    pub(super) money_usd: f64,
}

impl Verdict {
    /// The observation that was judged was made again at another time: whether the judgement is the same at these rates.
    /// If so it is that of the new one.
    pub(super) fn renew(&mut self, said: &PoolObservation, rates: &BTreeMap<TokenId, Rate>) -> bool {
        if self.as_of == said.as_of {
            return true;
        }
        // Calm pools are quoted in an anchor.
        let reference = anchor::reference(&said.quote.token, rates).filter(|reference| reference.covers(said.as_of));
        let is_same = reference.is_some_and(|reference| reference.usd.to_bits() == self.money_usd.to_bits());
        if is_same {
            self.as_of = said.as_of;
        }
        is_same
    }
}

/// Judges an observation by a reference of its time; without one the last judgement holds.
pub(super) fn verdict(
    main: &PoolObservation,
    inverted: bool,
    money: &TokenId,
    table: Option<Reference>,
    memory: Option<&PoolMemory>,
    world: &World,
) -> Option<Verdict> {
    let before = memory.and_then(|memory| memory.verdicts.get(&main.source).copied());
    if let Some(before) = before.filter(|before| before.as_of == main.as_of) {
        return Some(before);
    }
    let reference = if anchor::is_anchor(money) {
        table
    } else {
        world
            .prices
            .get(money)
            .and_then(|said| Some(Reference { usd: said.what.price_usd?.to_f64(), as_of: Some(said.what.as_of) }))
    };
    match reference.filter(|reference| reference.covers(main.as_of)) {
        Some(reference) => Some(Verdict {
            as_of: main.as_of,
            anchored: anchor::holds(main, inverted, reference.usd),
            money_usd: reference.usd,
        }),
        None => before,
    }
}
