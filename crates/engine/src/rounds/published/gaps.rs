//! What can be told without messages that were missed while the connection was lost (rule P19).
//!
//! Where all members vote, a peer's table follows from the order of all messages, so one that has
//! missed some would record other rows than its like. Where the leader alone decides, each row has
//! its verdict, and a peer that has missed rows goes on with a later one (rule P13); unless
//! messages do not name their row, or the leader may have become another one meanwhile.

use althing_types::Transaction;

use super::{Phase, Published};
use crate::rounds::{Decision, ElectionEvery, Event, Output, Wait, Waiting};

/// What has been missed, and what messages do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Gap {
    /// Whether messages may have been missed.
    missed: bool,
    /// Whether they may have been missed before the leader was elected.
    before_leader: bool,
    /// Whether a message came that does not name its row.
    unnamed_rows: bool,
    /// The first row that is not recorded, once there is one; nor is any later one.
    untold: Option<Transaction>,
}

impl Gap {
    /// Returns whether the connection was lost for a while.
    pub(super) fn may_have_missed(self) -> bool {
        self.missed
    }

    /// Returns what this peer waits for, if it records nothing more.
    pub(super) fn waiting(self) -> Option<Waiting> {
        self.untold.map(|transaction| Waiting::Missed { transaction })
    }
}

impl Published {
    /// Takes note that messages may have been missed.
    pub(super) fn on_interrupted(&mut self, out: &mut Vec<Output>) {
        self.gap.missed = true;
        let is_before = matches!(
            self.phase,
            Phase::Discovery | Phase::Keys | Phase::Drawing | Phase::Following
        );
        self.gap.before_leader |= is_before;
        if !self.can_tell() {
            self.say_missed(out);
        }
    }

    /// Takes note of a message that does not name its row.
    pub(super) fn note_unnamed_row(&mut self) {
        self.gap.unnamed_rows = true;
    }

    /// Returns whether this peer can tell which rows the others record.
    pub(super) fn can_tell(&self) -> bool {
        if !self.gap.missed {
            return true;
        }
        let customs = self.rules.customs;
        // Where elections have an end, one that has missed draws may elect another peer.
        let all_draw = customs.joining.wait == Wait::All && customs.drawing.wait == Wait::All;
        let leader_is_known = match self.rules.election_every {
            ElectionEvery::Once => all_draw || !self.gap.before_leader,
            ElectionEvery::Transaction => all_draw,
            ElectionEvery::Winner => false,
        };
        self.rules.decision == Decision::Leader && !self.gap.unnamed_rows && leader_is_known
    }

    /// Says once that this peer cannot tell the next row, nor those after it.
    pub(super) fn say_missed(&mut self, out: &mut Vec<Output>) {
        if self.gap.untold.is_none() {
            self.gap.untold = Some(self.next);
            out.extend(self.gap.waiting().map(|waiting| Output::Event(Event::Waiting(waiting))));
        }
    }
}
