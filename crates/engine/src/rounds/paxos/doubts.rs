//! Peers that are said to be gone, and whether they answer (rule W2).
//!
//! As in SWIM (Das, Gupta and Motivala, 2002) a hint only makes a peer ask. A broker publishes a
//! last will for anyone who connects to it, so the hint may be forged, ten times a second.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Moment, PeerId};

use crate::Queue;

/// The peers that the transport reports as gone.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Doubts {
    doubts: BTreeMap<PeerId, Doubt>,
    /// When we last answered a question of this kind.
    answered: Option<Moment>,
}

/// The doubt about one peer.
#[derive(Clone, Copy, Debug, Hash)]
struct Doubt {
    /// When it was reported.
    since: Moment,
    state: State,
    /// Whether it was reported again since it has answered.
    again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// It is to be asked.
    Reported,
    /// It was asked, by us or by another member.
    Asked,
    /// It was asked for the second time, since the first question may have been lost.
    AskedTwice,
    /// It was heard since it was asked.
    Answered,
}

/// The maximum number of peers that are asked at a time. When a broker restarts, it may publish
/// every last will at once; the others are noticed by their silence. The leader has a place.
const DOUBTS_MAX: usize = 8;

/// The shortest time between two answers: each reaches every peer, and strangers may ask.
const ANSWER_INTERVAL: Duration = Duration::from_millis(100);

impl Doubts {
    /// Takes note of a report. One that comes while the peer is in doubt has no effect until it has
    /// answered, so that forged reports cause few questions.
    pub(super) fn report(&mut self, now: Moment, peer: PeerId, is_leader: bool) {
        let is_full = self.doubts.len() >= DOUBTS_MAX;
        match self.doubts.get_mut(&peer) {
            Some(doubt) => doubt.again = true,
            None if is_full && !is_leader => {}
            None => {
                self.doubts.insert(peer, Doubt::new(now));
            }
        }
    }

    /// Takes note that `peer` was heard. Before it was asked, what it said may have been under way
    /// when it died.
    pub(super) fn hear(&mut self, peer: PeerId) {
        if let Some(doubt) = self.doubts.get_mut(&peer)
            && matches!(doubt.state, State::Asked | State::AskedTwice)
        {
            (doubt.state, doubt.again) = (State::Answered, false);
        }
    }

    /// Takes note that another peer has asked `peer`, which hears the question as it would hear
    /// ours.
    pub(super) fn note_question(&mut self, now: Moment, peer: PeerId) {
        if let Some(doubt) = self.doubts.get_mut(&peer) {
            doubt.state = match doubt.state {
                State::Reported => State::Asked,
                // Those who asked for the first time did so at nearly the same moment.
                State::Asked if now - doubt.since >= ANSWER_INTERVAL => State::AskedTwice,
                state => state,
            };
        }
    }

    /// Returns whether we may answer a question now, and records that we do.
    pub(super) fn may_answer(&mut self, now: Moment) -> bool {
        let may = self.answered.is_none_or(|answered| now - answered >= ANSWER_INTERVAL);
        if may {
            self.answered = Some(now);
        }
        may
    }

    /// Returns the peers to ask now, and those that have not answered within `patience`. A peer
    /// that has answered is not asked again until `rest` has passed since it was reported.
    pub(super) fn check(
        &mut self,
        now: Moment,
        patience: Duration,
        rest: Duration,
        turn: Duration,
    ) -> (Vec<PeerId>, Vec<PeerId>) {
        let (mut due, mut silent) = (Vec::new(), Vec::new());
        self.doubts.retain(|peer, doubt| {
            if doubt.state == State::Answered && now >= doubt.since + rest {
                if !doubt.again {
                    return false;
                }
                *doubt = Doubt::new(now);
            }
            if doubt.is_unanswered() && now >= doubt.since + patience {
                silent.push(*peer);
                return false;
            }
            if let Some(question) = doubt.question(patience, turn)
                && now >= question
            {
                doubt.state = match doubt.state {
                    State::Reported => State::Asked,
                    _ => State::AskedTwice,
                };
                due.push(*peer);
            }
            true
        });
        (due, silent)
    }

    /// Returns when there is something to do next.
    pub(super) fn next_check(
        &self,
        patience: Duration,
        rest: Duration,
        turn: Duration,
    ) -> Option<Moment> {
        let next = self.doubts.values().map(|doubt| match doubt.state {
            State::Answered => doubt.since + rest,
            _ => doubt.question(patience, turn).unwrap_or(doubt.since + patience),
        });
        next.min()
    }

    /// Returns the peers in doubt as a queue that others can fill. A leader has a place even if it
    /// is full, so members are its only bound.
    pub(super) fn queue(&self, members: usize) -> Queue {
        Queue { name: "peers in doubt", len: self.doubts.len(), max: members }
    }
}

impl Doubt {
    fn new(since: Moment) -> Self {
        Self { since, state: State::Reported, again: false }
    }

    fn is_unanswered(&self) -> bool {
        self.state != State::Answered
    }

    /// Returns when the next question is due, if there is another.
    fn question(&self, patience: Duration, turn: Duration) -> Option<Moment> {
        match self.state {
            State::Reported => Some(self.since + turn),
            State::Asked => Some(self.since + patience / 2 + turn),
            State::AskedTwice | State::Answered => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(750);
    const REST: Duration = Duration::from_millis(500);
    const TURN: Duration = Duration::from_millis(4);

    fn at(milliseconds: u64) -> Moment {
        Moment::START + Duration::from_millis(milliseconds)
    }

    fn peer(number: u128) -> PeerId {
        PeerId::new(number)
    }

    /// Looks at the doubts at their own times until `end`; returns who was asked and suspected.
    fn run(doubts: &mut Doubts, end: u64) -> (Vec<Moment>, Vec<Moment>) {
        let (mut asked, mut suspected) = (Vec::new(), Vec::new());
        while let Some(now) = doubts.next_check(PATIENCE, REST, TURN)
            && now <= at(end)
        {
            let (due, silent) = doubts.check(now, PATIENCE, REST, TURN);
            asked.extend(due.iter().map(|_| now));
            suspected.extend(silent.iter().map(|_| now));
        }
        (asked, suspected)
    }

    #[test]
    fn a_peer_that_does_not_answer_two_questions_is_suspected() {
        let mut doubts = Doubts::default();
        doubts.report(at(0), peer(1), true);
        let (asked, suspected) = run(&mut doubts, 10_000);
        assert_eq!(asked, [at(4), at(379)]);
        assert_eq!(suspected, [at(750)]);
    }

    #[test]
    fn a_peer_that_answers_is_not_suspected_however_often_it_is_reported() {
        let mut doubts = Doubts::default();
        let (mut asked, mut suspected) = (Vec::new(), Vec::new());
        for now in (0..10_000).step_by(100) {
            doubts.report(at(now), peer(1), true);
            let (due, silent) = run(&mut doubts, now + 50);
            if !due.is_empty() {
                doubts.hear(peer(1));
            }
            asked.extend(due);
            suspected.extend(silent);
        }
        assert_eq!(suspected, []);
        assert!(asked.len() <= 20, "two questions a second at most, not {}", asked.len());
    }

    #[test]
    fn a_report_after_an_answer_is_not_forgotten() {
        let mut doubts = Doubts::default();
        doubts.report(at(0), peer(1), true);
        run(&mut doubts, 10);
        doubts.hear(peer(1));
        doubts.report(at(20), peer(1), true);
        let (_, suspected) = run(&mut doubts, 10_000);
        assert_eq!(suspected, [at(500 + 750)]);
    }

    #[test]
    fn what_another_has_asked_we_do_not_ask_as_well() {
        let mut doubts = Doubts::default();
        doubts.report(at(0), peer(1), true);
        doubts.note_question(at(1), peer(1));
        doubts.note_question(at(2), peer(1));
        doubts.note_question(at(376), peer(1));
        let (asked, suspected) = run(&mut doubts, 10_000);
        assert_eq!((asked, suspected), (vec![], vec![at(750)]));
    }

    #[test]
    fn reports_of_all_at_once_are_not_all_looked_into_but_that_of_the_leader_is() {
        let mut doubts = Doubts::default();
        for number in 0..100 {
            doubts.report(at(0), peer(number), false);
        }
        doubts.report(at(0), peer(1000), true);
        let (asked, _) = run(&mut doubts, 100);
        assert_eq!(asked.len(), DOUBTS_MAX + 1);
    }

    #[test]
    fn answers_have_a_distance() {
        let mut doubts = Doubts::default();
        assert!(doubts.may_answer(at(0)));
        assert!(!doubts.may_answer(at(99)));
        assert!(doubts.may_answer(at(100)));
    }
}
