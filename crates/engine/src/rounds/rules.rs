use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_pow::Puzzle;
use althing_types::{Difficulty, Transaction};

/// How a network with rounds works: everything in which two such networks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Members of a full roster. Majorities are of this number, never of those still alive.
    pub peers: NonZeroU16,
    /// How a leader is chosen.
    pub election: Election,
    /// When a leader is chosen.
    pub election_every: ElectionEvery,
    /// What puts a solution into the table.
    pub decision: Decision,
    /// Whose messages count.
    pub counting: Counting,
    /// What solves a challenge.
    pub puzzle: Puzzle,
    /// What a leader draws its challenges from.
    pub challenges: RangeInclusive<Difficulty>,
    /// What has a leader ask for a solution.
    pub issuing: Issuing,
    /// Whether members sign what they say.
    pub signatures: Signatures,
    /// When waiting ends.
    pub timeouts: Timeouts,
    /// How long a leader waits after a row before it asks for the next, for those who want to
    /// watch.
    pub pause: Duration,
    /// Rows after which the leader issues no further challenge; `None` goes on for ever.
    pub rounds: Option<Transaction>,
}

/// How a leader is chosen from what the peers drew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The highest number between zero and `draw_max` wins.
    HighestDraw {
        /// The highest number that can be drawn.
        draw_max: u128,
        /// Who wins among equals.
        tie: Tie,
    },
    /// Each draws a member; the member drawn most often wins.
    Plurality {
        /// Who wins among equals.
        tie: Tie,
    },
}

/// Who wins among those with equal draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The peer with the smallest id.
    SmallestId,
    /// The peer with the largest id.
    LargestId,
}

/// When a leader is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionEvery {
    /// At the beginning, and when a leader is lost.
    Once,
    /// Also after each row of the table.
    Transaction,
}

/// What puts a solution into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// More than half of all members say yes.
    Majority,
    /// Half of all members say yes.
    AtLeastHalf,
    /// The leader says so, once a majority has acknowledged its choice.
    Leader,
}

/// Whose messages count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Each member once.
    Members,
    /// Whatever arrives, in its order; what comes too early or late waits for its turn.
    Arrivals,
    /// Whatever arrives for the open row, in its order; what comes too late is dropped, and all
    /// solutions of the row are voted on.
    ArrivalsOfRow,
}

/// What has a leader ask for a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuing {
    /// It asks as soon as it may.
    AtOnce,
    /// Somebody tells it to, each time.
    OnCommand,
}

/// Whether members sign what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// Nobody signs.
    None,
    /// Who announces a key is held to it; who announces none is taken at its word.
    Offered,
    /// Who announces no key is no member.
    Required,
}

/// When waiting ends, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// A peer repeats what others may lack this often while nothing moves.
    pub repeat: Duration,
    /// Where arrivals count, a peer that waits for others announces itself this often, if the
    /// network's programs do.
    pub announce: Option<Duration>,
    /// An election goes on without those who have not drawn by then.
    pub draw: Duration,
    /// A leader not heard for this long is replaced.
    pub leader: Duration,
    /// A challenge nobody solved by then is replaced by an easier one.
    pub challenge: Duration,
    /// A peer not heard for this long is shown as lost; before the first leader is named, it is
    /// also struck from those who may become members.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            repeat: Duration::from_millis(500),
            announce: None,
            draw: Duration::from_millis(500),
            leader: Duration::from_millis(2_000),
            challenge: Duration::from_secs(30),
            silence: Duration::from_secs(10),
        }
    }
}

impl Rules {
    /// Returns how many members must say yes to one solution (rule V1).
    pub fn votes_needed(&self) -> usize {
        let peers = self.roster_size();
        match self.decision {
            Decision::Majority | Decision::Leader => peers / 2 + 1,
            Decision::AtLeastHalf => peers.div_ceil(2),
        }
    }

    /// Returns how many members must name a leader (rule E3): enough that any two leaders, and any
    /// leader and any decision before it, have a member in common.
    pub fn namings_needed(&self) -> usize {
        let peers = self.roster_size();
        (peers / 2 + 1).max(peers - self.votes_needed() + 1)
    }

    /// Returns whether the leader leaves the search to the others: it judges what they find, unless
    /// there are none.
    pub fn leader_only_judges(&self) -> bool {
        self.decision == Decision::Leader && self.roster_size() > 1
    }

    /// Returns the shortest time between two answers to newcomers (rule G1): what all members
    /// together answer is then at most a thousand messages in a second.
    pub fn answer_interval(&self) -> Duration {
        Duration::from_millis(self.roster_size().max(10) as u64)
    }

    /// Returns how many members must have adopted a roster before one of them names a leader under
    /// it (rule G3).
    pub fn adoptions_needed(&self) -> usize {
        let peers = self.roster_size();
        (peers - (peers - 1) / 3).max(self.namings_needed())
    }

    /// Returns the number of members as a length.
    pub fn roster_size(&self) -> usize {
        usize::from(self.peers.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(peers: u16, decision: Decision) -> Rules {
        Rules {
            peers: NonZeroU16::new(peers).expect("not zero"),
            election: Election::HighestDraw { draw_max: 255, tie: Tie::SmallestId },
            election_every: ElectionEvery::Once,
            decision,
            counting: Counting::Members,
            puzzle: Puzzle::Sha1Integer,
            challenges: Difficulty::MIN..=Difficulty::MIN,
            signatures: Signatures::None,
            issuing: Issuing::AtOnce,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
            rounds: None,
        }
    }

    #[test]
    fn ten_peers_need_six_votes_or_five() {
        assert_eq!(rules(10, Decision::Majority).votes_needed(), 6);
        assert_eq!(rules(10, Decision::AtLeastHalf).votes_needed(), 5);
        assert_eq!(rules(10, Decision::Leader).votes_needed(), 6);
    }

    #[test]
    fn any_leader_shares_a_member_with_any_leader_and_any_decision() {
        for peers in 1..=64 {
            for decision in [Decision::Majority, Decision::AtLeastHalf, Decision::Leader] {
                let rules = rules(peers, decision);
                let peers = usize::from(peers);
                assert!(2 * rules.namings_needed() > peers);
                assert!(rules.namings_needed() + rules.votes_needed() > peers);
                assert!(rules.adoptions_needed() <= peers);
                assert!(rules.adoptions_needed() >= rules.namings_needed());
            }
        }
    }
}
