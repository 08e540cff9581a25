//! Challenges: which row each opens, and what a leader issues (rules P3, P10 and P13).

use std::time::Duration;

use althing_types::{Difficulty, Moment, PeerId, Term, Transaction};
use rand::RngExt;

use super::{Phase, Published, ROWS_MAX};
use crate::rounds::{
    Counting, Customs, Decision, Event, Issuing, Message, Output, Place, Refusal, Timer, refuse,
};

/// A challenge that waits for its turn.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Asked {
    pub(super) peer: PeerId,
    pub(super) difficulty: Difficulty,
    /// The row that it names, where messages name their row.
    pub(super) row: Option<Transaction>,
}

/// What is not heard is said again after the leader timeout, and each time after twice as long, so
/// many times.
const DOUBLINGS_MAX: u32 = 5;

impl Published {
    pub(super) fn on_challenge(
        &mut self,
        peer: PeerId,
        difficulty: Difficulty,
        place: Option<Place>,
    ) -> Result<(), Refusal> {
        let row = place.map(|place| place.transaction).filter(|_| self.names_rows());
        match row {
            Some(row) => self.check_row(row)?,
            None => self.note_unnamed_row(),
        }
        self.challenges.push(Asked { peer, difficulty, row })
    }

    /// Opens the row of the leader's challenge, unless it is open or over.
    pub(super) fn take_challenge(&mut self, now: Moment, asked: Asked, out: &mut Vec<Output>) {
        match self.row_of(asked) {
            Ok(row) => self.begin_row(now, row, asked.difficulty, out),
            Err(Some(reason)) => refuse(asked.peer, reason, out),
            Err(None) => {}
        }
    }

    /// Returns the row that a challenge opens, or why it opens none; no reason if it is open.
    fn row_of(&self, asked: Asked) -> Result<Transaction, Option<Refusal>> {
        let Some(row) = asked.row.filter(|_| self.rules.decision == Decision::Leader) else {
            return Ok(self.row());
        };
        let is_open = self.open.is_some_and(|(open, _)| open == row);
        if row < self.next {
            return Err((!is_open).then_some(Refusal::Past { transaction: row }));
        }
        if is_open {
            return Err(None);
        }
        // Messages do not name their sender here, but a leader knows what it has said.
        let is_ours = self.issued == Some((row, asked.difficulty));
        if self.leader == Some(self.me) && !is_ours {
            return Err(Some(Refusal::Impersonation));
        }
        Ok(row)
    }

    /// While a row is open, goes on to another one if the leader asks for that: what decided the
    /// open row was missed (rule P13). Returns whether there was a challenge.
    pub(super) fn go_on(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        if self.challenges.iter().next().is_none_or(|asked| asked.row.is_none()) {
            return false;
        }
        let Some(asked) = self.challenges.take() else { return false };
        match self.is_leader(asked.peer) {
            true => self.take_challenge(now, asked, out),
            false => refuse(asked.peer, Refusal::NotLeader, out),
        }
        true
    }

    fn begin_row(
        &mut self,
        now: Moment,
        transaction: Transaction,
        difficulty: Difficulty,
        out: &mut Vec<Output>,
    ) {
        let Some(leader) = self.leader else { return };
        if self.asked.len() >= ROWS_MAX {
            // The challenges of the oldest rows are forgotten; solutions of those rows are then
            // invalid.
            self.asked.pop_first();
        }
        self.asked.insert(transaction, difficulty);
        self.followed += 1;
        self.open = Some((transaction, now));
        self.solved.clear();
        self.issued = None;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
        self.mine(out);
    }

    pub(super) fn await_challenge(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Challenge;
        if self.is_finished() {
            out.extend(self.can_tell().then_some(Output::Event(Event::AllRecorded)));
            return out.push(Output::Leave);
        }
        if self.leader != Some(self.me) || self.rules.issuing == Issuing::OnCommand {
            return;
        }
        let after = self.before_next_challenge();
        if after.is_zero() {
            self.say_challenge(None, out);
        } else {
            out.push(Output::SetTimer { after, timer: Timer::Lead(self.row()) });
        }
    }

    /// Returns how long a leader waits before its next challenge. The first comes only when a
    /// member whose own election began after it had heard the draws has heard them again (rule
    /// P15).
    fn before_next_challenge(&self) -> Duration {
        let Customs { drawing, leading, .. } = self.rules.customs;
        if self.open.is_some() {
            return self.rules.pause;
        }
        let again = drawing.every.map(|every| every + every / 4).unwrap_or_default();
        leading.delay.unwrap_or(self.rules.pause).max(again)
    }

    pub(super) fn on_pause_over(&mut self, row: Transaction, out: &mut Vec<Output>) {
        if self.phase == Phase::Challenge && row == self.row() && self.issued.is_none() {
            self.say_challenge(None, out);
        }
    }

    pub(super) fn on_issue(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        if self.rules.issuing == Issuing::OnCommand
            && self.phase == Phase::Challenge
            && self.leader == Some(self.me)
            && self.issued.is_none()
            && !self.is_finished()
        {
            self.say_challenge(wanted, out);
        }
    }

    fn say_challenge(&mut self, wanted: Option<Difficulty>, out: &mut Vec<Output>) {
        let range = &self.rules.challenges;
        let (easiest, hardest) = (range.start().bits(), range.end().bits());
        let difficulty = wanted.unwrap_or_else(|| {
            let bits = self.rng.random_range(easiest..=hardest.max(easiest));
            Difficulty::from_bits(bits.into()).expect("between two difficulties")
        });
        let row = self.row();
        self.issued = Some((row, difficulty));
        self.send_challenge(row, difficulty, out);
        self.ask_again_later(row, 0, out);
    }

    fn send_challenge(&self, row: Transaction, difficulty: Difficulty, out: &mut Vec<Output>) {
        // Whether a challenge names its row is the codec's choice.
        let place = Some(Place { transaction: row, term: Term::FIRST });
        self.say(Message::Challenge { peer: self.me, difficulty, place }, out);
    }

    /// Where the leader judges and its programs repeat their answers anyway, sets the timer for
    /// saying again what may have been lost (rule P10).
    pub(super) fn ask_again_later(&self, row: Transaction, times: u32, out: &mut Vec<Output>) {
        let repeats = self.rules.decision == Decision::Leader
            && self.rules.counting == Counting::Arrivals
            && times <= DOUBLINGS_MAX;
        if repeats {
            let after = self.rules.timeouts.leader.saturating_mul(1 << times);
            out.push(Output::SetTimer { after, timer: Timer::Again(row, times) });
        }
    }

    /// Says again our challenge, if it has not come back to us, or our solution, if the leader has
    /// not decided.
    pub(super) fn on_again(&mut self, row: Transaction, times: u32, out: &mut Vec<Output>) {
        if let Some((issued, difficulty)) = self.issued
            && issued == row
        {
            self.send_challenge(row, difficulty, out);
        } else if self.phase == Phase::Mining
            && self.open_row() == row
            && let Some((seed, true)) = self.answer.clone()
        {
            self.say(Message::Solution { peer: self.me, transaction: row, seed }, out);
        } else {
            return;
        }
        self.ask_again_later(row, times + 1, out);
    }
}
