//! Venues by one spelling for all sources, and which of them are bonding curves.

use std::sync::Arc;

use crate::PoolObservation;

/// What the sources call a venue, and what we call it.
const ALIASES: [(&str, &str); 15] = [
    ("pump-fun", "pumpfun"),
    ("pump-swap", "pumpswap"),
    ("pump-amm", "pumpswap"),
    ("meteora-dbc", "meteoradbc"),
    ("meteora-dlmm", "meteora"),
    ("bags-fm", "bags"),
    ("raydium-launchlab", "launchlab"),
    ("raydium-launchpad", "launchlab"),
    ("letsbonk", "letsbonk-fun"),
    ("moon-it", "moonit"),
    ("boop", "boop-fun"),
    ("uniswap_v2", "uniswap-v2"),
    ("uniswap_v3", "uniswap-v3"),
    ("pancakeswap_v2", "pancakeswap-v2"),
    ("pancakeswap-v3-solana", "pancakeswap-v3"),
];

/// A venue and a label that together are a venue of its own.
const LABELLED: [(&str, &str, &str); 8] = [
    ("raydium", "CLMM", "raydium-clmm"),
    ("raydium", "CPMM", "raydium-cpmm"),
    ("meteora", "DYN", "meteora-damm-v1"),
    ("meteora", "DYN2", "meteora-damm-v2"),
    ("uniswap", "v2", "uniswap-v2"),
    ("uniswap", "v3", "uniswap-v3"),
    ("uniswap", "v4", "uniswap-v4"),
    ("pancakeswap", "v3", "pancakeswap-v3"),
];

/// Bonding curves, and the venues to which their tokens move.
const CURVES: [(&str, &[&str]); 10] = [
    ("pumpfun", &["pumpswap"]),
    ("meteoradbc", &["meteora-damm-v2"]),
    ("bags", &["meteora-damm-v2"]),
    ("launchlab", &["raydium", "raydium-cpmm", "raydium-clmm"]),
    ("letsbonk-fun", &["raydium", "raydium-cpmm", "raydium-clmm"]),
    ("moonshot", &[]),
    ("moonit", &[]),
    ("boop-fun", &[]),
    ("heaven", &[]),
    ("stonkfun", &[]),
];

/// The names that a person reads; other venues are shown by their own.
const LABELS: [(&str, &str); 14] = [
    ("pumpfun", "Pump.fun"),
    ("pumpswap", "PumpSwap"),
    ("raydium", "Raydium"),
    ("raydium-clmm", "Raydium CLMM"),
    ("raydium-cpmm", "Raydium CPMM"),
    ("launchlab", "LaunchLab"),
    ("meteora", "Meteora"),
    ("meteora-damm-v1", "Meteora DAMM"),
    ("meteora-damm-v2", "Meteora DAMM v2"),
    ("meteoradbc", "Meteora DBC"),
    ("orca", "Orca"),
    ("bags", "Bags"),
    ("moonshot", "Moonshot"),
    ("letsbonk-fun", "LetsBonk"),
];

/// The venue of a pool by our spelling; one that we do not know passes through.
pub(crate) fn venue(pool: &PoolObservation) -> Arc<str> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == &*pool.dex).map_or(&*pool.dex, |(_, name)| name);
    let labelled =
        LABELLED.iter().find(|(plain, label, _)| *plain == name && pool.labels.iter().any(|given| **given == **label));
    match labelled {
        Some((_, _, own)) => Arc::from(*own),
        None if name == &*pool.dex => pool.dex.clone(),
        None => Arc::from(name),
    }
}

/// Whether the venue (by our spelling) is a bonding curve.
pub(crate) fn is_curve(venue: &str) -> bool {
    CURVES.iter().any(|(name, _)| *name == venue)
}

/// Whether tokens of the curve move to this venue when they graduate.
pub(crate) fn is_destination(curve: &str, venue: &str) -> bool {
    CURVES.iter().any(|(name, destinations)| *name == curve && destinations.contains(&venue))
}

/// Whether the venue tells something about a curve: it is one, or tokens of one move there.
pub(crate) fn is_telling(venue: &str) -> bool {
    CURVES.iter().any(|(name, destinations)| *name == venue || destinations.contains(&venue))
}

/// The name of a venue (a row's `dex`) that a person reads.
pub fn dex_label(dex: &str) -> &str {
    LABELS.iter().find(|(name, _)| *name == dex).map_or(dex, |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pool_observation, token_id};

    #[test]
    fn one_spelling_for_all_sources() {
        for (dex, labels, ours, curve) in [
            ("pumpfun", &[][..], "pumpfun", true),
            ("pump-fun", &[], "pumpfun", true),
            ("meteora-dbc", &[], "meteoradbc", true),
            ("raydium-launchlab", &[], "launchlab", true),
            ("raydium", &["CLMM"], "raydium-clmm", false),
            ("raydium-clmm", &[], "raydium-clmm", false),
            ("meteora", &["DLMM"], "meteora", false),
            ("meteora", &["DYN2"], "meteora-damm-v2", false),
            ("somebodys-swap", &["wp"], "somebodys-swap", false),
        ] {
            let mut pool = pool_observation(1, &token_id(1));
            pool.dex = Arc::from(dex);
            pool.labels = labels.iter().map(|label| Arc::from(*label)).collect();
            assert_eq!((&*venue(&pool), is_curve(&venue(&pool))), (ours, curve));
        }
        assert!(is_destination("pumpfun", "pumpswap"));
        assert!(!is_destination("pumpfun", "raydium"));
        assert_eq!((dex_label("pumpswap"), dex_label("x")), ("PumpSwap", "x"));
    }
}
