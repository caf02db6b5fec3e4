//! A map of a few entries that is kept by the thousand.
//!
//! Entries lie side by side in the order of their keys. A `BTreeMap` reserves nodes of eleven entries: for the origins
//! of a row's dozen fields, of which every kept version of every row has a map, that is more than twice the memory.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map of a few entries, in the order of their keys. In any format it is written as a map.
#[derive(Clone, PartialEq, Eq)]
pub struct SortedMap<K, V>(Box<[(K, V)]>);

impl<K: Ord, V> SortedMap<K, V> {
    fn find(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    /// Puts an entry in at its place.
    fn put(&mut self, at: usize, entry: (K, V)) {
        let mut entries = std::mem::take(&mut self.0).into_vec();
        // Growing by halves and doubles would leave room for three more where most maps have one entry.
        entries.reserve_exact(1);
        entries.insert(at, entry);
        self.0 = entries.into_boxed_slice();
    }

    /// Puts an entry in; the value that it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.put(at, (key, value));
                None
            }
        }
    }

    /// The value of a key, an empty one if there was none.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.put(at, (key, V::default()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        Some(&mut self.0[at].1)
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.find(key).ok()?;
        Some(&self.0[at].1)
    }
}

impl<K, V> SortedMap<K, V> {
    /// Of entries that are in the order of their keys.
    pub(crate) fn from_sorted(entries: Vec<(K, V)>) -> Self
    where
        K: Ord,
    {
        debug_assert!(entries.is_sorted_by(|(a, _), (b, _)| a < b), "each key once and in order");
        Self(entries.into_boxed_slice())
    }

    /// The entries in the order of their keys.
    pub(crate) fn as_slice(&self) -> &[(K, V)] {
        &self.0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The entries in the order of their keys, their values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Drops the entries that do not pass.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let mut entries = std::mem::take(&mut self.0).into_vec();
        entries.retain_mut(|(key, value)| keep(key, value));
        self.0 = entries.into_boxed_slice();
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> Index<&K> for SortedMap<K, V> {
    type Output = V;

    /// Panics when there is no such entry.
    fn index(&self, key: &K) -> &V {
        self.get(key).expect("the caller knows that the entry is there")
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    /// Of entries with the same key the last one stays. In the order of their keys they cost least.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut sorted = Vec::with_capacity(entries.size_hint().0);
        for entry in entries {
            add(&mut sorted, entry);
        }
        Self(sorted.into_boxed_slice())
    }
}

/// Puts an entry in, or its value in place of that of its key.
fn add<K: Ord, V>(sorted: &mut Vec<(K, V)>, (key, value): (K, V)) {
    match sorted.last() {
        Some((last, _)) if *last >= key => match sorted.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(at) => sorted[at].1 = value,
            Err(at) => sorted.insert(at, (key, value)),
        },
        _ => sorted.push((key, value)),
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Serialize, V: Serialize> Serialize for SortedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for SortedMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = SortedMap<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                // Who wrote it may say anything.
                let mut sorted = Vec::with_capacity(access.size_hint().unwrap_or(0).min(16));
                while let Some(entry) = access.next_entry()? {
                    add(&mut sorted, entry);
                }
                Ok(SortedMap(sorted.into_boxed_slice()))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds_and_reads_alike(entries in prop::collection::vec((0u8..20, any::<i32>()), 0..40)) {
            let tree: BTreeMap<u8, i32> = entries.iter().copied().collect();
            let mut map = SortedMap::default();
            let mut grown = BTreeMap::new();
            for (key, value) in entries {
                prop_assert_eq!(map.insert(key, value), grown.insert(key, value));
            }
            prop_assert!(map.iter().eq(&tree));
            for key in 0..20 {
                prop_assert_eq!(map.get(&key), tree.get(&key));
                prop_assert_eq!(map.get_mut(&key).copied(), tree.get(&key).copied());
            }
            let mut counted = SortedMap::<u8, i32>::default();
            for (key, value) in map.iter_mut() {
                *counted.get_or_default(key / 2) += *value % 100;
            }
            let total = |values: &mut dyn Iterator<Item = &i32>| values.map(|value| value % 100).sum::<i32>();
            prop_assert_eq!(counted.values().sum::<i32>(), total(&mut tree.values()));
            prop_assert!(counted.iter().map(|(key, _)| key).is_sorted_by(|a, b| a < b));
            let collected: SortedMap<u8, i32> = map.iter().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(&collected, &map);
            let json = serde_json::to_string(&map).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&tree).unwrap());
            prop_assert_eq!(serde_json::from_str::<SortedMap<u8, i32>>(&json).unwrap(), map.clone());
            let bytes = postcard::to_allocvec(&map).unwrap();
            prop_assert_eq!(&bytes, &postcard::to_allocvec(&tree).unwrap());
            prop_assert_eq!(&postcard::from_bytes::<SortedMap<u8, i32>>(&bytes).unwrap(), &map);
            map.retain(|key, value| key % 2 == 0 && *value > 0);
            let kept: BTreeMap<u8, i32> = tree.into_iter().filter(|(key, value)| key % 2 == 0 && *value > 0).collect();
            prop_assert!(map.iter().eq(&kept));
        }
    }
}
