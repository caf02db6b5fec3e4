//! In which order rows stand: total, with the id as the last word, unknown always last.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::filter::figure;
use super::{Metric, Rank, SortKey, TokenQuery};
use crate::{Flag, Timestamp, Token, TokenId, Window};

/// Rows with less liquidity than this, USD, stand after all others in every named rank: there a few dollars make any
/// percentage.
const RANKED_LIQUIDITY: f64 = 10_000.0;

/// A rise above this many percent says nothing more about the order.
const CHANGE_CEILING: f64 = 10_000.0;

/// Where a row stands in an order, apart from its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderKey {
    /// Rows of a later tier stand after all others.
    pub tier: Tier,
    /// What is compared.
    pub value: OrderValue,
}

/// How far a named rank can trust a row's figures. Every row is listed; those that can fool a rank come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Nothing is known against it.
    Sound,
    /// Too little liquidity for its figures to mean much.
    Thin,
    /// It passes for another token, or its figures are made up.
    Doubtful,
}

/// What an order compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderValue {
    /// Unknown: last in both directions.
    Missing,
    /// A figure.
    Number(f64),
    /// A text, in lower case.
    Text(Arc<str>),
}

/// The order of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    rank: Rank,
    window: Window,
    /// The column and whether it descends; the named rank when `None`.
    sort: Option<(SortKey, bool)>,
}

impl Order {
    /// The order that a query asks for.
    pub fn of(query: &TokenQuery) -> Self {
        Self { rank: query.rank, window: query.window, sort: query.sort.map(|sort| (sort.key, sort.descending)) }
    }

    /// Whether rows come in the order in which the query names them.
    pub fn is_as_given(query: &TokenQuery) -> bool {
        query.sort.is_none() && !query.ids.is_empty()
    }

    /// The key of a row.
    pub fn key(self, token: &Token) -> OrderKey {
        match self.sort {
            None | Some((SortKey::Rank, _)) => OrderKey { tier: tier(token), value: self.rank_value(token) },
            Some((key, _)) => OrderKey { tier: Tier::Sound, value: sort_value(token, key, self.window) },
        }
    }

    /// Compares two rows by their keys, and by id when those are equal.
    pub fn compare(self, left: (&OrderKey, &TokenId), right: (&OrderKey, &TokenId)) -> Ordering {
        self.compare_keys(left.0, right.0).then_with(|| left.1.cmp(right.1))
    }

    /// Compares two keys; equal ones are told apart by the ids of their rows.
    pub fn compare_keys(self, left: &OrderKey, right: &OrderKey) -> Ordering {
        let descending = match self.sort {
            None => self.rank_descends(),
            Some((SortKey::Rank, reversed)) => self.rank_descends() != reversed,
            Some((_, descending)) => descending,
        };
        left.tier.cmp(&right.tier).then_with(|| compare_values(&left.value, &right.value, descending))
    }

    fn rank_descends(self) -> bool {
        self.rank != Rank::Losers
    }

    fn rank_value(self, token: &Token) -> OrderValue {
        let change = token.change_pct.at(self.window);
        let value = match self.rank {
            Rank::Trending => trending(token, self.window),
            Rank::Top => token.market_cap_usd.or(token.fdv_usd),
            Rank::Gainers | Rank::Losers => change.map(|change| change.min(CHANGE_CEILING)),
            Rank::New => token.created_at.map(millis),
        };
        value.map_or(OrderValue::Missing, OrderValue::Number)
    }
}

fn compare_values(left: &OrderValue, right: &OrderValue, descending: bool) -> Ordering {
    let directed = |ordering: Ordering| {
        if descending { ordering.reverse() } else { ordering }
    };
    match (left, right) {
        (OrderValue::Missing, OrderValue::Missing) => Ordering::Equal,
        (OrderValue::Number(left), OrderValue::Number(right)) => directed(left.total_cmp(right)),
        (OrderValue::Text(left), OrderValue::Text(right)) => directed(left.cmp(right)),
        // One order compares figures or texts, never both: what is left is a known value beside an unknown one.
        (OrderValue::Missing, _) | (OrderValue::Text(_), OrderValue::Number(_)) => Ordering::Greater,
        (_, OrderValue::Missing) | (OrderValue::Number(_), OrderValue::Text(_)) => Ordering::Less,
    }
}

fn tier(token: &Token) -> Tier {
    if [Flag::Lookalike, Flag::FakeLiquidity, Flag::Wash].into_iter().any(|flag| token.has(flag)) {
        Tier::Doubtful
    } else if token.liquidity_usd.is_none_or(|liquidity| liquidity < RANKED_LIQUIDITY) {
        Tier::Thin
    } else {
        Tier::Sound
    }
}

/// The published formula; unknown while neither volume nor transactions are known.
fn trending(token: &Token, window: Window) -> Option<f64> {
    let volume = token.volume_usd.at(window);
    let txns = token.txns.at(window);
    if volume.is_none() && txns.is_none() {
        return None;
    }
    let change = token.change_pct.at(window).unwrap_or(0.0).clamp(-50.0, 100.0) / 50.0;
    Some(volume.unwrap_or(0.0).ln_1p() + txns.map_or(0.0, |txns| txns.total() as f64).ln_1p() + change)
}

fn sort_value(token: &Token, key: SortKey, window: Window) -> OrderValue {
    let metric = match key {
        SortKey::PriceUsd => Metric::PriceUsd,
        SortKey::ChangePct => Metric::ChangePct,
        SortKey::VolumeUsd => Metric::VolumeUsd,
        SortKey::Txns => Metric::Txns,
        SortKey::Traders => Metric::Traders,
        SortKey::LiquidityUsd => Metric::LiquidityUsd,
        SortKey::MarketCapUsd => Metric::MarketCapUsd,
        // The youngest has the smallest age and the latest time.
        SortKey::Age => {
            return token.created_at.map_or(OrderValue::Missing, |at| OrderValue::Number(-millis(at)));
        }
        SortKey::Symbol | SortKey::Rank => {
            return token
                .symbol
                .as_deref()
                .map_or(OrderValue::Missing, |symbol| OrderValue::Text(symbol.to_lowercase().into()));
        }
    };
    figure(token, metric, window).map_or(OrderValue::Missing, OrderValue::Number)
}

fn millis(at: Timestamp) -> f64 {
    at.millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;

    fn row(number: u8, build: impl FnOnce(&mut Token)) -> Token {
        let mut token = Token::new(token_id(number), Timestamp::default());
        token.liquidity_usd = Some(50_000.0);
        build(&mut token);
        token
    }

    fn sorted(query: &str, rows: &[Token]) -> Vec<usize> {
        let query = TokenQuery::parse(query.split('&').filter_map(|pair| pair.split_once('='))).query;
        let order = Order::of(&query);
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_by(|a, b| {
            order.compare((&order.key(&rows[*a]), &rows[*a].id), (&order.key(&rows[*b]), &rows[*b].id))
        });
        places
    }

    #[test]
    fn unknown_stands_last_in_both_directions() {
        let rows = [row(1, |_| {}), row(2, |t| t.volume_usd.h24 = Some(1.0)), row(3, |t| t.volume_usd.h24 = Some(2.0))];
        assert_eq!(sorted("sort=volume_usd", &rows), [1, 2, 0]);
        assert_eq!(sorted("sort=-volume_usd", &rows), [2, 1, 0]);
    }

    #[test]
    fn thin_rows_then_doubtful_ones_come_last_in_a_rank_but_not_in_a_sort() {
        let rows = [
            row(1, |t| {
                t.change_pct.h24 = Some(9_000.0);
                t.liquidity_usd = Some(9_999.0);
            }),
            row(2, |t| {
                t.change_pct.h24 = Some(8_000.0);
                t.flags = vec![Flag::Lookalike];
            }),
            row(3, |t| t.change_pct.h24 = Some(5.0)),
            row(4, |t| t.change_pct.h24 = Some(-5.0)),
        ];
        assert_eq!(sorted("rank=gainers", &rows), [2, 3, 0, 1]);
        assert_eq!(
            sorted("rank=losers", &rows),
            [3, 2, 0, 1],
            "even a thin row stands above one that is not what it says"
        );
        assert_eq!(sorted("sort=-change_pct", &rows), [0, 1, 2, 3]);
    }

    #[test]
    fn each_rank_has_its_own_order() {
        let rows = [
            row(1, |t| {
                t.volume_usd.h24 = Some(1_000.0);
                t.fdv_usd = Some(9e6);
                t.created_at = Some(Timestamp::from_secs(1));
            }),
            row(2, |t| {
                t.volume_usd.h24 = Some(900.0);
                t.change_pct.h24 = Some(60.0);
                t.market_cap_usd = Some(1e6);
                t.created_at = Some(Timestamp::from_secs(2));
            }),
        ];
        assert_eq!(sorted("rank=trending", &rows), [1, 0]);
        assert_eq!(sorted("rank=top", &rows), [0, 1]);
        assert_eq!(sorted("rank=new", &rows), [1, 0]);
        assert_eq!(sorted("sort=age", &rows), [1, 0]);
        assert_eq!(sorted("sort=-rank", &rows), [0, 1]);
    }

    #[test]
    fn equal_rows_are_ordered_by_id() {
        let rows = [row(5, |_| {}), row(4, |_| {})];
        assert_eq!(sorted("rank=trending", &rows), [1, 0]);
    }
}
