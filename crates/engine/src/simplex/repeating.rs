//! What is said again, and who is silent (rules L14 and L16).

use std::collections::BTreeMap;
use std::sync::Arc;

use althing_ledger::charter::MemberIndex;
use althing_types::{Height, Moment, UnixTime, View};

use super::{CERTIFICATES_MAX, Event, Message, Output, Simplex, Status, Timer, event, say};

/// Views before the current one of which we repeat what we have said, latest first.
const REPEATED_VIEWS: usize = 4;

/// Entries of our own user that are repeated at once.
const REPEATED_ENTRIES: usize = 64;

/// Entries are repeated each so many repetitions.
const ENTRIES_EVERY: u64 = 4;

/// What we have said, and how far the others say they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeating {
    /// What each has said last, and whether it was in the same view the time before.
    statuses: BTreeMap<MemberIndex, (Status, bool)>,
    beat: u64,
    has_moved: bool,
    /// Whether our user was told that too few members are heard.
    stands_still: bool,
}

impl Repeating {
    /// The network has made progress, so nothing needs to be repeated.
    pub(super) fn moved(&mut self) {
        self.has_moved = true;
    }

    pub(super) fn beat(&self) -> u64 {
        self.beat
    }

    /// Returns a number that is larger each time, after a restart too if the clock goes on.
    fn signed_beat(&self, now: UnixTime) -> u64 {
        now.seconds() << 16 | self.beat & 0xffff
    }

    /// Returns whether a status is not one that was heard before.
    pub(super) fn is_news(&self, status: &Status) -> bool {
        let known = self.statuses.get(&status.member);
        known.is_none_or(|(known, _)| (status.view, status.beat) > (known.view, known.beat))
    }

    pub(super) fn note(&mut self, status: Status) {
        let known = self.statuses.get(&status.member);
        let stays = known.is_some_and(|(known, _)| known.view == status.view);
        self.statuses.insert(status.member, (status, stays));
    }

    /// Returns the heights that members say they have committed.
    pub(super) fn heights(&self) -> impl Iterator<Item = (MemberIndex, Height)> + '_ {
        self.statuses.values().map(|(status, _)| (status.member, status.height))
    }

    /// Returns the views in which members say they are, and were the time before.
    fn views_of_waiting(&self) -> impl Iterator<Item = (MemberIndex, View)> + '_ {
        let waiting = self.statuses.values().filter(|(_, stays)| *stays);
        waiting.map(|(status, _)| (status.member, status.view))
    }
}

impl Simplex {
    /// Says how far we are, repeats what others may lack, asks for what we lack, and looks who is
    /// silent.
    pub(super) fn on_tick(&mut self, now: Moment, out: &mut Vec<Output>) {
        out.push(Output::SetTimer { after: self.timeouts.repeat, timer: Timer::Tick });
        if !self.is_ready {
            return;
        }
        for member in self.liveness.tick(now) {
            event(Event::MemberSuspected { member }, out);
        }
        self.see_standstill(out);
        self.repeating.beat += 1;
        if let Some(me) = self.voter() {
            let height = self.blocks.root().facts.height;
            let how_far = (me, self.view, height, self.repeating.signed_beat(self.wall_time(now)));
            let status = Status::sign(how_far, &self.chain, &*self.authenticator);
            say(Message::Status(status), out);
            if !std::mem::take(&mut self.repeating.has_moved) {
                self.repeat(out);
            }
        }
        self.help_those_behind(out);
        if self.repeating.beat.is_multiple_of(ENTRIES_EVERY) {
            let own = self.mempool.own(REPEATED_ENTRIES);
            self.spread(&own, out);
        }
        self.want_certified_blocks();
        self.answer_deferred(out);
        self.ask(now, out);
    }

    /// Repeats what we have said in the latest views, and our proposal with all that it stands on:
    /// others may know that a view was nullified, and not that it was notarized, or the contrary.
    fn repeat(&self, out: &mut Vec<Output>) {
        let proposal = self.views.get(self.view).and_then(|state| state.proposal);
        let own = proposal.map(|(word, _)| word).filter(|word| Some(word.member) == self.me);
        let block = own.and_then(|word| self.blocks.body(&word.statement.block()?).cloned());
        if let (Some(word), Some(block)) = (own, block) {
            let parent = block.parent();
            say(Message::Proposal { word, block }, out);
            let support = parent.map(|parent| self.support(self.view, &parent));
            for some in support.unwrap_or_default().chunks(CERTIFICATES_MAX) {
                say(Message::Certificates(some.to_vec()), out);
            }
        }
        let challenge = self.views.get(self.view).and_then(|state| state.challenge);
        if let Some((challenge, _)) = challenge
            && Some(self.leader(self.view)) == self.me
        {
            say(Message::Challenge(challenge), out);
        }
        let has_proposal = self.views.get(self.view).is_some_and(|state| state.proposal.is_some());
        if let Some(block) = self.miner.solution().filter(|_| !has_proposal) {
            say(Message::Solution(Arc::clone(block)), out);
        }
        for words in self.words.values().rev().take(REPEATED_VIEWS) {
            words.all().for_each(|word| say(Message::Vote(word), out));
        }
    }

    /// Returns whether it is for us to help others, until the next repetition: of as many
    /// repetitions as there are members, in one more than members may fail. What one member sends
    /// reaches all, so not all need to.
    pub(super) fn is_our_turn(&self, salt: u8) -> bool {
        let members = self.charter.members.len() as u64;
        let me = self.me.map_or(0, |me| u64::from(me.0));
        (me + self.repeating.beat() + u64::from(salt)) % members <= self.charter.faulty_max() as u64
    }

    /// Sends what lets a member leave its view that has been in an earlier one than we are for two
    /// of its statuses.
    fn help_those_behind(&self, out: &mut Vec<Output>) {
        let root = self.blocks.root().facts.view;
        if !self.is_our_turn(0) {
            return;
        }
        let heard =
            self.repeating.views_of_waiting().filter(|(it, _)| !self.liveness.is_suspected(*it));
        let Some(last) = heard.map(|(_, view)| view).min() else { return };
        // One that is behind the committed blocks asks for these.
        let from = last.max(root.next());
        if from >= self.view {
            return;
        }
        let certificates = self.exits_from(from);
        if !certificates.is_empty() {
            say(Message::Certificates(certificates), out);
        }
    }

    /// Misses the blocks that a quorum has voted for and that have not come.
    fn want_certified_blocks(&mut self) {
        let certified: Vec<_> = self.views.certified_blocks().collect();
        certified.into_iter().for_each(|hash| self.blocks.want(hash));
    }

    /// Tells whether enough members are heard for a quorum, when that changes.
    pub(super) fn see_standstill(&mut self, out: &mut Vec<Output>) {
        let missing: Vec<MemberIndex> = self.liveness.suspected().collect();
        let heard = self.charter.members.len() - missing.len();
        let stands_still = heard < self.charter.quorum();
        if stands_still == self.repeating.stands_still {
            return;
        }
        self.repeating.stands_still = stands_still;
        event(if stands_still { Event::Standstill { missing } } else { Event::Resumed }, out);
    }
}
