//! The outcome of entries that the user of a peer has submitted to its chain.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard};

use althing_engine::Engine;
use althing_engine::nakamoto::{Durable, Event, Nakamoto, NotAdmitted};
use althing_ledger::{Block, Entry};
use althing_types::Height;
use derive_where::derive_where;
use tokio::sync::watch;

use crate::commands::HasLeft;
use crate::observer::Observer;

/// What has become of an entry that the user submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted<R = NotAdmitted> {
    /// It is in a block of the best chain.
    Added {
        /// The height of that block.
        height: Height,
        /// How often another block came first, so that the search had to begin again.
        lost_races: u32,
        /// How many blocks of the chain make it hard to undo, its own included.
        confirmations: u64,
        /// Whether another peer has that block, as far as is known (rule M5). If not, the entry may
        /// be lost together with this peer.
        is_held: bool,
    },
    /// Its block is no longer in the best chain, and it waits for another one.
    Returned,
    /// It cannot get into the chain.
    Refused(R),
}

/// An entry on its way into the chain, and as long as it is followed.
#[derive(Debug)]
pub struct Submission<R = NotAdmitted> {
    submitted: watch::Receiver<Option<Submitted<R>>>,
    lost_races: watch::Receiver<u32>,
}

impl<R: Clone> Submission<R> {
    /// Waits until the entry has as many confirmations as were asked for, or cannot get into a
    /// block. That takes as long as so many blocks take to mine, and longer if others are quicker.
    /// Of a block of our own, the answer comes when another peer has it as well, or after a while
    /// without that.
    pub async fn outcome(mut self) -> Result<Submitted<R>, HasLeft> {
        loop {
            match self.next().await? {
                Submitted::Returned => {}
                outcome => return Ok(outcome),
            }
        }
    }

    /// Waits until something else has become of the entry. An error also means that nothing more
    /// will, since it was refused.
    pub async fn next(&mut self) -> Result<Submitted<R>, HasLeft> {
        loop {
            self.submitted.changed().await.map_err(|_| HasLeft)?;
            if let Some(submitted) = self.submitted.borrow_and_update().clone() {
                return Ok(submitted);
            }
        }
    }

    /// Waits for the same as [`outcome`](Self::outcome), but only until another block has come
    /// first while the peer searched for one with the entry: then it is `None`.
    pub(crate) async fn outcome_or_lost_race(&mut self) -> Result<Option<Submitted<R>>, HasLeft> {
        loop {
            tokio::select! {
                biased;
                told = self.submitted.changed() => {
                    told.map_err(|_| HasLeft)?;
                    match self.submitted.borrow_and_update().clone() {
                        Some(Submitted::Returned) | None => {}
                        outcome => return Ok(outcome),
                    }
                }
                lost = self.lost_races.changed() => {
                    return lost.map(|()| None).map_err(|_| HasLeft);
                }
            }
        }
    }

    /// Returns what there is to be told now, if anything.
    pub(crate) fn news(&mut self) -> Option<Submitted<R>> {
        if !self.submitted.has_changed().unwrap_or(true) {
            return None;
        }
        self.submitted.borrow_and_update().clone()
    }
}

/// The entries that are followed. Clones are the same list.
#[derive(Debug)]
#[derive_where(Clone, Default)]
pub(crate) struct Submissions<R = NotAdmitted>(Arc<Mutex<Vec<Followed<R>>>>);

#[derive(Debug)]
struct Followed<R> {
    entry: Entry,
    /// How many confirmations the caller waits for.
    wanted: u64,
    lost_races: watch::Sender<u32>,
    /// The block of the best chain that it is in.
    block: Option<InBlock>,
    /// Whether it was in a block before, which may come back though no caller waits any more.
    was_in_block: bool,
    told: watch::Sender<Option<Submitted<R>>>,
}

/// Entries that are followed though no caller waits for them, at most.
const UNAWAITED_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct InBlock {
    height: Height,
    /// Whether we have found it, so that no other peer need have it.
    is_own: bool,
    /// How many blocks of the chain make it hard to undo, its own included.
    confirmations: u64,
    /// Whether another peer has it, once that is known.
    is_held: Option<bool>,
    /// What was last told of that.
    told: Option<bool>,
}

impl<R: PartialEq> Followed<R> {
    /// Tells what has become of it, unless that was told last.
    fn tell(&self, submitted: Submitted<R>) {
        self.told.send_if_modified(|told| {
            let is_news = told.as_ref() != Some(&submitted);
            *told = Some(submitted);
            is_news
        });
    }

    fn is_awaited(&self) -> bool {
        !self.told.is_closed()
    }

    /// Tells that it is in a block, if that has enough confirmations and it is news.
    fn tell_added(&mut self) {
        let Some(block) = &mut self.block else { return };
        let InBlock { height, confirmations, is_held, .. } = *block;
        if confirmations < self.wanted || block.told == is_held {
            return;
        }
        block.told = is_held;
        if let Some(is_held) = is_held {
            let lost_races = *self.lost_races.borrow();
            self.tell(Submitted::Added { height, lost_races, confirmations, is_held });
        }
    }
}

impl<R: Clone + PartialEq> Submissions<R> {
    /// Follows `entry`; to be called before the engine is told of it, so that nothing is missed.
    pub(crate) fn add(&self, entry: Entry, wanted: NonZeroU64) -> Submission<R> {
        let (told, submitted) = watch::channel(None);
        let (races, lost_races) = watch::channel(0);
        let mut all = self.lock();
        // Callers that no longer wait for an answer need none.
        let mut unawaited = 0;
        all.retain(|followed| {
            let may_come_back = followed.was_in_block && unawaited < UNAWAITED_MAX;
            unawaited += usize::from(may_come_back && !followed.is_awaited());
            followed.is_awaited() || may_come_back
        });
        let (wanted, block, was_in_block) = (wanted.get(), None, false);
        all.push(Followed { entry, wanted, lost_races: races, block, was_in_block, told });
        Submission { submitted, lost_races }
    }

    /// Returns the submission of an entry whose caller was told that another block came first, but
    /// whose own block is in the best chain again. It is returned once: another entry that reads
    /// the same is a new one.
    pub(crate) fn come_back(&self, entry: &Entry) -> Option<Submission<R>> {
        let is_it = |followed: &&mut Followed<R>| {
            followed.was_in_block
                && followed.entry == *entry
                && followed.block.is_some()
                && !followed.is_awaited()
        };
        let mut all = self.lock();
        let followed = all.iter_mut().find(is_it)?;
        followed.was_in_block = false;
        let mut submitted = followed.told.subscribe();
        if matches!(*submitted.borrow(), Some(Submitted::Added { .. })) {
            submitted.mark_changed();
        }
        Some(Submission { submitted, lost_races: followed.lost_races.subscribe() })
    }

    /// Returns whether `entry` is in a block of the best chain, or others than one caller wait for
    /// it: then it is not to be withdrawn.
    pub(crate) fn is_wanted(&self, entry: &Entry) -> bool {
        let all = self.lock();
        let waiting = |followed: &&Followed<R>| followed.entry == *entry && followed.is_awaited();
        let mut waiting = all.iter().filter(waiting);
        waiting.next().is_some_and(|first| first.block.is_some()) || waiting.next().is_some()
    }

    /// Takes note that `blocks` are in the chain now, from the height `from` on, while we searched
    /// for one with `searched`.
    fn connected(&self, from: Height, blocks: &[Block], searched: &[Entry]) {
        for followed in &mut *self.lock() {
            let is_it = |entry: &Entry| *entry == followed.entry;
            let is_searched = searched.iter().any(is_it);
            let new = blocks.iter().find(|block| block.entries().iter().any(is_it));
            // The race for the block that it is in was not lost.
            if is_searched && new.is_none() {
                followed.lost_races.send_modify(|races| *races += 1);
            }
            match (new, followed.block) {
                (Some(block), _) => {
                    followed.block = Some(InBlock {
                        height: block.height(),
                        is_own: false,
                        confirmations: 1,
                        is_held: None,
                        told: None,
                    });
                }
                (None, Some(old)) if old.height >= from => {
                    followed.block = None;
                    followed.was_in_block = true;
                    followed.tell(Submitted::Returned);
                }
                (None, _) => {}
            }
            if let Some((block, last)) = followed.block.as_mut().zip(blocks.last()) {
                block.confirmations = last.height().number() - block.height.number() + 1;
            }
        }
    }

    /// Takes note that `blocks` are committed, the next ones of the chain. A quorum has them.
    pub(crate) fn committed(&self, blocks: &[Block]) {
        let Some(first) = blocks.first() else { return };
        self.connected(first.height(), blocks, &[]);
        note_held(&mut self.lock(), |_| true, true);
    }

    /// Takes note that an entry can get into no block.
    pub(crate) fn refused(&self, entry: &Entry, reason: &R) {
        // One that is in a block makes another that reads the same invalid.
        let is_it =
            |followed: &mut Followed<R>| followed.entry == *entry && followed.block.is_none();
        for followed in self.lock().extract_if(.., is_it) {
            followed.tell(Submitted::Refused(reason.clone()));
        }
    }

    /// Follows nothing any more: those who wait are told that the peer has left.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Followed<R>>> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }
}

impl Submissions {
    fn heed(&self, event: &Event) {
        let mut all = self.lock();
        match event {
            // This comes before the event that the tip has changed.
            Event::BlockMined { height, .. } => {
                for block in all.iter_mut().filter_map(|followed| followed.block.as_mut()) {
                    block.is_own |= block.height == *height;
                }
            }
            Event::TipChanged { .. } => {
                for followed in &mut *all {
                    if let Some(block) = followed.block.as_mut().filter(|block| !block.is_own) {
                        block.is_held = Some(true);
                    }
                    followed.tell_added();
                }
            }
            Event::BlockHeld { height, .. } => {
                note_held(&mut all, |block| block.height <= *height, true);
            }
            Event::BlockOnlyHere { height, .. } => {
                note_held(&mut all, |block| block.height == *height, false);
            }
            Event::EntryRefused { entry, reason } => {
                drop(all);
                self.refused(entry, reason);
            }
            _ => {}
        }
    }
}

/// Takes note of whether other peers have the blocks that `is_it` picks.
fn note_held<R: PartialEq>(
    all: &mut [Followed<R>],
    is_it: impl Fn(&InBlock) -> bool,
    is_held: bool,
) {
    for followed in all {
        if let Some(block) = followed.block.as_mut().filter(|block| is_it(block)) {
            block.is_held = Some(is_held);
            followed.tell_added();
        }
    }
}

/// Follows the peer's chain for the callers that wait.
pub(crate) struct Watching(pub(crate) Submissions);

impl Observer<Nakamoto> for Watching {
    fn committed(&mut self, durable: &Durable, search: Option<&<Nakamoto as Engine>::Work>) {
        let Some((from, blocks)) = durable.replaced() else { return };
        let searched = search.map_or(&[][..], |template| template.entries());
        self.0.connected(from, blocks, searched);
    }

    fn event(&mut self, event: &Event) {
        self.0.heed(event);
    }
}

/// The peer is gone, so callers that wait get no answer.
impl Drop for Watching {
    fn drop(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use althing_ledger::{Cs60Block, Tip};
    use althing_types::{Address, BlockHash, Work};

    use super::*;

    const HASH: BlockHash = BlockHash::from_bytes([7; 32]);

    fn block(height: u64, datum: &str) -> Block {
        let parent = None;
        let datum = Entry::text(datum);
        Block::Cs60(Cs60Block {
            height: Height::new(height),
            parent,
            datum,
            ..Cs60Block::genesis()
        })
    }

    fn tip_changed(height: u64) -> Event {
        let tip = Tip { height: Height::new(height), hash: HASH, work: Work::default() };
        Event::TipChanged { tip, disconnected: Vec::new(), connected: Vec::new() }
    }

    fn mined(height: u64) -> Event {
        Event::BlockMined { hash: HASH, height: Height::new(height) }
    }

    fn held(height: u64) -> Event {
        let peer = Address::new("192.0.2.1", 7).expect("a host");
        Event::BlockHeld { peer, hash: HASH, height: Height::new(height) }
    }

    fn only_here(height: u64) -> Event {
        Event::BlockOnlyHere { hash: HASH, height: Height::new(height) }
    }

    fn added(height: u64, lost_races: u32, is_held: bool) -> Submitted {
        Submitted::Added { height: Height::new(height), lost_races, confirmations: 1, is_held }
    }

    impl Submissions {
        fn connects(&self, block: &Block, searched: &[Entry], events: &[Event]) {
            self.connected(block.height(), std::slice::from_ref(block), searched);
            events.iter().for_each(|event| self.heed(event));
        }
    }

    #[test]
    fn races_are_counted_until_the_entry_is_in() {
        let (submissions, entry) = (Submissions::default(), [Entry::text("ours")]);
        let mut told = submissions.add(entry[0].clone(), NonZeroU64::MIN);
        // While we searched for nothing, there was no race.
        submissions.connects(&block(1, "theirs"), &[], &[tip_changed(1)]);
        submissions.connects(&block(2, "theirs"), &entry, &[tip_changed(2)]);
        assert_eq!(told.news(), None);
        // Somebody else may have found our block.
        submissions.connects(&block(3, "ours"), &entry, &[tip_changed(3)]);
        assert_eq!(told.news(), Some(added(3, 1, true)));
    }

    #[test]
    fn our_own_block_counts_when_another_peer_has_it() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let mut told = submissions.add(entry, NonZeroU64::MIN);
        submissions.connects(&block(3, "ours"), &[], &[mined(3), tip_changed(3)]);
        assert_eq!(told.news(), None, "nobody else is known to have it");
        submissions.heed(&only_here(3));
        assert_eq!(told.news(), Some(added(3, 0, false)));
        submissions.heed(&held(2));
        assert_eq!(told.news(), None);
        submissions.heed(&held(4));
        assert_eq!(told.news(), Some(added(3, 0, true)));
        submissions.heed(&held(5));
        assert_eq!(told.news(), None, "that is known");
    }

    #[test]
    fn an_entry_that_a_reorganisation_drops_is_followed_until_it_is_in_again_or_invalid() {
        let submissions = Submissions::default();
        let [mut first, mut second] =
            ["first", "second"].map(|text| submissions.add(Entry::text(text), NonZeroU64::MIN));
        submissions.connects(&block(3, "first"), &[], &[mined(3), tip_changed(3), held(3)]);
        submissions.connects(&block(4, "second"), &[], &[mined(4), tip_changed(4), held(4)]);
        assert_eq!(
            (first.news(), second.news()),
            (Some(added(3, 0, true)), Some(added(4, 0, true)))
        );
        submissions.connected(Height::new(3), &[block(3, "x"), block(4, "y"), block(5, "z")], &[]);
        submissions.heed(&tip_changed(5));
        let returned = || Some(Submitted::Returned);
        assert_eq!((first.news(), second.news()), (returned(), returned()));
        submissions.connects(&block(6, "first"), &[], &[mined(6), tip_changed(6), held(6)]);
        assert_eq!(first.news(), Some(added(6, 0, true)));
        let reason = NotAdmitted::Full;
        submissions.heed(&Event::EntryRefused { entry: Entry::text("second"), reason });
        assert_eq!(second.news(), Some(Submitted::Refused(NotAdmitted::Full)));
    }

    #[test]
    fn an_entry_stays_in_its_block_when_only_the_entries_on_disk_change() {
        let submissions = Submissions::default();
        let mut told = submissions.add(Entry::text("ours"), NonZeroU64::MIN);
        submissions.connects(&block(1, "ours"), &[], &[mined(1), tip_changed(1), held(1)]);
        assert_eq!(told.news(), Some(added(1, 0, true)));
        let mut watching = Watching(submissions);
        watching.committed(&Durable { own: Some(Vec::new()), ..Durable::default() }, None);
        assert_eq!(told.news(), None);
    }

    #[test]
    fn a_caller_waits_for_as_many_blocks_as_it_wants_and_longer_if_they_are_replaced() {
        let submissions = Submissions::default();
        let two = NonZeroU64::new(2).expect("two is not zero");
        let mut told = submissions.add(Entry::text("ours"), two);
        submissions.connects(&block(1, "ours"), &[], &[mined(1), tip_changed(1), held(1)]);
        assert_eq!(told.news(), None);
        submissions.connected(Height::new(1), &[block(1, "x"), block(2, "y")], &[]);
        submissions.heed(&tip_changed(2));
        assert_eq!(told.news(), Some(Submitted::Returned), "it is in no block any more");
        submissions.connects(&block(3, "ours"), &[], &[tip_changed(3)]);
        assert_eq!(told.news(), None);
        submissions.connects(&block(4, "theirs"), &[], &[tip_changed(4)]);
        let height = Height::new(3);
        let added = Submitted::Added { height, lost_races: 0, confirmations: 2, is_held: true };
        assert_eq!(told.news(), Some(added));
    }

    #[tokio::test]
    async fn a_lost_race_is_told_and_only_what_one_caller_waits_for_can_be_withdrawn() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let mut told = submissions.add(entry.clone(), NonZeroU64::MIN);
        assert!(!submissions.is_wanted(&entry));
        let other = submissions.add(entry.clone(), NonZeroU64::MIN);
        assert!(submissions.is_wanted(&entry), "another caller waits for it");
        drop(other);
        assert!(!submissions.is_wanted(&entry));
        submissions.connects(&block(1, "theirs"), std::slice::from_ref(&entry), &[]);
        assert_eq!(told.outcome_or_lost_race().await, Ok(None));
        submissions.connects(&block(2, "ours"), std::slice::from_ref(&entry), &[]);
        assert!(submissions.is_wanted(&entry), "it is in");
    }

    #[test]
    fn an_entry_whose_block_comes_back_after_its_race_was_lost_is_found_in_by_the_next_try() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let submit = || submissions.add(entry.clone(), NonZeroU64::MIN);
        let ours = || submissions.connects(&block(1, "ours"), &[], &[tip_changed(1)]);
        let theirs = || submissions.connects(&block(1, "theirs"), &[], &[tip_changed(1)]);
        let refused = || {
            let (entry, reason) = (entry.clone(), NotAdmitted::Full);
            submissions.heed(&Event::EntryRefused { entry, reason });
        };
        let told = submit();
        ours();
        theirs();
        assert!(submissions.come_back(&entry).is_none(), "a caller waits for it");
        drop(told);
        assert!(submissions.come_back(&entry).is_none(), "it is in no block");
        drop(submissions.add(Entry::text("another"), NonZeroU64::MIN));
        ours();
        let mut again = submissions.come_back(&entry).expect("its block is back");
        assert_eq!(again.news(), Some(added(1, 0, true)));
        drop(again);
        assert!(submissions.come_back(&entry).is_none(), "a second one is another entry");
        let mut second = submit();
        refused();
        assert_eq!(second.news(), Some(Submitted::Refused(NotAdmitted::Full)));

        // It may come back when the next try has begun.
        let mut late = submit();
        ours();
        refused();
        assert_eq!(late.news(), Some(added(1, 0, true)));
    }

    #[tokio::test]
    async fn all_who_asked_are_told_of_a_refusal() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let both = [
            submissions.add(entry.clone(), NonZeroU64::MIN),
            submissions.add(entry.clone(), NonZeroU64::MIN),
        ];
        submissions.heed(&Event::EntryRefused { entry, reason: NotAdmitted::Full });
        for told in both {
            assert_eq!(told.outcome().await, Ok(Submitted::Refused(NotAdmitted::Full)));
        }
    }

    #[tokio::test]
    async fn those_who_wait_are_told_that_the_peer_has_left() {
        let submissions = Submissions::default();
        let submission = submissions.add(Entry::text("ours"), NonZeroU64::MIN);
        drop(Watching(submissions.clone()));
        assert_eq!(submission.outcome().await, Err(HasLeft));
    }
}
