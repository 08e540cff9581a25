//! Draws, each with its sender.

use std::collections::BTreeMap;

use althing_types::PeerId;

use super::queue::Queue;

/// Draws that wait for their election, in the order of their arrival.
pub(super) type Draws = Queue<(PeerId, u128)>;

impl Draws {
    /// Returns whether the same draw of the same peer waits already.
    pub(super) fn has(&self, peer: PeerId, draw: u128) -> bool {
        self.iter().any(|waiting| *waiting == (peer, draw))
    }

    /// Returns the draws of each of `members` that has one, the first that waits, in the order of
    /// their arrival.
    ///
    /// One that may be `repeated`, as the last election counted it of that member, is passed over
    /// if another waits behind it.
    pub(super) fn one_of_each(
        &self,
        members: &[PeerId],
        repeated: &BTreeMap<PeerId, u128>,
    ) -> Vec<(PeerId, u128)> {
        let mut firsts: BTreeMap<PeerId, (usize, u128)> = BTreeMap::new();
        for (place, (peer, draw)) in self.iter().enumerate() {
            let (_, known) = firsts.entry(*peer).or_insert((place, *draw));
            if repeated.get(peer) == Some(known) {
                *known = *draw;
            }
        }
        let first = |peer: &PeerId| firsts.get(peer).map(|(place, draw)| (*place, *peer, *draw));
        let mut draws: Vec<_> = members.iter().filter_map(first).collect();
        draws.sort_unstable();
        draws.into_iter().map(|(_, peer, draw)| (peer, draw)).collect()
    }

    /// Drops these draws, and what was passed over.
    pub(super) fn forget(&mut self, draws: &[(PeerId, u128)]) {
        for taken in draws {
            self.drop_until(|waiting| waiting.0 == taken.0, |waiting| waiting == taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(waiting: &[(u128, u128)]) -> Draws {
        let mut draws = Draws::new();
        for (peer, draw) in waiting {
            draws.push((PeerId::new(*peer), *draw)).expect("there is room");
        }
        draws
    }

    fn taken(draws: &mut Draws, before: &[(u128, u128)]) -> Vec<(u128, u128)> {
        let members = [1, 2, 3].map(PeerId::new);
        let before = before.iter().map(|(peer, draw)| (PeerId::new(*peer), *draw)).collect();
        let taken = draws.one_of_each(&members, &before);
        if taken.len() == members.len() {
            draws.forget(&taken);
        }
        taken.into_iter().map(|(peer, draw)| (peer.number(), draw)).collect()
    }

    #[test]
    fn an_election_takes_one_draw_of_each_and_leaves_those_for_the_next() {
        let mut draws = draws(&[(1, 5), (1, 6), (2, 5), (9, 9)]);
        assert_eq!(taken(&mut draws, &[]), [(1, 5), (2, 5)]);
        draws.push((PeerId::new(3), 7)).expect("there is room");
        assert_eq!(taken(&mut draws, &[]), [(1, 5), (2, 5), (3, 7)]);
        assert_eq!(
            draws.iter().copied().collect::<Vec<_>>(),
            [(1, 6), (9, 9)].map(|(peer, draw)| (PeerId::new(peer), draw))
        );
    }

    #[test]
    fn a_draw_that_is_repeated_counts_once() {
        let waiting = draws(&[(1, 5)]);
        assert_eq!((waiting.has(PeerId::new(1), 5), waiting.has(PeerId::new(2), 5)), (true, false));
        // Repeated from the election before, which the genuine one follows.
        let mut waiting = draws(&[(1, 5), (2, 8), (1, 3), (3, 8)]);
        assert_eq!(taken(&mut waiting, &[(1, 5), (2, 8)]), [(1, 3), (2, 8), (3, 8)]);
        assert_eq!(waiting.len(), 0);
    }
}
