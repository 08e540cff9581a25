//! No entry comes twice (rule B15).

use std::collections::BTreeSet;

use crate::application::{Application, BlockContext, EntriesRefused};
use crate::entry::Entry;
use crate::growing::GrowingMap;
use crate::merkle::MerkleHash;

/// An application in which no entry comes twice (rule B15), around another one.
#[derive(Debug)]
pub struct Once {
    inner: Box<dyn Application>,
    held: GrowingMap<MerkleHash, ()>,
}

impl Once {
    /// Returns `inner`, before any entry, without repetitions.
    pub fn new(inner: Box<dyn Application>) -> Self {
        Self { inner, held: GrowingMap::default() }
    }
}

impl Application for Once {
    fn check(&self, context: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let hash = entry.leaf();
            if self.held.contains_key(&hash) || !new.insert(hash) {
                return Err(EntriesRefused::because("an entry that the chain holds already"));
            }
        }
        self.inner.check(context, entries)
    }

    fn apply(&mut self, context: &BlockContext, entries: &[Entry]) {
        self.held.extend(entries.iter().map(|entry| (entry.leaf(), ())));
        self.inner.apply(context, entries);
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(Self { inner: self.inner.snapshot(), held: self.held.clone() })
    }
}
