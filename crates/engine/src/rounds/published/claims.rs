//! Solutions that members have sent to the leader, for verdicts that do not repeat them (rule P10).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use althing_types::{Difficulty, PeerId, Seed, Transaction};

use super::Published;
use super::deciding::Solution;
use super::queue::QUEUE_MAX;

/// The first solution of each member for each row, as far as it is known to be one.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Claims(BTreeMap<(Transaction, PeerId), Seed>);

impl Claims {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn forget_before(&mut self, row: Transaction) {
        self.0.retain(|(transaction, _), _| *transaction >= row);
    }
}

impl Published {
    /// Takes note of a solution that is for the leader. One of a row that is not asked for yet is
    /// kept until it can be checked.
    pub(super) fn claim(&mut self, finder: PeerId, transaction: Transaction, seed: Seed) {
        let difficulty = self.asked.get(&transaction).copied();
        let is_wrong = |seed: &Seed| {
            difficulty.is_some_and(|it| self.rules.puzzle.check(seed, transaction, it).is_err())
        };
        if transaction < self.next || is_wrong(&seed) {
            return;
        }
        let has_room = self.claims.0.len() < QUEUE_MAX;
        match self.claims.0.entry((transaction, finder)) {
            Entry::Vacant(place) if has_room => {
                place.insert(seed);
            }
            Entry::Occupied(mut known) if is_wrong(known.get()) => {
                known.insert(seed);
            }
            Entry::Vacant(_) | Entry::Occupied(_) => {}
        }
    }

    /// Takes the next verdict on a row that was asked for, with what it is about. One that does not
    /// say it waits until that was heard.
    pub(super) fn next_verdict(&mut self) -> Option<Solution> {
        if !self.rules.customs.judging.omits_solution {
            return self.verdicts.take_of_any(&self.asked);
        }
        let about = |verdict: &Solution| {
            let difficulty: Difficulty = *self.asked.get(&verdict.transaction)?;
            let seed = self.claims.0.get(&(verdict.transaction, verdict.finder))?;
            let judged = self.rules.puzzle.check(seed, verdict.transaction, difficulty);
            judged.is_ok().then(|| Solution { seed: seed.clone(), ..verdict.clone() })
        };
        let (place, solution) = {
            let mut verdicts = self.verdicts.iter().enumerate();
            verdicts.find_map(|(place, verdict)| Some((place, about(verdict)?)))?
        };
        self.verdicts.remove(place);
        Some(solution)
    }
}
