//! What a member does with challenges and solutions (rules C1, S1, S2).

use althing_pow::Task;
use althing_types::{Difficulty, Moment, PeerId, Seed, Transaction};

use super::Paxos;
use super::slot::Noted;
use crate::rounds::{
    Cause, Challenge, Event, Message, Output, Place, Refusal, Seat, Signed, refuse,
};

impl Paxos {
    pub(super) fn on_challenge(
        &mut self,
        now: Moment,
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Challenge { peer, difficulty, place: Some(place) } = signed.message else {
            return Err(Refusal::Plain);
        };
        let here = Place { transaction: self.slot.transaction, term: self.election.term };
        let Place { transaction, term } = place;
        if transaction > here.transaction {
            self.note_reached(peer, transaction, out);
        }
        let is_early = transaction > here.transaction
            || term > here.term
            || (term == here.term && self.election.leader.is_none());
        if is_early {
            self.keep_early(signed);
            return Ok(());
        }
        if term < here.term && !self.fall_back(now, term, peer, out) {
            return Ok(());
        }
        if self.election.leader != Some(peer) {
            return Err(Refusal::NotLeader);
        }
        self.take_challenge(now, peer, difficulty, out);
        Ok(())
    }

    fn take_challenge(
        &mut self,
        now: Moment,
        leader: PeerId,
        difficulty: Difficulty,
        out: &mut Vec<Output>,
    ) {
        let challenge = (self.election.term, difficulty);
        let before = self.slot.challenge;
        if before == Some(challenge) || self.is_finished() {
            return;
        }
        if let Some((term, harder)) = before {
            // A repeated, older challenge of this leader must not replace its easier one.
            if term == challenge.0 && harder <= difficulty {
                return;
            }
            self.slot.unsolved = Some(harder);
        }
        self.slot.challenge = Some(challenge);
        self.slot.since = now;
        self.slot.forget_solutions();
        self.failure_detector.moved();
        let transaction = self.slot.transaction;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
        if self.has_voted_in_term() {
            return self.retry_deferred(now, out);
        }
        self.mine(difficulty, out);
        self.retry_deferred(now, out);
    }

    /// Searches for a solution. A leader that decides alone does not, unless it is the only member.
    pub(super) fn mine(&mut self, difficulty: Difficulty, out: &mut Vec<Output>) {
        let judges = self.rules.leader_only_judges() && self.election.leader == Some(self.me);
        if self.is_member() && !judges {
            let (transaction, finder) = (self.slot.transaction, self.me);
            // Nothing is drawn here: a search begins anywhere, and that is chance enough.
            let task = Task { transaction, difficulty, finder, salt: 0 };
            let challenge = Challenge { puzzle: self.rules.puzzle.clone(), task };
            self.search.start(challenge, out);
        }
    }

    pub(super) fn on_solved(
        &mut self,
        now: Moment,
        transaction: Transaction,
        seed: Seed,
        out: &mut Vec<Output>,
    ) {
        let Some((_, difficulty)) = self.slot.challenge else {
            return;
        };
        let is_wanted = transaction == self.slot.transaction
            && self.seat == Seat::Member
            && self.slot.first_solution().is_none()
            && !self.has_voted_in_term();
        if !is_wanted {
            return;
        }
        if let Err(unsolved) = self.rules.puzzle.check_digest(&seed, transaction, difficulty) {
            return refuse(self.me, Refusal::NotASolution(unsolved), out);
        }
        let noted = self.slot.note_solution(self.me, seed.clone());
        debug_assert!(noted.is_ok(), "it is our first");
        self.say_own_solution(out);
        self.search.learn(&seed);
        out.push(Output::Event(Event::SolutionFound { transaction, finder: self.me, seed }));
        self.propose(now, out);
    }

    pub(super) fn on_solution(
        &mut self,
        now: Moment,
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Solution { peer, transaction, seed } = &signed.message else {
            return Err(Refusal::Unexpected);
        };
        if self.is_early(*peer, *transaction, out) {
            self.keep_early(signed);
            return Ok(());
        }
        let Some((_, difficulty)) = self.slot.challenge else {
            self.keep_early(signed);
            return Ok(());
        };
        let (peer, transaction, seed) = (*peer, *transaction, seed.clone());
        if self.rules.leader_only_judges() && self.election.leader == Some(peer) {
            // It found this before it led, and has forgotten it: it waits for those of others.
            return Ok(());
        }
        if let Err(unsolved) = self.rules.puzzle.check_digest(&seed, transaction, difficulty) {
            self.say_no(peer, seed, out);
            return Err(Refusal::NotASolution(unsolved));
        }
        if self.slot.note_solution(peer, seed.clone())? == Noted::New {
            let transaction = self.slot.transaction;
            self.search.learn(&seed);
            out.push(Output::Event(Event::SolutionFound { transaction, finder: peer, seed }));
            self.search.cancel(out);
            self.propose(now, out);
        }
        Ok(())
    }

    /// Returns whether a row is in the future; and records that its sender is ahead of us.
    pub(super) fn is_early(
        &mut self,
        peer: PeerId,
        transaction: Transaction,
        out: &mut Vec<Output>,
    ) -> bool {
        let is_early = transaction > self.slot.transaction;
        if is_early {
            self.note_reached(peer, transaction, out);
        }
        is_early
    }

    /// Defers messages for this row or the next; rows further ahead are fetched as certificates.
    pub(super) fn keep_early(&mut self, signed: Signed) {
        let is_near = super::transaction_of(&signed.message)
            .is_none_or(|transaction| transaction <= self.slot.transaction.next());
        if is_near {
            self.deferred.keep(signed);
        }
    }

    pub(super) fn say_own_solution(&self, out: &mut Vec<Output>) {
        let transaction = self.slot.transaction;
        if let Some(seed) = self.slot.solution_of(self.me).cloned() {
            self.say(Message::Solution { peer: self.me, transaction, seed }, out);
        }
    }

    /// Votes no on a member's first invalid solution (rule V5); once per row, so that other peers
    /// cannot make this one flood the network.
    fn say_no(&mut self, peer: PeerId, seed: Seed, out: &mut Vec<Output>) {
        let Some((term, difficulty)) = self.slot.challenge else {
            return;
        };
        if !self.is_member() || self.slot.note_no(self.me) == Noted::Old {
            return;
        }
        let transaction = self.slot.transaction;
        let starts = self.starts.digest();
        let cause = Some(Cause { term, difficulty, winner: peer, starts });
        let voter = self.me;
        out.push(Output::Event(Event::VoteCast {
            transaction,
            voter,
            seed: seed.clone(),
            approve: false,
        }));
        self.say(Message::Vote { peer: voter, transaction, seed, approve: false, cause }, out);
    }
}
