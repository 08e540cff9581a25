//! Who is a member (rules G1 to G6): announcements, the members they lead to, and newcomers.
//!
//! | file | question |
//! | --- | --- |
//! | `discovery` | which peers have announced themselves? |
//! | `members` | which set of members is this, and which peers assert it? |
//! | this one | which membership does this peer have, and what could still change it? |

mod discovery;
mod members;

use std::time::Duration;

use althing_types::{Moment, PeerId, Term};

pub(super) use self::discovery::Discovery;
use self::discovery::Heard;
use self::members::Assertions;
pub(super) use self::members::Members;
use super::Paxos;
use super::slot::Slot;
use crate::Queue;
use crate::rounds::{
    Durable, Event, MembershipDigest, Message, Output, PublicKey, Refusal, Seat, Signed, Start,
    Timer, refuse,
};

/// A peer's membership, and what could still change it.
#[derive(Clone, Debug, Hash)]
pub(in crate::rounds::paxos) struct Membership {
    members: Option<Members>,
    hold: Hold,
    assertions: Assertions,
}

/// What could make a peer change its membership (rule G4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Hold {
    /// Another announcement.
    Adopted,
    /// The assertion of a majority: we have sent a promise under this one.
    Named,
    /// Nothing: we have voted yes under this one.
    Voted,
}

impl Membership {
    pub(in crate::rounds::paxos) fn recovered(
        members: Option<Vec<(PeerId, Option<PublicKey>)>>,
        has_voted: bool,
    ) -> Self {
        let hold = if has_voted { Hold::Voted } else { Hold::Named };
        Self {
            hold: if members.is_some() { hold } else { Hold::Adopted },
            members: members.map(Members::new),
            assertions: Assertions::default(),
        }
    }

    pub(in crate::rounds::paxos) fn members(&self) -> Option<&Members> {
        self.members.as_ref()
    }

    /// Returns whether announcements no longer change it.
    pub(in crate::rounds::paxos) fn is_settled(&self) -> bool {
        self.members.is_some() && self.hold >= Hold::Named
    }

    /// Returns the number of other memberships that peers assert.
    pub(in crate::rounds::paxos) fn asserted(&self) -> Queue {
        self.assertions.queue()
    }

    /// Returns whether nothing can change it any more.
    pub(in crate::rounds::paxos) fn is_fixed(&self) -> bool {
        self.hold == Hold::Voted
    }

    pub(in crate::rounds::paxos) fn has_voted(&mut self) {
        self.hold = Hold::Voted;
    }
}

impl Paxos {
    /// Returns how many members a membership of this digest has, if it is one of those that
    /// announced themselves first in the order of ids, and another number than ours: its peers were
    /// told another number (rule A8).
    pub(in crate::rounds) fn size_of(&self, digest: MembershipDigest) -> Option<usize> {
        let size = self.rules.membership_size();
        if self.membership.members().is_some_and(|ours| ours.digest() == digest)
            || self.membership.is_settled()
        {
            return None;
        }
        let known = self.discovery.smallest(self.discovery.len());
        let theirs = members::sizes(known).find(|(theirs, _)| *theirs == digest);
        theirs.map(|(_, theirs)| theirs).filter(|theirs| *theirs != size)
    }

    /// Announces this peer; to newcomers also its membership.
    pub(in crate::rounds::paxos) fn announce(&self, out: &mut Vec<Output>) {
        let members = self.membership.members().filter(|_| self.membership.is_settled());
        self.say_announcement(members.map(Members::to_vec), out);
    }

    /// Announces this peer like a newcomer, so that members answer with their membership. The rate
    /// is limited.
    pub(in crate::rounds::paxos) fn ask_for_membership(&mut self, out: &mut Vec<Output>) {
        if self.seat == Seat::Member && self.failure_detector.may_ask() {
            self.say_announcement(None, out);
        }
    }

    /// Says that this peer is here, unless it has heard a copy of itself (rule I5). If that does
    /// not take part, this peer's name is forgotten, and holds up no membership that is still open;
    /// and its words would contradict those of the copy.
    pub(in crate::rounds::paxos) fn say_announcement(
        &self,
        members: Option<Vec<(PeerId, Option<PublicKey>)>>,
        out: &mut Vec<Output>,
    ) {
        if self.starts.is_copied() {
            return;
        }
        let key = self.authenticator.public_key();
        let start = self.starts.own();
        self.say(Message::Announcement { peer: self.me, key, members, start }, out);
    }

    pub(in crate::rounds::paxos) fn on_announcement(
        &mut self,
        now: Moment,
        signed: Signed,
        out: &mut Vec<Output>,
    ) {
        let peer = signed.message.peer();
        match self.check_announcement(&signed) {
            Ok(()) => {}
            Err(reason) => return refuse(peer, reason, out),
        }
        if let Err(reason) = self.note_start(now, &signed, out) {
            return refuse(peer, reason, out);
        }
        let Message::Announcement { key, members, start, .. } = signed.message else {
            return;
        };
        let is_asking = members.is_none() && self.note_asking(peer, start);
        match self.discovery.hear(now, peer, key.clone()) {
            Err(reason) => return refuse(peer, reason, out),
            Ok(Heard::First) => {
                let known = self.discovery.len();
                out.push(Output::Event(Event::PeerJoined { peer, known }));
                self.answer_newcomer(now, out);
            }
            Ok(Heard::Again)
                if is_asking || (members.is_none() && self.membership.is_settled()) =>
            {
                self.answer_newcomer(now, out);
            }
            Ok(Heard::Again) => {}
        }
        self.hear(now, peer, out);
        // Nearly always it is ours, and needs no further check.
        let is_settled = self.membership.is_settled();
        let ours = self.membership.members().filter(|_| is_settled);
        if let Some(members) = members
            && !ours.is_some_and(|ours| ours.is_of(members.iter().map(|(peer, key)| (peer, key))))
        {
            self.on_assertion(now, peer, key.as_ref(), Members::new(members), out);
        }
        self.settle(now, out);
    }

    /// An announcement is signed with the key it names, and a member's key never changes
    /// (rule A3).
    fn check_announcement(&self, signed: &Signed) -> Result<(), Refusal> {
        let Message::Announcement { peer, key, members, start } = &signed.message else {
            return Err(Refusal::Unexpected);
        };
        if self.membership.is_settled()
            && let Some(ours) = self.membership.members()
            && ours.contains(*peer)
            && ours.key(*peer) != key.as_ref()
        {
            return Err(Refusal::SecondKey);
        }
        let known = self.discovery.key_of(*peer).flatten();
        if known.is_some() && known != key.as_ref() {
            return Err(Refusal::SecondKey);
        }
        // A message that anyone could have recorded and replayed is not worth a signature check.
        let is_known_start = start.unwrap_or(Start::FIRST) == self.starts.of(*peer);
        let is_repeated = known.is_some() && members.is_none() && is_known_start;
        if is_repeated { Ok(()) } else { self.check_signature(signed, key.as_ref()) }
    }

    /// A member answers a newcomer at once, so that it need not wait for a repetition. Newcomers
    /// that arrive together get one answer, so a stranger cannot make this peer flood the network.
    pub(in crate::rounds::paxos) fn answer_newcomer(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.seat != Seat::Member {
            return;
        }
        match self.failure_detector.until_answer(now, self.rules.answer_interval()) {
            Some(Duration::ZERO) => self.answer(now, out),
            Some(after) => out.push(Output::SetTimer { after, timer: Timer::Announce }),
            None => {}
        }
    }

    /// Answers the newcomers since the last answer, if there are any.
    pub(in crate::rounds::paxos) fn on_announce(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.failure_detector.is_answer_due() {
            self.answer(now, out);
        }
    }

    fn answer(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.failure_detector.answered(now);
        self.confirm(out);
        if self.membership.is_settled() && !self.is_member() {
            return;
        }
        self.announce(out);
        self.say_name(out);
        if self.membership.is_settled() {
            self.say_election_state(out);
        }
    }

    /// A member asserts its membership. Enough such assertions settle it for us as well (rule G4).
    fn on_assertion(
        &mut self,
        now: Moment,
        peer: PeerId,
        key: Option<&PublicKey>,
        members: Members,
        out: &mut Vec<Output>,
    ) {
        let is_ours = self.membership.members.as_ref().is_some_and(|ours| *ours == members);
        let is_sound = members.len() == self.rules.membership_size()
            && members.contains(peer)
            && members.key(peer) == key;
        if !is_sound || self.membership.is_settled() && is_ours || self.membership.is_fixed() {
            return;
        }
        let asserters = self.membership.assertions.note(peer, members.clone());
        if asserters >= self.rules.votes_needed() && is_ours {
            // We were about to promise under it; now we know that others have.
            self.hold_membership(now, out);
        } else if asserters >= self.rules.votes_needed() {
            self.adopt(now, members, Hold::Named, out);
        }
    }

    /// Adopts the members of the smallest known ids, while it is still open (rule G2).
    pub(in crate::rounds::paxos) fn settle(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.membership.is_settled() || self.seat == Seat::Observer {
            return;
        }
        let size = self.rules.membership_size();
        let members = self.membership.members();
        if members.is_some_and(|members| members.is_of(self.discovery.smallest(size))) {
            return;
        }
        match self.discovery.candidate(size) {
            Some(members) if members.contains(self.me) => {
                self.adopt(now, members, Hold::Adopted, out);
            }
            _ => {}
        }
    }

    fn adopt(&mut self, now: Moment, members: Members, hold: Hold, out: &mut Vec<Output>) {
        let others = members.peers().filter(|peer| *peer != self.me);
        self.failure_detector.expect_all(now, others, &self.rules.timeouts);
        self.catch_up.forget_others(|peer| members.contains(peer));
        self.membership.members = Some(members);
        self.membership.hold = hold;
        self.membership.assertions.clear();
        // A promise under another membership does not bind here: there was no vote on it (rule G4).
        self.promised = None;
        self.forget_elections(now);
        self.slot = Slot::new(now, self.slot.transaction);
        if hold == Hold::Named {
            self.persist_membership(out);
            self.tell_members(out);
        }
        self.count_starts(now, out);
        self.enter(now, Term::FIRST, out);
        self.see_confirmed(now, out);
        self.retry_deferred(now, out);
    }

    /// Keeps the membership from now on, since we are about to send a promise under it.
    pub(in crate::rounds::paxos) fn hold_membership(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.membership.hold == Hold::Adopted {
            self.membership.hold = Hold::Named;
            self.persist_membership(out);
            self.tell_members(out);
            self.count_starts(now, out);
        }
    }

    fn persist_membership(&self, out: &mut Vec<Output>) {
        if let Some(members) = self.membership.members() {
            out.push(Output::Persist(Durable::Membership(members.to_vec())));
        }
    }

    pub(in crate::rounds::paxos) fn tell_members(&self, out: &mut Vec<Output>) {
        if let Some(members) = self.membership.members() {
            let members = members.peers().collect();
            out.push(Output::Event(Event::MembershipSettled { members, member: self.has_seat() }));
        }
    }
}
