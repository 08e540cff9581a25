//! A map that only grows, whose copies share what they have in common.

use std::borrow::Borrow;
use std::sync::Arc;

/// A run is merged with the one before it when it is longer than that one divided by this. So each
/// run is shorter than a quarter of the one before, and a million keys are in at most ten runs.
const SHRINK: usize = 4;

/// Keys with a value each, of which none is ever changed or removed: what an application has seen.
///
/// It is a log-structured merge tree (O'Neil and others, 1996) in memory: sorted runs, the longest
/// first, that are merged as they come to be of like size. A run never changes, so a clone copies a
/// handful of pointers. That is what a snapshot for each block needs, and what a tree or a hash
/// table, which change in place, cannot give.
#[derive(Debug)]
pub struct GrowingMap<K, V> {
    runs: Vec<Arc<Vec<(K, V)>>>,
}

impl<K, V> Clone for GrowingMap<K, V> {
    fn clone(&self) -> Self {
        Self { runs: self.runs.clone() }
    }
}

impl<K, V> Default for GrowingMap<K, V> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> GrowingMap<K, V> {
    /// Returns how many keys there are.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.len()).sum()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Returns the value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.runs.iter().find_map(|run| {
            let place = run.binary_search_by(|(other, _)| other.borrow().cmp(key)).ok()?;
            Some(&run[place].1)
        })
    }

    /// Returns whether a key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Adds keys with their values. A key that is there already keeps its value, and of two equal
    /// new ones the first counts.
    pub fn extend(&mut self, new: impl IntoIterator<Item = (K, V)>) {
        let mut run: Vec<(K, V)> =
            new.into_iter().filter(|(key, _)| !self.contains_key(key)).collect();
        run.sort_by(|(one, _), (other, _)| one.cmp(other));
        run.dedup_by(|(later, _), (first, _)| later == first);
        if run.is_empty() {
            return;
        }
        while let Some(before) = self.runs.pop_if(|before| run.len() * SHRINK >= before.len()) {
            // Two sorted runs, one after the other, are merged in linear time by a stable sort.
            let mut merged = Arc::unwrap_or_clone(before);
            merged.reserve_exact(run.len());
            merged.append(&mut run);
            merged.sort_by(|(one, _), (other, _)| one.cmp(other));
            run = merged;
        }
        self.runs.push(Arc::new(run));
    }

    /// Returns all keys with their values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut all: Vec<&(K, V)> = self.runs.iter().flat_map(|run| run.iter()).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.into_iter().map(|(key, value)| (key, value))
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for GrowingMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Eq for GrowingMap<K, V> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_that_keeps_first_values_and_its_copies_do_not_change(
            additions in prop::collection::vec(
                prop::collection::vec((0..200_u8, any::<u8>()), 0..9),
                0..60,
            ),
        ) {
            let mut map = GrowingMap::default();
            let mut model = BTreeMap::new();
            let mut copies = Vec::new();
            for addition in additions {
                copies.push((map.clone(), model.clone()));
                map.extend(addition.iter().copied());
                for (key, value) in addition {
                    model.entry(key).or_insert(value);
                }
                let lengths: Vec<usize> = map.runs.iter().map(|run| run.len()).collect();
                prop_assert!(lengths.windows(2).all(|pair| pair[1] * SHRINK < pair[0]));
            }
            copies.push((map, model));
            for (map, model) in copies {
                prop_assert!(map.iter().eq(model.iter()));
                prop_assert_eq!(map.len(), model.len());
                for key in 0..200 {
                    prop_assert_eq!(map.get(&key), model.get(&key));
                }
            }
        }
    }
}
