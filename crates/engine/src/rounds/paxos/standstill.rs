//! What a member waits for when nothing can go on (rule W4).

use std::time::Duration;

use althing_types::{Moment, PeerId};

use super::Paxos;
use super::membership::Members;
use crate::rounds::{Event, Issuing, Output, Seat, Waiting};

impl Paxos {
    /// Says what this peer waits for, when that has changed.
    pub(super) fn see_standstill(&mut self, now: Moment, out: &mut Vec<Output>) {
        let waiting = self.lacking().or_else(|| self.standing_still(now));
        if self.failure_detector.waiting != waiting {
            self.failure_detector.waiting.clone_from(&waiting);
            out.extend(waiting.map(|waiting| Output::Event(Event::Waiting(waiting))));
        }
    }

    /// Returns who is missing, where that is known at once.
    fn lacking(&self) -> Option<Waiting> {
        if self.starts.is_copied() {
            return Some(Waiting::Copied);
        }
        let (known, needed) = (self.discovery.len(), self.rules.membership_size());
        if !self.membership.is_settled() && known < needed {
            return Some(Waiting::Peers { known, needed });
        }
        self.membership.members()?;
        if let Some(waiting) = self.unconfirmed() {
            return Some(waiting);
        }
        let needed = self.rules.promises_needed().max(self.rules.votes_needed());
        let heard = self.failure_detector.heard(self.rules.membership_size());
        (heard < needed).then_some(Waiting::Majority { heard, needed })
    }

    /// Returns what keeps this row from being decided, if that has lasted for longer than it takes
    /// to replace a leader.
    fn standing_still(&mut self, now: Moment) -> Option<Waiting> {
        let Some(waiting) = self.hindrance(now) else {
            self.failure_detector.standing = None;
            return None;
        };
        let row = self.slot.transaction;
        let standing = self.failure_detector.standing.filter(|(of, _)| *of == row);
        let (_, since) = *self.failure_detector.standing.insert(standing.unwrap_or((row, now)));
        let pause = match waiting {
            Waiting::Challenge { .. } => self.rules.pause,
            _ => Duration::ZERO,
        };
        (now - since >= 2 * self.rules.timeouts.leader + pause).then_some(waiting)
    }

    /// Returns what this row waits for now, other than a solution or its operator.
    fn hindrance(&self, now: Moment) -> Option<Waiting> {
        if self.seat != Seat::Member || !self.is_member() || self.is_finished() {
            return None;
        }
        let (transaction, term) = (self.slot.transaction, self.election.term);
        if !self.membership.is_settled() {
            let has_drawn = |peer: PeerId| self.election.has_reached(peer, term);
            let (adopted, missing) = self.count(has_drawn);
            let needed = self.rules.adoptions_needed();
            return (adopted < needed).then_some(Waiting::Adoption { adopted, needed, missing });
        }
        let is_led = |leader| {
            let is_heard = leader == self.me || now < self.failure_detector.leader_deadline();
            is_heard && !self.is_deposed()
        };
        let Some(leader) = self.election.leader.filter(|leader| is_led(*leader)) else {
            // Of the term that we have drawn for because this one makes no progress.
            let wished = self.failure_detector.wish_for(term.next()).map_or(term, |_| term.next());
            let (here, missing) = self.count(|peer| self.election.has_reached(peer, wished));
            let needed = self.rules.promises_needed();
            return Some(Waiting::Leader { here, needed, missing });
        };
        if self.has_voted_in_term() {
            let has_voted = |peer: PeerId| {
                self.slot.yes_of(peer).is_some_and(|yes| yes.choice.term == term && !yes.is_void)
            };
            let (yes, missing) = self.count(has_voted);
            let needed = self.rules.votes_needed();
            return Some(Waiting::Votes { transaction, yes, needed, missing });
        }
        let is_due = self.slot.challenge.is_none() && self.rules.issuing == Issuing::AtOnce;
        is_due.then_some(Waiting::Challenge { leader, transaction })
    }

    /// Returns of how many members this is true, and of which it is not.
    fn count(&self, is_so: impl Fn(PeerId) -> bool) -> (usize, Vec<PeerId>) {
        let members = self.membership.members().into_iter().flat_map(Members::peers);
        let (so, not): (Vec<_>, Vec<_>) = members.partition(|peer| is_so(*peer));
        (so.len(), not)
    }
}
