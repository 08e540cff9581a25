//! One that watches, and may have come in the middle of a session.
//!
//! It has not heard who is there, nor the draws. The latest challenge that it hears tells it who
//! leads, as far as anything does; once a row was decided, and the same peer asks again, it counts
//! as all others.

use althing_types::{Difficulty, Moment, PeerId, Term, Transaction};

use super::queue::Queue;
use super::{Phase, Published};
use crate::rounds::{Event, Message, Output, Rules, Signed, Wait};

impl Published {
    /// Begins with nothing known, as when a session begins.
    pub(in crate::rounds) fn begin_again(&mut self, rules: Rules) {
        let rng = self.rng.clone();
        *self = Self::with(rules, self.me, self.seat, rng, self.authenticator.clone());
    }

    /// Returns whether a session has begun in which this peer has no part, or can have none any
    /// more: when it says that it is there, that is of another session.
    pub(in crate::rounds) fn has_begun_without(&self, peer: PeerId) -> bool {
        let is_stranger = !self.known.contains(&peer);
        !self.asked.is_empty() || (self.phase != Phase::Discovery && is_stranger)
    }

    /// Returns the row whose challenge is the latest.
    pub(in crate::rounds) fn latest_row(&self) -> Transaction {
        self.open_row()
    }

    /// Returns whether that row is still undecided.
    pub(in crate::rounds) fn is_open(&self, row: Transaction) -> bool {
        row == self.open_row() && matches!(self.phase, Phase::Mining | Phase::Voting(_))
    }

    /// Returns the difficulty that was asked for in a row.
    pub(in crate::rounds) fn asked_in(&self, row: Transaction) -> Option<Difficulty> {
        self.asked.get(&row).copied()
    }

    /// Takes note of a message of a session whose beginning was missed, before it is handled.
    pub(in crate::rounds) fn note_late(
        &mut self,
        now: Moment,
        signed: &Signed,
        out: &mut Vec<Output>,
    ) {
        let peer = signed.message.peer();
        if let Message::Challenge { place, .. } = &signed.message
            && self.has_missed_beginning(peer)
        {
            let row = place.map(|place| place.transaction).filter(|_| self.names_rows());
            self.catch_on(now, peer, row, out);
        }
        if let Message::Solution { transaction, .. } = signed.message {
            self.align(now, transaction, out);
        }
        let is_member = !matches!(signed.message, Message::Announcement { .. });
        if self.is_late && is_member && peer != PeerId::UNNAMED {
            self.meet_late(peer, out);
        }
    }

    /// Returns whether a challenge of `peer` shows that the beginning of a session, or of its
    /// election, was missed.
    fn has_missed_beginning(&self, peer: PeerId) -> bool {
        let customs = self.rules.customs;
        match self.phase {
            // Where a wait has an end, ours may be a moment later than the leader's.
            Phase::Discovery => self.known.is_empty() || customs.joining.wait == Wait::All,
            Phase::Drawing => self.is_late || customs.drawing.wait == Wait::All,
            Phase::Keys => true,
            _ => self.has_guessed_leader() && !self.is_leader(peer),
        }
    }

    /// Returns whether the leader may be another peer than the one that is taken for it: anyone can
    /// ask once, but the rows that are decided are those for which the leader asks.
    pub(in crate::rounds) fn has_guessed_leader(&self) -> bool {
        self.is_late && (self.recorded == 0 || self.followed < 2)
    }

    /// Follows the peer that has issued a challenge, from the row on that it is for.
    fn catch_on(
        &mut self,
        now: Moment,
        leader: PeerId,
        row: Option<Transaction>,
        out: &mut Vec<Output>,
    ) {
        if !self.is_late {
            // Any number of peers can have said that they are there, and not played.
            self.known.clear();
        }
        self.is_late = true;
        self.deferred = Queue::new();
        self.draws = Queue::new();
        self.followed = 0;
        if let (Phase::Mining | Phase::Voting(_), None) = (&self.phase, row) {
            // The row that is open is the one that this challenge is for.
            let open = self.open_row();
            self.asked.remove(&open);
            let before = open.number().checked_sub(1).map(Transaction::new);
            self.open = before.map(|before| (before, now));
        }
        if let Some(before) = row.and_then(|row| row.number().checked_sub(1)) {
            self.open = Some((Transaction::new(before), now));
            self.next = self.next.max(self.row());
        }
        self.phase = Phase::Challenge;
        if self.leader != Some(leader) {
            self.leader = Some(leader);
            if leader != PeerId::UNNAMED {
                let (term, draw, draws) = (Term::FIRST, None, Vec::new());
                out.push(Output::Event(Event::LeaderElected { leader, term, draw, draws }));
            }
        }
    }

    /// Goes on with the row that a solution names, if challenges do not: the number of the first
    /// row that it sees is a guess.
    fn align(&mut self, now: Moment, row: Transaction, out: &mut Vec<Output>) {
        let guessed = self.open_row();
        let is_guess = self.is_late && self.phase == Phase::Mining && !self.names_rows();
        if !is_guess || row == Transaction::UNNAMED || row <= guessed {
            return;
        }
        let (Some(difficulty), Some(leader)) = (self.asked.remove(&guessed), self.leader) else {
            return;
        };
        self.asked.insert(row, difficulty);
        self.open = Some((row, now));
        self.next = self.next.max(row);
        let transaction = row;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
    }

    /// Takes note of a member that was there before.
    fn meet_late(&mut self, peer: PeerId, out: &mut Vec<Output>) {
        if self.known.len() < self.rules.membership_size() && !self.known.contains(&peer) {
            self.known.push(peer);
            let known = self.known.len();
            out.push(Output::Event(Event::PeerJoined { peer, known }));
        }
    }
}
