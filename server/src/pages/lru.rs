//! A cache bounded in bytes: what was used least lately goes first.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What an entry costs besides what it holds, bytes: many small entries count too.
const OVERHEAD: usize = 512;

/// The cache. Values are shared handles: reading one copies it.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    budget: usize,
    bytes: usize,
    now: u64,
    entries: HashMap<K, Entry<V>>,
    by_use: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Lru<K, V> {
    /// An empty cache of so many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, bytes: 0, now: 0, entries: HashMap::new(), by_use: BTreeMap::new() }
    }

    /// The value of a key, which is now the one used last.
    pub(crate) fn get<Q: ?Sized + Eq + Hash>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entry = self.entries.get_mut(key)?;
        // A hot key is often the newest already.
        if entry.used != self.now {
            self.now += 1;
            let key = self.by_use.remove(&entry.used)?;
            self.by_use.insert(self.now, key);
            entry.used = self.now;
        }
        Some(entry.value.clone())
    }

    /// The value of a key, made first if there is none; its size is told later with [`Lru::weigh`].
    pub(crate) fn get_or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> V {
        if let Some(value) = self.get(key) {
            return value;
        }
        self.now += 1;
        let value = make();
        self.entries.insert(key.clone(), Entry { value: value.clone(), bytes: OVERHEAD, used: self.now });
        self.by_use.insert(self.now, key.clone());
        self.bytes += OVERHEAD;
        self.shrink();
        value
    }

    /// Says how many bytes the value of a key holds.
    pub(crate) fn weigh(&mut self, key: &K, bytes: usize) {
        if let Some(entry) = self.entries.get_mut(key) {
            let bytes = bytes + OVERHEAD;
            self.bytes = self.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
            self.shrink();
        }
    }

    /// Drops the entries whose key does not pass.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        let Self { entries, by_use, bytes, .. } = self;
        entries.retain(|key, entry| {
            let stays = keep(key);
            if !stays {
                *bytes -= entry.bytes;
                by_use.remove(&entry.used);
            }
            stays
        });
    }

    /// Drops an entry.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// Drops the entry used least lately.
    pub(crate) fn pop(&mut self) -> Option<(K, V)> {
        let (_, key) = self.by_use.pop_first()?;
        let entry = self.entries.remove(&key)?;
        self.bytes -= entry.bytes;
        Some((key, entry.value))
    }

    /// The bytes that count.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn shrink(&mut self) {
        while self.bytes > self.budget && self.pop().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_used_least_lately_goes_first() {
        let mut cache = Lru::new(3 * (OVERHEAD + 100));
        for key in 1..=3 {
            cache.get_or_insert_with(&key, || key);
            cache.weigh(&key, 100);
        }
        assert_eq!(cache.get(&1), Some(1));
        cache.get_or_insert_with(&4, || 4);
        assert_eq!([1, 2, 3, 4].map(|key| cache.get(&key).is_some()), [true, false, true, true]);
    }

    #[test]
    fn one_that_is_too_large_alone_does_not_stay() {
        let mut cache = Lru::new(1_000);
        assert_eq!(cache.get_or_insert_with(&1, || 1), 1);
        cache.weigh(&1, 1_000);
        assert_eq!((cache.get(&1), cache.bytes()), (None, 0));
    }

    proptest! {
        #[test]
        fn never_holds_more_than_its_budget(steps in prop::collection::vec((0u8..20, 0usize..3_000), 0..200)) {
            let mut cache = Lru::new(8_000);
            for (key, bytes) in steps {
                cache.get_or_insert_with(&key, || key);
                cache.weigh(&key, bytes);
                prop_assert!(cache.bytes() <= 8_000);
                prop_assert_eq!(cache.by_use.len(), cache.entries.len());
                prop_assert_eq!(cache.entries.values().map(|entry| entry.bytes).sum::<usize>(), cache.bytes());
            }
            cache.retain(|_| false);
            prop_assert_eq!(cache.bytes(), 0);
        }
    }
}
