//! Counting how often the board agrees with the truth.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use memescope::query::Order;
use memescope::{
    Board, Chain, Field, FieldSource, Flag, Rank, Source, Timestamp, Token, TokenId, TokenQuery, VolumeScope, Window,
};
use server::market::{GECKO_LAG, Market, Standing};

/// How far a price may be from the truth.
const PRICE_TOLERANCE: f64 = 0.02;
/// How far above the truth a day's volume may be: sources round, and ask at different times.
const VOLUME_TOLERANCE: f64 = 0.02;
/// How old a part of a sum may be that counts still, seconds.
const OLDEST_PART: i64 = 600;
/// The rows of a rank that people look at.
const TOP: usize = 100;
/// For how many seconds a token is taken for what it was.
const AGE: i64 = 60;
/// How many examples of what went wrong are printed.
const EXAMPLES: usize = 5;

/// Rows, and those of them that agree with the truth.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    rows: usize,
    /// At the time at which the source looked.
    then: usize,
    /// At the time that the row claims: `GeckoTerminal` looks earlier than it says.
    claimed: usize,
    /// At the moment of the tick.
    now: usize,
}

impl Share {
    fn percent(self, part: usize) -> f64 {
        if self.rows == 0 { 100.0 } else { part as f64 * 100.0 / self.rows as f64 }
    }
}

/// What has been seen so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Honest live tokens whose row is not marked as stale.
    live: Share,
    by_source: BTreeMap<FieldSource, Share>,
    /// Those of them about which a source told a wrong price within the last minute.
    flashed: Share,
    /// Rows of honest live tokens with a wrong price that no flag doubts.
    silent: usize,
    /// Honest live tokens whose row is marked as stale.
    stale: Share,
    dead: Share,
    /// Live tokens, and how many of them were on the board.
    coverage: (usize, usize),
    /// Rows whose volume is a sum over pools, those above the truth, and the largest ratio.
    volumes: (usize, usize, f64),
    /// Rows of tokens by what they are, and those without a flag that says so.
    hostile: BTreeMap<Standing, (usize, usize)>,
    /// Heads of ranks that were looked at.
    heads: usize,
    /// Hostile rows in the heads without a flag.
    heads_fooled: BTreeMap<Standing, usize>,
    /// Figures that cannot be.
    impossible: usize,
    /// What the tokens were when they were last looked at, at most [`AGE`] seconds ago.
    standings: HashMap<String, (i64, Standing)>,
    examples: BTreeMap<&'static str, Vec<String>>,
}

fn near(price: f64, truth: f64) -> bool {
    (price / truth - 1.0).abs() <= PRICE_TOLERANCE
}

fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}

/// Whether the row says that it is not what it seems.
fn is_exposed(token: &Token) -> bool {
    [Flag::Lookalike, Flag::FakeLiquidity, Flag::Wash].into_iter().any(|flag| token.has(flag))
}

impl Tally {
    /// Notes the first few cases of a kind.
    fn example(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        let examples = self.examples.entry(kind).or_default();
        if examples.len() < EXAMPLES {
            examples.push(what());
        }
    }

    /// What a token is; judged again every [`AGE`] seconds. `None` for one that has left the market.
    fn standing(&mut self, market: &Market, mint: &str, second: i64) -> Option<Standing> {
        if let Some((at, standing)) = self.standings.get(mint)
            && second - at < AGE
        {
            return Some(*standing);
        }
        let standing = market.truth_at("solana", mint, second)?.standing;
        self.standings.insert(mint.to_owned(), (second, standing));
        Some(standing)
    }

    /// Compares every price with the truth when its source looked, at the time that it claims, and at the tick.
    pub(crate) fn prices(&mut self, board: &Board, market: &Market, tick: Timestamp) {
        for (id, token) in &board.tokens {
            let mint = id.address();
            // A token may have left the market while its row waits for a witness.
            let Some(standing) = self.standing(market, mint, seconds(tick)) else { continue };
            let (Some(price), Some(origin)) = (token.price_usd, token.provenance.fields.get(&Field::PriceUsd)) else {
                self.impossible += 1;
                continue;
            };
            if !matches!(standing, Standing::Live | Standing::Dead) {
                continue;
            }
            let at = seconds(origin.observed_at);
            let truth = |second| market.true_price_at("solana", mint, second);
            let looked = if origin.source == Source::Geckoterminal { at - GECKO_LAG } else { at };
            let (Some(claimed), Some(now)) = (truth(at), truth(seconds(tick))) else { continue };
            let then = truth(looked).unwrap_or(claimed);
            let price = price.to_f64();
            let then_near = near(price, then);
            let count = |share: &mut Share| {
                share.rows += 1;
                share.then += usize::from(then_near);
                share.claimed += usize::from(near(price, claimed));
                share.now += usize::from(near(price, now));
            };
            if standing == Standing::Dead {
                count(&mut self.dead);
            } else if token.stale {
                count(&mut self.stale);
            } else {
                count(&mut self.live);
                count(self.by_source.entry(origin.source).or_default());
                let disputed = token.has(Flag::PriceDisputed) || token.has(Flag::PoolConflict);
                self.silent += usize::from(!then_near && !disputed);
                if market.flashes_in("solana", mint, seconds(tick) - 60..=seconds(tick)) {
                    count(&mut self.flashed);
                } else if !then_near {
                    self.example(origin.source.name(), || {
                        format!(
                            "{id} {:?} at {price:e}, truth then {then:e}, now {now:e}: {origin:?} {:?}",
                            token.stage, token.flags
                        )
                    });
                }
            }
        }
    }

    /// Compares volumes, and looks for figures that cannot be.
    pub(crate) fn figures(&mut self, board: &Board, market: &Market, tick: Timestamp) {
        for (id, token) in &board.tokens {
            self.impossible += usize::from(is_impossible(token));
            let Some(standing) = self.standing(market, id.address(), seconds(tick)) else { continue };
            if !matches!(standing, Standing::Live | Standing::Dead) || token.volume_scope != VolumeScope::Pools {
                continue;
            }
            let (Some(volume), Some(origin)) =
                (token.volume_usd.at(Window::H24), token.provenance.fields.get(&Field::VolumeUsd))
            else {
                continue;
            };
            let at = |second| market.truth_at("solana", id.address(), second).map_or(0.0, |truth| truth.volume_24h_usd);
            let mut allowed = at(seconds(origin.observed_at)).max(at(seconds(tick)));
            if volume > allowed * (1.0 + VOLUME_TOLERANCE) {
                // A sum is as old as its oldest part: meanwhile a trade may have left the day.
                let asked = (0..=OLDEST_PART).step_by(15).map(|ago| at(seconds(tick) - ago));
                allowed = asked.fold(allowed, f64::max);
            }
            self.volumes.0 += 1;
            let ratio = volume / allowed.max(0.01);
            self.volumes.2 = self.volumes.2.max(ratio);
            if ratio > 1.0 + VOLUME_TOLERANCE {
                self.volumes.1 += 1;
                self.example("volume", || {
                    format!("{id} volume {volume} of {allowed}, {} pools: {origin:?}", token.pool_count)
                });
            }
            if volume <= 0.0 && allowed > 1.0 {
                self.impossible += 1;
                self.example("impossible", || format!("{id} volume 0 of {allowed}"));
            }
        }
        for mint in market.mints() {
            let Some(standing) = self.standing(market, &mint, seconds(tick)) else { continue };
            let row = TokenId::new(&Chain::solana(), &mint).ok().and_then(|id| board.tokens.get(&id));
            if standing == Standing::Live {
                self.coverage.0 += 1;
                self.coverage.1 += usize::from(row.is_some());
            }
            if let Some(row) = row
                && !matches!(standing, Standing::Live | Standing::Dead)
            {
                let counts = self.hostile.entry(standing).or_default();
                counts.0 += 1;
                counts.1 += usize::from(!is_exposed(row));
            }
        }
    }

    /// Looks for hostile tokens at the head of every rank in every window.
    pub(crate) fn ranks(&mut self, board: &Board, market: &Market, tick: Timestamp) {
        for rank in Rank::ALL {
            for window in Window::ALL {
                let order = Order::of(&TokenQuery { rank, window, ..TokenQuery::default() });
                let mut rows: Vec<_> = board.tokens.iter().map(|(id, token)| (order.key(token), id, token)).collect();
                rows.sort_by(|a, b| order.compare((&a.0, a.1), (&b.0, b.1)));
                self.heads += 1;
                for (_, id, token) in rows.into_iter().take(TOP).filter(|(_, _, token)| !is_exposed(token)) {
                    let Some(standing) = self.standing(market, id.address(), seconds(tick)) else { continue };
                    if !matches!(standing, Standing::Live | Standing::Dead) {
                        *self.heads_fooled.entry(standing).or_default() += 1;
                        self.example("head", || {
                            format!("{rank:?} {window:?}: {id} {:?} is {:?}: {:?}", token.symbol, standing, token.flags)
                        });
                    }
                }
            }
        }
    }

    /// Holds the counts against what is promised.
    pub(crate) fn assert(&self) {
        assert!(self.live.rows > 50_000, "{self}");
        assert!(self.live.percent(self.live.then) >= 99.5, "{self}");
        assert!(self.live.percent(self.live.claimed) >= 99.5, "{self}");
        assert!(self.flashed.rows > 1_000, "{self}");
        assert!(self.coverage.1 * 100 >= self.coverage.0 * 95, "{self}");
        assert!(self.volumes.0 > 500 && self.volumes.1 == 0, "{self}");
        assert!(self.hostile.values().map(|counts| counts.0).sum::<usize>() > 500, "{self}");
        assert!(self.heads_fooled.is_empty(), "{self}");
        assert_eq!(self.impossible, 0, "{self}");
    }
}

/// Whether a figure is no number, negative, or a zero that nobody can have said.
fn is_impossible(token: &Token) -> bool {
    let sums = [token.liquidity_usd, token.market_cap_usd, token.fdv_usd];
    let money = Window::ALL.into_iter().filter_map(|window| token.volume_usd.at(window));
    let changes = Window::ALL.into_iter().filter_map(|window| token.change_pct.at(window));
    let prices = [token.price_usd, token.price_sol];
    sums.into_iter().flatten().any(|usd| !usd.is_finite() || usd <= 0.0)
        || money.into_iter().any(|usd| !usd.is_finite() || usd < 0.0)
        || changes.into_iter().any(|percent| !percent.is_finite() || percent < -100.0)
        || prices.into_iter().flatten().any(|price| price.to_f64() <= 0.0)
        || token.price_usd.is_none()
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "prices within 2 % of         rows  the truth then  as claimed         now")?;
        let mut line = |name: &str, share: &Share| {
            writeln!(
                out,
                "{name:<24} {:>8} {:>10.3} % {:>12.3} % {:>9.3} %",
                share.rows,
                share.percent(share.then),
                share.percent(share.claimed),
                share.percent(share.now),
            )
        };
        line("honest, live", &self.live)?;
        for (source, share) in &self.by_source {
            line(&format!("  by {}", source.label()), share)?;
        }
        line("  within a flash", &self.flashed)?;
        line("honest, marked stale", &self.stale)?;
        line("dead", &self.dead)?;
        writeln!(out, "wrong and undoubted      {} of the honest, live rows", self.silent)?;
        let (live, there) = self.coverage;
        writeln!(out, "coverage                 {there} of {live} live tokens")?;
        let (rows, over, ratio) = self.volumes;
        writeln!(
            out,
            "volume                   {rows} sums over pools, {over} above the truth, at most {ratio:.4} of it"
        )?;
        for (standing, (rows, hidden)) in &self.hostile {
            writeln!(out, "{:<24} {rows} rows, {hidden} without a flag", format!("{standing:?}"))?;
        }
        writeln!(out, "heads of ranks           {} looked at, fooled: {:?}", self.heads, self.heads_fooled)?;
        writeln!(out, "impossible figures       {}", self.impossible)?;
        for (kind, examples) in &self.examples {
            examples.iter().try_for_each(|example| writeln!(out, "  {kind}: {example}"))?;
        }
        Ok(())
    }
}
