//! The demo market: a seeded, simulated market that speaks the wire formats of the three upstreams.
