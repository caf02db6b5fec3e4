//! The name of a request: in its answer, in problems, in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue};
use ulid::Ulid;

use crate::clock::Clock;

/// The longest foreign id that is taken over.
const LONGEST: usize = 64;

/// The id of a request, an extension of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn header(&self) -> HeaderValue {
        // It holds letters, digits and `-_.` alone.
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("unknown"))
    }
}

/// Makes ids that sort by time: the time, a number of this process, and a count.
#[derive(Debug)]
pub(super) struct RequestIds {
    clock: Clock,
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(clock: Clock) -> Self {
        // Without chance the ids are still distinct in this process.
        Self { clock, process: getrandom::u64().unwrap_or_default(), count: AtomicU64::new(0) }
    }

    /// The client's own id if it is a plain one, else a new one.
    pub(super) fn of(&self, headers: &HeaderMap) -> RequestId {
        let theirs = headers.get("x-request-id").and_then(|id| id.to_str().ok()).filter(|id| is_plain(id));
        RequestId(theirs.map_or_else(|| Arc::from(&*self.next().array_to_str(&mut [0; ulid::ULID_LEN])), Arc::from))
    }

    fn next(&self) -> Ulid {
        let millis = u64::try_from(self.clock.now().millis()).unwrap_or_default();
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let low = (u128::from(self.process) << 40) | u128::from(count & ((1 << 40) - 1));
        Ulid::from_parts(millis, low)
    }
}

fn is_plain(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use memescope::Timestamp;

    use super::*;

    fn ids() -> RequestIds {
        RequestIds::new(Clock::new(|| Timestamp::from_secs(1_700_000_000)))
    }

    fn with(id: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(id) {
            headers.insert("x-request-id", value);
        }
        headers
    }

    #[test]
    fn a_plain_id_is_taken_over() {
        let longest = "a".repeat(LONGEST);
        for id in ["1", "01JD9Z6Q3T", "a-b_c.9", &longest] {
            assert_eq!(ids().of(&with(id.as_bytes())).as_str(), id);
        }
    }

    #[test]
    fn a_hostile_id_is_replaced() {
        let too_long = "a".repeat(LONGEST + 1);
        for id in ["", " ", "a b", "<script>", "\"", "a\tb", "é", "../x", "a;b", &too_long] {
            let made = ids().of(&with(id.as_bytes()));
            assert_ne!(made.as_str(), id);
            assert_eq!(made.as_str().len(), 26);
        }
        assert_eq!(ids().of(&with(b"\xff\xfe")).as_str().len(), 26);
    }

    #[test]
    fn ids_are_distinct_and_show_the_time() {
        let ids = ids();
        let (one, two) = (ids.next(), ids.next());
        assert!(one < two);
        assert_eq!(one.timestamp_ms(), 1_700_000_000_000);
    }
}
