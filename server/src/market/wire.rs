//! What the answers of all three upstreams share.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// A Unix second printed as ISO 8601 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(i64);

/// A Unix second, to be printed. Before 1970 it prints 1970.
pub(super) fn time(second: i64) -> Time {
    Time(second)
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = Duration::from_secs(u64::try_from(self.0).unwrap_or(0));
        humantime::format_rfc3339_seconds(UNIX_EPOCH + since).fmt(out)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// JSON of a plain struct.
pub(super) fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 * 1_024);
    // Writing plain structs to memory has no way to fail; an empty body would show it.
    if serde_json::to_writer(&mut out, value).is_err() {
        out.clear();
    }
    out
}
