//! What a member answers to a challenge: it searches, and says what it has found when it is its
//! turn (rules P11 and P18).

use althing_pow::{Task, Validity};
use althing_types::{Moment, Seed, Transaction};
use rand::RngExt;

use super::turns::until_turn;
use super::{Phase, Published};
use crate::rounds::{Challenge, Event, Message, Output, Seat, Timer, Waiting};

impl Published {
    /// Searches for a solution. A leader that decides alone does not, unless it is the only member.
    pub(super) fn mine(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Mining;
        self.answer = None;
        let transaction = self.open_row();
        let Some(difficulty) = self.asked.get(&transaction).copied() else {
            return;
        };
        let judges = self.rules.leader_only_judges() && self.leader == Some(self.me);
        if self.seat != Seat::Member || judges {
            return;
        }
        let puzzle = self.rules.puzzle.clone();
        if puzzle.validity == Validity::Secret {
            // We cannot win the row, and wait for the peer that does (rule P18).
            return out.push(Output::Event(Event::Waiting(Waiting::Secret { transaction })));
        }
        let salt = if puzzle.is_salted() { self.rng.random() } else { 0 };
        let task = Task { transaction, difficulty, finder: self.me, salt };
        self.search.start(Challenge { puzzle, task }, out);
    }

    /// Answers with a solution that was found or is known, when it is our turn (rule P11).
    pub(super) fn on_solved(
        &mut self,
        now: Moment,
        transaction: Transaction,
        seed: Seed,
        out: &mut Vec<Output>,
    ) {
        let Some((open, since)) = self.open.filter(|_| self.phase == Phase::Mining) else {
            return;
        };
        if open != transaction {
            return;
        }
        self.answer = Some((seed, false));
        let wait = until_turn(&self.known, self.me, open, self.rules.turn, now - since);
        if wait.is_zero() {
            self.on_turn(open, out);
        } else {
            out.push(Output::SetTimer { after: wait, timer: Timer::Answer(open) });
        }
    }

    /// Answers the challenge of `row`, if it has not been solved meanwhile.
    pub(super) fn on_turn(&mut self, row: Transaction, out: &mut Vec<Output>) {
        if self.phase != Phase::Mining || row != self.open_row() {
            return;
        }
        let Some((seed, is_sent)) = &mut self.answer else { return };
        if !std::mem::replace(is_sent, true) {
            let seed = seed.clone();
            self.say(Message::Solution { peer: self.me, transaction: row, seed }, out);
            self.ask_again_later(row, 0, out);
        }
    }
}
