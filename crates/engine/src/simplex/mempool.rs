//! Entries that wait for a block (rule L17).
//!
//! Authors share it: one that floods a peer takes the places that no other one wants.

use std::collections::{BTreeMap, BTreeSet};

use althing_ledger::assembly::{BLOCK_BYTES_MAX, ENTRIES_MAX, ENTRY_BYTES_MAX, Facts};
use althing_ledger::merkle::MerkleHash;
use althing_ledger::{Application, Entry, NativeBlock};
use althing_types::{Moment, UnixTime, View};

use super::interface::NotAdmitted;

#[cfg(test)]
mod tests;

/// Entries that wait at most.
pub const MEMPOOL_MAX: usize = 16_384;

/// Entries of one author that wait at most, so that one author leaves room for others.
pub const MEMPOOL_AUTHOR_MAX: usize = 4096;

/// Bytes of all waiting entries together.
pub const MEMPOOL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Entries that are tried for a block whose application refuses some of them: each is checked with
/// all before it.
const TRIED_MAX: usize = 64;

/// Entries that are checked again after each commit by a peer that never leads.
const CHECKED_AGAIN: usize = 256;

type Author = [u8; 32];

/// The waiting entries, in the order in which they came.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Mempool {
    waiting: BTreeMap<u64, Waiting>,
    places: BTreeMap<MerkleHash, u64>,
    /// The places of those that are in no block that may yet be committed.
    free: BTreeSet<u64>,
    /// The places of the others, by the view of that block.
    proposed: BTreeMap<View, Vec<u64>>,
    authors: BTreeMap<Author, Share>,
    /// The authors by how many entries of theirs wait, and by how many bytes those have.
    by_count: BTreeSet<(usize, Author)>,
    by_bytes: BTreeSet<(usize, Author)>,
    bytes: usize,
    next: u64,
    /// The number of changes so far.
    revision: u64,
    /// The place from which on entries are checked again next.
    unchecked: u64,
}

#[derive(Clone, Debug, Hash)]
struct Waiting {
    entry: Entry,
    author: Author,
    since: Moment,
    /// The view of a block with it that was proposed, and may yet be committed.
    proposed: Option<View>,
    /// Whether our own user wants it committed.
    is_own: bool,
}

/// What waits of one author.
#[derive(Clone, Debug, Default, Hash)]
struct Share {
    /// The places of its entries.
    places: BTreeSet<u64>,
    bytes: usize,
}

/// What has become of an entry that was to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pooled {
    /// Whether it was not here before.
    pub(super) is_new: bool,
    /// The entries of another author that have made room for it.
    pub(super) displaced: Vec<Entry>,
}

impl Mempool {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many entries of the author that has most are waiting.
    pub(super) fn of_one_author(&self) -> usize {
        self.by_count.last().map_or(0, |(count, _)| *count)
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
        self.places.contains_key(&entry.leaf())
    }

    /// Returns whether an entry of this author is not here yet, and might be added.
    pub(super) fn has_room_for(&self, entry: &Entry, author: &Author) -> bool {
        !self.holds(entry) && self.room_for(entry.as_bytes().len(), author).is_ok()
    }

    /// Adds an entry that its author has signed.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        author: Author,
        is_own: bool,
        check: impl FnOnce(&Entry) -> Result<(), NotAdmitted>,
        now: Moment,
    ) -> Result<Pooled, NotAdmitted> {
        let hash = entry.leaf();
        if let Some(place) = self.places.get(&hash) {
            if let Some(waiting) = self.waiting.get_mut(place) {
                waiting.is_own |= is_own;
            }
            return Ok(Pooled::default());
        }
        let bytes = entry.as_bytes().len();
        let displaced = self.room_for(bytes, &author)?;
        check(entry)?;
        let displaced = displaced.into_iter().filter_map(|place| self.remove_at(place)).collect();
        let (place, entry) = (self.next, entry.clone());
        (self.next, self.revision) = (self.next + 1, self.revision + 1);
        self.places.insert(hash, place);
        self.free.insert(place);
        self.waiting.insert(place, Waiting { entry, author, since: now, proposed: None, is_own });
        self.change_share(author, |share| {
            share.places.insert(place);
            share.bytes += bytes;
        });
        self.bytes += bytes;
        Ok(Pooled { is_new: true, displaced })
    }

    /// Returns the places of the entries that have to go for one of this author with so many bytes:
    /// the newest ones of the author who has most. That author must still have no less than this
    /// one has then; otherwise two of them could displace each other for ever.
    fn room_for(&self, bytes: usize, author: &Author) -> Result<Vec<u64>, NotAdmitted> {
        if bytes > ENTRY_BYTES_MAX {
            return Err(NotAdmitted::TooLong { bytes });
        }
        let of = |author: &Author| {
            self.authors.get(author).map_or((0, 0), |share| (share.places.len(), share.bytes))
        };
        let (own_count, own_bytes) = of(author);
        if own_count >= MEMPOOL_AUTHOR_MAX {
            return Err(NotAdmitted::AuthorFull);
        }
        let are_many = self.len() >= MEMPOOL_MAX;
        let are_long = self.bytes + bytes > MEMPOOL_BYTES_MAX;
        let most = match (are_many, are_long) {
            (false, false) => return Ok(Vec::new()),
            (true, _) => self.by_count.last(),
            (false, true) => self.by_bytes.last(),
        };
        let Some((_, most)) = most else { return Err(NotAdmitted::Full) };
        let (mut count, mut left) = of(most);
        let (mut all, mut places) = (self.bytes + bytes, Vec::new());
        let newest = self.authors.get(most).into_iter().flat_map(|share| share.places.iter().rev());
        for place in newest {
            if (!are_many || !places.is_empty()) && all <= MEMPOOL_BYTES_MAX {
                break;
            }
            let freed = self.waiting.get(place).map_or(0, |it| it.entry.as_bytes().len());
            (count, left, all) = (count - 1, left - freed, all - freed);
            places.push(*place);
        }
        let is_fair = (!are_many || count > own_count) && (!are_long || left >= own_bytes + bytes);
        match is_fair && all <= MEMPOOL_BYTES_MAX && most != author {
            true => Ok(places),
            false => Err(NotAdmitted::Full),
        }
    }

    /// Returns since when an entry waits that is in no block yet.
    pub(super) fn waits_since(&self) -> Option<Moment> {
        Some(self.waiting.get(self.free.first()?)?.since)
    }

    /// Takes note that a block of this view has these entries.
    pub(super) fn proposed(&mut self, view: View, block: &NativeBlock) {
        for entry in &block.entries {
            let Some(place) = self.places.get(&entry.leaf()) else { continue };
            let Some(waiting) = self.waiting.get_mut(place) else { continue };
            if waiting.proposed.replace(view) != Some(view) {
                self.free.remove(place);
                self.proposed.entry(view).or_default().push(*place);
            }
        }
    }

    /// Takes note that the blocks of a view may never be committed: their entries wait as before.
    pub(super) fn nullified(&mut self, view: View) {
        for place in self.proposed.remove(&view).unwrap_or_default() {
            // It may be gone, or in a block of another view since.
            let waiting = self.waiting.get_mut(&place);
            if waiting.and_then(|it| it.proposed.take_if(|it| *it == view)).is_some() {
                self.free.insert(place);
                self.revision += 1;
            }
        }
    }

    /// Removes the entries of a committed block.
    pub(super) fn committed(&mut self, block: &NativeBlock) {
        block.entries.iter().for_each(|entry| self.remove(entry));
    }

    /// Takes note that blocks of views up to this one are committed by now, or never will be.
    pub(super) fn settled(&mut self, view: View) {
        while let Some((first, _)) = self.proposed.first_key_value().filter(|(it, _)| **it <= view)
        {
            self.nullified(*first);
        }
    }

    /// Removes entries that the application refuses after the last committed block, and returns
    /// them with its reasons. Some are checked each time, by turns: for a peer that never selects.
    pub(super) fn check_again(
        &mut self,
        (root, state): (&Facts, &dyn Application),
        now: UnixTime,
    ) -> Vec<(Entry, NotAdmitted)> {
        let ahead = self.waiting.range(self.unchecked..);
        let from_start = self.waiting.range(..self.unchecked);
        let context = root.next_context(now);
        let mut refused = Vec::new();
        let mut next = self.unchecked;
        for (place, waiting) in ahead.chain(from_start).take(CHECKED_AGAIN) {
            next = place + 1;
            if let Err(reason) = state.check(&context, std::slice::from_ref(&waiting.entry)) {
                refused.push((waiting.entry.clone(), NotAdmitted::Entries(reason)));
            }
        }
        self.unchecked = next;
        refused.iter().for_each(|(entry, _)| self.remove(entry));
        refused
    }

    /// Returns up to `count` entries of our own user.
    pub(super) fn own(&self, count: usize) -> Vec<Entry> {
        let own = self.waiting.values().filter(|waiting| waiting.is_own);
        own.take(count).map(|waiting| waiting.entry.clone()).collect()
    }

    /// Returns entries for a block after one with this state, by turns of their authors: as many as
    /// fit, without those that the application refuses there. Those that it refuses for good are
    /// removed and returned as well.
    pub(super) fn select(
        &mut self,
        (parent, state): (&Facts, &dyn Application),
        root: (&Facts, &dyn Application),
        now: UnixTime,
    ) -> (Vec<Entry>, Vec<(Entry, NotAdmitted)>) {
        let context = parent.next_context(now);
        let selected = self.by_turns();
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

    /// Returns as many entries as fit into a block, one of each author and then the next of each:
    /// the oldest first, among authors and of each author. Those in the blocks before are there
    /// already.
    fn by_turns(&self) -> Vec<Entry> {
        let is_free = |place: &&u64| self.free.contains(*place);
        // Of each author who has any left, the turn and the next place, the first turn on top.
        let mut turns = BTreeMap::new();
        for share in self.authors.values() {
            let mut places = share.places.iter().filter(is_free);
            if let Some(first) = places.next() {
                turns.insert((0_usize, *first), places);
            }
        }
        let (mut selected, mut bytes) = (Vec::new(), 0);
        while let Some(((turn, place), mut places)) = turns.pop_first() {
            let Some(Waiting { entry, .. }) = self.waiting.get(&place) else { continue };
            bytes += 2 + entry.as_bytes().len();
            if selected.len() == ENTRIES_MAX || bytes > BLOCK_BYTES_MAX {
                break;
            }
            selected.push(entry.clone());
            if let Some(next) = places.next() {
                turns.insert((turn + 1, *next), places);
            }
        }
        selected
    }

    fn remove(&mut self, entry: &Entry) {
        if let Some(place) = self.places.get(&entry.leaf()) {
            self.remove_at(*place);
        }
    }

    fn remove_at(&mut self, place: u64) -> Option<Entry> {
        let Waiting { entry, author, .. } = self.waiting.remove(&place)?;
        self.places.remove(&entry.leaf());
        self.free.remove(&place);
        self.revision += 1;
        let bytes = entry.as_bytes().len();
        self.bytes -= bytes;
        self.change_share(author, |share| {
            share.places.remove(&place);
            share.bytes -= bytes;
        });
        Some(entry)
    }

    /// Changes what waits of an author, and where it stands among the others.
    fn change_share(&mut self, author: Author, change: impl FnOnce(&mut Share)) {
        let mut share = self.authors.remove(&author).unwrap_or_default();
        self.by_count.remove(&(share.places.len(), author));
        self.by_bytes.remove(&(share.bytes, author));
        change(&mut share);
        if !share.places.is_empty() {
            self.by_count.insert((share.places.len(), author));
            self.by_bytes.insert((share.bytes, author));
            self.authors.insert(author, share);
        }
    }
}
