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

    /// Returns one draw of each of `members`, the first that waits, if there is one of each.
    ///
    /// One that may be `repeated`, as the last election counted it of that member, is passed over
    /// if another waits behind it.
    pub(super) fn one_of_each(
        &self,
        members: &[PeerId],
        repeated: &BTreeMap<PeerId, u128>,
    ) -> Option<Vec<(PeerId, u128)>> {
        let mut first: BTreeMap<PeerId, u128> = BTreeMap::new();
        for (peer, draw) in self.iter() {
            let known = first.entry(*peer).or_insert(*draw);
            if repeated.get(peer) == Some(known) {
                *known = *draw;
            }
        }
        members.iter().map(|peer| Some((*peer, *first.get(peer)?))).collect()
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

    fn taken(draws: &mut Draws, before: &[(u128, u128)]) -> Option<Vec<(u128, u128)>> {
        let members = [1, 2, 3].map(PeerId::new);
        let before = before.iter().map(|(peer, draw)| (PeerId::new(*peer), *draw)).collect();
        let taken = draws.one_of_each(&members, &before)?;
        draws.forget(&taken);
        Some(taken.into_iter().map(|(peer, draw)| (peer.number(), draw)).collect())
    }

    #[test]
    fn an_election_takes_one_draw_of_each_and_leaves_those_for_the_next() {
        let mut draws = draws(&[(1, 5), (1, 6), (2, 5), (9, 9)]);
        assert_eq!(taken(&mut draws, &[]), None);
        draws.push((PeerId::new(3), 7)).expect("there is room");
        assert_eq!(taken(&mut draws, &[]), Some(vec![(1, 5), (2, 5), (3, 7)]));
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
        assert_eq!(taken(&mut waiting, &[(1, 5), (2, 8)]), Some(vec![(1, 3), (2, 8), (3, 8)]));
        assert_eq!(waiting.len(), 0);
    }
}
