//! Disks that fail, files that are damaged, and the power that goes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod disk;
mod folder;
