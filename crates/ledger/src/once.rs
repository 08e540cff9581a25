use std::collections::BTreeSet;

use crate::application::{Application, EntriesRefused};
use crate::entry::Entry;
use crate::merkle::{self, MerkleHash};

/// An application in which no entry comes twice (rule B15), around another one.
#[derive(Debug)]
pub struct Once {
    inner: Box<dyn Application>,
    held: BTreeSet<MerkleHash>,
}

impl Once {
    /// Returns `inner`, before any entry, without repetitions.
    pub fn new(inner: Box<dyn Application>) -> Self {
        Self { inner, held: BTreeSet::new() }
    }
}

impl Application for Once {
    fn check(&self, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let hash = merkle::leaf(entry.as_bytes());
            if self.held.contains(&hash) || !new.insert(hash) {
                return Err(EntriesRefused::because("an entry that the chain holds already"));
            }
        }
        self.inner.check(entries)
    }

    fn apply(&mut self, entries: &[Entry]) {
        self.held.extend(entries.iter().map(|entry| merkle::leaf(entry.as_bytes())));
        self.inner.apply(entries);
    }

    fn fresh(&self) -> Box<dyn Application> {
        Box::new(Self::new(self.inner.fresh()))
    }
}
