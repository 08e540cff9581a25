//! What members tell one that has started again, before it takes part (rule I3).

use althing_types::{Moment, PeerId};

use super::Answer;
use crate::rounds::paxos::Paxos;
use crate::rounds::paxos::membership::Members;
use crate::rounds::{Message, Output, Refusal, Seat, Start};

impl Paxos {
    /// Takes note that a peer that has started again waits for our answer; returns whether it does.
    pub(in crate::rounds::paxos) fn note_asking(
        &mut self,
        peer: PeerId,
        start: Option<Start>,
    ) -> bool {
        let Some(start) = start.filter(|start| *start == self.starts.of(peer)) else {
            return false;
        };
        let has_room = self.starts.asking.len() < self.starts.known_max;
        if has_room && self.seat == Seat::Member {
            self.starts.asking.insert(peer, start);
        }
        has_room
    }

    /// Answers the peers that have started again (rule I3). One that has heard a copy of itself
    /// answers as well: what it has said is on its disk.
    pub(in crate::rounds::paxos) fn confirm(&mut self, out: &mut Vec<Output>) {
        let of: Vec<_> = std::mem::take(&mut self.starts.asking).into_iter().collect();
        if of.is_empty() || (self.membership.is_settled() && !self.has_seat()) {
            return;
        }
        // One that has heard a copy of itself before it had members has promised nothing, and must
        // not seem to be here.
        if self.starts.copied && !self.membership.is_settled() {
            return;
        }
        let members = self.membership.members().filter(|_| self.membership.is_settled());
        let members = members.map(Members::digest);
        let promised = self.promised.map(|promised| promised.term).max(self.starts.bound);
        let transaction = self.slot.transaction;
        let (peer, accepted) = (self.me, self.accepted_here());
        let answer = Message::Confirmation { peer, of, members, promised, transaction, accepted };
        self.say(answer, out);
    }

    /// Hears what another member has promised and accepted.
    pub(in crate::rounds::paxos) fn on_confirmation(
        &mut self,
        now: Moment,
        message: Message,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Confirmation { peer, of, members, promised, transaction, accepted } = message
        else {
            return Err(Refusal::Unexpected);
        };
        if let Some(accepted) = &accepted {
            self.check_choice(accepted)?;
        }
        self.note_reached(peer, transaction, out);
        if of.contains(&(self.me, self.starts.own))
            && let Some(answers) = &mut self.starts.answers
        {
            let answer = Answer { members, promised, transaction, accepted };
            // The first stands, so that this peer need not catch up with an answer that moves on.
            let known = answers.entry(peer).or_insert_with(|| answer.clone());
            if known.members != answer.members {
                *known = answer;
            }
            self.see_confirmed(now, out);
        }
        Ok(())
    }

    /// Takes part again once enough others have answered, and this peer has the rows that they have
    /// (rule I3).
    pub(in crate::rounds::paxos) fn see_confirmed(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(members) = self.membership.members().filter(|_| self.has_seat()) else { return };
        let digest = members.digest();
        let Some(answers) = &self.starts.answers else { return };
        let (row, needed) = (self.slot.transaction, self.rules.confirmations_needed());
        // Any so many answers will do, so a member that claims to be far ahead delays no other.
        let counted = answers.iter().filter(|(peer, answer)| {
            members.contains(**peer)
                && answer.members.is_none_or(|theirs| theirs == digest)
                && answer.transaction <= row
        });
        let mut counted: Vec<&Answer> = counted.map(|(_, answer)| answer).collect();
        counted.sort_by_key(|answer| answer.promised);
        counted.truncate(needed);
        if counted.len() < needed {
            return;
        }
        let bound = counted.iter().filter_map(|answer| answer.promised).max();
        let accepted = counted.iter().filter_map(|answer| answer.accepted.clone());
        let accepted = accepted.filter(|accepted| accepted.record.transaction == row);
        let hearsay = accepted.max_by_key(|accepted| accepted.term);
        self.starts.bound = bound;
        self.starts.answers = None;
        self.starts.hearsay = hearsay;
        self.failure_detector.no_longer_waits();
        self.take_part_again(now, out);
    }

    fn take_part_again(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.is_member() {
            return;
        }
        let term = self.starts.bound.unwrap_or_default().max(self.election.term);
        if term > self.election.term || self.election.leader.is_none() {
            self.enter(now, term, out);
        }
        // What is on disk counts under the starts that are known by now.
        if let Some(promised) = self.promised.filter(|it| it.term == self.election.term) {
            self.note_own_promise(now, promised);
        }
        self.say_election_state(out);
        if self.has_voted_in_term() {
            self.repeat_own_vote(now, out);
        }
        self.see_leader(now, out);
        if let Some((_, difficulty)) = self.slot.challenge
            && !self.has_voted_in_term()
        {
            self.mine(difficulty, out);
        }
        self.retry_deferred(now, out);
    }
}
