//! The entries that members are given while something is measured.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_ledger::{EntriesRefused, Entry};
use ed25519_dalek::SigningKey;

/// How entries are submitted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    /// Not at all.
    None,
    /// One after this time, each at another member.
    Every(Duration),
    /// As many as the assembly can take.
    Full,
}

/// Entries that are submitted at once, under full load.
pub(super) const BATCH: usize = 128;

/// Characters in the text of an entry: as many as a note may have. With its author and signature it
/// has 226 bytes.
const TEXT: usize = 100;

/// Signed entries, of one author at each member.
pub(super) struct Supply {
    dialect: Arc<Assembly>,
    keys: Vec<SigningKey>,
    ready: Vec<VecDeque<Entry>>,
    signed: u64,
}

impl Supply {
    pub(super) fn new(dialect: Arc<Assembly>, keys: Vec<SigningKey>) -> Self {
        let ready = keys.iter().map(|_| VecDeque::new()).collect();
        Self { dialect, keys, ready, signed: 0 }
    }

    /// Signs so many entries, of all authors together.
    pub(super) fn prepare(&mut self, entries: usize) {
        let each = entries.div_ceil(self.keys.len());
        let (dialect, first) = (&self.dialect, self.signed);
        std::thread::scope(|scope| {
            for (key, ready) in self.keys.iter().zip(&mut self.ready) {
                scope.spawn(move || {
                    let numbers = (first..).take(each.saturating_sub(ready.len()));
                    ready.extend(numbers.filter_map(|number| note(dialect, key, number).ok()));
                });
            }
        });
        self.signed += each as u64;
    }

    /// Returns the next entries for a member.
    pub(super) fn take(
        &mut self,
        member: usize,
        count: usize,
    ) -> Result<Vec<Entry>, EntriesRefused> {
        let ready = &mut self.ready[member];
        while ready.len() < count {
            ready.push_back(note(&self.dialect, &self.keys[member], self.signed)?);
            self.signed += 1;
        }
        Ok(ready.drain(..count).collect())
    }
}

fn note(dialect: &Assembly, key: &SigningKey, number: u64) -> Result<Entry, EntriesRefused> {
    dialect.note(key, &format!("{number:0TEXT$}"), number)
}
