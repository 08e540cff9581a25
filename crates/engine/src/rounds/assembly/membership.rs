//! Who is a member (rules G1 to G6): announcements, the roster they lead to, and newcomers.

use std::time::Duration;

use althing_types::{Moment, PeerId, Term};

use super::gathering::Heard;
use super::roster::{Assertions, Roster};
use super::{Assembly, Round};
use crate::rounds::{
    Durable, Event, Message, Output, PublicKey, Queue, Refusal, Sealed, Seat, Signatures, Timer,
    refuse,
};

/// The roster a peer counts with, and how firmly.
#[derive(Clone, Debug, Hash)]
pub(super) struct Membership {
    roster: Option<Roster>,
    hold: Hold,
    assertions: Assertions,
}

/// What it would take to make a peer count with another roster (rule G4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Hold {
    /// Another announcement.
    Adopted,
    /// The word of a majority: we have named a leader under it.
    Named,
    /// Nothing: we have said yes under it.
    Voted,
}

impl Membership {
    pub(super) fn recovered(
        roster: Option<Vec<(PeerId, Option<PublicKey>)>>,
        has_voted: bool,
    ) -> Self {
        let hold = if has_voted { Hold::Voted } else { Hold::Named };
        Self {
            hold: if roster.is_some() { hold } else { Hold::Adopted },
            roster: roster.map(Roster::new),
            assertions: Assertions::default(),
        }
    }

    pub(super) fn roster(&self) -> Option<&Roster> {
        self.roster.as_ref()
    }

    /// Returns whether announcements no longer change it.
    pub(super) fn is_settled(&self) -> bool {
        self.roster.is_some() && self.hold >= Hold::Named
    }

    /// Returns how many other rosters somebody counts with.
    pub(super) fn asserted(&self) -> Queue {
        self.assertions.queue()
    }

    /// Returns whether nothing changes it any more.
    pub(super) fn is_fixed(&self) -> bool {
        self.hold == Hold::Voted
    }

    pub(super) fn has_voted(&mut self) {
        self.hold = Hold::Voted;
    }
}

impl Assembly {
    /// Says that we are here; to newcomers also whom we count with.
    pub(super) fn announce(&self, out: &mut Vec<Output>) {
        let roster = self.membership.roster().filter(|_| self.membership.is_settled());
        self.say_announcement(roster.map(Roster::to_vec), out);
    }

    /// Announces us as a newcomer would, so that members say whom they count with; only so often.
    pub(super) fn ask_for_roster(&mut self, out: &mut Vec<Output>) {
        if self.seat == Seat::Member && self.watch.may_ask() {
            self.say_announcement(None, out);
        }
    }

    fn say_announcement(
        &self,
        roster: Option<Vec<(PeerId, Option<PublicKey>)>>,
        out: &mut Vec<Output>,
    ) {
        let key = self.authenticator.public_key();
        self.say(Message::Announcement { peer: self.me, key, roster }, out);
    }

    pub(super) fn on_announcement(&mut self, now: Moment, sealed: Sealed, out: &mut Vec<Output>) {
        let peer = sealed.message.peer();
        match self.check_announcement(&sealed) {
            Ok(()) => {}
            Err(reason) => return refuse(peer, reason, out),
        }
        let Message::Announcement { key, roster, .. } = sealed.message else {
            return;
        };
        match self.gathering.hear(now, peer, key.clone()) {
            Err(reason) => return refuse(peer, reason, out),
            Ok(Heard::First) => {
                let known = self.gathering.len();
                out.push(Output::Event(Event::PeerJoined { peer, known }));
                self.answer_newcomer(now, out);
            }
            Ok(Heard::Again) if roster.is_none() && self.membership.is_settled() => {
                self.answer_newcomer(now, out);
            }
            Ok(Heard::Again) => {}
        }
        self.watch.hear(peer, now + self.rules.timeouts.silence);
        // Nearly always it is ours, and not worth another look.
        let ours = self.membership.roster();
        if let Some(roster) = roster
            && !ours.is_some_and(|ours| ours.is_of(roster.iter().map(|(peer, key)| (peer, key))))
        {
            self.on_assertion(now, peer, key.as_ref(), Roster::new(roster), out);
        }
        self.settle(now, out);
    }

    /// An announcement is sealed with the key it names, and a member's key never changes
    /// (rule A3).
    fn check_announcement(&self, sealed: &Sealed) -> Result<(), Refusal> {
        let Message::Announcement { peer, key, roster } = &sealed.message else {
            return Err(Refusal::Unexpected);
        };
        if self.membership.is_settled()
            && let Some(ours) = self.membership.roster()
            && ours.contains(*peer)
            && ours.key(*peer) != key.as_ref()
        {
            return Err(Refusal::SecondKey);
        }
        let known = self.gathering.key_of(*peer).flatten();
        if known.is_some() && known != key.as_ref() {
            return Err(Refusal::SecondKey);
        }
        // What anybody could have recorded and played again is not worth a signature check.
        let is_repeated = known.is_some() && roster.is_none();
        match (key, &sealed.seal) {
            _ if is_repeated => Ok(()),
            (None, _) if self.rules.signatures == Signatures::Required => Err(Refusal::KeyMissing),
            (None, _) => Ok(()),
            (Some(_), None) => Err(Refusal::SealMissing),
            (Some(key), Some(seal)) => self
                .authenticator
                .is_authentic(&sealed.message, seal, key)
                .then_some(())
                .ok_or(Refusal::SealWrong),
        }
    }

    /// A member answers a newcomer at once, so that nobody waits for a repetition; but those who
    /// come together get one answer, and a stranger cannot make us shout.
    fn answer_newcomer(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.seat != Seat::Member {
            return;
        }
        match self.watch.until_answer(now, self.rules.answer_interval()) {
            Some(Duration::ZERO) => self.answer(now, out),
            Some(after) => out.push(Output::SetTimer { after, timer: Timer::Announce }),
            None => {}
        }
    }

    /// Answers those who came since the last time, if anybody did.
    pub(super) fn on_announce(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.watch.is_answer_due() {
            self.answer(now, out);
        }
    }

    fn answer(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.watch.answered(now);
        if self.membership.is_settled() && !self.is_member() {
            return;
        }
        self.announce(out);
        if self.membership.is_settled() {
            self.say_standing(out);
        }
    }

    /// A member says whom it counts with. Enough such words settle it for us as well (rule G4).
    fn on_assertion(
        &mut self,
        now: Moment,
        peer: PeerId,
        key: Option<&PublicKey>,
        roster: Roster,
        out: &mut Vec<Output>,
    ) {
        let is_ours = self.membership.roster.as_ref().is_some_and(|ours| *ours == roster);
        let is_sound = roster.len() == self.rules.roster_size()
            && roster.contains(peer)
            && roster.key(peer) == key;
        if is_ours || !is_sound || self.membership.is_fixed() {
            return;
        }
        let asserters = self.membership.assertions.note(peer, roster.clone());
        if asserters >= self.rules.votes_needed() {
            self.adopt(now, roster, Hold::Named, out);
        }
    }

    /// Adopts the roster of the smallest known ids, while it is still open (rule G2).
    pub(super) fn settle(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.membership.is_settled() || self.seat == Seat::Observer {
            return;
        }
        let members = self.rules.roster_size();
        let roster = self.membership.roster();
        if roster.is_some_and(|roster| roster.is_of(self.gathering.smallest(members))) {
            return;
        }
        match self.gathering.candidate(members) {
            Some(roster) if roster.contains(self.me) => {
                self.adopt(now, roster, Hold::Adopted, out);
            }
            _ => {}
        }
    }

    fn adopt(&mut self, now: Moment, roster: Roster, hold: Hold, out: &mut Vec<Output>) {
        self.watch.expect_all(roster.peers(), now + self.rules.timeouts.silence);
        self.catch_up.forget_others(|peer| roster.contains(peer));
        self.membership.roster = Some(roster);
        self.membership.hold = hold;
        self.membership.assertions.clear();
        // What was promised under another roster binds nobody here: nobody voted on it (rule G4).
        self.promise = None;
        self.election = super::Election::new(now, Term::FIRST);
        self.round = Round::new(now, self.round.transaction);
        if hold == Hold::Named {
            self.persist_roster(out);
            self.tell_members(out);
        }
        self.enter(now, Term::FIRST, out);
        self.retry_early(now, out);
    }

    /// Holds on to the roster from now on, since we are about to name a leader under it.
    pub(super) fn hold_roster(&mut self, out: &mut Vec<Output>) {
        if self.membership.hold == Hold::Adopted {
            self.membership.hold = Hold::Named;
            self.persist_roster(out);
            self.tell_members(out);
        }
    }

    fn persist_roster(&self, out: &mut Vec<Output>) {
        if let Some(roster) = self.membership.roster() {
            out.push(Output::Persist(Durable::Roster(roster.to_vec())));
        }
    }

    pub(super) fn tell_members(&self, out: &mut Vec<Output>) {
        if let Some(roster) = self.membership.roster() {
            let members = roster.peers().collect();
            out.push(Output::Event(Event::RosterSettled { members, member: self.is_member() }));
        }
    }
}
