//! Terms, and what members draw for them (rules E1, E2, E5, G6).

use althing_types::{Moment, Term};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Election;
use crate::rounds::paxos::Paxos;
use crate::rounds::{
    Draw, ElectionEvery, ElectionState, Message, Output, Promise, Refusal, Signed, Timer,
};

impl Paxos {
    /// Enters a term: draws, and waits for the draws of the others (rule E2).
    pub(in crate::rounds::paxos) fn enter(
        &mut self,
        now: Moment,
        term: Term,
        out: &mut Vec<Output>,
    ) {
        let mining = self.slot.challenge.take().is_some();
        self.election.enter(now, term);
        self.failure_detector.moved();
        if mining {
            self.search.cancel(out);
        }
        if !self.is_member() {
            return;
        }
        // In a term for which it may have drawn before a restart, it waits for the others.
        if self.election.draw_of(self.me).is_none() && !self.starts.is_bound_in(term) {
            self.draw_for(now, term, out);
        }
        let after = self.rules.timeouts.draw;
        out.push(Output::SetTimer { after, timer: Timer::DrawsOver(term) });
        self.see_draws(now, out);
    }

    /// Forgets all draws and promises: they were made under another membership.
    pub(in crate::rounds::paxos) fn forget_elections(&mut self, now: Moment) {
        self.election = Election::new(now, Term::FIRST);
    }

    /// Draws for the next term, because this one makes no progress (rule E5).
    pub(in crate::rounds::paxos) fn request_term(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.election.since = now;
        let next = self.election.term.next();
        // No peer reaches the last possible term by waiting, but a member may claim to be in it. A
        // second draw for it would break rule E2.
        if next > self.election.term {
            self.draw_for(now, next, out);
            self.see_terms(now, out);
        }
    }

    fn draw_for(&mut self, now: Moment, term: Term, out: &mut Vec<Output>) {
        let draw = self.draw(term);
        self.failure_detector.wished(term, draw);
        let noted = self.election.note_draw(now, self.me, draw, term);
        debug_assert!(noted.is_ok(), "we draw once a term");
        self.say_draw(term, draw, None, out);
    }

    /// Returns our draw for a term. It is the same each time, so that a peer that returns to a term
    /// for which it has already drawn does not draw twice (rule E2).
    pub(super) fn draw(&self, term: Term) -> u128 {
        let mut rng = ChaCha8Rng::from_seed(self.rng.get_seed());
        // All other random choices use stream zero.
        rng.set_stream(term.number().wrapping_add(1));
        match self.rules.election.draw {
            Draw::Number { min, max } | Draw::NumberThenMember { min, max } => {
                rng.random_range(min..=max.max(min))
            }
            Draw::Member => {
                let members = self.membership.members().expect("only members draw");
                let index = rng.random_range(0..members.len());
                members.peers().nth(index).expect("the index is below their number").number()
            }
        }
    }

    pub(in crate::rounds::paxos) fn on_election(
        &mut self,
        now: Moment,
        signed: Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Election { peer, draw, state: Some(state) } = &signed.message else {
            return Err(Refusal::Plain);
        };
        self.check_draw(*draw)?;
        if let Some(members) = self.membership.members()
            && state.members != members.digest()
        {
            let theirs = state.members.to_string();
            let ours = members.digest().to_string();
            return self.on_other_membership(
                signed,
                Refusal::OtherMembership { theirs, ours },
                out,
            );
        }
        let ElectionState { term, promise, starts, .. } = state;
        if let Some(Promise { accepted: Some(accepted), .. }) = promise {
            // A leader will propose it again, so it must be possible to vote for it.
            self.check_choice(accepted)?;
        }
        let drawn = self.election.note_draw(now, *peer, *draw, *term);
        if let Some(promise) = promise {
            self.note_reached(*peer, promise.transaction, out);
            self.starts.compare(*starts);
            self.election.note_promise(*peer, *term, promise.clone(), *starts)?;
        }
        self.see_terms(now, out);
        self.see_draws(now, out);
        self.see_leader(now, out);
        // A peer that was killed before its promise draws again: its first draw counts, and so does
        // its promise.
        drawn
    }

    fn check_draw(&self, draw: u128) -> Result<(), Refusal> {
        match self.rules.election.draw {
            Draw::Number { max, .. } if draw > max => {
                Err(Refusal::DrawTooHigh { draw, draw_max: max })
            }
            _ => Ok(()),
        }
    }

    /// Peers with another membership count other votes. Unless we have voted, we may still adopt
    /// their membership (rule G6).
    fn on_other_membership(
        &mut self,
        signed: Signed,
        reason: Refusal,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.membership.is_settled() {
            self.deferred.keep(signed);
            return Ok(());
        }
        if !self.membership.is_fixed() {
            self.ask_for_membership(out);
        }
        Err(reason)
    }

    pub(in crate::rounds::paxos) fn on_draws_over(
        &mut self,
        now: Moment,
        term: Term,
        out: &mut Vec<Output>,
    ) {
        if term != self.election.term {
            return;
        }
        if self.starts.is_bound_in(term) && self.election.leader.is_none() && self.is_member() {
            self.request_term(now, out);
        } else {
            self.election.draws_over = true;
            if self.rules.election_every == ElectionEvery::Transaction
                && let Some(members) = self.membership.members()
            {
                self.election.miss(members.peers());
            }
            self.see_draws(now, out);
        }
    }

    /// Enters a later term when enough members have drawn for it, and draws along when so many have
    /// drawn that the others are too few to elect a leader; and, where each row has an election,
    /// when the leader has (rule E5).
    fn see_terms(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.election.is_later_known() {
            return;
        }
        let stale = 3 * self.rules.timeouts.leader;
        let needed = self.rules.promises_needed();
        if let Some(term) = self.election.term_of(needed, now, stale)
            && term > self.election.term
        {
            return self.enter(now, term, out);
        }
        let blocking = self.rules.membership_size() - needed + 1;
        let by_many = self.election.term_of(blocking, now, stale);
        // Its row is decided, which members that have started again since cannot tell.
        let is_each = self.rules.election_every == ElectionEvery::Transaction;
        let by_leader = self.election.given_up_for(now, stale).filter(|_| is_each);
        if let Some(term) = by_many.max(by_leader)
            && term > self.election.term
            && self.is_member()
            && self.failure_detector.wish_for(term).is_none()
        {
            self.draw_for(now, term, out);
            self.see_terms(now, out);
        }
    }

    pub(in crate::rounds::paxos) fn say_draw(
        &self,
        term: Term,
        draw: u128,
        promise: Option<Promise>,
        out: &mut Vec<Output>,
    ) {
        let Some(members) = self.membership.members() else {
            return;
        };
        let state = ElectionState {
            term,
            members: members.digest(),
            promise,
            starts: self.starts.digest(),
        };
        let message = Message::Election { peer: self.me, draw, state: Some(state) };
        if self.is_member() {
            self.say(message, out);
        }
    }
}
