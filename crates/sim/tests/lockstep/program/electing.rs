//! Whom the draws make the leader, as a program finds it.

use althing_engine::rounds::{Compare, Election, ElectionRule, Tie};
use althing_types::PeerId;

/// Returns the leader, found by looking at all peers one by one.
pub(super) fn winner(election: Election, draws: &[(PeerId, u128)]) -> PeerId {
    let text = |number: u128| number.to_string();
    let is_higher = |one: u128, other: u128| match election.compare {
        Compare::Numbers => one > other,
        Compare::Texts => text(one) > text(other),
    };
    let wins_tie = |one: PeerId, other: PeerId| match election.tie {
        Tie::LargestId => one > other,
        Tie::SmallestId => one < other,
        Tie::First => false,
        Tie::LargestText => text(one.number()) > text(other.number()),
    };
    let drawn: Vec<u128> = draws.iter().map(|(_, draw)| *draw).collect();
    match election.rule {
        ElectionRule::HighestDraw => {
            let mut best = draws[0];
            for next in &draws[1..] {
                if is_higher(next.1, best.1) || (next.1 == best.1 && wins_tie(next.0, best.0)) {
                    best = *next;
                }
            }
            best.0
        }
        ElectionRule::MostDrawn => {
            let votes = |id: u128| drawn.iter().filter(|draw| **draw == id).count();
            let mut best = drawn[0];
            for next in &drawn[1..] {
                let is_better = votes(*next) > votes(best)
                    || (votes(*next) == votes(best)
                        && wins_tie(PeerId::new(*next), PeerId::new(best)));
                if is_better {
                    best = *next;
                }
            }
            PeerId::new(best)
        }
        ElectionRule::LargestDrawn => {
            let mut best = drawn[0];
            for next in drawn {
                if is_higher(next, best) {
                    best = next;
                }
            }
            PeerId::new(best)
        }
        ElectionRule::SumOfDraws => {
            let mut ids: Vec<PeerId> = draws.iter().map(|(peer, _)| *peer).collect();
            ids.sort_unstable();
            let sum: u128 = drawn.iter().sum();
            ids[usize::try_from(sum % ids.len() as u128).expect("small")]
        }
    }
}
