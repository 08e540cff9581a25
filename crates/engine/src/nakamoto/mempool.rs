//! Entries that wait for a block (rules M2 and F3).

use std::collections::{BTreeSet, VecDeque};

use althing_ledger::{Block, Entry, Ledger};

use super::{Event, NotAdmitted, Output};

/// The maximum number of waiting entries (rule M2).
pub const MEMPOOL_MAX: usize = 1024;

/// The waiting entries, oldest first, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Mempool {
    order: VecDeque<Entry>,
    known: BTreeSet<Entry>,
    /// The number of changes so far.
    revision: u64,
}

impl Mempool {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter()
    }

    /// Returns a number that changes whenever the entries change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Adds an entry, and returns whether it is new.
    pub(super) fn add(&mut self, entry: &Entry, ledger: &Ledger) -> Result<bool, NotAdmitted> {
        if self.known.contains(entry) {
            return Ok(false);
        }
        ledger.check_entry(entry)?;
        if self.len() >= MEMPOOL_MAX {
            return Err(NotAdmitted::Full);
        }
        self.revision += 1;
        self.known.insert(entry.clone());
        self.order.push_back(entry.clone());
        Ok(true)
    }

    /// Removes an entry, if it is there.
    pub(super) fn withdraw(&mut self, entry: &Entry) {
        if self.known.remove(entry) {
            self.revision += 1;
            self.order.retain(|waiting| waiting != entry);
        }
    }

    /// Removes the entries of connected blocks, returns those of disconnected ones, and drops
    /// entries that can be in no future block.
    pub(super) fn settle(
        &mut self,
        connected: &[Block],
        returned: &[Entry],
        ledger: &Ledger,
        out: &mut Vec<Output>,
    ) {
        self.revision += 1;
        for entry in connected.iter().flat_map(Block::entries) {
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
                let reason = NotAdmitted::Refused(reason.into());
                let entry = entry.clone();
                out.push(Output::Event(Event::EntryRefused { entry, reason }));
                false
            }
        });
        while self.len() > MEMPOOL_MAX
            && let Some(latest) = self.order.pop_back()
        {
            self.known.remove(&latest);
            out.push(Output::Event(Event::EntryRefused {
                entry: latest,
                reason: NotAdmitted::Full,
            }));
        }
    }
}
