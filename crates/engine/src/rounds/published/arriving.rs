//! Into which queue a message goes.

use althing_types::{PeerId, Transaction};

use super::deciding::{Solution, Vote};
use super::{Phase, Published};
use crate::rounds::{Decision, Event, Message, Output, Refusal, Ruling, Signed, refuse};

impl Published {
    pub(super) fn on_message(&mut self, signed: Signed, out: &mut Vec<Output>) {
        let claimed = signed.message.peer();
        if let Err(reason) = self.take_up(signed, out) {
            refuse(claimed, reason, out);
        }
    }

    fn take_up(&mut self, signed: Signed, out: &mut Vec<Output>) -> Result<(), Refusal> {
        if let Message::Announcement { .. } = signed.message {
            return self.on_announcement(signed, out);
        }
        let is_signed = self.signs() && self.authenticator.covers(&signed.message);
        let is_unnamed = signed.message.peer() == PeerId::UNNAMED;
        let lacks_key = match self.phase {
            // What is not signed waits as well, so that the order stays.
            Phase::Discovery | Phase::Keys => self.signs(),
            _ => is_signed && is_unnamed && self.leader.is_none(),
        };
        if lacks_key {
            return self.deferred.push(signed);
        }
        if is_signed {
            match self.authenticate(&signed) {
                // Its key was said before.
                Err(Refusal::KeyMissing) if self.is_late => {}
                judged => judged?,
            }
        }
        self.on_word(signed.message, out)
    }

    /// Puts a message into its queue. One that does not name its row is about the latest.
    fn on_word(&mut self, mut message: Message, out: &mut Vec<Output>) -> Result<(), Refusal> {
        if let Message::Solution { transaction, .. }
        | Message::Vote { transaction, .. }
        | Message::Verdict { transaction, .. } = &mut message
            && *transaction == Transaction::UNNAMED
        {
            *transaction = self.open_row();
            self.note_unnamed_row();
        }
        match message {
            Message::Election { peer, draw, .. } => self.on_draw(peer, draw, out),
            Message::Coordinator { peer, draw } => self.on_coordinator(peer, draw),
            Message::Challenge { peer, difficulty, place } => {
                self.on_challenge(peer, difficulty, place)
            }
            Message::Solution { peer, transaction, seed } => {
                self.check_row(transaction)?;
                // Where the leader alone judges, the others need no solutions.
                let is_for_leader = self.rules.decision == Decision::Leader;
                if is_for_leader && self.leader.is_some_and(|leader| leader != self.me) {
                    if self.rules.customs.judging.omits_solution {
                        self.claim(peer, transaction, seed);
                    }
                    return Ok(());
                }
                self.solutions.push(Solution { finder: peer, transaction, seed })
            }
            Message::Vote { peer, transaction, seed, approve, cause } => {
                self.check_row(transaction)?;
                let winner = cause.map(|cause| cause.winner);
                let vote = Vote { voter: peer, transaction, seed: seed.clone(), approve, winner };
                self.votes.push(vote)?;
                out.push(Output::Event(Event::VoteCast {
                    transaction,
                    voter: peer,
                    seed,
                    approve,
                }));
                Ok(())
            }
            Message::Verdict { peer, transaction, seed, winner, ruling } => {
                if self.rules.decision != Decision::Leader {
                    return Err(Refusal::Unexpected);
                }
                // Our own messages come back to us; and no phase waits for a message that we have
                // refused.
                if self.leader == Some(self.me) || ruling != Ruling::Accepted {
                    return Ok(());
                }
                if self.leader.is_some() && !self.is_leader(peer) {
                    return Err(Refusal::NotLeader);
                }
                self.check_row(transaction)?;
                self.verdicts.push(Solution { finder: winner, transaction, seed })
            }
            Message::Announcement { .. }
            | Message::Name { .. }
            | Message::Request { .. }
            | Message::Certificate { .. }
            | Message::Confirmation { .. } => Err(Refusal::Unexpected),
        }
    }
}
