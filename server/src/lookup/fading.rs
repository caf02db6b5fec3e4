//! A memory of a bounded number of tokens in which everything fades after the same time.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use memescope::TokenId;
use tokio::time::Instant;

/// Remembers something of each of so many tokens for so long.
#[derive(Debug)]
pub(super) struct Fading<V> {
    most: usize,
    lasts: Duration,
    by_token: HashMap<TokenId, Noted<V>>,
    /// Oldest first; a token that was noted again has an older entry too, which counts for nothing but its place.
    order: VecDeque<(u64, Instant, TokenId)>,
    count: u64,
}

#[derive(Debug)]
struct Noted<V> {
    /// Tells its entry in the order from older ones.
    number: u64,
    at: Instant,
    value: V,
}

impl<V> Fading<V> {
    pub(super) fn new(most: usize, lasts: Duration) -> Self {
        Self { most, lasts, by_token: HashMap::new(), order: VecDeque::new(), count: 0 }
    }

    /// What is remembered of a token.
    pub(super) fn get(&self, token: &TokenId, now: Instant) -> Option<&V> {
        let noted = self.by_token.get(token)?;
        (now.saturating_duration_since(noted.at) < self.lasts).then_some(&noted.value)
    }

    /// Remembers; what was noted first makes room.
    pub(super) fn put(&mut self, token: TokenId, value: V, now: Instant) {
        self.count += 1;
        self.by_token.insert(token.clone(), Noted { number: self.count, at: now, value });
        self.order.push_back((self.count, now, token));
        while let Some((number, at, token)) = self.order.front() {
            let is_faded = now.saturating_duration_since(*at) >= self.lasts;
            if !is_faded && self.order.len() <= self.most {
                break;
            }
            if self.by_token.get(token).is_some_and(|noted| noted.number == *number) {
                self.by_token.remove(token);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::testing::id;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let mut memory = Fading::new(3, MINUTE);
        let start = Instant::now();
        for number in 1..=4 {
            memory.put(id(number), number, start);
        }
        assert_eq!([1, 2, 4].map(|number| memory.get(&id(number), start).copied()), [None, Some(2), Some(4)]);
        assert_eq!(memory.get(&id(4), start + MINUTE), None);
        memory.put(id(5), 5, start + MINUTE);
        assert_eq!((memory.by_token.len(), memory.order.len()), (1, 1));
    }

    #[test]
    fn noting_one_token_again_and_again_takes_no_room() {
        let mut memory = Fading::new(3, MINUTE);
        let start = Instant::now();
        for turn in 0..100 {
            memory.put(id(1), turn, start + MINUTE / 2);
            assert!(memory.order.len() <= 3);
        }
        assert_eq!(memory.get(&id(1), start + MINUTE), Some(&99));
    }
}
