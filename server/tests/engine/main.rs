//! The engine on the demo market: from the wire to published boards, through faults and restarts.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod adversarial;
mod faults;
mod history;
mod journal;
mod logos;
mod lookup;
mod panics;
mod replay;
mod restart;
mod tick;
mod world;
