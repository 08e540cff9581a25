//! Votes and the rows they decide (rules V1 to V6, R1).

use althing_types::{Moment, PeerId, Transaction};

use super::Paxos;
use super::slot::{Noted, Slot, Yes};
use crate::rounds::certificate::{check_choice, proven_votes};
use crate::rounds::{
    Accepted, Cause, CertifiedRecord, Decision, Durable, ElectionEvery, Equivocation, Event,
    Message, Output, Record, Refusal, Ruling, Signature, Signed, SignedVote, StartsDigest,
    leave_later,
};

impl Paxos {
    /// Votes yes: on disk first, since a second yes after a restart could put two solutions into
    /// one row (rule V2; phase 2b of Paxos).
    pub(super) fn accept(&mut self, now: Moment, record: Record, out: &mut Vec<Output>) {
        let accepted = Accepted { term: self.election.term, record };
        self.membership.has_voted();
        self.accepted = Some(accepted.clone());
        self.search.cancel(out);
        out.push(Output::Persist(Durable::Accepted(accepted.clone())));
        self.failure_detector.moved();
        let signature = self.say_own_vote(out);
        self.count_own_vote(now, accepted, signature, out);
        self.retry_deferred(now, out);
    }

    pub(super) fn has_voted_in_term(&self) -> bool {
        self.accepted.as_ref().is_some_and(|accepted| {
            accepted.term == self.election.term
                && accepted.record.transaction == self.slot.transaction
        })
    }

    /// Sends our yes, again if necessary, and returns our signature under it.
    pub(super) fn say_own_vote(&self, out: &mut Vec<Output>) -> Option<Signature> {
        let accepted = self.accepted.as_ref()?;
        (accepted.record.transaction == self.slot.transaction)
            .then(|| self.say(yes_vote(self.me, accepted, self.starts.digest()), out))?
    }

    /// Says our yes again, because it counts only with those of members that know the same starts.
    pub(super) fn repeat_own_vote(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(choice) = self.accepted.clone() else { return };
        let (signature, starts) = (self.say_own_vote(out), self.starts.digest());
        let noted = self.slot.note_yes(self.me, Yes { choice, starts, is_void: false, signature });
        debug_assert!(noted.is_ok(), "we vote once a term");
        self.see_votes(now, out);
    }

    pub(super) fn count_own_vote(
        &mut self,
        now: Moment,
        choice: Accepted,
        signature: Option<Signature>,
        out: &mut Vec<Output>,
    ) {
        let transaction = self.slot.transaction;
        let seed = choice.record.seed.clone();
        let starts = self.starts.digest();
        let noted = self.slot.note_yes(self.me, Yes { choice, starts, is_void: false, signature });
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
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Vote { peer, transaction, seed, approve, cause: Some(cause) } =
            &signed.message
        else {
            return Err(Refusal::Plain);
        };
        let (peer, transaction, approve, cause) = (*peer, *transaction, *approve, *cause);
        if self.is_early(peer, transaction, out) {
            self.keep_early(signed);
            return Ok(());
        }
        if !approve {
            if self.slot.note_no(peer) == Noted::New {
                let (voter, seed) = (peer, seed.clone());
                out.push(Output::Event(Event::VoteCast { transaction, voter, seed, approve }));
            }
            return Ok(());
        }
        let Cause { term, difficulty, winner, starts } = cause;
        let record = Record { transaction, difficulty, seed: seed.clone(), winner };
        let choice = Accepted { term, record };
        self.check_choice(&choice)?;
        let leader_unknown = choice.term > self.election.term || self.election.leader.is_none();
        if leader_unknown && self.is_member() {
            // It may be the leader's, and then we have to follow it once we know who leads.
            self.deferred.keep(signed.clone());
        }
        self.starts.compare(starts);
        let signature = signed.signature;
        let yes = Yes { choice: choice.clone(), starts, is_void: false, signature };
        if let Some(first) = self.slot.yes_of(peer)
            && first.choice.term == choice.term
            && first.choice != choice
        {
            let both = [first, &yes].map(|yes| {
                let Yes { choice, starts, signature, .. } = yes.clone();
                SignedVote { peer, choice, starts, signature }
            });
            self.note_equivocation(Equivocation::Votes(Box::new(both)), out);
        }
        if self.slot.note_yes(peer, yes)? == Noted::New {
            let (voter, seed) = (peer, choice.record.seed.clone());
            out.push(Output::Event(Event::VoteCast { transaction, voter, seed, approve }));
        }
        self.follow(now, peer, choice, out);
        self.see_votes(now, out);
        Ok(())
    }

    /// A yes is for a solution of a member (rule V4).
    pub(super) fn check_choice(&self, choice: &Accepted) -> Result<(), Refusal> {
        let members = self.membership.members();
        let is_member = |peer| members.is_some_and(|members| members.contains(peer));
        check_choice(&self.rules, choice, is_member)
    }

    /// Votes yes on what the leader of our term proposes (rule V2).
    fn follow(&mut self, now: Moment, peer: PeerId, choice: Accepted, out: &mut Vec<Output>) {
        let is_proposal = self.election.leader == Some(peer) && choice.term == self.election.term;
        let may_have_voted_otherwise = self.starts.hearsay().is_some_and(|other| {
            other.term == choice.term
                && other.record.transaction == choice.record.transaction
                && *other != choice
        });
        if !is_proposal || !self.is_member() || self.has_voted_in_term() {
            return;
        }
        if !may_have_voted_otherwise {
            self.accept(now, choice.record, out);
        } else if self.failure_detector.wish_for(self.election.term.next()).is_none() {
            self.request_term(now, out);
        }
    }

    /// Records the row, if the votes have decided it (rule V1).
    fn see_votes(&mut self, now: Moment, out: &mut Vec<Output>) {
        // We may have the wrong membership.
        if !self.membership.is_settled() {
            return;
        }
        if let Some(record) = self.slot.decided(self.rules.votes_needed()) {
            self.record(now, record, out);
        }
    }

    /// Adds a decided row to the table and moves on to the next (rule R1).
    pub(super) fn record(&mut self, now: Moment, record: CertifiedRecord, out: &mut Vec<Output>) {
        debug_assert_eq!(record.record.transaction, self.slot.transaction, "rows come in order");
        self.say_verdict(&record.record, out);
        self.search.cancel(out);
        // A row binds us to the membership that decided it, as our own yes would; without it, the
        // row proves nothing (rule G4).
        debug_assert!(
            self.membership.is_settled(),
            "a peer that has promised nothing records nothing"
        );
        self.membership.has_voted();
        self.search.learn(&record.record.seed);
        out.push(Output::Persist(Durable::Record(record.clone())));
        self.decided_in = Some(record.term);
        out.push(Output::Event(Event::RoundDecided(record)));
        self.failure_detector.no_longer_waits();
        self.slot = Slot::new(now, self.slot.transaction.next());
        self.accepted = None;
        self.failure_detector.moved();
        if self.is_finished() {
            out.push(leave_later());
            self.say_election_state(out);
            self.see_finished(out);
        } else if self.rules.election_every == ElectionEvery::Transaction && self.is_member() {
            self.request_term(now, out);
        } else {
            self.lead(now, out);
        }
        self.see_if_behind(out);
        self.see_confirmed(now, out);
        self.retry_deferred(now, out);
    }

    /// Where the leader decides, it publishes what the majority has acknowledged (rule V6).
    fn say_verdict(&self, record: &Record, out: &mut Vec<Output>) {
        if self.rules.decision == Decision::Leader && self.election.leader == Some(self.me) {
            let Record { transaction, seed, winner, .. } = record.clone();
            let peer = self.me;
            self.say(
                Message::Verdict { peer, transaction, seed, winner, ruling: Ruling::Accepted },
                out,
            );
        }
    }

    /// Only the leader gives verdicts; a verdict also reveals a row that we may lack (rule V6).
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

    /// Adopts a row that others have decided, if its votes prove it (rule R1).
    pub(super) fn on_certificate(
        &mut self,
        now: Moment,
        certified: CertifiedRecord,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let transaction = certified.record.transaction;
        if transaction > self.slot.transaction || !self.membership.is_settled() {
            return Ok(());
        }
        self.check_choice(&certified.choice())?;
        // We pass on only votes that we have checked: those that prove nothing are left out.
        let proven = proven_votes(&certified, |signed| {
            let members = self.membership.members();
            members.is_some_and(|members| members.contains(signed.message.peer()))
                && self.authenticate(signed).is_ok()
        });
        if proven.len() < self.rules.votes_needed() {
            return Err(Refusal::CertificateTooThin { transaction });
        }
        self.record(now, CertifiedRecord { votes: proven, ..certified }, out);
        Ok(())
    }
}

fn yes_vote(peer: PeerId, choice: &Accepted, starts: StartsDigest) -> Message {
    let (choice, signature) = (choice.clone(), None);
    SignedVote { peer, choice, starts, signature }.message().message
}
