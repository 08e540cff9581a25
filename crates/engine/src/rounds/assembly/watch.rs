//! Who is silent, and what then (rules W1 to W4). Every wait ends here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use althing_types::{Moment, PeerId, Term, Transaction};

use super::Assembly;
use crate::rounds::{Event, Issuing, Output, Seat, Timeouts, Timer, Waiting};

/// Deadlines of those we expect to hear, and what we repeat meanwhile.
#[derive(Clone, Debug, Hash)]
pub(super) struct Watch {
    /// When each peer counts as lost unless it is heard.
    deadlines: BTreeMap<PeerId, Moment>,
    lost: BTreeSet<PeerId>,
    /// When the leader counts as silent.
    leader_deadline: Moment,
    /// What we drew for the latest term we asked for.
    wish: Option<(Term, u128)>,
    /// Whether anything has moved since we last repeated ourselves.
    moved: bool,
    /// When we last answered newcomers.
    answered: Option<Moment>,
    /// Whether a timer is set to answer those who came since.
    answering: bool,
    /// The rows we have handed out since, by the first of each answer.
    recalled: BTreeSet<Transaction>,
    /// Whether a timer is set to look around sooner.
    watching: bool,
    /// Whether we have asked for the roster since.
    asked: bool,
    waiting: Option<Waiting>,
}

/// Answers to requests for rows between two repetitions; each is many rows, and reaches all.
const RECALLS_MAX: usize = 4;

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            deadlines: BTreeMap::new(),
            lost: BTreeSet::new(),
            leader_deadline: Moment::START,
            wish: None,
            moved: false,
            answered: None,
            answering: false,
            recalled: BTreeSet::new(),
            watching: false,
            asked: false,
            waiting: None,
        }
    }

    /// Expects to hear these peers, and no others: those of an earlier roster are not missed.
    pub(super) fn expect_all(&mut self, peers: impl Iterator<Item = PeerId>, deadline: Moment) {
        self.deadlines = peers.map(|peer| (peer, deadline)).collect();
        self.lost.clear();
    }

    /// Returns how many peers are expected.
    pub(super) fn expected(&self) -> usize {
        self.deadlines.len()
    }

    pub(super) fn hear(&mut self, peer: PeerId, deadline: Moment) {
        if let Some(before) = self.deadlines.get_mut(&peer) {
            *before = deadline;
            self.lost.remove(&peer);
        }
    }

    pub(super) fn leader_until(&mut self, deadline: Moment) {
        self.leader_deadline = deadline;
    }

    /// Notes that the network has moved on, so that nothing needs repeating.
    pub(super) fn moved(&mut self) {
        self.moved = true;
    }

    /// Returns what we drew for `term`, if we have asked for it.
    pub(super) fn wish_for(&self, term: Term) -> Option<u128> {
        self.wish.filter(|(wished, _)| *wished == term).map(|(_, draw)| draw)
    }

    pub(super) fn wished(&mut self, term: Term, draw: u128) {
        self.wish = Some((term, draw));
    }

    /// Returns whether we may ask for the roster, and notes that we have.
    pub(super) fn may_ask(&mut self) -> bool {
        !std::mem::replace(&mut self.asked, true)
    }

    /// Returns whether we may hand out the rows from `from` on, and notes that we do. What we have
    /// handed out has reached everybody.
    pub(super) fn may_recall(&mut self, from: Transaction) -> bool {
        self.recalled.len() < RECALLS_MAX && self.recalled.insert(from)
    }

    /// Returns how long to wait before we answer a newcomer, so that answers are `interval` apart;
    /// or `None` if the next answer, already due, is for this one as well.
    pub(super) fn until_answer(&mut self, now: Moment, interval: Duration) -> Option<Duration> {
        let next = self.answered.map_or(now, |answered| answered + interval);
        let wait = if next > now { next - now } else { Duration::ZERO };
        let is_due = self.answering;
        self.answering |= !wait.is_zero();
        (!is_due).then_some(wait)
    }

    pub(super) fn is_answer_due(&self) -> bool {
        self.answering
    }

    pub(super) fn answered(&mut self, now: Moment) {
        self.answered = Some(now);
        self.answering = false;
    }
}

impl Assembly {
    /// Says again what others may lack, unless things are moving (rule W1).
    pub(super) fn on_repeat(&mut self, now: Moment, out: &mut Vec<Output>) {
        out.push(Output::SetTimer { after: self.rules.timeouts.repeat, timer: Timer::Repeat });
        self.watch.recalled.clear();
        self.watch.asked = false;
        let moved = std::mem::take(&mut self.watch.moved);
        if !self.membership.is_settled() {
            self.gather_on(now, out);
        }
        if self.membership.roster().is_none() {
            return;
        }
        if !moved {
            self.repeat(out);
        }
        self.look_around(now, out);
    }

    fn gather_on(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.gathering.forget_silent(now, self.rules.timeouts.silence, self.me);
        if self.seat == Seat::Member {
            self.announce(out);
            self.settle(now, out);
        }
        let needed = self.rules.roster_size();
        let known = self.gathering.len();
        if known < needed {
            self.wait_for(Waiting::Peers { known, needed }, out);
        }
    }

    fn repeat(&self, out: &mut Vec<Output>) {
        if !self.is_member() {
            return;
        }
        self.say_standing(out);
        let next = self.election.term.next();
        if let Some(draw) = self.watch.wish_for(next) {
            self.say_draw(next, draw, None, out);
        }
        if self.election.leader == Some(self.me) {
            self.say_challenge(out);
        }
        if self.has_voted_in_term() {
            self.say_own_vote(out);
        } else if self.round.challenge.is_some() {
            self.say_own_solution(out);
        }
    }

    /// Finds out who is silent: the leader, the solvers, or too many.
    pub(super) fn look_around(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.look_at_members(now, out);
        if !self.is_member() || self.is_finished() {
            return;
        }
        let timeouts = self.rules.timeouts;
        match self.election.leader {
            None if now - self.election.since >= timeouts.leader => self.wish(now, out),
            None => {}
            Some(leader) if leader == self.me => {
                let is_stuck = now - self.round.since >= timeouts.challenge;
                if is_stuck && self.round.challenge.is_some() && !self.has_voted_in_term() {
                    self.ease(now, out);
                }
            }
            Some(_) => {
                let is_silent = now >= self.watch.leader_deadline;
                // A leader that is there but does not ease its challenge, or does not issue one
                // though it may, is replaced as well.
                let is_due =
                    self.rules.issuing == Issuing::AtOnce || self.round.challenge.is_some();
                let is_stuck = is_due && now - self.round.since >= 2 * timeouts.challenge;
                if is_silent || is_stuck {
                    if is_stuck && let Some((_, difficulty)) = self.round.challenge {
                        self.round.unsolved = Some(difficulty);
                    }
                    self.wish(now, out);
                }
            }
        }
    }

    /// Tells of members that are lost (rule W3), and when too few are left (rule W4).
    fn look_at_members(&mut self, now: Moment, out: &mut Vec<Output>) {
        for (peer, deadline) in &self.watch.deadlines {
            if *peer != self.me && now >= *deadline && self.watch.lost.insert(*peer) {
                out.push(Output::Event(Event::PeerLost { peer: *peer }));
            }
        }
        let needed = self.rules.namings_needed().max(self.rules.votes_needed());
        let heard = self.rules.roster_size() - self.watch.lost.len();
        if heard < needed {
            self.wait_for(Waiting::Majority { heard, needed }, out);
        } else if matches!(self.watch.waiting, Some(Waiting::Majority { .. })) {
            self.watch.waiting = None;
        }
    }

    fn wait_for(&mut self, waiting: Waiting, out: &mut Vec<Output>) {
        if self.watch.waiting != Some(waiting) {
            self.watch.waiting = Some(waiting);
            out.push(Output::Event(Event::Waiting(waiting)));
        }
    }

    /// The transport says that `peer` is gone. A stranger can make it say so: we only listen
    /// sooner whether that is true (rule W2).
    pub(super) fn on_lost(&mut self, now: Moment, peer: PeerId, out: &mut Vec<Output>) {
        let Timeouts { repeat, leader, .. } = self.rules.timeouts;
        let after = (repeat * 3 / 2).max(leader * 3 / 8);
        let soon = now + after;
        let Some(deadline) = self.watch.deadlines.get_mut(&peer) else {
            return;
        };
        *deadline = soon.min(*deadline);
        if self.election.leader == Some(peer) {
            self.watch.leader_deadline = soon.min(self.watch.leader_deadline);
        }
        if !std::mem::replace(&mut self.watch.watching, true) {
            out.push(Output::SetTimer { after, timer: Timer::Watch });
        }
    }

    pub(super) fn on_watch(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.watch.watching = false;
        self.look_around(now, out);
    }
}
