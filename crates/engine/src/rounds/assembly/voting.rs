//! Solutions, votes and the rows they lead to (rules S1, S2, V1 to V6, R1).

use althing_types::{Moment, PeerId, Seed, Transaction};

use super::Assembly;
use super::round::{Noted, Round, Yes};
use crate::rounds::{
    Acceptance, Cause, CertifiedRecord, Decision, Durable, ElectionEvery, Event, Message, Output,
    Record, Refusal, Seal, Sealed,
};

impl Assembly {
    pub(super) fn on_solution(
        &mut self,
        now: Moment,
        sealed: Sealed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Solution { peer, transaction, seed } = &sealed.message else {
            return Err(Refusal::Unexpected);
        };
        if self.is_early(*peer, *transaction, out) {
            self.keep_early(sealed);
            return Ok(());
        }
        let Some((_, difficulty)) = self.round.challenge else {
            self.keep_early(sealed);
            return Ok(());
        };
        let (peer, seed) = (*peer, seed.clone());
        if let Err(unsolved) = self.rules.puzzle.check(&seed, difficulty) {
            self.say_no(peer, seed, out);
            return Err(Refusal::NotASolution(unsolved));
        }
        if self.round.note_solution(peer, seed.clone())? == Noted::New {
            let transaction = self.round.transaction;
            out.push(Output::Event(Event::SolutionFound { transaction, finder: peer, seed }));
            out.push(Output::CancelMining);
            self.propose(now, out);
        }
        Ok(())
    }

    /// Returns whether a row is still to come; and notes that its sender is ahead of us.
    fn is_early(&mut self, peer: PeerId, transaction: Transaction, out: &mut Vec<Output>) -> bool {
        let is_early = transaction > self.round.transaction;
        if is_early {
            self.note_reached(peer, transaction, out);
        }
        is_early
    }

    /// Keeps what is for this row or the next; rows further ahead come as certificates.
    pub(super) fn keep_early(&mut self, sealed: Sealed) {
        let is_near = super::transaction_of(&sealed.message)
            .is_none_or(|transaction| transaction <= self.round.transaction.next());
        if is_near {
            self.early.keep(sealed);
        }
    }

    pub(super) fn say_own_solution(&self, out: &mut Vec<Output>) {
        let transaction = self.round.transaction;
        if let Some(seed) = self.round.solution_of(self.me).cloned() {
            self.say(Message::Solution { peer: self.me, transaction, seed }, out);
        }
    }

    /// Says no to a member's first invalid solution (rule V5); once a row, so that nobody can
    /// make us shout.
    fn say_no(&mut self, peer: PeerId, seed: Seed, out: &mut Vec<Output>) {
        let Some((term, difficulty)) = self.round.challenge else {
            return;
        };
        if !self.is_member() || self.round.note_no(self.me) == Noted::Old {
            return;
        }
        let transaction = self.round.transaction;
        let cause = Some(Cause { term, difficulty, winner: peer });
        let voter = self.me;
        out.push(Output::Event(Event::VoteCast {
            transaction,
            voter,
            seed: seed.clone(),
            approve: false,
        }));
        self.say(Message::Vote { peer: voter, transaction, seed, approve: false, cause }, out);
    }

    pub(super) fn has_voted_in_term(&self) -> bool {
        self.accepted.as_ref().is_some_and(|accepted| {
            accepted.term == self.election.term
                && accepted.record.transaction == self.round.transaction
        })
    }

    /// Says what we said yes to, once more if need be, and returns our seal under it.
    pub(super) fn say_own_vote(&self, out: &mut Vec<Output>) -> Option<Seal> {
        let accepted = self.accepted.as_ref()?;
        (accepted.record.transaction == self.round.transaction)
            .then(|| self.say(yes_vote(self.me, &accepted.record, accepted.term), out))?
    }

    pub(super) fn count_own_vote(
        &mut self,
        now: Moment,
        choice: Acceptance,
        seal: Option<Seal>,
        out: &mut Vec<Output>,
    ) {
        let transaction = self.round.transaction;
        let seed = choice.record.seed.clone();
        let noted = self.round.note_yes(self.me, Yes { choice, seal });
        debug_assert!(noted.is_ok(), "we vote once a term");
        out.push(Output::Event(Event::VoteCast {
            transaction,
            voter: self.me,
            seed,
            approve: true,
        }));
        self.see_votes(now, out);
    }

    pub(super) fn on_vote(
        &mut self,
        now: Moment,
        sealed: Sealed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Vote { peer, transaction, seed, approve, cause } = &sealed.message else {
            return Err(Refusal::Unexpected);
        };
        let (peer, transaction, approve) = (*peer, *transaction, *approve);
        if self.is_early(peer, transaction, out) {
            self.keep_early(sealed);
            return Ok(());
        }
        if !approve {
            if self.round.note_no(peer) == Noted::New {
                let (voter, seed) = (peer, seed.clone());
                out.push(Output::Event(Event::VoteCast { transaction, voter, seed, approve }));
            }
            return Ok(());
        }
        let Some(choice) = self.choice_of(peer, seed, *cause) else {
            self.keep_early(sealed);
            return Ok(());
        };
        self.check_choice(&choice)?;
        let leader_unknown = choice.term > self.election.term || self.election.leader.is_none();
        if leader_unknown && self.is_member() {
            // It may be the leader's, and then we have to follow once we know who leads.
            self.early.keep(sealed.clone());
        }
        let yes = Yes { choice: choice.clone(), seal: sealed.seal };
        if self.round.note_yes(peer, yes)? == Noted::New {
            let (voter, seed) = (peer, choice.record.seed.clone());
            out.push(Output::Event(Event::VoteCast { transaction, voter, seed, approve }));
        }
        self.follow(now, peer, choice, out);
        self.see_votes(now, out);
        Ok(())
    }

    /// Returns what a vote is for. A plain one names only the seed: then it is for what the leader
    /// proposed, and the leader's own is for the first who found that seed.
    fn choice_of(&self, peer: PeerId, seed: &Seed, cause: Option<Cause>) -> Option<Acceptance> {
        let transaction = self.round.transaction;
        if let Some(Cause { term, difficulty, winner }) = cause {
            let record = Record { transaction, difficulty, seed: seed.clone(), winner };
            return Some(Acceptance { term, record });
        }
        let leader = self.election.leader?;
        if leader == peer {
            let (term, difficulty) = self.round.challenge?;
            let winner = self.round.finder_of(seed)?;
            let record = Record { transaction, difficulty, seed: seed.clone(), winner };
            return Some(Acceptance { term, record });
        }
        let proposed = &self.round.yes_of(leader)?.choice;
        let is_same = proposed.record.seed == *seed && proposed.term == self.election.term;
        is_same.then(|| proposed.clone())
    }

    /// A yes is for a solution of a member (rule V4).
    pub(super) fn check_choice(&self, choice: &Acceptance) -> Result<(), Refusal> {
        let Record { seed, difficulty, winner, .. } = &choice.record;
        self.rules.puzzle.check(seed, *difficulty).map_err(Refusal::VoteForNoSolution)?;
        let roster = self.membership.roster();
        if roster.is_some_and(|roster| roster.contains(*winner)) {
            Ok(())
        } else {
            Err(Refusal::VoteForStranger { winner: *winner })
        }
    }

    /// Says yes to what the leader of our term proposes (rule V2).
    fn follow(&mut self, now: Moment, peer: PeerId, choice: Acceptance, out: &mut Vec<Output>) {
        let is_proposal = self.election.leader == Some(peer) && choice.term == self.election.term;
        if is_proposal && self.is_member() && !self.has_voted_in_term() {
            self.accept(now, choice.record, out);
        }
    }

    /// Records the row, if the votes have decided it (rule V1).
    fn see_votes(&mut self, now: Moment, out: &mut Vec<Output>) {
        // The members may not be whom we think they are.
        if !self.membership.is_settled() {
            return;
        }
        if let Some(record) = self.round.decided(self.rules.votes_needed()) {
            self.record(now, record, out);
        }
    }

    /// Puts a decided row into the table and goes on to the next (rule R1).
    pub(super) fn record(&mut self, now: Moment, record: CertifiedRecord, out: &mut Vec<Output>) {
        debug_assert_eq!(record.record.transaction, self.round.transaction, "rows come in order");
        self.say_verdict(&record.record, out);
        out.push(Output::CancelMining);
        // A row binds us to those who decided it as our own yes would, and proves nothing without
        // them (rule G4).
        debug_assert!(self.membership.is_settled(), "who has named nobody records nothing");
        self.membership.has_voted();
        out.push(Output::Persist(Durable::Record(record.clone())));
        out.push(Output::Event(Event::RoundDecided(record)));
        self.round = Round::new(now, self.round.transaction.next());
        self.accepted = None;
        self.watch.moved();
        if self.is_finished() {
            self.say_standing(out);
            self.see_finished(out);
        } else if self.rules.election_every == ElectionEvery::Transaction && self.is_member() {
            self.wish(now, out);
        } else {
            self.lead(now, out);
        }
        self.see_if_behind(out);
        self.retry_early(now, out);
    }

    /// Where the leader decides, it says what the majority has acknowledged (rule V6).
    fn say_verdict(&self, record: &Record, out: &mut Vec<Output>) {
        if self.rules.decision == Decision::Leader && self.election.leader == Some(self.me) {
            let Record { transaction, seed, winner, .. } = record.clone();
            let peer = self.me;
            self.say(Message::Verdict { peer, transaction, seed, winner, accepted: true }, out);
        }
    }

    /// A verdict is the leader's to give, and tells us of a row we may lack (rule V6).
    pub(super) fn on_verdict(
        &mut self,
        peer: PeerId,
        transaction: Transaction,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if self.rules.decision != Decision::Leader {
            return Err(Refusal::Unexpected);
        }
        if self.election.leader != Some(peer) {
            return Err(Refusal::NotLeader);
        }
        self.note_reached(peer, transaction.next(), out);
        Ok(())
    }

    /// Takes over a row that others have decided, if its votes prove it (rule R1).
    pub(super) fn on_certificate(
        &mut self,
        now: Moment,
        certified: CertifiedRecord,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let CertifiedRecord { record, term, votes, .. } = &certified;
        let transaction = record.transaction;
        if transaction > self.round.transaction || !self.membership.is_settled() {
            return Ok(());
        }
        self.check_choice(&Acceptance { term: *term, record: record.clone() })?;
        // What we record we vouch for: votes that prove nothing are left out.
        let mut proven = votes.clone();
        proven.retain(|(voter, seal)| {
            let roster = self.membership.roster();
            let message = yes_vote(*voter, record, *term);
            roster.is_some_and(|roster| roster.contains(*voter))
                && self.authenticate(&Sealed { message, seal: seal.clone() }).is_ok()
        });
        proven.sort_unstable_by_key(|(voter, _)| *voter);
        proven.dedup_by_key(|(voter, _)| *voter);
        if proven.len() < self.rules.votes_needed() {
            return Err(Refusal::CertificateTooThin { transaction });
        }
        self.record(now, CertifiedRecord { votes: proven, ..certified }, out);
        Ok(())
    }
}

fn yes_vote(peer: PeerId, record: &Record, term: althing_types::Term) -> Message {
    let Record { transaction, difficulty, seed, winner } = record.clone();
    let cause = Some(Cause { term, difficulty, winner });
    Message::Vote { peer, transaction, seed, approve: true, cause }
}
