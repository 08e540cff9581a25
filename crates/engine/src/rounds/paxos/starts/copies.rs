//! Copies of this peer, and members that contradict themselves (rules I5 and I6).

use crate::rounds::paxos::Paxos;
use crate::rounds::{
    Durable, Equivocation, Event, Message, Output, Refusal, Seat, Signed, Start, refuse,
};

impl Paxos {
    /// Our own messages come back to us. Signed ones that we did not say are those of a copy of
    /// this peer, or of a later state of its disk (rule I5).
    pub(in crate::rounds::paxos) fn on_own_name(&mut self, signed: &Signed, out: &mut Vec<Output>) {
        let is_ours = match &signed.message {
            Message::Announcement { start, .. } => {
                let start = start.unwrap_or(Start::FIRST);
                // A copy that has started before us learns of it at our next repetition; but these
                // may also be late words of our own from before the restart.
                self.starts.differs |= start.number < self.starts.own.number;
                start == self.starts.own || start.number < self.starts.own.number
            }
            Message::Vote { transaction, seed, approve: true, cause, .. } => {
                let ours =
                    self.accepted.as_ref().filter(|it| it.record.transaction == *transaction);
                *transaction != self.slot.transaction
                    || match (ours, cause) {
                        (None, _) => false,
                        (Some(ours), None) => ours.record.seed == *seed,
                        (Some(ours), Some(cause)) => {
                            cause.term < ours.term
                                || (cause.term == ours.term
                                    && cause.winner == ours.record.winner
                                    && cause.difficulty == ours.record.difficulty
                                    && ours.record.seed == *seed)
                        }
                    }
            }
            Message::Election { state: Some(state), .. } => {
                let members = self.membership.members().filter(|_| self.membership.is_settled());
                let is_here = members.is_some_and(|members| members.digest() == state.members);
                match (&state.promise, self.promised) {
                    (Some(promise), Some(ours)) if is_here => {
                        state.term < ours.term
                            || (state.term == ours.term && promise.leader == ours.leader)
                    }
                    (Some(_), None) if is_here => false,
                    _ => true,
                }
            }
            _ => true,
        };
        if is_ours || self.seat != Seat::Member || self.starts.copied {
            return;
        }
        let key = self.authenticator.public_key();
        if key.is_none() || self.check_signature(signed, key.as_ref()).is_err() {
            // Anyone can say this, so it is only reported.
            return refuse(self.me, Refusal::Impersonation, out);
        }
        if self.starts.answers.is_none() {
            return self.fall_silent(out);
        }
        // It has promised and voted nothing yet. What it hears may be of a start that is over,
        // after which its disk was put back; a copy that runs will hear of the higher number.
        if let Message::Announcement { start: Some(start), .. } = &signed.message {
            self.starts.taken = self.starts.taken.max(start.number);
        }
    }

    fn fall_silent(&mut self, out: &mut Vec<Output>) {
        if std::mem::replace(&mut self.starts.copied, true) {
            return;
        }
        out.push(Output::Persist(Durable::Copied));
        self.search.cancel(out);
        out.push(Output::Event(Event::Copied));
    }

    /// Keeps what proves that a member has contradicted itself (rule I6).
    pub(in crate::rounds::paxos) fn note_equivocation(
        &mut self,
        found: Equivocation,
        out: &mut Vec<Output>,
    ) {
        let is_signed = found.messages().iter().all(|signed| signed.signature.is_some());
        let members = self.membership.members();
        let is_member = members.is_some_and(|members| members.contains(found.peer()));
        if is_signed && is_member && !self.starts.equivocations.contains_key(&found.peer()) {
            out.push(Output::Persist(Durable::Equivocation(found.clone())));
            self.starts.equivocations.insert(found.peer(), found.clone());
            out.push(Output::Event(Event::Equivocated(found)));
        }
    }
}
