//! When it is our turn to mine beside published programs, which take long for a block (rule M6).

use std::time::Duration;

use althing_types::{BlockHash, Moment};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Entries, Nakamoto, Output, Timer};

/// How long a published program waits between finding a block and adding it. Another block
/// meanwhile makes its own worthless.
const PROGRAM_PAUSE: Duration = Duration::from_secs(5);

/// The longest time for which it waits before it tries again.
const PROGRAM_RETRY: Duration = Duration::from_secs(2);

/// How long we leave the others alone after a block of ours: in this time a program notices that
/// it has lost, tries again, and is done.
pub const TURN: Duration = Duration::from_secs(13);

/// Races that we lose before we hurry.
pub const LOST_RACES_MAX: u32 = 2;

/// The blocks of late, as far as they decide when we mine.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// The tip that was seen last, and our own last block.
    tip: Option<BlockHash>,
    own: Option<BlockHash>,
    /// Until when we leave others alone, since the last block was ours, or was not.
    after_own: Moment,
    after_other: Moment,
    /// Races lost in a row.
    lost: u32,
    /// When the timer ends that was set last.
    timer: Option<Moment>,
}

impl Turns {
    /// Records our own block, before the tip is looked at.
    pub(super) fn note_own(&mut self, hash: BlockHash) {
        self.own = Some(hash);
    }

    /// Takes note of the tip. `has_entries` says whether something of ours waits for a block.
    fn note_tip(
        &mut self,
        now: Moment,
        tip: Option<BlockHash>,
        has_entries: bool,
        rng: &mut ChaCha8Rng,
    ) {
        if tip == self.tip {
            return;
        }
        self.tip = tip;
        if tip == self.own {
            (self.lost, self.after_own) = (0, now + TURN);
            return;
        }
        if !has_entries {
            self.lost = 0;
        } else if self.after_own <= now {
            self.lost += 1;
        }
        // As long as a program takes that has just lost; but who has lost often is quick for once.
        let patience = match self.lost >= LOST_RACES_MAX {
            true => rng.random_range(Duration::ZERO..PROGRAM_RETRY),
            false => {
                PROGRAM_PAUSE + rng.random_range(Duration::ZERO..PROGRAM_PAUSE + PROGRAM_RETRY)
            }
        };
        self.after_other = now + patience;
    }
}

impl Nakamoto {
    /// Returns whether it is our turn to mine. If not, a timer is set for when it is.
    pub(super) fn is_our_turn(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        if self.rules.entries != Entries::Kept {
            return true;
        }
        let tip = self.ledger.tip().map(|tip| tip.hash);
        let has_entries = self.mempool.len() > 0;
        self.turns.note_tip(now, tip, has_entries, &mut self.rng);
        let at = self.turns.after_own.max(self.turns.after_other);
        if at <= now || !has_entries || !self.peers.has_programs() {
            return true;
        }
        if self.turns.timer != Some(at) {
            self.turns.timer = Some(at);
            out.push(Output::SetTimer { after: at - now, timer: Timer::Turn });
        }
        false
    }
}
