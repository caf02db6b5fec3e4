//! What to be careful about, and why.

use super::limits::{
    IMPLAUSIBLE_CAP_FACTOR, IMPLAUSIBLE_CAP_USD, LOW_LIQUIDITY_SHARE, LOW_LIQUIDITY_USD, NEW_AGE, PROMOTION_HOLDS,
    SUSPECT_AGE, SUSPECT_CHANGE_PCT, TOP_HOLDERS_PCT, WASH_CHANGE_PCT, WASH_MIN_VOLUME_USD, WASH_POOL_SHARE,
    WASH_TRADE_SHARE, WASH_TURNOVER, WASH_TXNS,
};
use super::pool::{Market, PoolReason};
use super::price::Shown;
use super::symbols::{Imitated, Worn};
use super::{Known, Origins, World};
use crate::{Field, Flag, FlagDetail, SortedMap, Source, Statement, Timestamp, Token, TokenObservation, Window};

/// What the flags of one token are judged by.
pub(super) struct Case<'m, 'a> {
    /// The row so far.
    pub(super) row: &'m Token,
    pub(super) known: &'m Known,
    pub(super) markets: &'m [Market<'a>],
    pub(super) eligible: &'m [&'m Market<'a>],
    pub(super) shown: &'m Shown<'m, 'a>,
    /// Where the row's fields come from.
    pub(super) origins: &'m Origins,
    /// Whether the cap was above the whole value.
    pub(super) contradiction: bool,
    /// Whether a sum lacks a pool.
    pub(super) partial: bool,
    pub(super) world: &'m World<'m>,
    /// The row's symbol.
    pub(super) worn: Option<&'m Worn>,
    /// Since when the flags stand that stood before.
    pub(super) since: &'m SortedMap<Flag, Timestamp>,
}

/// The flags in their fixed order, each with its reason.
pub(super) fn flags(case: &Case) -> Vec<FlagDetail> {
    Flag::ALL
        .iter()
        .filter_map(|flag| {
            let (source, detail) = reason(*flag, case)?;
            Some(FlagDetail {
                code: *flag,
                source,
                since: case.since.get(flag).copied().unwrap_or(case.world.now),
                detail,
            })
        })
        .collect()
}

type Reason = Option<(Option<Source>, String)>;

fn reason(flag: Flag, case: &Case) -> Reason {
    let jupiter = case.known.statement(Source::Jupiter, Statement::Facts);
    let told = |test: fn(&TokenObservation) -> bool, words: &str| {
        let mut facts = case.known.statements.values().map(|said| &said.what);
        let said = facts.find(|said| test(said))?;
        Some((Some(said.source), words.to_owned()))
    };
    match flag {
        Flag::LowLiquidity => low_liquidity(case.row).map(|words| (case.source(Field::LiquidityUsd), words)),
        Flag::Lookalike => lookalike(case),
        Flag::FakeLiquidity => fake_liquidity(case),
        Flag::Wash => wash(case),
        Flag::PriceDisputed => case.shown.disputed.then(|| {
            let words = "the pool's price and Jupiter's are more than 10 % apart";
            (Some(Source::Jupiter), words.to_owned())
        }),
        Flag::PoolConflict => case.eligible.iter().find(|pool| pool.conflict).map(|pool| {
            let told =
                pool.all().filter_map(|said| Some(format!("{} says {} USD", said.source.label(), said.price_usd?)));
            let told: Vec<String> = told.collect();
            (None, format!("{} on pool {}", told.join(", "), pool.id.address()))
        }),
        Flag::Suspect => suspect(case, jupiter),
        Flag::MintAuthority => told(|said| said.mint_authority == Some(true), "new tokens can be minted"),
        Flag::FreezeAuthority => told(|said| said.freeze_authority == Some(true), "balances can be frozen"),
        Flag::Top10Concentration => {
            let percent = jupiter?.top_holders_pct.filter(|pct| *pct > TOP_HOLDERS_PCT)?;
            let words = format!("the ten largest wallets hold {percent:.0} %");
            Some((Some(Source::Jupiter), words))
        }
        Flag::New => {
            let age = case.world.now.since(case.row.created_at?);
            (age < NEW_AGE)
                .then(|| (case.source(Field::CreatedAt), "its oldest pool is younger than an hour".to_owned()))
        }
        Flag::Promoted => {
            let source = case.known.promoted_by(case.world.now)?;
            Some((Some(source), "its showing is paid for".to_owned()))
        }
        Flag::Partial => case.partial.then(|| {
            let words = "not every pool tells its volume or trades in every window";
            (None, words.to_owned())
        }),
    }
}

fn low_liquidity(row: &Token) -> Option<String> {
    let usd = row.liquidity_usd?;
    if usd < LOW_LIQUIDITY_USD {
        return Some(format!("{usd:.0} USD of liquidity"));
    }
    let cap = row.market_cap_usd.or(row.fdv_usd)?;
    (usd < LOW_LIQUIDITY_SHARE * cap).then(|| "liquidity under 1 % of the market cap".to_owned())
}

fn lookalike(case: &Case) -> Reason {
    let imitated = case.world.symbols.imitated(&case.row.id, case.worn?)?;
    if case.known.is_vouched_for(&case.row.id) {
        return None;
    }
    Some(match imitated {
        Imitated::Anchor(anchor) => (None, format!("look-alike of {anchor}")),
        Imitated::Verified(token, symbol) => {
            (Some(Source::Jupiter), format!("look-alike of {symbol}, {}", token.address()))
        }
    })
}

/// A counterfeit pool taints the token only while little honest money stands beside it: else anybody could mark a good
/// token by opening a pool.
fn fake_liquidity(case: &Case) -> Reason {
    let fake = case.markets.iter().find(|pool| pool.reason == PoolReason::FakeLiquidity)?;
    let honest: f64 = case.eligible.iter().filter_map(|pool| pool.liquidity()).sum();
    (honest < LOW_LIQUIDITY_USD).then(|| {
        let words = format!(
            "pool {} reports {:.0} USD, its quote side backs {:.0}",
            fake.id.address(),
            fake.reported.unwrap_or(0.0),
            fake.depth.unwrap_or(0.0)
        );
        (Some(fake.main.source), words)
    })
}

fn wash(case: &Case) -> Reason {
    let total: f64 = case.eligible.iter().filter_map(|pool| pool.flow.volume_usd.h24).sum();
    case.eligible.iter().find_map(|pool| {
        let volume = pool.flow.volume_usd.h24?;
        let depth = pool.depth.filter(|depth| *depth > 0.0)?;
        let txns = pool.txns(Window::H24)?.total();
        let held = pool.flow.change_pct.h24.is_none_or(|change| change.abs() < WASH_CHANGE_PCT);
        let turned = volume > WASH_TURNOVER * depth && txns < WASH_TXNS;
        let circled = volume / txns.max(1) as f64 >= WASH_TRADE_SHARE * depth && held && volume > WASH_MIN_VOLUME_USD;
        (volume >= WASH_POOL_SHARE * total && (turned || circled)).then(|| {
            let words = format!("{volume:.0} USD in {txns} trades over {depth:.0} USD");
            (Some(pool.flow.source), words)
        })
    })
}

fn suspect(case: &Case, jupiter: Option<&TokenObservation>) -> Reason {
    let row = case.row;
    let of = |field: Field, words: &str| Some((case.source(field), words.to_owned()));
    if case.contradiction {
        return of(Field::MarketCapUsd, "the market cap told is above the value of all tokens");
    }
    if case.shown.thin {
        return of(Field::PriceUsd, "a price with next to no liquidity behind it");
    }
    let capped = if row.market_cap_usd.is_some() { Field::MarketCapUsd } else { Field::FdvUsd };
    let cap = row.market_cap_usd.or(row.fdv_usd).unwrap_or(0.0);
    let thin = row.liquidity_usd.is_some_and(|usd| usd < LOW_LIQUIDITY_USD && cap > IMPLAUSIBLE_CAP_FACTOR * usd);
    if cap > IMPLAUSIBLE_CAP_USD || thin {
        return of(capped, "an implausible market cap");
    }
    if Window::ALL.into_iter().any(|window| row.change_pct.at(window).is_some_and(|pct| pct > SUSPECT_CHANGE_PCT)) {
        return of(Field::ChangePct, "a change of over 10,000 %");
    }
    let old = row.created_at.is_some_and(|at| case.world.now.since(at) >= SUSPECT_AGE);
    let distrusted = jupiter.is_some_and(|facts| facts.suspicious == Some(true));
    (distrusted && old && case.shown.jupiter.is_none()).then(|| {
        let words = "Jupiter distrusts it and gives no price";
        (Some(Source::Jupiter), words.to_owned())
    })
}

impl Case<'_, '_> {
    /// Which source gave a field of the row.
    fn source(&self, field: Field) -> Option<Source> {
        self.origins.get(field)?.source.upstream()
    }
}

impl Known {
    /// Whether somebody says at `now` that its showing is paid for.
    fn promoted_by(&self, now: Timestamp) -> Option<Source> {
        let fresh = |as_of| now.since(as_of) < PROMOTION_HOLDS;
        let said =
            self.statements.iter().find(|((_, kind), said)| *kind == Statement::Promotion && fresh(said.what.as_of));
        let pools = || {
            let mut all = self.pools.values().flat_map(SortedMap::values);
            all.find(|said| said.what.promoted && fresh(said.what.as_of)).map(|said| said.what.source)
        };
        said.map(|((source, _), _)| *source).or_else(pools)
    }
}
