//! Entries that wait for a block (rules M2 and F3).

use std::collections::{BTreeSet, VecDeque};

use althing_ledger::{Block, Entry, EntryRefused, Ledger};

use super::{Event, Output};

/// Entries that wait at a time (rule M2).
pub const POOL_MAX: usize = 1024;

/// The entries that wait, the oldest first, none of them twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    order: VecDeque<Entry>,
    known: BTreeSet<Entry>,
    /// Counts changes.
    revision: u64,
}

/// Why an entry does not wait for a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPooled {
    /// It could not be in one.
    #[error(transparent)]
    Refused(#[from] EntryRefused),
    /// Rule M2.
    #[error("more entries wait than this peer keeps")]
    Full,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter()
    }

    /// Returns a number that changes with what waits.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes in an entry, and returns whether it is new.
    pub(super) fn add(&mut self, entry: &Entry, ledger: &Ledger) -> Result<bool, NotPooled> {
        if self.known.contains(entry) {
            return Ok(false);
        }
        ledger.check_entry(entry)?;
        if self.len() >= POOL_MAX {
            return Err(NotPooled::Full);
        }
        self.revision += 1;
        self.known.insert(entry.clone());
        self.order.push_back(entry.clone());
        Ok(true)
    }

    /// Removes what is in blocks that count now, takes back what is in none any more, and drops
    /// what can be in none to come.
    pub(super) fn settle(
        &mut self,
        joined: &[Block],
        returned: &[Entry],
        ledger: &Ledger,
        out: &mut Vec<Output>,
    ) {
        self.revision += 1;
        for entry in joined.iter().flat_map(Block::entries) {
            self.known.remove(entry);
        }
        self.order.retain(|entry| self.known.contains(entry));
        for entry in returned.iter().rev() {
            if self.known.insert(entry.clone()) {
                self.order.push_front(entry.clone());
            }
        }
        self.order.retain(|entry| match ledger.accepts(entry) {
            Ok(()) => true,
            Err(reason) => {
                self.known.remove(entry);
                let reason = NotPooled::Refused(reason.into());
                let entry = entry.clone();
                out.push(Output::Event(Event::EntryRefused { entry, reason }));
                false
            }
        });
        while self.len() > POOL_MAX
            && let Some(latest) = self.order.pop_back()
        {
            self.known.remove(&latest);
            out.push(Output::Event(Event::EntryRefused { entry: latest, reason: NotPooled::Full }));
        }
    }
}
