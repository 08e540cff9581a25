//! Which rules a word breaks in a network that counts messages as they arrive, besides those by
//! which they are counted.

use std::collections::BTreeMap;

use althing_pow::Unsolved;
use althing_types::{PeerId, Seed, Transaction};

use super::SPEAKERS_MAX;
use crate::Queue;
use crate::rounds::published::Published;
use crate::rounds::{Draw, Message, Refusal, Rules, Ruling};

/// The votes on the open row, for what contradicts them.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    row: Transaction,
    votes: BTreeMap<(PeerId, Seed, Option<PeerId>), bool>,
}

/// Votes that are remembered: of each peer on the solution of each.
const VOTES_MAX: usize = 16 * SPEAKERS_MAX;

impl Words {
    /// Judges a message before it is counted.
    pub(super) fn judge(
        &mut self,
        rules: &Rules,
        counting: &Published,
        message: &Message,
    ) -> Result<(), Refusal> {
        match message {
            Message::Election { draw, .. } => match rules.election.draw {
                Draw::Number { max, .. } if *draw > max => {
                    Err(Refusal::DrawTooHigh { draw: *draw, draw_max: max })
                }
                _ => Ok(()),
            },
            Message::Solution { transaction, seed, .. } => {
                check(rules, counting, *transaction, seed).map_err(Refusal::NotASolution)
            }
            Message::Verdict { transaction, seed, ruling: Ruling::Accepted, .. } => {
                check(rules, counting, *transaction, seed).map_err(Refusal::VoteForNoSolution)
            }
            Message::Vote { transaction, seed, approve: true, .. } if is_unnamed(*transaction) => {
                check(rules, counting, *transaction, seed).map_err(Refusal::VoteForNoSolution)
            }
            // Of a row that it does not name, nothing more can be told.
            Message::Vote { peer, transaction, seed, approve, cause }
                if !is_unnamed(*transaction) && !seed.as_str().is_empty() =>
            {
                let row = *transaction;
                let Some(bits) = counting.asked_in(row) else { return Ok(()) };
                self.note_vote(row, *peer, seed, cause.map(|cause| cause.winner), *approve)?;
                match rules.puzzle.check(seed, row, bits) {
                    Err(unsolved) if *approve => Err(Refusal::VoteForNoSolution(unsolved)),
                    Ok(()) if !*approve && counting.is_open(row) => {
                        Err(Refusal::VoteAgainstSolution)
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Takes note of a vote. The same solution is voted on once for each peer that found it, so
    /// only another vote on it is a second one.
    fn note_vote(
        &mut self,
        row: Transaction,
        peer: PeerId,
        seed: &Seed,
        winner: Option<PeerId>,
        approve: bool,
    ) -> Result<(), Refusal> {
        if row != self.row {
            (self.row, self.votes) = (row, BTreeMap::new());
        }
        if self.votes.len() >= VOTES_MAX {
            return Ok(());
        }
        match *self.votes.entry((peer, seed.clone(), winner)).or_insert(approve) == approve {
            true => Ok(()),
            false => Err(Refusal::SecondVote { transaction: row }),
        }
    }

    pub(super) fn queue(&self) -> Queue {
        Queue { name: "votes on a row", len: self.votes.len(), max: VOTES_MAX }
    }
}

fn is_unnamed(row: Transaction) -> bool {
    row == Transaction::UNNAMED
}

/// Checks a solution against the challenge of the row that it names. One that names none may be
/// late, and for the row before the latest one. What has no known challenge is not judged.
fn check(
    rules: &Rules,
    counting: &Published,
    row: Transaction,
    seed: &Seed,
) -> Result<(), Unsolved> {
    if seed.as_str().is_empty() {
        return Ok(());
    }
    let judged = |row| counting.asked_in(row).map(|bits| rules.puzzle.check(seed, row, bits));
    if !is_unnamed(row) {
        return judged(row).unwrap_or(Ok(()));
    }
    let latest = counting.latest_row();
    let before = latest.number().checked_sub(1).map(Transaction::new);
    match (judged(latest), before.and_then(judged)) {
        (Some(Err(unsolved)), None | Some(Err(_))) => Err(unsolved),
        _ => Ok(()),
    }
}
