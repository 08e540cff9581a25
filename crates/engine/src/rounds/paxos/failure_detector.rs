//! Detects silent peers and leaders (rules W1 to W4). Every wait ends here.
//!
//! Like the failure detectors of Chandra and Toueg (1996) it may be wrong: a false suspicion costs
//! an election, never agreement.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_types::{Moment, PeerId, Term, Transaction};

use super::Paxos;
use super::doubts::Doubts;
use crate::liveness::{Liveness, SilenceLimits};
use crate::rounds::{Event, Issuing, Message, Output, Seat, Timeouts, Timer, Waiting};

/// Which of the peers that we expect to hear are silent, and what we repeat meanwhile.
#[derive(Clone, Debug, Hash)]
pub(super) struct FailureDetector {
    /// The other members, and how regularly each is heard.
    liveness: Liveness<PeerId>,
    /// The peers that the transport reports as gone.
    pub(super) doubts: Doubts,
    /// When the leader counts as silent.
    leader_deadline: Moment,
    /// Our draw for the latest term that we drew for.
    wish: Option<(Term, u128)>,
    /// Whether anything has moved since our last repetition.
    moved: bool,
    /// When we last answered newcomers.
    answered: Option<Moment>,
    /// Whether a timer is set to answer the newcomers since then.
    answering: bool,
    /// The rows that we have sent since, by the first row of each answer.
    read_from: BTreeSet<Transaction>,
    /// When the earliest timer for a check of doubts runs out, if one is set.
    watching: Option<Moment>,
    /// Whether we have asked for the membership since.
    asked: bool,
    pub(super) waiting: Option<Waiting>,
    /// In which row nothing has been able to go on, and since when.
    pub(super) standing: Option<(Transaction, Moment)>,
}

/// The maximum number of answers to requests for rows between two repetitions: each answer contains
/// many rows and reaches every peer.
const RECALLS_MAX: usize = 4;

/// Returns how long a member may be silent (rule W3). All that are there repeat themselves while
/// nothing moves, and take part while something does.
fn limits(timeouts: &Timeouts) -> SilenceLimits {
    let &Timeouts { repeat, leader, silence, .. } = timeouts;
    SilenceLimits { interval: repeat, least: leader.min(silence), most: silence }
}

impl FailureDetector {
    pub(super) fn new(timeouts: &Timeouts) -> Self {
        Self {
            liveness: Liveness::new([], limits(timeouts), Moment::START),
            doubts: Doubts::default(),
            leader_deadline: Moment::START,
            wish: None,
            moved: false,
            answered: None,
            answering: false,
            read_from: BTreeSet::new(),
            watching: None,
            asked: false,
            waiting: None,
            standing: None,
        }
    }

    /// Expects to hear these peers, and no others: members of an earlier membership are not missed.
    pub(super) fn expect_all(
        &mut self,
        now: Moment,
        peers: impl Iterator<Item = PeerId>,
        timeouts: &Timeouts,
    ) {
        self.liveness = Liveness::new(peers, limits(timeouts), now);
        self.doubts = Doubts::default();
    }

    /// Returns how many peers are expected.
    pub(super) fn expected(&self) -> usize {
        self.liveness.peers()
    }

    /// Takes note that a peer was heard; returns whether it was lost and is not any more.
    pub(super) fn hear(&mut self, now: Moment, peer: PeerId) -> bool {
        self.doubts.hear(peer);
        self.liveness.hear(now, peer)
    }

    /// Returns how many members can be heard, of so many.
    pub(super) fn heard(&self, members: usize) -> usize {
        members - self.silent().count()
    }

    /// Returns when the leader counts as silent.
    pub(super) fn leader_deadline(&self) -> Moment {
        self.leader_deadline
    }

    pub(super) fn leader_until(&mut self, deadline: Moment) {
        self.leader_deadline = deadline;
    }

    /// Records that the network has made progress, so that nothing needs repeating.
    pub(super) fn moved(&mut self) {
        self.moved = true;
    }

    /// Returns our draw for `term`, if we have drawn for it.
    pub(super) fn wish_for(&self, term: Term) -> Option<u128> {
        self.wish.filter(|(wished, _)| *wished == term).map(|(_, draw)| draw)
    }

    pub(super) fn wished(&mut self, term: Term, draw: u128) {
        self.wish = Some((term, draw));
    }

    /// Returns whether we may ask for the membership, and records that we have.
    pub(super) fn may_ask(&mut self) -> bool {
        !std::mem::replace(&mut self.asked, true)
    }

    /// Returns whether we may send the rows from `from` on, and records that we do. Rows that we
    /// have sent have reached every peer.
    pub(super) fn may_read(&mut self, from: Transaction) -> bool {
        self.read_from.len() < RECALLS_MAX && self.read_from.insert(from)
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

    /// Returns the members that have been silent for longer than they may.
    pub(super) fn silent(&self) -> impl Iterator<Item = PeerId> {
        self.liveness.suspected()
    }

    /// Returns whether a member has been silent for longer than it may.
    pub(super) fn is_silent(&self, peer: PeerId) -> bool {
        self.liveness.is_suspected(peer)
    }

    /// Returns what this peer waits for, if it cannot make progress.
    pub(super) fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// Records that this peer can go on.
    pub(super) fn no_longer_waits(&mut self) {
        (self.waiting, self.standing) = (None, None);
    }

    pub(super) fn is_answer_due(&self) -> bool {
        self.answering
    }

    pub(super) fn answered(&mut self, now: Moment) {
        self.answered = Some(now);
        self.answering = false;
    }
}

impl Paxos {
    /// Repeats what others may lack, unless the network makes progress (rule W1).
    pub(super) fn on_repeat(&mut self, now: Moment, out: &mut Vec<Output>) {
        out.push(Output::SetTimer { after: self.rules.timeouts.repeat, timer: Timer::Repeat });
        self.failure_detector.read_from.clear();
        self.failure_detector.asked = false;
        self.repeat_starts(now, out);
        for peer in self.failure_detector.liveness.tick(now) {
            out.push(Output::Event(Event::PeerLost { peer }));
        }
        let moved = std::mem::take(&mut self.failure_detector.moved);
        if !self.membership.is_settled() {
            self.gather_on(now, out);
        }
        if self.membership.members().is_some() {
            if !moved {
                self.repeat(out);
            }
            self.look_around(now, out);
        }
        self.see_standstill(now, out);
    }

    fn gather_on(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.discovery.forget_silent(now, self.rules.timeouts.silence, self.me);
        if self.seat == Seat::Member {
            self.announce(out);
            self.settle(now, out);
        } else {
            self.ask_speakers(out);
        }
    }

    /// As an observer that has come late: asks those who speak, since members say who they are only
    /// to newcomers and to who asks (rule G7). It does not announce itself, since it would be
    /// counted.
    fn ask_speakers(&self, out: &mut Vec<Output>) {
        let from = self.slot.transaction;
        for of in self.deferred.senders().into_iter().take(self.rules.membership_size()) {
            self.say(Message::Request { peer: self.me, of, from }, out);
        }
    }

    fn repeat(&self, out: &mut Vec<Output>) {
        if !self.is_member() {
            return;
        }
        self.say_election_state(out);
        let next = self.election.term.next();
        if let Some(draw) = self.failure_detector.wish_for(next) {
            self.say_draw(next, draw, None, out);
        }
        if self.election.leader == Some(self.me) {
            self.say_challenge(out);
        }
        if self.has_voted_in_term() {
            self.say_own_vote(out);
        } else if self.slot.challenge.is_some() {
            self.say_own_solution(out);
        }
    }

    /// Checks whether this peer can still expect something of its leader.
    pub(super) fn look_around(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.is_member() || self.is_finished() {
            return;
        }
        let timeouts = self.rules.timeouts;
        match self.election.leader {
            None if now - self.election.since >= timeouts.leader => self.request_term(now, out),
            None => {}
            Some(_) if self.is_deposed() => self.request_term(now, out),
            Some(leader) if leader == self.me => {
                let is_stuck = now - self.slot.since >= timeouts.challenge;
                if is_stuck && self.slot.challenge.is_some() && !self.has_voted_in_term() {
                    self.ease(now, out);
                }
                // A member that has started again may be unable to vote in this term (rule I3).
                let is_late = now - self.slot.since >= 2 * timeouts.leader;
                if is_late && self.has_voted_in_term() && self.election.is_later_known() {
                    self.request_term(now, out);
                }
            }
            Some(_) => {
                let is_silent = now >= self.failure_detector.leader_deadline;
                // A leader that is alive but does not ease its challenge, or does not issue one
                // although it may, is replaced as well.
                let is_due = self.rules.issuing == Issuing::AtOnce || self.slot.challenge.is_some();
                let is_stuck = is_due && now - self.slot.since >= 2 * timeouts.challenge;
                // The leader itself finds that its term decides nothing: a member that has started
                // again may not vote in it, and those two may be too few to end it.
                let is_given_up = self.election.given_up_for(now, 3 * timeouts.leader).is_some();
                if is_silent || is_stuck || is_given_up {
                    if is_stuck && let Some((_, difficulty)) = self.slot.challenge {
                        self.slot.unsolved = Some(difficulty);
                    }
                    self.request_term(now, out);
                }
            }
        }
    }

    /// Records that `peer` is alive: it has just been heard.
    pub(super) fn hear(&mut self, now: Moment, peer: PeerId, out: &mut Vec<Output>) {
        if self.failure_detector.hear(now, peer) {
            out.push(Output::Event(Event::PeerHeard { peer }));
        }
    }

    /// The transport reports that `peer` is gone. A stranger can cause such a report, so it proves
    /// nothing: the peer is asked, and suspected only if it does not answer (rule W2).
    pub(super) fn on_lost(&mut self, now: Moment, peer: PeerId, out: &mut Vec<Output>) {
        let is_leader = self.election.leader == Some(peer);
        if !self.failure_detector.liveness.expects(peer) {
            return;
        }
        self.failure_detector.doubts.report(now, peer, is_leader);
        self.on_suspicion(now, out);
    }

    /// Asks the peers that are in doubt, and suspects those that have not answered.
    pub(super) fn on_suspicion(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.failure_detector.watching.is_some_and(|at| now >= at) {
            self.failure_detector.watching = None;
        }
        let Timeouts { repeat, leader, .. } = self.rules.timeouts;
        let patience = (repeat * 3 / 2).max(leader * 3 / 8);
        let turn = self.turn_to_ask();
        let (due, silent) = self.failure_detector.doubts.check(now, patience, repeat, turn);
        for of in due {
            // The row that we lack: a peer that has it answers with it, others with their state.
            let (peer, from) = (self.me, self.slot.transaction);
            if self.is_member() {
                self.say(Message::Request { peer, of, from }, out);
            }
        }
        for peer in &silent {
            if self.failure_detector.liveness.suspect(*peer) {
                out.push(Output::Event(Event::PeerLost { peer: *peer }));
            }
            if self.election.leader == Some(*peer) {
                let deadline = self.failure_detector.leader_deadline;
                self.failure_detector.leader_until(now.min(deadline));
            }
        }
        if !silent.is_empty() {
            self.look_around(now, out);
        }
        self.watch_doubts(now, patience, repeat, turn, out);
    }

    fn watch_doubts(
        &mut self,
        now: Moment,
        patience: Duration,
        rest: Duration,
        turn: Duration,
        out: &mut Vec<Output>,
    ) {
        let next = self.failure_detector.doubts.next_check(patience, rest, turn);
        if let Some(next) = next
            && self.failure_detector.watching.is_none_or(|at| next < at)
        {
            self.failure_detector.watching = Some(next);
            let after = if next > now { next - now } else { Duration::ZERO };
            out.push(Output::SetTimer { after, timer: Timer::Suspicion });
        }
    }

    /// Returns how long this peer leaves it to others to ask a peer that is in doubt. All hear the
    /// question and the answer, so that one question is enough.
    fn turn_to_ask(&self) -> Duration {
        const TURN: Duration = Duration::from_millis(2);
        const TURNS_MAX: u32 = 50;
        let members = self.membership.members();
        let before = members.map_or(0, |it| it.peers().take_while(|peer| *peer < self.me).count());
        TURN * u32::try_from(before).unwrap_or(u32::MAX).min(TURNS_MAX)
    }
}
