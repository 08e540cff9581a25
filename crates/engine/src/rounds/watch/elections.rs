//! Who leads, by the promises that were heard (rules E2 and E3).

use std::collections::{BTreeMap, BTreeSet};

use althing_types::{PeerId, Term};

use super::SPEAKERS_MAX;
use crate::rounds::{ElectionState, Refusal};

/// Elections that are remembered: of the latest terms.
const TERMS_MAX: usize = 8;

/// What was drawn and promised in the latest terms.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Elections {
    terms: BTreeMap<Term, Election>,
}

#[derive(Clone, Debug, Default, Hash)]
struct Election {
    draws: BTreeMap<PeerId, u128>,
    promises: BTreeMap<PeerId, PeerId>,
    leader: Option<PeerId>,
    /// Those that have started again since: which of two draws was said first cannot be told.
    restarted: BTreeSet<PeerId>,
}

impl Elections {
    pub(super) fn len(&self) -> usize {
        let count = |it: &Election| it.draws.len().max(it.promises.len());
        self.terms.values().map(count).max().unwrap_or_default()
    }

    /// Takes note of a draw, and of a promise if there is one. A peer says both again.
    pub(super) fn note(
        &mut self,
        peer: PeerId,
        draw: u128,
        state: &ElectionState,
    ) -> Result<(), Refusal> {
        let term = state.term;
        let Some(election) = self.of(term) else { return Ok(()) };
        let has_room = election.draws.len() < SPEAKERS_MAX || election.draws.contains_key(&peer);
        if !has_room {
            return Ok(());
        }
        let is_first = *election.draws.entry(peer).or_insert(draw) == draw;
        let drawn = match is_first || election.restarted.contains(&peer) {
            true => Ok(()),
            false => Err(Refusal::SecondDraw { term }),
        };
        if let Some(promise) = &state.promise
            && *election.promises.entry(peer).or_insert(promise.leader) != promise.leader
        {
            return Err(Refusal::SecondPromise { term });
        }
        drawn
    }

    /// Takes note that a peer has started again: it draws another number (rule E2).
    pub(super) fn note_restart(&mut self, peer: PeerId) {
        for election in self.terms.values_mut() {
            if election.restarted.len() < SPEAKERS_MAX {
                election.restarted.insert(peer);
            }
        }
    }

    /// Returns whether a peer leads in one of the terms that are remembered, or did.
    pub(super) fn has_led(&self, peer: PeerId, needed: usize) -> bool {
        self.terms.keys().any(|term| self.leader(*term, needed) == Some(peer))
    }

    /// Takes note that a row was decided on a challenge of this peer, which so has led.
    pub(super) fn note_leader(&mut self, term: Term, leader: PeerId) {
        if let Some(election) = self.of(term) {
            election.leader.get_or_insert(leader);
        }
    }

    /// Returns who leads in a term, if that is known: the peer that `needed` others have promised
    /// to follow.
    pub(super) fn leader(&self, term: Term, needed: usize) -> Option<PeerId> {
        let election = self.terms.get(&term)?;
        let followers = |leader: PeerId| {
            election.promises.values().filter(|promised| **promised == leader).count()
        };
        let mut promised = election.promises.values().copied();
        election.leader.or_else(|| promised.find(|leader| followers(*leader) >= needed))
    }

    /// Returns what was drawn in a term, in the order of ids.
    pub(super) fn draws(&self, term: Term) -> Vec<(PeerId, u128)> {
        let election = self.terms.get(&term);
        let draws = election.into_iter().flat_map(|election| &election.draws);
        draws.map(|(peer, draw)| (*peer, *draw)).collect()
    }

    /// Returns the election of a term, unless it is too long ago.
    fn of(&mut self, term: Term) -> Option<&mut Election> {
        if !self.terms.contains_key(&term) && self.terms.len() >= TERMS_MAX {
            let first = *self.terms.first_key_value()?.0;
            if term < first {
                return None;
            }
            self.terms.remove(&first);
        }
        Some(self.terms.entry(term).or_default())
    }
}
