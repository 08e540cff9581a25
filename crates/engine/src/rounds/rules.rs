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
    /// Of the votes that are counted, more are yes than no.
    MoreYes,
    /// Of the next so many votes, so many are yes.
    OfNext {
        /// How many must be yes; `None` is more than half of those that are counted.
        yes: Option<NonZeroU16>,
        /// How many votes are counted; `None` is as many as there are members.
        of: Option<NonZeroU16>,
    },
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
        let counted = self.votes_counted();
        match self.decision {
            // Of so many votes, more yes than no are more than half.
            Decision::Majority | Decision::Leader | Decision::MoreYes => counted / 2 + 1,
            Decision::AtLeastHalf => counted.div_ceil(2),
            Decision::HalfAndOne => (counted.div_ceil(2) + 1).min(counted),
            Decision::OfNext { yes, .. } => {
                yes.map_or(counted / 2 + 1, |yes| usize::from(yes.get()).min(counted))
            }
        }
    }

    /// Returns how many votes a row of the table has at least. Where messages are counted as they
    /// arrive and the leader decides, its own is the only one.
    pub fn votes_kept(&self) -> usize {
        match (self.decision, self.counting) {
            (Decision::Leader, Counting::Arrivals | Counting::ArrivalsOfRow) => 1,
            _ => self.votes_needed(),
        }
    }

    /// Returns how many votes are counted before a row is decided, where messages are counted as
    /// they arrive (rule P5).
    pub fn votes_counted(&self) -> usize {
        match self.decision {
            Decision::OfNext { of: Some(of), .. } => usize::from(of.get()),
            _ => self.membership_size(),
        }
    }

    /// Returns whether so many votes, of those that are counted, put a solution into the table.
    pub fn is_approved(&self, yes: usize, no: usize) -> bool {
        match self.decision {
            Decision::MoreYes => yes > no,
            _ => yes >= self.votes_needed(),
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
        assert_eq!(rules(10, Decision::Leader).votes_kept(), 6);
        let by_arrival =
            |decision| Rules { counting: Counting::Arrivals, ..rules(10, decision) }.votes_kept();
        assert_eq!((by_arrival(Decision::Leader), by_arrival(Decision::Majority)), (1, 6));
    }

    #[test]
    fn each_bound_has_its_number_of_votes() {
        let some = NonZeroU16::new;
        let of_next = |yes, of| Decision::OfNext { yes: some(yes), of: some(of) };
        for (decision, of_1_to_5) in [
            (Decision::Majority, [1, 2, 2, 3, 3]),
            (Decision::AtLeastHalf, [1, 1, 2, 2, 3]),
            (Decision::HalfAndOne, [1, 2, 3, 3, 4]),
            (Decision::MoreYes, [1, 2, 2, 3, 3]),
            (of_next(0, 0), [1, 2, 2, 3, 3]),
            (of_next(1, 0), [1, 1, 1, 1, 1]),
            (of_next(4, 0), [1, 2, 3, 4, 4]),
            (of_next(0, 3), [2, 2, 2, 2, 2]),
            (of_next(4, 6), [4, 4, 4, 4, 4]),
        ] {
            let needed = [1, 2, 3, 4, 5].map(|peers| rules(peers, decision).votes_needed());
            assert_eq!(needed, of_1_to_5, "{decision:?}");
        }
    }

    #[test]
    fn a_bound_is_of_the_votes_that_are_counted_and_not_of_the_members() {
        let of_three = Decision::OfNext { yes: NonZeroU16::new(2), of: NonZeroU16::new(3) };
        let rules_of = |decision| rules(10, decision);
        assert_eq!(rules_of(of_three).votes_counted(), 3);
        assert_eq!(rules_of(Decision::AtLeastHalf).votes_counted(), 10);
        for (decision, yes, no, expected) in [
            (of_three, 2, 1, true),
            (of_three, 1, 2, false),
            (Decision::MoreYes, 3, 2, true),
            (Decision::MoreYes, 5, 5, false),
            (Decision::AtLeastHalf, 5, 5, true),
            (Decision::Majority, 3, 2, false),
        ] {
            assert_eq!(rules_of(decision).is_approved(yes, no), expected, "{decision:?}");
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
                Decision::MoreYes,
                Decision::OfNext { yes: Some(NonZeroU16::MIN), of: None },
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
