//! How much a client has sent of a message that is not whole yet.
//!
//! The library below hands out whole messages and hides the fragments of one that never ends. So the host counts what it
//! reads from a connection, the feed takes off what it was handed, and what is left has a greatest size and a longest time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tungstenite::Message;

/// What a message and its frames' heads may take before it is whole: twice the longest message.
pub(crate) const MOST_BYTES: u64 = 32 * 1024;

/// How long a message may take from its first byte to its last.
pub(crate) const LONGEST: Duration = Duration::from_secs(10);

/// What a client's frame takes besides its payload when that is short: two bytes and the mask.
const SHORT_HEAD: u64 = 6;

/// Counting has not begun.
const OFF: u64 = u64::MAX;

/// Bytes of a connection that belong to no message that was handed out; shared by who reads and who is handed.
#[derive(Clone, Debug)]
pub struct Inflow(Arc<AtomicU64>);

/// Why a message is not waited for any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfinished {
    /// It is too long.
    #[error("a message is too long before it is whole")]
    TooLong,
    /// It takes too long.
    #[error("a message is not whole in time")]
    TooLate,
}

impl Default for Inflow {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(OFF)))
    }
}

impl Inflow {
    /// Begins to count: from now on messages come.
    pub(super) fn begin(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Ends counting: nothing more is wanted of the client.
    pub(super) fn end(&self) {
        self.0.store(OFF, Ordering::Relaxed);
    }

    /// Notes what was read.
    pub(crate) fn add(&self, bytes: usize) {
        self.change(|waiting| waiting.saturating_add(bytes as u64));
    }

    /// Bytes of what is not whole yet.
    pub(crate) fn waiting(&self) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            OFF => 0,
            waiting => waiting,
        }
    }

    /// Takes off a message. How many frames a long one came in is not known, so it takes off everything: what was read
    /// of the next one is forgiven. A control frame, which may stand between fragments, takes off itself alone.
    pub(super) fn heard(&self, message: &Message) {
        self.change(|waiting| match message {
            Message::Text(_) | Message::Binary(_) => 0,
            Message::Ping(payload) | Message::Pong(payload) => {
                waiting.saturating_sub(SHORT_HEAD + payload.len() as u64)
            }
            Message::Close(_) | Message::Frame(_) => waiting,
        });
    }

    /// Only the one task of the connection changes it.
    fn change(&self, change: impl FnOnce(u64) -> u64) {
        let waiting = self.0.load(Ordering::Relaxed);
        if waiting != OFF {
            self.0.store(change(waiting).min(OFF - 1), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_counted_before_messages_come_and_after_they_are_wanted() {
        let inflow = Inflow::default();
        inflow.add(100);
        assert_eq!(inflow.waiting(), 0);
        inflow.begin();
        inflow.add(100);
        assert_eq!(inflow.waiting(), 100);
        inflow.end();
        inflow.add(100);
        assert_eq!(inflow.waiting(), 0);
    }

    #[test]
    fn whole_messages_are_taken_off_and_fragments_stay() {
        let inflow = Inflow::default();
        inflow.begin();
        let pong = Message::Pong(bytes::Bytes::from_static(b"12"));
        for (read, heard, left) in [
            (8, Some(&pong), 0),
            // A pong between two fragments.
            (1000 + 8, Some(&pong), 1000),
            (500, None, 1500),
            (6, Some(&Message::Text("done".into())), 0),
            // It was read together with what was taken off before.
            (0, Some(&pong), 0),
            (7, Some(&Message::Close(None)), 7),
            (usize::MAX, None, u64::MAX - 1),
        ] {
            inflow.add(read);
            if let Some(message) = heard {
                inflow.heard(message);
            }
            assert_eq!(inflow.waiting(), left, "{read} {heard:?}");
        }
    }
}
