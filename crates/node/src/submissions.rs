//! The outcome of entries that the user of a peer has submitted to its chain.

use std::sync::{Arc, Mutex, MutexGuard};

use althing_engine::Engine;
use althing_engine::nakamoto::{Durable, Event, Nakamoto, NotAdmitted};
use althing_ledger::{Block, Entry};
use althing_types::Height;
use tokio::sync::oneshot;

use crate::commands::HasLeft;
use crate::observer::Observer;

/// The outcome of an entry that the user submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is in a block of the best chain.
    Added {
        /// The height of that block.
        height: Height,
        /// How often another block came first, so that the search had to begin again.
        lost_races: u32,
    },
    /// It cannot get into the chain.
    Refused(NotAdmitted),
}

/// An entry on its way into the chain.
#[derive(Debug)]
pub struct Submission(oneshot::Receiver<Submitted>);

impl Submission {
    /// Waits until the entry is in a block of the best chain, or cannot get into one. That takes as
    /// long as a block takes to mine, and longer if others are quicker.
    pub async fn outcome(self) -> Result<Submitted, HasLeft> {
        self.0.await.map_err(|_| HasLeft)
    }
}

/// The entries that are on their way. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Submissions(Arc<Mutex<Vec<Waiting>>>);

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    lost_races: u32,
    done: oneshot::Sender<Submitted>,
}

impl Submissions {
    /// Waits for `entry`; to be called before the engine is told of it, so that nothing is missed.
    pub(crate) fn add(&self, entry: Entry) -> Submission {
        let (done, outcome) = oneshot::channel();
        let mut waiting = self.lock();
        // Callers that no longer wait for an answer need none.
        waiting.retain(|waiting| !waiting.done.is_closed());
        waiting.push(Waiting { entry, lost_races: 0, done });
        Submission(outcome)
    }

    /// Takes note that `blocks` are in the chain now, while we searched for one with `searched`.
    fn connected(&self, blocks: &[Block], searched: &[Entry]) {
        let mut all = self.lock();
        for waiting in &mut *all {
            waiting.lost_races += u32::from(searched.contains(&waiting.entry));
        }
        for block in blocks {
            for entry in block.entries() {
                answer(&mut all, entry, |waiting| Submitted::Added {
                    height: block.height(),
                    // The race for the block that it is in was not lost.
                    lost_races: waiting.lost_races - u32::from(searched.contains(entry)),
                });
            }
        }
    }

    fn refused(&self, entry: &Entry, reason: &NotAdmitted) {
        answer(&mut self.lock(), entry, |_| Submitted::Refused(reason.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }
}

fn answer(all: &mut Vec<Waiting>, entry: &Entry, answer: impl Fn(&Waiting) -> Submitted) {
    for waiting in all.extract_if(.., |waiting| waiting.entry == *entry) {
        let answer = answer(&waiting);
        // The caller may have stopped waiting.
        let _ = waiting.done.send(answer);
    }
}

/// Follows the peer's chain for the callers that wait.
pub(crate) struct Watching(pub(crate) Submissions);

impl Observer<Nakamoto> for Watching {
    fn committed(&mut self, durable: &Durable, search: Option<&<Nakamoto as Engine>::Work>) {
        let searched = search.map_or(&[][..], |template| template.entries());
        self.0.connected(&durable.blocks, searched);
    }

    fn event(&mut self, event: &Event) {
        if let Event::EntryRefused { entry, reason } = event {
            self.0.refused(entry, reason);
        }
    }
}

/// The peer is gone, so callers that wait get no answer.
impl Drop for Watching {
    fn drop(&mut self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use althing_ledger::Cs60Block;

    use super::*;

    fn block(height: u64, datum: &str) -> Block {
        let parent = None;
        let datum = Entry::text(datum);
        Block::Cs60(Cs60Block { height: Height::new(height), parent, datum, nonce: 0 })
    }

    #[test]
    fn races_are_counted_until_the_entry_is_in() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let Submission(mut answer) = submissions.add(entry.clone());
        // While we searched for nothing, there was no race.
        submissions.connected(&[block(1, "theirs")], &[]);
        submissions.connected(&[block(2, "theirs")], std::slice::from_ref(&entry));
        assert!(answer.try_recv().is_err());
        submissions.connected(&[block(3, "ours")], std::slice::from_ref(&entry));
        let added = Submitted::Added { height: Height::new(3), lost_races: 1 };
        assert_eq!(answer.try_recv(), Ok(added));
    }

    #[test]
    fn all_who_asked_are_told_of_a_refusal() {
        let (submissions, entry) = (Submissions::default(), Entry::text("ours"));
        let Submission(mut told_first) = submissions.add(entry.clone());
        let Submission(mut told_second) = submissions.add(entry.clone());
        submissions.refused(&entry, &NotAdmitted::Full);
        for told in [&mut told_first, &mut told_second] {
            assert_eq!(told.try_recv(), Ok(Submitted::Refused(NotAdmitted::Full)));
        }
    }

    #[tokio::test]
    async fn those_who_wait_are_told_that_the_peer_has_left() {
        let submissions = Submissions::default();
        let submission = submissions.add(Entry::text("ours"));
        drop(Watching(submissions.clone()));
        assert_eq!(submission.outcome().await, Err(HasLeft));
    }
}
