//! The latest events, bounded by their number and their age.
//!
//! A ring is never altered: who holds one reads it without a lock. Events have numbers of this process besides their
//! names, so that a follower can tell what is new to it, also of what happened without a commit.

use std::sync::Arc;
use std::time::Duration;

use imbl::Vector;
use memescope::{Board, Event, EventPlace, Timestamp};

/// The most events that stay.
const MOST: usize = 2_000;

/// How long an event stays.
const KEPT_FOR: Duration = Duration::from_secs(3_600);

/// The latest events, oldest first.
#[derive(Clone, Debug, Default)]
pub struct EventRing {
    events: Vector<Arc<Event>>,
    /// How many events were forgotten since the start.
    forgotten: u64,
    /// The newest of them.
    last_forgotten: Option<EventPlace>,
}

impl EventRing {
    /// A ring of a process that begins with a board: whatever was told before is forgotten.
    pub(super) fn after(board: &Board) -> Self {
        let last = EventPlace { epoch: board.epoch, seq: board.seq, index: u32::MAX };
        Self { last_forgotten: Some(last), ..Self::default() }
    }

    /// How many events there have been since the start: the number of the next one.
    pub fn next_number(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }

    /// The events that are still there, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.events.iter()
    }

    /// The events from a number on, with their numbers; those that are forgotten are passed over.
    pub fn from(&self, number: u64) -> impl Iterator<Item = (u64, &Arc<Event>)> {
        let skipped = usize::try_from(number.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        (self.forgotten.max(number)..).zip(self.events.iter().skip(skipped))
    }

    /// The newest event that is forgotten; those before it are too.
    pub fn last_forgotten(&self) -> Option<EventPlace> {
        self.last_forgotten
    }

    /// Whether an event is there that is too old.
    pub(super) fn holds_older_than_it_should(&self, now: Timestamp) -> bool {
        self.events.front().is_some_and(|event| now.since(event.at) > KEPT_FOR)
    }

    /// The ring with further events, at a time.
    pub(super) fn with(&self, events: &[Event], now: Timestamp) -> Self {
        let mut ring = self.clone();
        ring.events.extend(events.iter().cloned().map(Arc::new));
        while ring.events.len() > MOST || ring.holds_older_than_it_should(now) {
            ring.last_forgotten = ring.events.pop_front().and_then(|event| event.place()).or(ring.last_forgotten);
            ring.forgotten += 1;
        }
        ring
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::{Epoch, EventKind, EventNames};

    use super::*;

    fn events(names: &mut EventNames, seq: u64, count: usize, secs: i64) -> Vec<Event> {
        let kind = EventKind::TokenFlagged { flags: Vec::new() };
        names.name((Epoch::from_bits(7), seq), Timestamp::from_secs(secs), vec![(None, kind); count])
    }

    #[test]
    fn a_follower_hears_each_event_once() {
        let mut names = EventNames::default();
        let mut ring = EventRing::default();
        let mut heard = Vec::new();
        let mut next = ring.next_number();
        // The second board stays for a while.
        for (seq, count) in [(1, 2), (2, 0), (2, 3), (2, 1), (3, 1)] {
            ring = ring.with(&events(&mut names, seq, count, 1), Timestamp::from_secs(1));
            heard.extend(ring.from(next).map(|(number, event)| (number, event.place().unwrap())));
            next = ring.next_number();
        }
        let numbers: Vec<u64> = heard.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..7).collect::<Vec<_>>());
        assert!(heard.is_sorted_by(|a, b| a.1 < b.1));
        assert_eq!(ring.from(6).count(), 1);
        assert_eq!(ring.from(7).count(), 0);
        assert_eq!(ring.from(99).count(), 0);
    }

    #[test]
    fn the_ring_is_bounded_by_number_and_by_age() {
        let mut names = EventNames::default();
        let mut ring = EventRing::default();
        for seq in 1..=5 {
            ring = ring.with(&events(&mut names, seq, 500, 0), Timestamp::from_secs(0));
        }
        assert_eq!((ring.iter().count(), ring.next_number()), (MOST, 2_500));
        assert_eq!(ring.from(0).next().unwrap().0, 500, "what is forgotten is passed over");
        let place = |seq, index| Some(EventPlace { epoch: Epoch::from_bits(7), seq, index });
        assert_eq!(ring.last_forgotten(), place(1, 499));

        ring = ring.with(&events(&mut names, 6, 1, 3_600), Timestamp::from_secs(3_600));
        assert_eq!(ring.iter().count(), MOST, "exactly an hour is not too old");
        ring = ring.with(&[], Timestamp::from_secs(3_601));
        assert_eq!((ring.iter().count(), ring.next_number()), (1, 2_501));
        assert_eq!(ring.last_forgotten(), place(5, 499));
    }
}
