//! How a peer gets the rows it missed (rule R2).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{PeerId, Transaction};

use super::Assembly;
use crate::rounds::{CertifiedRecord, Event, Message, Output, Timer};

/// How far the others are.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct CatchUp {
    reached: BTreeMap<PeerId, Transaction>,
    /// Whom we asked last.
    asked: Option<PeerId>,
    /// The row a timer is set for.
    timer_for: Option<Transaction>,
    /// The first row that the latest answer does not hold.
    answered_to: Transaction,
    finished: bool,
}

/// Rows in the answer to one request.
const RECORDS_PER_REQUEST: usize = 32;

/// How long a peer waits for a row that others have before it asks: votes that are on their way
/// come within it.
const PATIENCE: Duration = Duration::from_millis(50);

impl CatchUp {
    /// Forgets how far the members of an earlier roster are, except those of this one.
    pub(super) fn forget_others(&mut self, is_member: impl Fn(PeerId) -> bool) {
        self.reached.retain(|peer, _| is_member(*peer));
    }

    /// Returns of how many peers it is known how far they are.
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

    /// Returns whom to ask for a row: those who have it, in turn.
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

impl Assembly {
    /// Notes that `peer` has recorded every row before `transaction`.
    pub(super) fn note_reached(
        &mut self,
        peer: PeerId,
        transaction: Transaction,
        out: &mut Vec<Output>,
    ) {
        let reached = self.catch_up.reached.entry(peer).or_default();
        *reached = transaction.max(*reached);
        if transaction > self.round.transaction {
            self.see_if_behind(out);
        }
        self.see_finished(out);
    }

    /// Tells once that every member is known to have the last row asked for.
    pub(super) fn see_finished(&mut self, out: &mut Vec<Output>) {
        let Some(rounds) = self.rules.rounds.filter(|_| self.is_finished()) else {
            return;
        };
        let Some(roster) = self.membership.roster() else {
            return;
        };
        let others = roster.peers().filter(|peer| *peer != self.me);
        if self.catch_up.have_all_reached(others, rounds) && self.catch_up.finish() {
            out.push(Output::Event(Event::AllRecorded));
        }
    }

    pub(super) fn see_if_behind(&mut self, out: &mut Vec<Output>) {
        let row = self.round.transaction;
        let is_behind = self.catch_up.reached.values().any(|reached| *reached > row);
        if !is_behind || self.catch_up.timer_for == Some(row) {
            return;
        }
        if row == self.catch_up.answered_to && row > Transaction::FIRST {
            // One answer has come in full, so the next may as well.
            return self.on_catch_up(row, out);
        }
        self.catch_up.timer_for = Some(row);
        out.push(Output::SetTimer { after: PATIENCE, timer: Timer::CatchUp(row) });
    }

    /// Asks for the rows from `from` on, if they have not come by themselves.
    pub(super) fn on_catch_up(&mut self, from: Transaction, out: &mut Vec<Output>) {
        if from != self.round.transaction {
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

    /// Anyone may ask, observers too; we answer only so often.
    pub(super) fn on_request(&mut self, message: &Message, out: &mut Vec<Output>) {
        let Message::Request { of, from, .. } = message else {
            return;
        };
        let can_answer = *of == self.me && *from < self.round.transaction;
        if can_answer && self.watch.may_recall(*from) {
            out.push(Output::Recall { from: *from, count: RECORDS_PER_REQUEST });
        }
    }

    pub(super) fn on_recalled(&mut self, records: Vec<CertifiedRecord>, out: &mut Vec<Output>) {
        for record in records {
            self.say(Message::Certificate { peer: self.me, record }, out);
        }
    }
}
