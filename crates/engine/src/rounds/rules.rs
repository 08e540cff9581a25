//! The rules in which networks with rounds differ, as data.

use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_pow::Puzzle;
use althing_types::{Difficulty, Transaction};

use super::customs::{Customs, LeaderMines};
use super::election::Election;

/// The rules of a network with rounds: everything in which two such networks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The number of members. Majorities are of this number, never of the members still alive.
    pub peers: NonZeroU16,
    /// How a leader is chosen.
    pub election: Election,
    /// When a leader is chosen.
    pub election_every: ElectionEvery,
    /// What puts a solution into the table.
    pub decision: Decision,
    /// Whether each member counts once, or each message.
    pub counting: Counting,
    /// What solves a challenge.
    pub puzzle: Puzzle,
    /// What a leader draws its challenges from.
    pub challenges: RangeInclusive<Difficulty>,
    /// What makes a leader issue a challenge.
    pub issuing: Issuing,
    /// Whether members sign their messages.
    pub signatures: Signatures,
    /// Timeouts and intervals.
    pub timeouts: Timeouts,
    /// How long a leader waits after a row before it issues the next challenge, so that people can
    /// follow.
    pub pause: Duration,
    /// How long it is each member's turn to answer a challenge, where messages are counted as they
    /// arrive and all members vote (rule P11); zero where each answers as soon as it can.
    pub turn: Duration,
    /// Rows after which the leader issues no further challenge; `None` goes on for ever.
    pub rounds: Option<Transaction>,
    /// What else the programs do, where messages are counted as they arrive.
    pub customs: Customs,
}

/// When a leader is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionEvery {
    /// At the beginning, and when a leader is lost.
    Once,
    /// Also after each row of the table.
    Transaction,
    /// At the beginning; then the winner of each row leads the next one. (Where each member counts
    /// once, this is as [`Once`](Self::Once).)
    Winner,
}

/// What puts a solution into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// More than half of all members vote yes.
    Majority,
    /// Half of all members vote yes.
    AtLeastHalf,
    /// One more than half of all members vote yes; of an odd number, half is not rounded down: four
    /// of five.
    HalfAndOne,
    /// So many members vote yes, but no more than there are.
    Votes(NonZeroU16),
    /// The leader's verdict, once a majority has acknowledged its choice.
    Leader,
}

/// Whether each member counts once, or each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Each member once.
    Members,
    /// Every message in the order of arrival; one that comes too early or too late waits.
    Arrivals,
    /// Every message for the open row, in the order of arrival; one that comes too late is dropped,
    /// and members vote on all solutions of the row.
    ArrivalsOfRow,
}

/// What makes a leader issue a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuing {
    /// It issues a challenge as soon as it may.
    AtOnce,
    /// It issues a challenge on each command of its operator.
    OnCommand,
}

/// Whether members sign their messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// No peer signs.
    None,
    /// A peer that announces a key must sign; a peer that announces none is accepted unsigned.
    Offered,
    /// A peer that announces no key is not a member.
    Required,
}

/// Timeouts and intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How often a peer repeats what others may lack while nothing moves.
    pub repeat: Duration,
    /// After this time an election continues without the members that have not drawn.
    pub draw: Duration,
    /// A leader that is not heard for this long is replaced.
    pub leader: Duration,
    /// A challenge that no peer has solved after this time is replaced by an easier one.
    pub challenge: Duration,
    /// A peer that is not heard for this long is shown as lost; before the first promise it can
    /// also no longer become a member.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            repeat: Duration::from_millis(500),
            draw: Duration::from_millis(500),
            leader: Duration::from_millis(2_000),
            challenge: Duration::from_secs(30),
            silence: Duration::from_secs(10),
        }
    }
}

impl Rules {
    /// Returns how many members must vote yes on one solution (rule V1).
    pub fn votes_needed(&self) -> usize {
        let peers = self.membership_size();
        match self.decision {
            Decision::Majority | Decision::Leader => peers / 2 + 1,
            Decision::AtLeastHalf => peers.div_ceil(2),
            Decision::HalfAndOne => (peers.div_ceil(2) + 1).min(peers),
            Decision::Votes(votes) => usize::from(votes.get()).min(peers),
        }
    }

    /// Returns how many promises a leader needs (rule E3): enough that the quorums of any two
    /// leaders intersect, and those of any leader and any earlier decision.
    pub fn promises_needed(&self) -> usize {
        let peers = self.membership_size();
        (peers / 2 + 1).max(peers - self.votes_needed() + 1)
    }

    /// Returns how many other members must tell a peer that has started again what they know (rule
    /// I3): enough that any quorum with this peer in it includes one of them besides.
    pub fn confirmations_needed(&self) -> usize {
        let peers = self.membership_size();
        (peers - self.votes_needed().min(self.promises_needed()) + 1).min(peers - 1)
    }

    /// Returns whether the leader leaves the search to the others and judges what they find; it
    /// does not if it is the only member.
    pub fn leader_only_judges(&self) -> bool {
        let judges = match self.customs.leading.mines {
            LeaderMines::UnlessItJudges => self.decision == Decision::Leader,
            LeaderMines::Always => false,
            LeaderMines::Never => true,
        };
        judges && self.membership_size() > 1
    }

    /// Returns the shortest time between two answers to newcomers (rule G1): all members together
    /// then send at most a thousand answers per second.
    pub fn answer_interval(&self) -> Duration {
        Duration::from_millis(self.membership_size().max(10) as u64)
    }

    /// Returns how many members must have adopted a membership before one of them sends a promise
    /// under it (rule G3).
    pub fn adoptions_needed(&self) -> usize {
        let peers = self.membership_size();
        (peers - (peers - 1) / 3).max(self.promises_needed())
    }

    /// Returns the number of members as a length.
    pub fn membership_size(&self) -> usize {
        usize::from(self.peers.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Tie;

    fn rules(peers: u16, decision: Decision) -> Rules {
        Rules {
            peers: NonZeroU16::new(peers).expect("not zero"),
            election: Election::highest(255, Tie::SmallestId),
            election_every: ElectionEvery::Once,
            decision,
            counting: Counting::Members,
            puzzle: Puzzle::SHA1_INTEGER,
            challenges: Difficulty::MIN..=Difficulty::MIN,
            signatures: Signatures::None,
            issuing: Issuing::AtOnce,
            timeouts: Timeouts::default(),
            pause: Duration::ZERO,
            turn: Duration::ZERO,
            rounds: None,
            customs: Customs::default(),
        }
    }

    #[test]
    fn ten_peers_need_six_votes_or_five() {
        assert_eq!(rules(10, Decision::Majority).votes_needed(), 6);
        assert_eq!(rules(10, Decision::AtLeastHalf).votes_needed(), 5);
        assert_eq!(rules(10, Decision::Leader).votes_needed(), 6);
    }

    #[test]
    fn each_bound_has_its_number_of_votes() {
        let votes = |votes| Decision::Votes(NonZeroU16::new(votes).expect("not zero"));
        for (decision, of_1_to_5) in [
            (Decision::Majority, [1, 2, 2, 3, 3]),
            (Decision::AtLeastHalf, [1, 1, 2, 2, 3]),
            (Decision::HalfAndOne, [1, 2, 3, 3, 4]),
            (votes(1), [1, 1, 1, 1, 1]),
            (votes(4), [1, 2, 3, 4, 4]),
        ] {
            let needed = [1, 2, 3, 4, 5].map(|peers| rules(peers, decision).votes_needed());
            assert_eq!(needed, of_1_to_5, "{decision:?}");
        }
    }

    #[test]
    fn a_leader_mines_unless_it_judges_or_as_the_rules_say() {
        let only_judges = |decision, mines, peers| {
            let mut rules = rules(peers, decision);
            rules.customs.leading.mines = mines;
            rules.leader_only_judges()
        };
        for (decision, mines, expected) in [
            (Decision::Leader, LeaderMines::UnlessItJudges, true),
            (Decision::Majority, LeaderMines::UnlessItJudges, false),
            (Decision::Leader, LeaderMines::Always, false),
            (Decision::Majority, LeaderMines::Never, true),
        ] {
            assert_eq!(only_judges(decision, mines, 3), expected, "{decision:?}, {mines:?}");
            assert!(!only_judges(decision, mines, 1), "it is alone");
        }
    }

    #[test]
    fn any_leader_shares_a_member_with_any_leader_and_any_decision() {
        for peers in 1..=64 {
            for decision in [
                Decision::Majority,
                Decision::AtLeastHalf,
                Decision::HalfAndOne,
                Decision::Votes(NonZeroU16::MIN),
                Decision::Leader,
            ] {
                let rules = rules(peers, decision);
                let peers = usize::from(peers);
                assert!(2 * rules.promises_needed() > peers);
                assert!(rules.promises_needed() + rules.votes_needed() > peers);
                assert!(rules.adoptions_needed() <= peers);
                assert!(rules.adoptions_needed() >= rules.promises_needed());
                let (told, others) = (rules.confirmations_needed(), peers - 1);
                for quorum in [rules.votes_needed(), rules.promises_needed()] {
                    assert!(quorum < 2 || told + (quorum - 1) > others, "{peers} {decision:?}");
                }
            }
        }
    }
}
