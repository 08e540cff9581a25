//! How a leader is chosen from what the peers drew.

use std::cmp::Ordering;

use althing_types::PeerId;

/// How a leader is chosen from what the peers drew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Election {
    /// What each peer draws.
    pub draw: Draw,
    /// Whom the draws make the leader.
    pub rule: ElectionRule,
    /// Which of several wins that the rule leaves.
    pub tie: Tie,
    /// How draws are compared.
    pub compare: Compare,
}

/// What each peer draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// A number between two, both included.
    Number {
        /// The lowest number that can be drawn.
        min: u128,
        /// The highest number that can be drawn.
        max: u128,
    },
    /// As [`Number`](Self::Number) for the first election; later the id of a member.
    NumberThenMember {
        /// The lowest number that can be drawn for the first election.
        min: u128,
        /// The highest number that can be drawn for the first election.
        max: u128,
    },
    /// The id of a member.
    Member,
}

/// Whom the draws make the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionRule {
    /// The peer with the highest draw.
    HighestDraw,
    /// The peer whose id was drawn most often (plurality).
    MostDrawn,
    /// The peer with the largest id of those whose id was drawn.
    LargestDrawn,
    /// The peer at the place that the sum of all draws has modulo their number, with the peers that
    /// drew in the order of their ids.
    SumOfDraws,
}

/// Which of several equal draws wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The peer with the smallest id.
    SmallestId,
    /// The peer with the largest id.
    LargestId,
    /// The peer whose draw came first; of peers that were drawn, the one that was drawn first.
    First,
    /// The peer with the largest id, if ids are compared as texts: 9 is larger than 10.
    LargestText,
}

/// How draws are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// As numbers. (UUIDs have the same order as texts.)
    #[default]
    Numbers,
    /// As decimal texts: 9 is higher than 10.
    Texts,
}

impl Election {
    /// Returns the election that the highest of the numbers from 0 to `max` wins.
    pub const fn highest(max: u128, tie: Tie) -> Self {
        let (draw, rule) = (Draw::Number { min: 0, max }, ElectionRule::HighestDraw);
        Self { draw, rule, tie, compare: Compare::Numbers }
    }

    /// Returns the election in which each draws a member, and the one drawn most often wins.
    pub const fn plurality(tie: Tie) -> Self {
        let (draw, rule) = (Draw::Member, ElectionRule::MostDrawn);
        Self { draw, rule, tie, compare: Compare::Numbers }
    }

    /// Returns the winner among `draws`, which are in the order of their arrival, and its draw; by
    /// [`ElectionRule::MostDrawn`], how often it was drawn.
    pub(super) fn winner(&self, draws: &[(PeerId, u128)]) -> Option<(PeerId, u128)> {
        match self.rule {
            ElectionRule::HighestDraw => {
                self.highest_of(draws, |draw, other| self.compare.order(*draw, *other))
            }
            ElectionRule::MostDrawn => {
                let mut counts: Vec<(PeerId, u128)> = Vec::new();
                for (_, draw) in draws {
                    let drawn = PeerId::new(*draw);
                    match counts.iter_mut().find(|(peer, _)| *peer == drawn) {
                        Some((_, count)) => *count += 1,
                        None => counts.push((drawn, 1)),
                    }
                }
                self.highest_of(&counts, Ord::cmp)
            }
            ElectionRule::LargestDrawn => {
                let drawn = draws.iter().map(|(_, draw)| *draw);
                let largest = drawn.max_by(|one, other| self.compare.order(*one, *other))?;
                Some((PeerId::new(largest), largest))
            }
            ElectionRule::SumOfDraws => {
                let count = u128::try_from(draws.len()).ok().filter(|count| *count > 0)?;
                // Sums of remainders do not overflow.
                let sum = draws.iter().fold(0, |sum, (_, draw)| (sum + draw % count) % count);
                let mut peers = draws.to_vec();
                peers.sort_unstable();
                peers.get(usize::try_from(sum).ok()?).copied()
            }
        }
    }

    fn highest_of(
        &self,
        drawn: &[(PeerId, u128)],
        order: impl Fn(&u128, &u128) -> Ordering,
    ) -> Option<(PeerId, u128)> {
        let by_tie =
            |(at, peer): (usize, PeerId), (other_at, other): (usize, PeerId)| match self.tie {
                Tie::LargestId => peer.cmp(&other),
                Tie::SmallestId => other.cmp(&peer),
                Tie::First => other_at.cmp(&at),
                Tie::LargestText => peer.to_string().cmp(&other.to_string()),
            };
        let highest =
            drawn.iter().enumerate().max_by(|(at, (peer, draw)), (other_at, (other, than))| {
                order(draw, than).then_with(|| by_tie((*at, *peer), (*other_at, *other)))
            });
        highest.map(|(_, winner)| *winner)
    }
}

impl Compare {
    fn order(self, one: u128, other: u128) -> Ordering {
        match self {
            Self::Numbers => one.cmp(&other),
            Self::Texts => one.to_string().cmp(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winner(election: Election, draws: &[(u128, u128)]) -> u128 {
        let draws: Vec<_> = draws.iter().map(|(peer, draw)| (PeerId::new(*peer), *draw)).collect();
        let (winner, _) = election.winner(&draws).expect("there are draws");
        winner.number()
    }

    /// What each value of each dimension makes of the same draws.
    #[test]
    fn the_leader_follows_from_the_draws_by_rule_tie_and_comparison() {
        use ElectionRule::{HighestDraw, LargestDrawn, MostDrawn, SumOfDraws};
        let draws = [(30, 9), (100, 90), (9, 90), (40, 9), (20, 100)];
        let ids = [(30, 9), (100, 40), (9, 100), (40, 9), (20, 40)];
        for (draws, rule, tie, compare, leader) in [
            (draws, HighestDraw, Tie::LargestId, Compare::Numbers, 20),
            (draws, HighestDraw, Tie::LargestId, Compare::Texts, 100),
            (draws, HighestDraw, Tie::SmallestId, Compare::Texts, 9),
            (draws, HighestDraw, Tie::First, Compare::Texts, 100),
            (draws, HighestDraw, Tie::LargestText, Compare::Texts, 9),
            (ids, MostDrawn, Tie::LargestId, Compare::Numbers, 40),
            (ids, MostDrawn, Tie::SmallestId, Compare::Numbers, 9),
            (ids, MostDrawn, Tie::First, Compare::Numbers, 9),
            (ids, MostDrawn, Tie::LargestText, Compare::Numbers, 9),
            (ids, LargestDrawn, Tie::LargestId, Compare::Numbers, 100),
            (ids, LargestDrawn, Tie::LargestId, Compare::Texts, 9),
            // 298 modulo 5 is 3; in the order of ids, 40 comes after 9, 20 and 30.
            (draws, SumOfDraws, Tie::LargestId, Compare::Numbers, 40),
        ] {
            let election = Election { draw: Draw::Member, rule, tie, compare };
            assert_eq!(winner(election, &draws), leader, "{election:?}");
        }
        let none = Election::plurality(Tie::First).winner(&[]);
        assert_eq!(none, None);
    }

    #[test]
    fn the_largest_numbers_have_a_sum_as_well() {
        let sum = Election { rule: ElectionRule::SumOfDraws, ..Election::plurality(Tie::First) };
        // Twice 2^128 - 1 is even.
        assert_eq!(winner(sum, &[(8, u128::MAX), (7, u128::MAX)]), 7);
        assert_eq!(winner(sum, &[(8, u128::MAX), (7, 2)]), 8);
    }
}
