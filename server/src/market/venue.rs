//! The venues pools trade on and the assets they are quoted in.

use super::noise;

/// A kind of pool on an exchange. The same venue has a different name at each upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Venue {
    PumpFun,
    MeteoraDbc,
    Bags,
    LaunchLab,
    PumpSwap,
    Raydium,
    RaydiumCpmm,
    RaydiumClmm,
    MeteoraDlmm,
    MeteoraDyn2,
    Orca,
    Fluxbeam,
}

/// Venues where tokens that never had a curve trade.
pub(super) const OPEN_VENUES: [Venue; 7] = [
    Venue::Raydium,
    Venue::RaydiumClmm,
    Venue::RaydiumCpmm,
    Venue::Orca,
    Venue::MeteoraDlmm,
    Venue::PumpSwap,
    Venue::Fluxbeam,
];

impl Venue {
    /// `dexId` at `DexScreener`.
    pub(super) fn dexscreener(self) -> &'static str {
        match self {
            Self::PumpFun => "pumpfun",
            Self::MeteoraDbc => "meteoradbc",
            Self::Bags => "bags",
            Self::LaunchLab => "launchlab",
            Self::PumpSwap => "pumpswap",
            Self::Raydium | Self::RaydiumCpmm | Self::RaydiumClmm => "raydium",
            Self::MeteoraDlmm | Self::MeteoraDyn2 => "meteora",
            Self::Orca => "orca",
            Self::Fluxbeam => "fluxbeam",
        }
    }

    /// The one entry of `labels` at `DexScreener`; `None` leaves the key out.
    pub(super) fn label(self) -> Option<&'static str> {
        match self {
            Self::RaydiumCpmm => Some("CPMM"),
            Self::RaydiumClmm => Some("CLMM"),
            Self::MeteoraDlmm => Some("DLMM"),
            Self::MeteoraDyn2 => Some("DYN2"),
            Self::Orca => Some("wp"),
            _ => None,
        }
    }

    /// The dex id at `GeckoTerminal`.
    pub(super) fn gecko(self) -> &'static str {
        match self {
            Self::PumpFun => "pump-fun",
            Self::MeteoraDbc => "meteora-dbc",
            Self::Bags => "bags-fm",
            Self::LaunchLab => "raydium-launchlab",
            Self::PumpSwap => "pumpswap",
            Self::Raydium | Self::RaydiumCpmm => "raydium",
            Self::RaydiumClmm => "raydium-clmm",
            Self::MeteoraDlmm => "meteora",
            Self::MeteoraDyn2 => "meteora-damm-v2",
            Self::Orca => "orca",
            Self::Fluxbeam => "fluxbeam",
        }
    }

    /// The name `GeckoTerminal` prints for the dex id.
    pub(super) fn gecko_name(self) -> &'static str {
        match self {
            Self::PumpFun => "Pump.fun",
            Self::MeteoraDbc => "Meteora DBC",
            Self::Bags => "Bags",
            Self::LaunchLab => "Raydium Launchlab",
            Self::PumpSwap => "PumpSwap",
            Self::Raydium | Self::RaydiumCpmm => "Raydium",
            Self::RaydiumClmm => "Raydium (CLMM)",
            Self::MeteoraDlmm => "Meteora",
            Self::MeteoraDyn2 => "Meteora DAMM V2",
            Self::Orca => "Orca",
            Self::Fluxbeam => "FluxBeam",
        }
    }

    /// `launchpad` at Jupiter, for the venues where tokens are born.
    pub(super) fn launchpad(self) -> Option<&'static str> {
        match self {
            Self::PumpFun => Some("pump.fun"),
            Self::MeteoraDbc => Some("met-dbc"),
            Self::Bags => Some("bags.fun"),
            Self::LaunchLab => Some("raydium-launchlab"),
            _ => None,
        }
    }

    /// A bonding curve has no liquidity of its own and stops at graduation.
    pub(super) fn is_curve(self) -> bool {
        self.launchpad().is_some()
    }

    /// Where a curve's token trades after graduation.
    pub(super) fn destination(self) -> Self {
        match self {
            Self::MeteoraDbc | Self::Bags => Self::MeteoraDyn2,
            Self::LaunchLab => Self::RaydiumCpmm,
            _ => Self::PumpSwap,
        }
    }
}

/// A token that others are quoted in. None of these is a member of the population.
#[derive(Debug, PartialEq)]
pub(super) struct Asset {
    pub(super) mint: &'static str,
    pub(super) name: &'static str,
    pub(super) symbol: &'static str,
    pub(super) decimals: u8,
    /// USD about which the price hovers.
    pub(super) base_usd: f64,
    /// Deviation of the price over a day, as a fraction.
    pub(super) sigma_day: f64,
    pub(super) supply: f64,
    /// Known to Jupiter as verified; the others it does not price at all.
    pub(super) verified: bool,
    /// The tag under which Jupiter lists it beside `verified`.
    pub(super) tag: Option<&'static str>,
}

macro_rules! asset {
    ($mint:literal, $name:literal, $symbol:literal, $decimals:literal, $usd:literal, $sigma:literal, $supply:literal, $verified:literal, $tag:expr) => {
        Asset {
            mint: $mint,
            name: $name,
            symbol: $symbol,
            decimals: $decimals,
            base_usd: $usd,
            sigma_day: $sigma,
            supply: $supply,
            verified: $verified,
            tag: $tag,
        }
    };
}

/// Wrapped SOL, the stable coins, then the exotic quote tokens and the liquid staking tokens.
pub(super) static ASSETS: [Asset; 8] = [
    asset!("So11111111111111111111111111111111111111112", "Wrapped SOL", "SOL", 9, 118.7, 0.03, 612e6, true, None),
    asset!("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "USD Coin", "USDC", 6, 0.9999, 0.0002, 9.1e9, true, None),
    asset!("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", "USDT", "USDT", 6, 1.0003, 0.0002, 2.4e9, true, None),
    asset!("JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", "Jupiter", "JUP", 6, 0.2381, 0.05, 6.86e9, true, None),
    asset!("METvsvVRapdj9cFLzq4Tr43xK4tAjQfwX76z3n6mWQL", "Meteora", "MET", 6, 0.1859, 0.06, 1e9, true, None),
    asset!(
        "CARDSccUMFKoPRZxt5vt3ksUbxEFEcnZ3H2pd3dKxYjp",
        "Collector Crypt",
        "CARDS",
        9,
        0.0402,
        0.09,
        2e9,
        false,
        None
    ),
    asset!(
        "J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn",
        "Jito Staked SOL",
        "JitoSOL",
        9,
        147.2,
        0.03,
        14e6,
        true,
        Some("lst")
    ),
    asset!(
        "mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So",
        "Marinade staked SOL (mSOL)",
        "mSOL",
        9,
        158.6,
        0.03,
        4e6,
        true,
        Some("lst")
    ),
];

/// The asset a pool is quoted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    Sol,
    Usdc,
    Usdt,
    Jup,
    Met,
    Cards,
}

impl Quote {
    pub(super) fn asset(self) -> &'static Asset {
        &ASSETS[match self {
            Self::Sol => 0,
            Self::Usdc => 1,
            Self::Usdt => 2,
            Self::Jup => 3,
            Self::Met => 4,
            Self::Cards => 5,
        }]
    }
}

/// The asset of this mint.
pub(super) fn asset_of(mint: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.mint == mint)
}

/// An asset's price in USD at a Unix second. Quantised to 4 s, as quoted prices are.
pub(super) fn asset_usd(market_seed: u64, asset: &Asset, at: i64) -> f64 {
    let seed = asset.mint.bytes().fold(market_seed, |seed, byte| noise::mix(seed, u64::from(byte)));
    usd_of(seed, asset, at)
}

fn usd_of(seed: u64, asset: &Asset, at: i64) -> f64 {
    asset.base_usd * noise::walk(seed, at & !3, asset.sigma_day).exp()
}

/// The prices of the quote assets, with the seeds worked out once.
#[derive(Clone, Debug)]
pub(super) struct QuotePrices {
    seeds: [u64; ASSETS.len()],
}

impl QuotePrices {
    pub(super) fn new(market_seed: u64) -> Self {
        Self {
            seeds: std::array::from_fn(|place| {
                ASSETS[place].mint.bytes().fold(market_seed, |seed, byte| noise::mix(seed, u64::from(byte)))
            }),
        }
    }

    /// USD for one unit of a quote asset at a Unix second.
    pub(super) fn usd(&self, quote: Quote, at: i64) -> f64 {
        let asset = quote.asset();
        let place = ASSETS.iter().position(|other| std::ptr::eq(other, asset)).unwrap_or(0);
        usd_of(self.seeds[place], asset, at)
    }
}
