//! What a leader does: it issues challenges, and proposes the first solution (rules C2 to C4).
//!
//! This is phase 2a of Paxos. A value that may have been decided in an earlier term is proposed
//! again.

use std::collections::BTreeMap;

use althing_types::{Difficulty, Moment, Transaction};
use rand::RngExt;

use super::Paxos;
use crate::rounds::{
    ElectionEvery, Event, Issuing, Message, Output, Place, Record, StartsDigest, Timer,
};

impl Paxos {
    /// As the leader, issues the challenge of the next row; or, if a member has accepted a solution
    /// of it in an earlier term, proposes that one again, since it may have been decided (rule C3).
    pub(super) fn lead(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.is_deposed() && self.failure_detector.wish_for(self.election.term.next()).is_none()
        {
            return self.request_term(now, out);
        }
        if !self.may_ask(out) {
            return;
        }
        match self.accepted_before() {
            Some(record) => {
                self.challenge(now, record.difficulty, out);
                self.accept(now, record, out);
            }
            None if self.rules.issuing == Issuing::OnCommand || self.slot.pausing => {}
            None if now - self.slot.since < self.rules.pause => {
                self.slot.pausing = true;
                let after = self.rules.pause - (now - self.slot.since);
                let timer = Timer::Lead(self.slot.transaction);
                out.push(Output::SetTimer { after, timer });
            }
            None => {
                let difficulty = self.choose_difficulty();
                self.ask(now, difficulty, out);
            }
        }
    }

    /// Returns whether we lead this term only as far as the others know: we have started again in
    /// it, and may have forgotten what we proposed (rule I3).
    pub(super) fn is_deposed(&self) -> bool {
        self.election.leader == Some(self.me)
            && self.is_member()
            && self.starts.is_bound_in(self.election.term)
    }

    /// Returns whether we lead, the row has no challenge yet, and we know the state of enough
    /// members.
    fn may_ask(&mut self, out: &mut Vec<Output>) -> bool {
        let is_leader = self.election.leader == Some(self.me)
            && self.is_member()
            && !self.starts.is_bound_in(self.election.term);
        // Where each row has an election, a term is over with the row that it has decided. A
        // challenge for the next row would compete with that of the next leader.
        let is_over = self.rules.election_every == ElectionEvery::Transaction
            && self.decided_in == Some(self.election.term);
        if !is_leader || is_over || self.slot.challenge.is_some() || self.is_finished() {
            return false;
        }
        let transaction = self.slot.transaction;
        let promises = self.election.promises_of_term();
        let (ahead, level): (Vec<_>, Vec<_>) = promises
            .map(|(peer, promise, starts)| (peer, promise.transaction, starts))
            .partition(|(_, reached, _)| *reached > transaction);
        for (peer, reached, _) in &ahead {
            self.note_reached(*peer, *reached, out);
        }
        // Members that are ahead do not report what they accepted in this row. If the others are
        // enough to elect a leader, one of them knows what was decided; so no member can delay us
        // by claiming to be further ahead than it is.
        let mut alike = BTreeMap::<StartsDigest, usize>::new();
        for (_, _, starts) in &level {
            *alike.entry(*starts).or_default() += 1;
        }
        let level = alike.into_values().max().unwrap_or_default();
        ahead.is_empty() || level >= self.rules.promises_needed()
    }

    /// As a leader that waits for commands, issues the challenge of the next row.
    pub(super) fn on_issue(
        &mut self,
        now: Moment,
        wanted: Option<Difficulty>,
        out: &mut Vec<Output>,
    ) {
        if self.rules.issuing == Issuing::OnCommand
            && self.may_ask(out)
            && self.accepted_before().is_none()
        {
            let difficulty = wanted.unwrap_or_else(|| self.choose_difficulty());
            self.ask(now, difficulty, out);
        }
    }

    fn ask(&mut self, now: Moment, difficulty: Difficulty, out: &mut Vec<Output>) {
        self.challenge(now, difficulty, out);
        self.mine(difficulty, out);
        self.retry_deferred(now, out);
    }

    pub(super) fn on_pause_over(&mut self, now: Moment, row: Transaction, out: &mut Vec<Output>) {
        if row == self.slot.transaction {
            self.slot.pausing = false;
            self.lead(now, out);
        }
    }

    /// Returns the solution of this row that was accepted in the latest term, according to the
    /// promises we hold. They are a quorum, so they include any solution that was decided.
    fn accepted_before(&self) -> Option<Record> {
        let told = self
            .election
            .promises_of_term()
            .filter_map(|(_, promise, _)| promise.accepted.as_ref());
        let accepted = told.chain(self.accepted.as_ref()).chain(self.starts.hearsay());
        // An honest member accepts nothing else, and a seed that is not a solution is never
        // decided. Nor can a member have accepted anything in a future term. Our own proposal of
        // this term is the latest, so we propose it again (rule C2).
        let of_row = accepted.filter(|accepted| {
            accepted.record.transaction == self.slot.transaction
                && accepted.term <= self.election.term
                && self.check_choice(accepted).is_ok()
        });
        of_row.max_by_key(|accepted| accepted.term).map(|accepted| accepted.record.clone())
    }

    fn choose_difficulty(&mut self) -> Difficulty {
        let easiest = self.rules.challenges.start().bits();
        let hardest = self.rules.challenges.end().bits();
        let drawn = self.rng.random_range(easiest..=hardest.max(easiest));
        let drawn = Difficulty::from_bits(drawn.into()).expect("between two difficulties");
        match self.slot.unsolved {
            Some(unsolved) => drawn.min(unsolved.eased()),
            None => drawn,
        }
    }

    fn challenge(&mut self, now: Moment, difficulty: Difficulty, out: &mut Vec<Output>) {
        let transaction = self.slot.transaction;
        self.slot.challenge = Some((self.election.term, difficulty));
        self.slot.since = now;
        self.slot.forget_solutions();
        self.failure_detector.moved();
        self.say_challenge(out);
        let leader = self.me;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
    }

    pub(super) fn say_challenge(&self, out: &mut Vec<Output>) {
        let Some((term, difficulty)) = self.slot.challenge else {
            return;
        };
        let place = Some(Place { transaction: self.slot.transaction, term });
        self.say(Message::Challenge { peer: self.me, difficulty, place }, out);
    }

    /// Replaces a challenge that no peer has solved in time by an easier one (rule C4).
    pub(super) fn ease(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some((_, difficulty)) = self.slot.challenge else {
            return;
        };
        self.slot.unsolved = Some(difficulty);
        let easier = difficulty.eased();
        self.challenge(now, easier, out);
        self.mine(easier, out);
    }

    /// As the leader, proposes the first valid solution by voting for it (rule C2).
    pub(super) fn propose(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some((_, difficulty)) = self.slot.challenge else {
            return;
        };
        let Some((winner, seed)) = self.slot.first_solution().cloned() else {
            return;
        };
        if self.election.leader == Some(self.me) && !self.has_voted_in_term() {
            let transaction = self.slot.transaction;
            self.accept(now, Record { transaction, difficulty, seed, winner }, out);
        }
    }
}
