//! Entries that wait for a block (rule L17).

use std::collections::{BTreeMap, BTreeSet};

use althing_ledger::assembly::{BLOCK_BYTES_MAX, ENTRIES_MAX, ENTRY_BYTES_MAX, Facts};
use althing_ledger::merkle::{self, MerkleHash};
use althing_ledger::{Application, Entry, NativeBlock};
use althing_types::{Moment, UnixTime, View};

use super::interface::NotAdmitted;

/// Entries that wait at most.
pub const MEMPOOL_MAX: usize = 16_384;

/// Entries of one author that wait at most, so that one author leaves room for others.
pub const MEMPOOL_AUTHOR_MAX: usize = 4096;

/// Bytes of all waiting entries together.
pub const MEMPOOL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Entries that are tried for a block whose application refuses some of them: each is checked with
/// all before it.
const TRIED_MAX: usize = 64;

/// The waiting entries, in the order in which they came.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Mempool {
    waiting: BTreeMap<u64, Waiting>,
    places: BTreeMap<MerkleHash, u64>,
    /// How many of each author wait.
    authors: BTreeMap<[u8; 32], usize>,
    bytes: usize,
    next: u64,
    /// The number of changes so far.
    revision: u64,
}

#[derive(Clone, Debug, Hash)]
struct Waiting {
    entry: Entry,
    author: [u8; 32],
    since: Moment,
    /// The view of a block with it that was proposed, and may yet be committed.
    proposed: Option<View>,
    /// Whether our own user wants it committed.
    is_own: bool,
}

impl Mempool {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many entries of the author that has most are waiting.
    pub(super) fn of_one_author(&self) -> usize {
        self.authors.values().copied().max().unwrap_or(0)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns a number that changes whenever an entry comes, goes, or is in a block no longer.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns whether an entry waits here, so that its author's signature was checked.
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        self.places.contains_key(&merkle::leaf(entry.as_bytes()))
    }

    /// Returns whether an entry is not here yet, and might be added.
    pub(super) fn has_room_for(&self, entry: &Entry) -> bool {
        let bytes = entry.as_bytes().len();
        !self.places.contains_key(&merkle::leaf(entry.as_bytes()))
            && bytes <= ENTRY_BYTES_MAX
            && self.len() < MEMPOOL_MAX
            && self.bytes + bytes <= MEMPOOL_BYTES_MAX
    }

    /// Adds an entry that its author has signed, and returns whether it is new.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        author: [u8; 32],
        is_own: bool,
        check: impl FnOnce(&Entry) -> Result<(), NotAdmitted>,
        now: Moment,
    ) -> Result<bool, NotAdmitted> {
        let hash = merkle::leaf(entry.as_bytes());
        if let Some(place) = self.places.get(&hash) {
            if let Some(waiting) = self.waiting.get_mut(place) {
                waiting.is_own |= is_own;
            }
            return Ok(false);
        }
        let bytes = entry.as_bytes().len();
        if bytes > ENTRY_BYTES_MAX {
            return Err(NotAdmitted::TooLong { bytes });
        }
        if self.len() >= MEMPOOL_MAX || self.bytes + bytes > MEMPOOL_BYTES_MAX {
            return Err(NotAdmitted::Full);
        }
        if self.authors.get(&author).is_some_and(|count| *count >= MEMPOOL_AUTHOR_MAX) {
            return Err(NotAdmitted::AuthorFull);
        }
        check(entry)?;
        let (place, entry) = (self.next, entry.clone());
        (self.next, self.revision) = (self.next + 1, self.revision + 1);
        self.bytes += bytes;
        *self.authors.entry(author).or_default() += 1;
        self.places.insert(hash, place);
        self.waiting.insert(place, Waiting { entry, author, since: now, proposed: None, is_own });
        Ok(true)
    }

    /// Returns since when an entry waits that is in no block yet.
    pub(super) fn waits_since(&self) -> Option<Moment> {
        let mut waiting = self.waiting.values();
        waiting.find(|waiting| waiting.proposed.is_none()).map(|waiting| waiting.since)
    }

    /// Takes note that a block of this view has these entries.
    pub(super) fn proposed(&mut self, view: View, block: &NativeBlock) {
        for entry in &block.entries {
            let place = self.places.get(&merkle::leaf(entry.as_bytes()));
            if let Some(waiting) = place.and_then(|place| self.waiting.get_mut(place)) {
                waiting.proposed = Some(view);
            }
        }
    }

    /// Takes note that the blocks of a view may never be committed: their entries wait as before.
    pub(super) fn nullified(&mut self, view: View) {
        for waiting in self.waiting.values_mut().filter(|it| it.proposed == Some(view)) {
            waiting.proposed = None;
            self.revision += 1;
        }
    }

    /// Removes the entries of a committed block.
    pub(super) fn committed(&mut self, block: &NativeBlock) {
        block.entries.iter().for_each(|entry| self.remove(entry));
    }

    /// Takes note that blocks of views up to this one are committed by now, or never will be.
    pub(super) fn settled(&mut self, view: View) {
        for waiting in self.waiting.values_mut() {
            waiting.proposed.take_if(|proposed| *proposed <= view);
        }
    }

    /// Returns up to `count` entries of our own user.
    pub(super) fn own(&self, count: usize) -> Vec<Entry> {
        let own = self.waiting.values().filter(|waiting| waiting.is_own);
        own.take(count).map(|waiting| waiting.entry.clone()).collect()
    }

    /// Returns entries for a block after one with this state, oldest first: as many as fit, without
    /// those that the application refuses there. Those that it refuses for good are removed and
    /// returned as well.
    pub(super) fn select(
        &mut self,
        (parent, state): (&Facts, &dyn Application),
        root: (&Facts, &dyn Application),
        now: UnixTime,
    ) -> (Vec<Entry>, Vec<(Entry, NotAdmitted)>) {
        let context = parent.next_context(now);
        let (mut selected, mut bytes) = (Vec::new(), 0);
        // Those in the blocks before are there already.
        for waiting in self.waiting.values().filter(|waiting| waiting.proposed.is_none()) {
            bytes += 2 + waiting.entry.as_bytes().len();
            if selected.len() == ENTRIES_MAX || bytes > BLOCK_BYTES_MAX {
                break;
            }
            selected.push(waiting.entry.clone());
        }
        if state.check(&context, &selected).is_ok() {
            return (selected, Vec::new());
        }
        let (mut fitting, mut refused) = (Vec::new(), BTreeSet::new());
        let mut reasons = Vec::new();
        let alone = |state: &dyn Application, facts: &Facts, entry: &Entry| {
            state.check(&facts.next_context(now), std::slice::from_ref(entry))
        };
        for entry in selected {
            if let Err(reason) = alone(root.1, root.0, &entry) {
                refused.insert(entry.clone());
                reasons.push((entry, NotAdmitted::Entries(reason)));
            } else if fitting.len() < TRIED_MAX && alone(state, parent, &entry).is_ok() {
                fitting.push(entry);
                if state.check(&context, &fitting).is_err() {
                    fitting.pop();
                }
            }
        }
        refused.iter().for_each(|entry| self.remove(entry));
        (fitting, reasons)
    }

    fn remove(&mut self, entry: &Entry) {
        let Some(place) = self.places.remove(&merkle::leaf(entry.as_bytes())) else { return };
        let Some(waiting) = self.waiting.remove(&place) else { return };
        self.revision += 1;
        self.bytes -= waiting.entry.as_bytes().len();
        if let Some(count) = self.authors.get_mut(&waiting.author) {
            *count -= 1;
            if *count == 0 {
                self.authors.remove(&waiting.author);
            }
        }
    }
}
