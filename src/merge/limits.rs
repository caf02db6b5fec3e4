//! The thresholds of the merge, each with its reason.
//!
//! They were fitted to a few recorded answers (one old token with thirty pools, one that crashed after graduation, one
//! search page full of counterfeits); change one only with a recording that shows why.

use std::time::Duration;

/// Two sources that describe one pool within this time are compared as saying it at once: the longest cache is 60 s.
pub(crate) const SAME_MOMENT: Duration = Duration::from_secs(60);

/// Two sources further apart than this (as a ratio) on one pool are in conflict: caches alone explain less.
pub(crate) const POOL_CONFLICT: f64 = 1.05;

/// How far the quote price that an observation implies may lie from the reference. Honest pools are within 2 %, the
/// mis-priced ones of the recordings are off by a factor of thousands.
pub(crate) const IMPLIED_TOLERANCE: f64 = 0.05;

/// The significant digits that DexScreener prints at least; a price with fewer had trailing zeros.
pub(crate) const PRINTED_DIGITS: i32 = 4;

/// A pool counts from twice this much money on its quote side, in USD: below, one trade moves the price by percents.
pub(crate) const MIN_DEPTH_USD: f64 = 500.0;

/// Reported liquidity counts up to this multiple of twice the quote side: lopsided concentrated pools are honest up to
/// about 80, but what is beyond a small multiple is not money that can be taken out.
pub(crate) const REPORTED_CAP: f64 = 5.0;

/// Beyond this multiple reported liquidity is counterfeit: honest pools reach 82, counterfeits start at 18,181.
pub(crate) const FAKE_FACTOR: f64 = 1_000.0;

/// A challenger must score this much more than the canonical pool, so that two like pools do not alternate.
pub(crate) const CHALLENGE_FACTOR: f64 = 1.5;

/// In how many of its observations in a row the challenger must do so: one may be an outlier.
pub(crate) const CHALLENGE_COUNT: u8 = 2;

/// A pool price further than this (as a ratio) from the reference price of all eligible pools is rejected.
pub(crate) const REFERENCE_RATIO: f64 = 1.25;

/// Pool and Jupiter further apart than this (as a ratio) are disputed: arbitrage closes smaller gaps.
pub(crate) const DISPUTE_RATIO: f64 = 1.10;

/// Jupiter overrules a pool only with at least this much liquidity behind its price, in USD.
pub(crate) const JUPITER_MIN_LIQUIDITY_USD: f64 = 1_000.0;

/// Under this much liquidity, in USD, Jupiter's price only fills a gap: dead tokens are priced with 0.0000007 USD.
pub(crate) const JUPITER_THIN_USD: f64 = 500.0;

/// From this age on a pool's price is worth asking Jupiter about: three polls of an active token have passed.
pub(crate) const ASK_AFTER: Duration = Duration::from_secs(90);

/// Prices from here on are printed with two decimals only by DexScreener, so the quote price gives more digits.
pub(crate) const COARSE_USD_FROM: f64 = 1.0;

/// The significant digits of quotients and products of prices: what a float carries with room to spare.
pub(crate) const DERIVED_DIGITS: usize = 9;

/// How long the last rate of a wrapped native coin holds when sources answer and none renews it.
pub(crate) const RATE_HOLDS: Duration = Duration::from_secs(300);

/// A rate that moved by less than this share does not renew derived prices: it would change every row at every tick.
pub(crate) const RATE_STEP: f64 = 0.001;

/// pump.fun's curve completes at about 410.9 SOL of market cap, 4.109e-7 SOL a token; a hair less allows for cuts.
pub(crate) const PUMPFUN_COMPLETE_SOL: f64 = 4.1e-7;

/// Volume of over this many times the depth in few trades is moved by its own maker.
pub(crate) const WASH_TURNOVER: f64 = 200.0;

/// "Few trades" of the rule above, in a day.
pub(crate) const WASH_TXNS: u64 = 50;

/// A mean trade of this share of the depth would move the price by far more than [`WASH_CHANGE_PCT`].
pub(crate) const WASH_TRADE_SHARE: f64 = 0.25;

/// A price that moves less than this in a day, in percent, under such trades is held.
pub(crate) const WASH_CHANGE_PCT: f64 = 1.0;

/// Below this daily volume, in USD, nothing is worth calling wash.
pub(crate) const WASH_MIN_VOLUME_USD: f64 = 1_000.0;

/// The share of a token's daily volume from which one pool's wash makes the token's figures wash.
pub(crate) const WASH_POOL_SHARE: f64 = 0.5;

/// A market cap above the whole value by more than rounding is a contradiction.
pub(crate) const CAP_OVER_FDV: f64 = 1.01;

/// No meme coin is worth a trillion USD.
pub(crate) const IMPLAUSIBLE_CAP_USD: f64 = 1e12;

/// A cap of this many times a thin liquidity cannot be realised.
pub(crate) const IMPLAUSIBLE_CAP_FACTOR: f64 = 1e5;

/// Under this liquidity, in USD, an ordinary trade moves the price by percents.
pub(crate) const LOW_LIQUIDITY_USD: f64 = 10_000.0;

/// Liquidity under this share of the market cap cannot carry its holders out.
pub(crate) const LOW_LIQUIDITY_SHARE: f64 = 0.01;

/// Changes above this percentage come from a first trade at next to nothing.
pub(crate) const SUSPECT_CHANGE_PCT: f64 = 10_000.0;

/// A mint of this age that Jupiter distrusts and does not price is not just young.
pub(crate) const SUSPECT_AGE: Duration = Duration::from_secs(7 * 86_400);

/// A token is new in its first hour: most rugs happen in it.
pub(crate) const NEW_AGE: Duration = Duration::from_secs(3_600);

/// Ten wallets with more than this percentage can end the market at will.
pub(crate) const TOP_HOLDERS_PCT: f64 = 50.0;

/// A promotion counts for this long after a feed listed it: paid boosts last up to a day.
pub(crate) const PROMOTION_HOLDS: Duration = Duration::from_secs(86_400);

/// Creation times may lie this far ahead: the clocks of sources differ.
pub(crate) const CLOCK_SLACK: Duration = Duration::from_secs(120);

/// Answers that named the token without the observation before an expired one leaves: one or two may be hiccups.
pub(crate) const WITNESSES: u8 = 3;

/// The most pools that are kept for one token; the thirtieth already adds nothing to the sums.
pub(crate) const MAX_POOLS: usize = 64;

/// The most prices kept for mints that are not tracked (anchors and quote tokens).
pub(crate) const MAX_QUOTE_PRICES: usize = 1_000;

/// The most pools by which the price of a native coin is judged; a median of fewer is as good.
pub(crate) const MAX_IMPLIED: usize = 4_096;

/// How long a token without a row is remembered after its newest observation: long enough to be asked about twice.
pub(crate) const ROWLESS_HOLDS: Duration = Duration::from_secs(3_600);

/// How long after the last answer a limit that was passed since is looked at again: ticks come sooner. In an outage
/// nothing is.
pub(crate) const ANSWER_LAG: Duration = Duration::from_secs(10);

/// A row is renewed without a change when its newest confirmation is this far ahead of what it says.
pub(crate) const CONFIRM_AFTER: Duration = Duration::from_secs(20);

/// The least time without any answer after which the whole board is stale.
pub(crate) const BOARD_STALE_AFTER: Duration = Duration::from_secs(60);

/// A price event needs this change in percent: DexScreener's own steps are up to 0.1 %.
pub(crate) const EVENT_PRICE_PCT: f64 = 1.0;

/// A spike is this many times the mean five minutes of the hour before.
pub(crate) const SPIKE_FACTOR: f64 = 3.0;

/// Below this volume in five minutes, in USD, a spike is one person's trade.
pub(crate) const SPIKE_MIN_VOLUME_USD: f64 = 1_000.0;

/// Below this many trades in five minutes a spike is one person's work.
pub(crate) const SPIKE_MIN_TXNS: u64 = 10;

/// A pool must be this old before its hour can be compared with.
pub(crate) const SPIKE_MIN_AGE: Duration = Duration::from_secs(1_800);

/// A board that began empty is being filled for this long: what its first lists name was there before, and is no news.
pub(crate) const FILLING: Duration = Duration::from_secs(180);

/// A token that left and comes back within this time is no new one: the least interesting come and go with their volume.
pub(crate) const LEFT_HOLDS: Duration = Duration::from_secs(86_400);

/// The most tokens that are remembered as having left.
pub(crate) const MAX_LEFT: usize = 10_000;
