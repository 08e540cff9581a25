//! What happens in a network that counts messages as they arrive, and who breaks its rules.
//!
//! Its peers agree only because they all count in the same order, so one that watches counts as
//! they do. It judges besides what they need not: which votes are wrong, and which draws.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use althing_types::{Moment, PeerId};
use rand_chacha::ChaCha8Rng;

use super::judging::Words;
use crate::Queue;
use crate::rounds::published::Published;
use crate::rounds::{
    Event, Identity, Input, Message, Output, Refusal, Rules, Signed, Status, Timer, Wait, refuse,
};

/// What is kept of one that arrives: that it is there, and its key.
const WORDS_MAX: usize = 2;

/// One that watches a network which counts messages as they arrive.
#[derive(Clone)]
pub(in crate::rounds) struct Arrivals {
    /// The rules before it is known how many peers there are.
    rules: Rules,
    counting: Published,
    words: Words,
    /// What peers have said since the last challenge to be there, in order: the last of them, as
    /// many as a session has. Once one of them draws, and they are enough, another session has
    /// begun; to be there alone is said by anyone at no cost.
    arriving: Vec<Signed>,
}

impl Arrivals {
    pub(super) fn new(rules: Rules, identity: Identity, rng: ChaCha8Rng) -> Self {
        let counting = Published::new(rules.clone(), identity, rng);
        Self { rules, counting, words: Words::default(), arriving: Vec::new() }
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        if let Input::Message { message, .. } = &input {
            if self.is_another_session(message) {
                self.begin_again(now, out);
            }
            self.counting.note_late(now, message, out);
        }
        let judged = match &input {
            Input::Message { message, .. } => self.judge(message),
            _ => None,
        };
        let mut told = Vec::new();
        self.counting.handle(now, input, &mut told);
        // What is not its sender's own is held against no peer twice.
        if let Some((peer, reason)) = judged
            && !told.iter().any(is_not_authentic)
        {
            refuse(peer, reason, out);
        }
        out.extend(told.into_iter().filter(|output| self.is_told(output)));
    }

    /// Returns whether an output of one that counts is one of one that watches as well.
    fn is_told(&self, output: &Output) -> bool {
        match output {
            // Its words have a judge of their own; and before the first challenge it does not know
            // which row is open.
            Output::Event(Event::MessageRefused { reason, .. }) => match reason {
                Refusal::VoteForNoSolution(_) | Refusal::NotASolution(_) => false,
                Refusal::Ahead { .. } => {
                    self.counting.asked_in(self.counting.latest_row()).is_some()
                }
                _ => true,
            },
            Output::Send { .. } | Output::Search { .. } | Output::CancelSearch => false,
            _ => true,
        }
    }

    /// Takes note of a message that says that its sender is there, and returns whether a message
    /// shows that another session has begun. Programs are often started again.
    fn is_another_session(&mut self, signed: &Signed) -> bool {
        match &signed.message {
            Message::Challenge { .. } => self.arriving.clear(),
            // Until the first challenge, members say again that they are there.
            Message::Announcement { peer, .. } if self.counting.has_begun_without(*peer) => {
                self.note_arriving(*peer, signed);
            }
            Message::Election { peer, .. } => {
                let joining = self.rules.customs.joining;
                let size = self.rules.membership_size();
                let enough = match joining.wait {
                    Wait::All => size,
                    _ => usize::from(joining.min.get()).max(2).min(size),
                };
                let arrived = self.arrived();
                return arrived.contains(peer) && arrived.len() >= enough;
            }
            _ => {}
        }
        false
    }

    /// Returns the peers that are arriving.
    fn arrived(&self) -> BTreeSet<PeerId> {
        self.arriving.iter().map(|signed| signed.message.peer()).collect()
    }

    fn note_arriving(&mut self, peer: PeerId, signed: &Signed) {
        let of_it = self.arriving.iter().filter(|it| it.message.peer() == peer);
        if of_it.clone().count() >= WORDS_MAX || of_it.clone().any(|it| it == signed) {
            return;
        }
        self.arriving.push(signed.clone());
        if self.arrived().len() > self.rules.membership_size() {
            let first = self.arriving[0].message.peer();
            self.arriving.retain(|it| it.message.peer() != first);
        }
    }

    fn begin_again(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.counting.begin_again(self.rules.clone());
        self.words = Words::default();
        let mut begun = Vec::new();
        self.handle(now, Input::Start, &mut begun);
        // That one is running already.
        let is_running = |it: &Output| matches!(it, Output::SetTimer { timer: Timer::Repeat, .. });
        out.extend(begun.into_iter().filter(|output| !is_running(output)));
        for message in std::mem::take(&mut self.arriving) {
            self.handle(now, Input::Message { from: crate::Origin::default(), message }, out);
        }
    }

    /// Returns which rule a message breaks, and in whose name, if it does.
    fn judge(&mut self, signed: &Signed) -> Option<(PeerId, Refusal)> {
        let judged = self.words.judge(&self.rules, &self.counting, &signed.message);
        // What a round says is right or wrong only by what its leader has asked.
        let is_of_election =
            matches!(signed.message, Message::Announcement { .. } | Message::Election { .. });
        let is_judged = is_of_election || !self.counting.has_guessed_leader();
        Some((signed.message.peer(), judged.err()?)).filter(|_| is_judged)
    }

    pub(super) fn status(&self) -> Status {
        self.counting.status()
    }

    pub(super) fn queues(&self) -> Vec<Queue> {
        let mut queues = self.counting.queues().to_vec();
        let max = WORDS_MAX * self.rules.membership_size();
        queues.push(Queue { name: "peers of another session", len: self.arriving.len(), max });
        queues.push(self.words.queue());
        queues
    }
}

/// Returns whether an output is that a message was not its sender's own.
fn is_not_authentic(output: &Output) -> bool {
    let Output::Event(Event::MessageRefused { reason, .. }) = output else { return false };
    matches!(reason, Refusal::SignatureMissing | Refusal::SignatureWrong)
}

impl Hash for Arrivals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.counting, &self.arriving).hash(state);
    }
}
