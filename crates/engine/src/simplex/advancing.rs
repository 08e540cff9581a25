//! Which rule applies next.
//!
//! Each rule looks at what is known, and either does one thing and returns `true`, or does nothing.
//! None of them applies again to what it has done, and each view and each statement comes once; so
//! this comes to an end.

use althing_ledger::assembly::Statement;
use althing_types::{Moment, View};

use super::{Event, Output, Simplex, Timer, event};

impl Simplex {
    /// Applies the rules until none applies any more.
    pub(super) fn advance(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.is_ready {
            return;
        }
        while self.leave_view(now, out)
            || self.commit(now, out)
            || self.follow_runs(now, out)
            || self.lead(now, out)
            || self.vote(now, out)
            || self.give_up(now, out)
        {}
        self.watch(now, out);
    }

    /// Goes on to the view after one in which a quorum has said something, and votes to finalize
    /// what is notarized there (rule L9).
    fn leave_view(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let root = self.blocks.root().facts.view;
        if self.view <= root {
            self.last_block = now;
            self.enter(now, root.next(), out);
            return true;
        }
        let Some(view) = self.views.first_certified(self.view) else { return false };
        if let Some(block) = self.views.notarized(view) {
            self.finalize(view, block, out);
            self.last_block = now;
        }
        if view == self.view {
            self.learn(now);
        }
        self.enter(now, view.next(), out);
        true
    }

    /// Learns from the view that we are about to leave how long to wait. If we have given it up,
    /// our wait was too short, even if a quorum came for its block after that: it lacks our vote to
    /// finalize. Views that we did not wait in, because others had left them, show nothing.
    fn learn(&mut self, now: Moment) {
        let view = self.view;
        let has_given_up = self.words.get(&view).is_some_and(|words| words.nullify.is_some());
        if has_given_up {
            if !self.liveness.is_suspected(self.leader(view)) {
                self.patience.failed();
            }
        } else if !self.views.is_nullified(view) {
            let proposed = self.views.get(view).and_then(|state| state.proposal);
            self.patience.succeeded(proposed.map(|(_, at)| now - at));
        }
    }

    fn enter(&mut self, now: Moment, view: View, out: &mut Vec<Output>) {
        self.set_view(view);
        (self.entered, self.watching) = (now, None);
        self.miner.stop(out);
        self.repeating.moved();
        event(Event::ViewEntered { view, leader: self.leader(view) }, out);
    }

    /// Returns whether something may be due in this view, and when at the latest it is (rule L16).
    ///
    /// A leader that has nothing to propose may take the block time since the last block, however
    /// many views were passed over since. One that has, because an entry waits, is waited for no
    /// longer than usual, and so are votes once there is a proposal.
    pub(super) fn deadline(&self) -> Moment {
        let state = self.views.get(self.view);
        let patience = self.patience.time(&self.timeouts);
        let block_time = self.charter.block_time;
        let due = match state.map(|state| (state.proposal, state.challenge)) {
            Some((Some((_, at)), _)) => at,
            Some((None, Some((_, at)))) => at + block_time * CHALLENGE_BLOCK_TIMES,
            _ if self.charter.is_mined() => self.entered,
            _ => {
                let idle = self.last_block + block_time;
                self.mempool.waits_since().map_or(idle, |since| since.min(idle))
            }
        };
        due.max(self.entered) + patience
    }

    /// Sets a timer for when something is due, unless an earlier one is set.
    fn watch(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.voter().is_none() {
            return;
        }
        let words = self.words.get(&self.view).copied().unwrap_or_default();
        let mut next = None;
        if words.nullify.is_none() {
            next = Some(self.deadline());
        }
        if let Some(at) = self.own_block_due().filter(|at| *at > now) {
            next = Some(next.map_or(at, |other: Moment| other.min(at)));
        }
        let Some(next) = next.filter(|next| self.watching.is_none_or(|set| *next < set)) else {
            return;
        };
        self.watching = Some(next);
        out.push(Output::SetTimer { after: next - now, timer: Timer::View(self.view) });
    }

    pub(super) fn on_view_timer(&mut self, now: Moment, view: View) {
        if view == self.view && self.watching.is_some_and(|at| now >= at) {
            self.watching = None;
        }
    }

    /// Votes to finalize a notarized block, unless we have nullified its view (rule L9).
    fn finalize(&mut self, view: View, block: althing_types::BlockHash, out: &mut Vec<Output>) {
        let words = self.words.get(&view).copied().unwrap_or_default();
        if self.voter().is_some() && words.nullify.is_none() && words.finalize.is_none() {
            let word = self.put(Statement::Finalize { view, block }, None, out);
            super::say(super::Message::Vote(word), out);
            self.tally(word.statement, out);
        }
    }
}

/// A challenge that is not solved in so many block times is given up. One in fifty that take their
/// time is.
const CHALLENGE_BLOCK_TIMES: u32 = 4;
