use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Moment, PeerId, Term};

use super::roster::Roster;
use crate::rounds::{Election as Rule, Naming, Refusal, Standing, Tie};

/// Draws and namings of the members: who leads in which term (rules E1 to E6).
#[derive(Clone, Debug, Hash)]
pub(super) struct Election {
    /// The term this peer is in.
    pub(super) term: Term,
    /// When it began, or when we last asked for another.
    pub(super) since: Moment,
    /// Whether the wait for all draws is over.
    pub(super) draws_over: bool,
    /// The leader of this term, once enough members have named it.
    pub(super) leader: Option<PeerId>,
    draws: BTreeMap<PeerId, Draw>,
    namings: BTreeMap<PeerId, (Term, Naming)>,
    /// The latest term that anybody has drawn for or named a leader in.
    latest: Term,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Draw {
    term: Term,
    number: u128,
    heard: Moment,
    /// From a program that knows nothing of terms and namings: it follows whoever wins.
    plain: bool,
}

impl Election {
    pub(super) fn new(now: Moment, term: Term) -> Self {
        Self {
            term,
            since: now,
            draws_over: false,
            leader: None,
            draws: BTreeMap::new(),
            namings: BTreeMap::new(),
            latest: Term::FIRST,
        }
    }

    /// Returns whether anybody speaks of a later term than this peer is in. In a healthy network
    /// nobody does, and then there is nothing to count.
    pub(super) fn is_later_known(&self) -> bool {
        self.latest > self.term
    }

    /// Returns how many draws and namings are kept.
    pub(super) fn lengths(&self) -> [usize; 2] {
        [self.draws.len(), self.namings.len()]
    }

    /// Begins `term`.
    pub(super) fn enter(&mut self, now: Moment, term: Term) {
        self.term = term;
        self.since = now;
        self.draws_over = false;
        self.leader = None;
    }

    /// Notes a draw. A later term replaces an earlier one, and within a term the first word
    /// counts (rule E2).
    pub(super) fn note_draw(
        &mut self,
        now: Moment,
        peer: PeerId,
        number: u128,
        term: Option<Term>,
    ) -> Result<(), Refusal> {
        let plain = term.is_none();
        let term = term.unwrap_or_default();
        match self.draws.get_mut(&peer) {
            Some(draw) if draw.term > term => Ok(()),
            Some(draw) if draw.term == term && draw.number != number => {
                Err(Refusal::SecondDraw { term })
            }
            Some(draw) if draw.term == term => {
                draw.heard = now;
                Ok(())
            }
            _ => {
                self.latest = term.max(self.latest);
                self.draws.insert(peer, Draw { term, number, heard: now, plain });
                Ok(())
            }
        }
    }

    /// Notes a naming. A later term replaces an earlier one; within a term a peer cannot change
    /// its mind (rule E3), but may tell of what it accepted since.
    pub(super) fn note_naming(
        &mut self,
        peer: PeerId,
        term: Term,
        naming: Naming,
    ) -> Result<(), Refusal> {
        match self.namings.get(&peer) {
            Some((old, _)) if *old > term => Ok(()),
            Some((old, before)) if *old == term && before.leader != naming.leader => {
                Err(Refusal::SecondNaming { term })
            }
            _ => {
                self.latest = term.max(self.latest);
                self.namings.insert(peer, (term, naming));
                Ok(())
            }
        }
    }

    /// Returns whether this is where `peer` stands as far as we know.
    pub(super) fn knows(&self, peer: PeerId, draw: u128, standing: &Standing) -> bool {
        let Standing { term, naming, .. } = standing;
        let has_drawn = self
            .draws
            .get(&peer)
            .is_some_and(|known| known.term == *term && known.number == draw && !known.plain);
        let naming = naming.as_ref();
        let known = self.namings.get(&peer).filter(|(known, _)| known == term);
        has_drawn && known.map(|(_, naming)| naming) == naming
    }

    /// Returns what `peer` drew for this term.
    pub(super) fn draw_of(&self, peer: PeerId) -> Option<u128> {
        self.draws.get(&peer).filter(|draw| draw.term == self.term).map(|draw| draw.number)
    }

    /// Returns whom `peer` follows in this term.
    pub(super) fn naming_of(&self, peer: PeerId) -> Option<PeerId> {
        let (term, naming) = self.namings.get(&peer)?;
        (*term == self.term).then_some(naming.leader)
    }

    /// Returns how many members have drawn for this term.
    pub(super) fn drawn(&self) -> usize {
        self.draws_of_term().count()
    }

    /// Returns the latest term that at least `count` members have reached or asked for. A wish for
    /// a later term that has not been repeated for `stale` is forgotten.
    pub(super) fn term_of(&self, count: usize, now: Moment, stale: Duration) -> Option<Term> {
        let mut terms: BTreeMap<PeerId, Term> =
            self.namings.iter().map(|(peer, (term, _))| (*peer, *term)).collect();
        for (peer, draw) in &self.draws {
            if draw.term <= self.term || now - draw.heard < stale {
                let term = terms.entry(*peer).or_default();
                *term = draw.term.max(*term);
            }
        }
        let mut terms: Vec<Term> = terms.into_values().collect();
        terms.sort_unstable_by_key(|term| Reverse(*term));
        terms.get(count.checked_sub(1)?).copied()
    }

    /// Returns who wins this term among those who have drawn (rule E1).
    pub(super) fn winner(&self, rule: Rule, roster: &Roster) -> Option<PeerId> {
        let by_tie = |tie: Tie, peer: PeerId| match tie {
            Tie::LargestId => peer.number(),
            Tie::SmallestId => u128::MAX - peer.number(),
        };
        match rule {
            Rule::HighestDraw { tie, .. } => self
                .draws_of_term()
                .max_by_key(|(peer, number)| (*number, by_tie(tie, *peer)))
                .map(|(peer, _)| peer),
            Rule::Plurality { tie } => {
                let mut counts = BTreeMap::<PeerId, usize>::new();
                for (_, number) in self.draws_of_term() {
                    *counts.entry(PeerId::new(number)).or_default() += 1;
                }
                counts
                    .into_iter()
                    .filter(|(peer, _)| roster.contains(*peer))
                    .max_by_key(|(peer, count)| (*count, by_tie(tie, *peer)))
                    .map(|(peer, _)| peer)
            }
        }
    }

    /// Returns the latest term in which somebody has at least `needed` followers, and who
    /// (rule E3). Plain peers follow whom `me` has named.
    pub(super) fn elected(&self, needed: usize, me: PeerId) -> Option<(Term, PeerId)> {
        let mut counts = BTreeMap::<(Term, PeerId), usize>::new();
        for (term, naming) in self.namings.values() {
            *counts.entry((*term, naming.leader)).or_default() += 1;
        }
        if let Some(mine) = self.naming_of(me) {
            // Who names somebody follows that one alone.
            let has_named = |peer| self.naming_of(peer).is_some();
            let plain = self
                .draws
                .iter()
                .filter(|(peer, draw)| draw.plain && draw.term == self.term && !has_named(**peer));
            *counts.entry((self.term, mine)).or_default() += plain.count();
        }
        counts.into_iter().rev().find(|(_, count)| *count >= needed).map(|(elected, _)| elected)
    }

    /// Returns who has named a leader in this term, and what they told it.
    pub(super) fn namings_of_term(&self) -> impl Iterator<Item = (PeerId, &Naming)> {
        self.namings
            .iter()
            .filter(|(_, (term, _))| *term == self.term)
            .map(|(peer, (_, naming))| (*peer, naming))
    }

    fn draws_of_term(&self) -> impl Iterator<Item = (PeerId, u128)> {
        self.draws
            .iter()
            .filter(|(_, draw)| draw.term == self.term)
            .map(|(peer, draw)| (*peer, draw.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use althing_types::Transaction;

    const NOW: Moment = Moment::START;
    const STALE: Duration = Duration::from_secs(1);

    fn peer(number: u128) -> PeerId {
        PeerId::new(number)
    }

    fn election(draws: &[(u128, u128)]) -> Election {
        let mut election = Election::new(NOW, Term::FIRST);
        for (drawer, number) in draws {
            let noted = election.note_draw(NOW, peer(*drawer), *number, Some(Term::FIRST));
            assert_eq!(noted, Ok(()));
        }
        election
    }

    fn roster(peers: u128) -> Roster {
        Roster::new((1..=peers).map(|number| (peer(number), None)))
    }

    fn naming(leader: u128) -> Naming {
        Naming { leader: peer(leader), transaction: Transaction::FIRST, accepted: None }
    }

    #[test]
    fn the_highest_draw_wins_and_the_tie_goes_as_the_rule_says() {
        let election = election(&[(1, 7), (2, 9), (3, 9)]);
        let rule = |tie| Rule::HighestDraw { draw_max: 255, tie };
        assert_eq!(election.winner(rule(Tie::SmallestId), &roster(3)), Some(peer(2)));
        assert_eq!(election.winner(rule(Tie::LargestId), &roster(3)), Some(peer(3)));
    }

    #[test]
    fn by_plurality_the_member_drawn_most_often_wins_and_strangers_never() {
        let election = election(&[(1, 2), (2, 2), (3, 99), (4, 99), (5, 99), (6, 3), (7, 3)]);
        let rule = |tie| Rule::Plurality { tie };
        assert_eq!(election.winner(rule(Tie::SmallestId), &roster(7)), Some(peer(2)));
        assert_eq!(election.winner(rule(Tie::LargestId), &roster(7)), Some(peer(3)));
    }

    #[test]
    fn a_second_word_in_one_term_never_replaces_the_first() {
        let mut election = election(&[(1, 7)]);
        let second = Refusal::SecondDraw { term: Term::FIRST };
        assert_eq!(election.note_draw(NOW, peer(1), 8, Some(Term::FIRST)), Err(second));
        assert_eq!(election.draw_of(peer(1)), Some(7));

        assert_eq!(election.note_naming(peer(1), Term::FIRST, naming(2)), Ok(()));
        let second = Refusal::SecondNaming { term: Term::FIRST };
        assert_eq!(election.note_naming(peer(1), Term::FIRST, naming(3)), Err(second));
        assert_eq!(election.naming_of(peer(1)), Some(peer(2)));
    }

    #[test]
    fn a_wish_nobody_repeats_is_forgotten() {
        let mut election = election(&[(1, 7), (2, 8)]);
        assert_eq!(election.note_draw(NOW, peer(1), 3, Some(Term::new(4))), Ok(()));
        assert_eq!(election.term_of(1, NOW, STALE), Some(Term::new(4)));
        assert_eq!(election.term_of(2, NOW, STALE), Some(Term::FIRST));
        assert_eq!(election.term_of(1, NOW + STALE, STALE), Some(Term::FIRST));
        assert_eq!(election.term_of(3, NOW, STALE), None);
    }

    #[test]
    fn a_leader_needs_enough_followers_and_plain_peers_follow_whom_we_do() {
        let mut election = election(&[(1, 7), (2, 8)]);
        assert_eq!(election.note_draw(NOW, peer(3), 5, None), Ok(()));
        assert_eq!(election.note_naming(peer(1), Term::FIRST, naming(2)), Ok(()));
        assert_eq!(election.elected(2, peer(1)), Some((Term::FIRST, peer(2))));
        assert_eq!(election.elected(2, peer(2)), None);
        assert_eq!(election.elected(3, peer(1)), None);
    }

    #[test]
    fn whoever_draws_as_a_plain_peer_and_names_a_leader_counts_once() {
        let mut election = election(&[(1, 7)]);
        assert_eq!(election.note_draw(NOW, peer(2), 5, None), Ok(()));
        assert_eq!(election.note_naming(peer(1), Term::FIRST, naming(1)), Ok(()));
        assert_eq!(election.note_naming(peer(2), Term::FIRST, naming(1)), Ok(()));
        assert_eq!(election.elected(3, peer(1)), None);
    }
}
