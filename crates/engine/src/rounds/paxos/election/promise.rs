//! Promises, and who leads by them (rules E3, E4, E6).
//!
//! A promise is phase 1b of Paxos: a member that sends it votes in no earlier term, and reports to
//! the leader what it has accepted.

use althing_types::{Moment, PeerId, Term};

use crate::rounds::paxos::Paxos;
use crate::rounds::{Accepted, Durable, Event, Output, Promise, Promised};

impl Paxos {
    /// Sends a promise once all have drawn, or enough have and the wait is over (rule E3).
    pub(in crate::rounds::paxos) fn see_draws(&mut self, now: Moment, out: &mut Vec<Output>) {
        let is_bound = self.starts.is_bound_in(self.election.term);
        if !self.is_member() || is_bound || self.election.promise_of(self.me).is_some() {
            return;
        }
        let needed = if self.membership.is_settled() {
            self.rules.promises_needed()
        } else {
            self.rules.adoptions_needed()
        };
        let drawn = self.election.drawn();
        let members = self.membership.members().expect("a member knows the members");
        // Once the membership is settled, the others do not wait for those that are absent.
        let all_here = self.membership.is_settled() && {
            let is_heard = |peer: &PeerId| !self.failure_detector.is_silent(*peer);
            self.election.have_drawn(members.peers().filter(is_heard))
        };
        let enough = drawn >= self.rules.membership_size()
            || ((self.election.draws_over || all_here) && drawn >= needed);
        if !enough {
            return;
        }
        if let Some(leader) = self.election.winner(self.rules.election, members) {
            self.promise_to(now, leader, out);
        }
    }

    /// Promises to follow `leader`: on disk first, since a second promise after a restart could
    /// give this term two leaders.
    fn promise_to(&mut self, now: Moment, leader: PeerId, out: &mut Vec<Output>) {
        let term = self.election.term;
        // A member that comes late to a term finds it decided, and has not sent its draw yet.
        let draw = self.election.draw_of(self.me).unwrap_or_else(|| self.draw(term));
        let promised = Promised { term, draw, leader };
        self.hold_membership(now, out);
        out.push(Output::Persist(Durable::Promised(promised)));
        self.promised = Some(promised);
        self.note_own_promise(now, promised);
        self.say_election_state(out);
        self.see_leader(now, out);
    }

    pub(in crate::rounds::paxos) fn note_own_promise(&mut self, now: Moment, promised: Promised) {
        let Promised { term, draw, leader } = promised;
        let drawn = self.election.note_draw(now, self.me, draw, term);
        let starts = self.starts.digest();
        let named = self.election.note_promise(self.me, term, self.promise(leader), starts);
        debug_assert!(drawn.is_ok() && named.is_ok(), "we draw and name once a term");
    }

    fn promise(&self, leader: PeerId) -> Promise {
        Promise { leader, transaction: self.slot.transaction, accepted: self.accepted_here() }
    }

    /// Returns the solution of the open row that we last said yes to, or may have (rule I3).
    pub(in crate::rounds::paxos) fn accepted_here(&self) -> Option<Accepted> {
        let accepted = self.accepted.iter().chain(self.starts.hearsay());
        let here = accepted.filter(|it| it.record.transaction == self.slot.transaction);
        here.max_by_key(|accepted| accepted.term).cloned()
    }

    /// Repeats our promise of this term, with our current row and accepted solution.
    pub(in crate::rounds::paxos) fn say_election_state(&self, out: &mut Vec<Output>) {
        if self.is_deposed() {
            // The others must not take it for a leader that is alive.
            let next = self.election.term.next();
            if let Some(draw) = self.failure_detector.wish_for(next) {
                self.say_draw(next, draw, None, out);
            }
            return;
        }
        match self.promised {
            Some(Promised { term, draw, leader }) if term == self.election.term => {
                self.say_draw(term, draw, Some(self.promise(leader)), out);
            }
            _ => {
                if let Some(draw) = self.election.draw_of(self.me) {
                    self.say_draw(self.election.term, draw, None, out);
                }
            }
        }
    }

    /// Follows the leader to which enough members have promised themselves (rule E3).
    pub(in crate::rounds::paxos) fn see_leader(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.election.leader.is_some() {
            return self.lead(now, out);
        }
        let elected = self.election.elected(self.rules.promises_needed());
        let Some((term, leader)) = elected else { return };
        if term < self.election.term {
            return;
        }
        if term > self.election.term {
            self.election.enter(now, term);
        }
        self.set_leader(now, term, leader, out);
    }

    fn set_leader(&mut self, now: Moment, term: Term, leader: PeerId, out: &mut Vec<Output>) {
        self.election.leader = Some(leader);
        self.failure_detector.moved();
        self.failure_detector.leader_until(now + self.rules.timeouts.leader);
        self.slot.since = now;
        let draw = self.election.draw_of(leader);
        let draws = self.election.draws();
        out.push(Output::Event(Event::LeaderElected { leader, term, draw, draws }));
        let is_bound = self.starts.is_bound_in(term);
        if self.is_member() && !is_bound && self.election.promise_of(self.me).is_none() {
            self.promise_to(now, leader, out);
        }
        self.lead(now, out);
        self.retry_deferred(now, out);
    }

    /// Returns to an earlier term whose leader is alive after all. Having been in a later term does
    /// not bind this peer, as long as it has sent no promise in it (rule E6).
    pub(in crate::rounds::paxos) fn fall_back(
        &mut self,
        now: Moment,
        term: Term,
        leader: PeerId,
        out: &mut Vec<Output>,
    ) -> bool {
        let is_bound = self.promised.is_some_and(|promised| promised.term > term)
            || self.starts.is_bound_in(term.next());
        let elected = self.election.elected(self.rules.promises_needed());
        if is_bound || elected != Some((term, leader)) {
            return false;
        }
        self.election.enter(now, term);
        self.set_leader(now, term, leader, out);
        true
    }
}
