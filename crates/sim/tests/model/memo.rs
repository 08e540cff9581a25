//! Results that are computed once and shared by all threads.

use std::collections::BTreeMap;
use std::sync::RwLock;

/// A map in many parts, so that threads seldom wait for each other.
pub(crate) struct Memo<K, V>(Vec<RwLock<BTreeMap<K, V>>>);

const PARTS: u64 = 64;

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self((0..PARTS).map(|_| RwLock::default()).collect())
    }
}

impl<K: Ord, V: Clone> Memo<K, V> {
    /// Returns the value of `key`, which `make` computes if it is missing. `spread` is a number
    /// that differs from key to key.
    pub(crate) fn get_or(&self, spread: u64, key: K, make: impl FnOnce() -> V) -> V {
        let part = usize::try_from(spread % PARTS).expect("a small number");
        let known = self.0[part].read().expect("nothing panics while it holds this");
        if let Some(value) = known.get(&key) {
            return value.clone();
        }
        drop(known);
        let value = make();
        let mut known = self.0[part].write().expect("nothing panics while it holds this");
        known.entry(key).or_insert(value).clone()
    }
}
