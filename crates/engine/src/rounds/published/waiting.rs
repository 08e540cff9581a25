//! Since when nothing has moved (rule P6).

use althing_types::{Moment, Transaction};

use super::{Phase, Published};
use crate::rounds::{Event, Issuing, Output, Timer, Waiting};

/// Where a peer is, and since when. Messages that change nothing leave it as it is.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Standing {
    place: Place,
    since: Moment,
    /// What was last said of it.
    waiting: Option<Waiting>,
}

/// Where a peer is in the protocol: its phase, and what it has counted for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    phase: u8,
    row: Transaction,
    next: Transaction,
    known: usize,
    keys: usize,
}

impl Standing {
    /// Returns what this peer waits for, if nothing has moved for long.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        self.waiting.clone()
    }
}

impl Published {
    /// Begins to watch whether anything moves.
    pub(super) fn watch(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.standing.since = now;
        let after = self.rules.timeouts.silence;
        out.push(Output::SetTimer { after, timer: Timer::Repeat });
    }

    /// Takes note of a step that was made, if one was.
    pub(super) fn note_standing(&mut self, now: Moment) {
        let phase = match self.phase {
            Phase::Discovery => 0,
            Phase::Keys => 1,
            Phase::Drawing => 2,
            Phase::Following => 3,
            Phase::Challenge => 4,
            Phase::Mining => 5,
            Phase::Voting(_) => 6,
        };
        let (known, keys) = (self.known.len(), self.keys.len());
        let place = Place { phase, row: self.row(), next: self.next, known, keys };
        if self.standing.place != place {
            self.standing = Standing { place, since: now, waiting: None };
        }
    }

    /// Reports when nothing has moved for `silence`, whatever has arrived; nothing else can be done
    /// (rule P6).
    pub(super) fn look_around(&mut self, now: Moment, out: &mut Vec<Output>) {
        let silence = self.rules.timeouts.silence;
        let quiet = now - self.standing.since;
        let left = if quiet < silence { silence - quiet } else { silence };
        out.push(Output::SetTimer { after: left, timer: Timer::Repeat });
        if !std::mem::take(&mut self.heard) {
            let lost = std::mem::take(&mut self.missed).into_iter();
            out.extend(lost.map(|peer| Output::Event(Event::PeerLost { peer })));
        }
        if quiet < silence || self.waits_for_operator() {
            return;
        }
        let needed = self.rules.membership_size();
        let known = self.known.len();
        let waiting = match self.phase {
            Phase::Discovery => Waiting::Peers { known, needed },
            _ => Waiting::Arrivals { transaction: self.next },
        };
        self.standing.waiting = Some(waiting.clone());
        out.push(Output::Event(Event::Waiting(waiting)));
    }

    fn waits_for_operator(&self) -> bool {
        self.rules.issuing == Issuing::OnCommand
            && self.leader == Some(self.me)
            && self.phase == Phase::Challenge
            && self.issued.is_none()
    }
}
