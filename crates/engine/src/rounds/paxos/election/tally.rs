//! The draws and promises of all members, and their result.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use althing_types::{Moment, PeerId, Term};

use crate::rounds::paxos::membership::Members;
use crate::rounds::{
    Election as Rule, ElectionRule, ElectionState, Promise, Refusal, StartsDigest,
};

/// Draws and promises of the members: who leads in which term (rules E1 to E6).
#[derive(Clone, Debug, Hash)]
pub(in crate::rounds::paxos) struct Election {
    /// The term this peer is in.
    pub(in crate::rounds::paxos) term: Term,
    /// When it began, or when we last drew for another one.
    pub(in crate::rounds::paxos) since: Moment,
    /// Whether the wait for all draws is over.
    pub(in crate::rounds::paxos) draws_over: bool,
    /// The leader of this term, once enough members have promised themselves to it.
    pub(in crate::rounds::paxos) leader: Option<PeerId>,
    draws: BTreeMap<PeerId, Draw>,
    promises: BTreeMap<PeerId, (Term, Promise, StartsDigest)>,
    /// The latest term in which any member has drawn or promised.
    latest: Term,
    /// Where each row has an election, the members that have not drawn in time for one, and have
    /// not been heard since: the others do not wait for them.
    absent: BTreeSet<PeerId>,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Draw {
    term: Term,
    number: u128,
    heard: Moment,
}

impl Election {
    pub(in crate::rounds::paxos) fn new(now: Moment, term: Term) -> Self {
        Self {
            term,
            since: now,
            draws_over: false,
            leader: None,
            draws: BTreeMap::new(),
            promises: BTreeMap::new(),
            latest: Term::FIRST,
            absent: BTreeSet::new(),
        }
    }

    /// Returns whether any member has mentioned a later term than this peer's. In a healthy network
    /// none has, and then there is nothing to count.
    pub(in crate::rounds::paxos) fn is_later_known(&self) -> bool {
        self.latest > self.term
    }

    /// Returns how many draws and promises are kept.
    pub(in crate::rounds::paxos) fn lengths(&self) -> [usize; 2] {
        [self.draws.len(), self.promises.len()]
    }

    /// Begins `term`.
    pub(in crate::rounds::paxos) fn enter(&mut self, now: Moment, term: Term) {
        self.term = term;
        self.since = now;
        self.draws_over = false;
        self.leader = None;
    }

    /// Records a draw. A later term replaces an earlier one, and within a term the first draw
    /// counts (rule E2).
    pub(in crate::rounds::paxos) fn note_draw(
        &mut self,
        now: Moment,
        peer: PeerId,
        number: u128,
        term: Term,
    ) -> Result<(), Refusal> {
        match self.draws.get_mut(&peer) {
            Some(draw) if draw.term > term => Ok(()),
            Some(draw) if draw.term == term => {
                // It still wishes for this term, even if it has started again and draws anew.
                draw.heard = now;
                if draw.number == number { Ok(()) } else { Err(Refusal::SecondDraw { term }) }
            }
            _ => {
                self.latest = term.max(self.latest);
                self.draws.insert(peer, Draw { term, number, heard: now });
                Ok(())
            }
        }
    }

    /// Records a promise. A later term replaces an earlier one. Within a term a member cannot
    /// change its leader (rule E3), but may report what it has accepted since.
    pub(in crate::rounds::paxos) fn note_promise(
        &mut self,
        peer: PeerId,
        term: Term,
        promise: Promise,
        starts: StartsDigest,
    ) -> Result<(), Refusal> {
        match self.promises.get(&peer) {
            Some((old, ..)) if *old > term => Ok(()),
            Some((old, before, _)) if *old == term && before.leader != promise.leader => {
                Err(Refusal::SecondPromise { term })
            }
            _ => {
                self.latest = term.max(self.latest);
                self.promises.insert(peer, (term, promise, starts));
                Ok(())
            }
        }
    }

    /// Returns whether this is the election state of `peer` as we know it.
    pub(in crate::rounds::paxos) fn knows(
        &self,
        peer: PeerId,
        draw: u128,
        state: &ElectionState,
    ) -> bool {
        let ElectionState { term, promise, starts, .. } = state;
        let has_drawn =
            self.draws.get(&peer).is_some_and(|known| known.term == *term && known.number == draw);
        let promise = promise.as_ref();
        let known = self.promises.get(&peer).filter(|(known, ..)| known == term);
        let known = known.map(|(_, promise, starts)| (promise, starts));
        has_drawn && known == promise.map(|promise| (promise, starts))
    }

    /// Returns the draw of `peer` for this term.
    pub(in crate::rounds::paxos) fn draw_of(&self, peer: PeerId) -> Option<u128> {
        self.draws.get(&peer).filter(|draw| draw.term == self.term).map(|draw| draw.number)
    }

    /// Returns the leader that `peer` follows in this term.
    pub(in crate::rounds::paxos) fn promise_of(&self, peer: PeerId) -> Option<PeerId> {
        let (term, promise, _) = self.promises.get(&peer)?;
        (*term == self.term).then_some(promise.leader)
    }

    /// Returns what the members have drawn for this term, in the order of their ids.
    pub(in crate::rounds::paxos) fn draws(&self) -> Vec<(PeerId, u128)> {
        self.draws_of_term().collect()
    }

    /// Returns whether `peer` has drawn for this term or a later one, or made a promise in it.
    pub(in crate::rounds::paxos) fn has_reached(&self, peer: PeerId, term: Term) -> bool {
        self.draws.get(&peer).is_some_and(|draw| draw.term >= term)
            || self.promises.get(&peer).is_some_and(|(promised, ..)| *promised >= term)
    }

    /// Returns how many members have drawn for this term.
    pub(in crate::rounds::paxos) fn drawn(&self) -> usize {
        self.draws_of_term().count()
    }

    /// Records that the members that have not drawn for this term were waited for long enough.
    pub(in crate::rounds::paxos) fn miss(&mut self, members: impl Iterator<Item = PeerId>) {
        let missing: Vec<_> = members.filter(|peer| self.draw_of(*peer).is_none()).collect();
        self.absent.extend(missing);
    }

    /// Records that a member is there.
    pub(in crate::rounds::paxos) fn hear(&mut self, peer: PeerId) {
        self.absent.remove(&peer);
    }

    /// Returns whether all of these members have drawn for this term, except those that are absent.
    pub(in crate::rounds::paxos) fn have_drawn(
        &self,
        mut members: impl Iterator<Item = PeerId>,
    ) -> bool {
        members.all(|peer| self.draw_of(peer).is_some() || self.absent.contains(&peer))
    }

    /// Returns the latest term that at least `count` members have reached or drawn for. A draw for
    /// a later term that has not been repeated for `stale` expires.
    pub(in crate::rounds::paxos) fn term_of(
        &self,
        count: usize,
        now: Moment,
        stale: Duration,
    ) -> Option<Term> {
        let mut terms: BTreeMap<PeerId, Term> =
            self.promises.iter().map(|(peer, (term, ..))| (*peer, *term)).collect();
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

    /// Returns the later term that the leader of this one has drawn for.
    pub(in crate::rounds::paxos) fn given_up_for(
        &self,
        now: Moment,
        stale: Duration,
    ) -> Option<Term> {
        let draw = self.draws.get(&self.leader?)?;
        (draw.term > self.term && now - draw.heard < stale).then_some(draw.term)
    }

    /// Returns the winner of this term among the members that have drawn (rule E1): whoever has not
    /// may be dead. Where each draws a member, a draw for another than those has no effect; if that
    /// is true of all, the rule for equal draws decides among those that have drawn.
    pub(in crate::rounds::paxos) fn winner(&self, rule: Rule, members: &Members) -> Option<PeerId> {
        let draws: Vec<_> = self.draws_of_term().collect();
        let have_drawn = |peer: PeerId| {
            members.contains(peer) && draws.iter().any(|(drawer, _)| *drawer == peer)
        };
        let counted = match rule.rule {
            ElectionRule::HighestDraw | ElectionRule::SumOfDraws => draws.clone(),
            ElectionRule::MostDrawn | ElectionRule::LargestDrawn => {
                let drawn = draws.iter().filter(|(_, draw)| have_drawn(PeerId::new(*draw)));
                let drawn: Vec<_> = drawn.copied().collect();
                let themselves = draws.iter().filter(|(peer, _)| members.contains(*peer));
                match drawn.is_empty() {
                    false => drawn,
                    true => themselves.map(|(peer, _)| (*peer, peer.number())).collect(),
                }
            }
        };
        rule.winner(&counted).map(|(peer, _)| peer)
    }

    /// Returns the latest term in which a member has at least `needed` followers, and that member
    /// (rule E3), all of whom know the same starts (rule I4).
    pub(in crate::rounds::paxos) fn elected(&self, needed: usize) -> Option<(Term, PeerId)> {
        let mut counts = BTreeMap::<(Term, PeerId, StartsDigest), usize>::new();
        for (term, promise, starts) in self.promises.values() {
            *counts.entry((*term, promise.leader, *starts)).or_default() += 1;
        }
        let elected = counts.into_iter().rev().find(|(_, count)| *count >= needed);
        elected.map(|((term, leader, _), _)| (term, leader))
    }

    /// Returns the promises of this term, by member, and the starts that each knew of.
    pub(in crate::rounds::paxos) fn promises_of_term(
        &self,
    ) -> impl Iterator<Item = (PeerId, &Promise, StartsDigest)> {
        self.promises
            .iter()
            .filter(|(_, (term, ..))| *term == self.term)
            .map(|(peer, (_, promise, starts))| (*peer, promise, *starts))
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
    use crate::rounds::Tie;
    use althing_types::Transaction;

    const NOW: Moment = Moment::START;
    const STALE: Duration = Duration::from_secs(1);

    fn peer(number: u128) -> PeerId {
        PeerId::new(number)
    }

    fn election(draws: &[(u128, u128)]) -> Election {
        let mut election = Election::new(NOW, Term::FIRST);
        for (drawer, number) in draws {
            let noted = election.note_draw(NOW, peer(*drawer), *number, Term::FIRST);
            assert_eq!(noted, Ok(()));
        }
        election
    }

    fn members(peers: u128) -> Members {
        Members::new((1..=peers).map(|number| (peer(number), None)))
    }

    fn promise(leader: u128) -> Promise {
        Promise { leader: peer(leader), transaction: Transaction::FIRST, accepted: None }
    }

    #[test]
    fn the_highest_draw_wins_and_the_tie_goes_as_the_rule_says() {
        let election = election(&[(1, 7), (2, 9), (3, 9)]);
        let rule = |tie| Rule::highest(255, tie);
        assert_eq!(election.winner(rule(Tie::SmallestId), &members(3)), Some(peer(2)));
        assert_eq!(election.winner(rule(Tie::LargestId), &members(3)), Some(peer(3)));
    }

    #[test]
    fn by_plurality_the_member_drawn_most_often_wins_and_strangers_never() {
        let election = election(&[(1, 2), (2, 2), (3, 99), (4, 99), (5, 99), (6, 3), (7, 3)]);
        let rule = |tie| Rule::plurality(tie);
        assert_eq!(election.winner(rule(Tie::SmallestId), &members(7)), Some(peer(2)));
        assert_eq!(election.winner(rule(Tie::LargestId), &members(7)), Some(peer(3)));
    }

    #[test]
    fn by_plurality_whoever_has_not_drawn_is_not_elected() {
        let rule = Rule::plurality(Tie::LargestId);
        let one_for_another = election(&[(1, 9), (2, 9), (3, 1)]);
        assert_eq!(one_for_another.winner(rule, &members(9)), Some(peer(1)));
        let all_for_the_dead = election(&[(1, 9), (2, 9), (3, 9)]);
        assert_eq!(all_for_the_dead.winner(rule, &members(9)), Some(peer(3)));
    }

    #[test]
    fn whoever_was_waited_for_once_is_not_waited_for_until_heard() {
        let mut election = election(&[(1, 7), (2, 8)]);
        let all = || (1..=3).map(peer);
        assert!(!election.have_drawn(all()));
        election.miss(all());
        assert!(election.have_drawn(all()));
        election.enter(NOW, Term::new(1));
        for drawer in [1, 2] {
            assert!(!election.have_drawn(all()));
            let noted = election.note_draw(NOW, peer(drawer), 5, Term::new(1));
            assert_eq!(noted, Ok(()));
        }
        assert!(election.have_drawn(all()));
        election.hear(peer(3));
        assert!(!election.have_drawn(all()));
    }

    #[test]
    fn a_second_word_in_one_term_never_replaces_the_first() {
        let mut election = election(&[(1, 7)]);
        let second = Refusal::SecondDraw { term: Term::FIRST };
        assert_eq!(election.note_draw(NOW, peer(1), 8, Term::FIRST), Err(second));
        assert_eq!(election.draw_of(peer(1)), Some(7));

        assert_eq!(
            election.note_promise(peer(1), Term::FIRST, promise(2), StartsDigest(0)),
            Ok(())
        );
        let second = Refusal::SecondPromise { term: Term::FIRST };
        assert_eq!(
            election.note_promise(peer(1), Term::FIRST, promise(3), StartsDigest(0)),
            Err(second)
        );
        assert_eq!(election.promise_of(peer(1)), Some(peer(2)));
    }

    #[test]
    fn a_member_that_draws_anew_after_a_restart_still_wishes_for_the_term() {
        let mut election = election(&[(1, 7), (2, 8)]);
        let wished = Term::new(4);
        assert_eq!(election.note_draw(NOW, peer(1), 3, wished), Ok(()));
        let later = NOW + STALE;
        let second = Refusal::SecondDraw { term: wished };
        assert_eq!(election.note_draw(later, peer(1), 5, wished), Err(second));
        assert_eq!(election.term_of(1, later, STALE), Some(wished));
    }

    #[test]
    fn a_wish_nobody_repeats_is_forgotten() {
        let mut election = election(&[(1, 7), (2, 8)]);
        assert_eq!(election.note_draw(NOW, peer(1), 3, Term::new(4)), Ok(()));
        assert_eq!(election.term_of(1, NOW, STALE), Some(Term::new(4)));
        assert_eq!(election.term_of(2, NOW, STALE), Some(Term::FIRST));
        assert_eq!(election.term_of(1, NOW + STALE, STALE), Some(Term::FIRST));
        assert_eq!(election.term_of(3, NOW, STALE), None);
    }

    #[test]
    fn a_leader_needs_enough_followers_in_one_term() {
        let mut election = election(&[(1, 7), (2, 8), (3, 5)]);
        assert_eq!(
            election.note_promise(peer(1), Term::FIRST, promise(2), StartsDigest(0)),
            Ok(())
        );
        assert_eq!(election.elected(2), None);
        assert_eq!(
            election.note_promise(peer(3), Term::new(1), promise(2), StartsDigest(0)),
            Ok(())
        );
        assert_eq!(election.elected(2), None);
        assert_eq!(
            election.note_promise(peer(2), Term::FIRST, promise(2), StartsDigest(0)),
            Ok(())
        );
        assert_eq!(election.elected(2), Some((Term::FIRST, peer(2))));
        assert_eq!(election.elected(3), None);
    }
}
