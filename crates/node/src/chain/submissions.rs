use althing_engine::nakamoto::NotPooled;
use althing_ledger::{Block, Entry};
use althing_types::Height;
use tokio::sync::oneshot;

/// What has become of an entry that somebody wanted in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is in a block of the best chain.
    Added {
        /// Where.
        height: Height,
        /// How often another block came first, and the search began anew.
        lost_races: u32,
    },
    /// It cannot get into the chain.
    Refused(NotPooled),
}

/// The entries that are on their way into the chain.
#[derive(Debug, Default)]
pub(super) struct Submissions(Vec<Submission>);

#[derive(Debug)]
struct Submission {
    entry: Entry,
    lost_races: u32,
    done: oneshot::Sender<Submitted>,
}

impl Submissions {
    pub(super) fn add(&mut self, entry: Entry, done: oneshot::Sender<Submitted>) {
        // Who no longer waits for an answer needs none.
        self.0.retain(|submission| !submission.done.is_closed());
        self.0.push(Submission { entry, lost_races: 0, done });
    }

    /// Takes note that `blocks` are in the chain now, while we searched for one with `searched`.
    pub(super) fn joined(&mut self, blocks: &[Block], searched: &[Entry]) {
        for submission in &mut self.0 {
            submission.lost_races += u32::from(searched.contains(&submission.entry));
        }
        for block in blocks {
            for entry in block.entries() {
                self.answer(entry, |submission| Submitted::Added {
                    height: block.height(),
                    // The race for the block that it is in was not lost.
                    lost_races: match searched.contains(entry) {
                        true => submission.lost_races - 1,
                        false => submission.lost_races,
                    },
                });
            }
        }
    }

    pub(super) fn refused(&mut self, entry: &Entry, reason: &NotPooled) {
        self.answer(entry, |_| Submitted::Refused(reason.clone()));
    }

    fn answer(&mut self, entry: &Entry, answer: impl Fn(&Submission) -> Submitted) {
        for submission in self.0.extract_if(.., |submission| submission.entry == *entry) {
            let answer = answer(&submission);
            // Whoever asked may have lost patience.
            let _ = submission.done.send(answer);
        }
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
        let mut submissions = Submissions::default();
        let (entry, (done, mut answer)) = (Entry::text("ours"), oneshot::channel());
        submissions.add(entry.clone(), done);
        // While we searched for nothing, there was no race.
        submissions.joined(&[block(1, "theirs")], &[]);
        submissions.joined(&[block(2, "theirs")], std::slice::from_ref(&entry));
        assert!(answer.try_recv().is_err());
        submissions.joined(&[block(3, "ours")], std::slice::from_ref(&entry));
        let added = Submitted::Added { height: Height::new(3), lost_races: 1 };
        assert_eq!(answer.try_recv(), Ok(added));
    }

    #[test]
    fn all_who_asked_are_told_of_a_refusal() {
        let mut submissions = Submissions::default();
        let entry = Entry::text("ours");
        let (first, mut told_first) = oneshot::channel();
        let (second, mut told_second) = oneshot::channel();
        submissions.add(entry.clone(), first);
        submissions.add(entry.clone(), second);
        submissions.refused(&entry, &NotPooled::Full);
        for told in [&mut told_first, &mut told_second] {
            assert_eq!(told.try_recv(), Ok(Submitted::Refused(NotPooled::Full)));
        }
    }
}
