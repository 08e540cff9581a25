//! How a peer gets the rows it missed (rule R2).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Moment, PeerId, Transaction};

use super::Paxos;
use super::membership::Members;
use crate::rounds::{CertifiedRecord, Event, Message, Output, Timer};

/// Which row each of the others lacks first.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct CatchUp {
    reached: BTreeMap<PeerId, Transaction>,
    /// The peer that we asked last.
    asked: Option<PeerId>,
    /// The row for which a timer is set.
    timer_for: Option<Transaction>,
    /// The first row after the latest answer.
    answered_to: Transaction,
    finished: bool,
}

/// The maximum number of rows in the answer to one request.
const RECORDS_PER_REQUEST: usize = 32;

/// How long a peer waits for a row that others have before it asks: votes that are in flight arrive
/// within this time.
const PATIENCE: Duration = Duration::from_millis(50);

impl CatchUp {
    /// Forgets the members of an earlier membership, except those of this one.
    pub(super) fn forget_others(&mut self, is_member: impl Fn(PeerId) -> bool) {
        self.reached.retain(|peer, _| is_member(*peer));
    }

    /// Returns the number of peers whose progress is known.
    pub(super) fn known(&self) -> usize {
        self.reached.len()
    }

    /// Returns whether all of `peers` have recorded every row before `transaction`.
    pub(super) fn have_all_reached(
        &self,
        mut peers: impl Iterator<Item = PeerId>,
        transaction: Transaction,
    ) -> bool {
        peers.all(|peer| self.reached.get(&peer).is_some_and(|reached| *reached >= transaction))
    }

    /// Returns true the first time.
    pub(super) fn finish(&mut self) -> bool {
        !std::mem::replace(&mut self.finished, true)
    }

    /// Returns the peer to ask for a row: those that have it, in turn.
    fn next_to_ask(&mut self, row: Transaction) -> Option<PeerId> {
        let has_row = |(_, reached): &(&PeerId, &Transaction)| **reached > row;
        let after = |peer: &PeerId| self.asked.is_none_or(|asked| *peer > asked);
        let mut ahead = self.reached.iter().filter(has_row).map(|(peer, _)| *peer);
        let first = ahead.clone().next();
        let next = ahead.find(after).or(first);
        self.asked = next;
        next
    }
}

impl Paxos {
    /// Records that `peer` has every row before `transaction`.
    pub(super) fn note_reached(
        &mut self,
        peer: PeerId,
        transaction: Transaction,
        out: &mut Vec<Output>,
    ) {
        let reached = self.catch_up.reached.entry(peer).or_default();
        *reached = transaction.max(*reached);
        if transaction > self.slot.transaction {
            self.see_if_behind(out);
        }
        self.see_finished(out);
    }

    /// Reports once that every member is known to have the last requested row.
    pub(super) fn see_finished(&mut self, out: &mut Vec<Output>) {
        let Some(rounds) = self.rules.rounds.filter(|_| self.is_finished()) else {
            return;
        };
        let Some(members) = self.membership.members() else {
            return;
        };
        let others = members.peers().filter(|peer| *peer != self.me);
        if self.catch_up.have_all_reached(others, rounds) && self.catch_up.finish() {
            out.push(Output::Event(Event::AllRecorded));
            out.push(Output::Leave);
        }
    }

    pub(super) fn see_if_behind(&mut self, out: &mut Vec<Output>) {
        let row = self.slot.transaction;
        let is_behind = self.catch_up.reached.values().any(|reached| *reached > row);
        if !is_behind || self.catch_up.timer_for == Some(row) {
            return;
        }
        if row == self.catch_up.answered_to && row > Transaction::FIRST {
            // One answer has arrived in full, so the next one may too.
            return self.on_catch_up(row, out);
        }
        self.catch_up.timer_for = Some(row);
        out.push(Output::SetTimer { after: PATIENCE, timer: Timer::CatchUp(row) });
    }

    /// Requests the rows from `from` on, if they have not arrived by themselves.
    pub(super) fn on_catch_up(&mut self, from: Transaction, out: &mut Vec<Output>) {
        if from != self.slot.transaction {
            return;
        }
        self.catch_up.timer_for = None;
        if let Some(of) = self.catch_up.next_to_ask(from) {
            self.catch_up.timer_for = Some(from);
            let rows = u64::try_from(RECORDS_PER_REQUEST).expect("a small number");
            self.catch_up.answered_to = Transaction::new(from.number().saturating_add(rows));
            self.say(Message::Request { peer: self.me, of, from }, out);
            let after = self.rules.timeouts.repeat;
            out.push(Output::SetTimer { after, timer: Timer::CatchUp(from) });
        }
    }

    /// Anyone may ask, observers too; the number of our answers is bounded. Who asks for a row that
    /// we lack, or that we have just sent, learns that we are here (rule W2).
    pub(super) fn on_request(&mut self, now: Moment, message: &Message, out: &mut Vec<Output>) {
        let Message::Request { of, from, peer } = message else {
            return;
        };
        if *of != self.me {
            return self.failure_detector.doubts.note_question(now, *of);
        }
        let is_of = |members: &Members| members.contains(*peer);
        if self.membership.is_settled()
            && !self.membership.members().is_some_and(is_of)
            && self.discovery.key_of(*peer).is_none()
        {
            // It has not announced itself, and may not know the members (rule G7).
            self.answer_newcomer(now, out);
        }
        if *from < self.slot.transaction && self.failure_detector.may_read(*from) {
            out.push(Output::Read { from: from.number(), count: RECORDS_PER_REQUEST });
        } else if self.failure_detector.doubts.may_answer(now) {
            self.say_election_state(out);
        }
    }

    pub(super) fn on_read(&mut self, records: Vec<CertifiedRecord>, out: &mut Vec<Output>) {
        for record in records {
            self.say(Message::Certificate { peer: self.me, record }, out);
        }
    }
}
