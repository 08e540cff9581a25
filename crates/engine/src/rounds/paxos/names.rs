//! What peers are called (rule G8).
//!
//! A name is a hint for people. Nothing counts by it, and a peer that hears none loses nothing.

use std::collections::BTreeMap;

use althing_text::Name;
use althing_types::PeerId;

use super::Paxos;
use crate::Queue;
use crate::rounds::{Durable, Event, Message, Output, Refusal, Seat, Signed, refuse};

/// The names of peers, as each has said its own.
#[derive(Clone, Debug, Hash)]
pub(super) struct Names {
    /// What this peer is called, if it has a name.
    own: Option<Name>,
    known: BTreeMap<PeerId, Called>,
    known_max: usize,
}

/// What a peer is called.
#[derive(Clone, Debug, Hash)]
struct Called {
    name: Name,
    /// How often it has taken another name since we started.
    changes: u8,
}

/// How often a peer may take another name; each time costs a check, a write and a line.
const CHANGES_MAX: u8 = 4;

impl Names {
    /// Returns the names that a peer knows after a restart, with room for so many.
    pub(super) fn recovered(known: BTreeMap<PeerId, Name>, known_max: usize) -> Self {
        let known = known.into_iter().map(|(peer, name)| (peer, Called { name, changes: 0 }));
        Self { own: None, known: known.collect(), known_max }
    }

    pub(super) fn call_own(&mut self, name: Option<Name>) {
        self.own = name;
    }

    pub(super) fn queue(&self) -> Queue {
        Queue { name: "names", len: self.known.len(), max: self.known_max }
    }

    /// Returns the names that are known, that of this peer included, in the order of the ids.
    pub(super) fn known(&self) -> impl Iterator<Item = (PeerId, &Name)> {
        self.known.iter().map(|(peer, called)| (*peer, &called.name))
    }

    /// Takes note of a name; returns whether it is news.
    fn note(&mut self, peer: PeerId, name: &Name) -> Result<bool, Refusal> {
        match self.known.get_mut(&peer) {
            Some(called) if called.name == *name => Ok(false),
            Some(called) if called.changes >= CHANGES_MAX => Err(Refusal::TooManyNames),
            Some(called) => {
                *called = Called { name: name.clone(), changes: called.changes + 1 };
                Ok(true)
            }
            None => {
                self.known.insert(peer, Called { name: name.clone(), changes: 0 });
                Ok(true)
            }
        }
    }

    /// Returns whether a peer can only get a name if another loses its own.
    fn lacks_room_for(&self, peer: PeerId) -> bool {
        self.known.len() >= self.known_max && !self.known.contains_key(&peer)
    }
}

impl Paxos {
    /// Tells the names from before, and takes our own.
    pub(super) fn begin_names(&mut self, out: &mut Vec<Output>) {
        for (peer, name) in self.names.known() {
            out.push(Output::Event(Event::PeerNamed { peer, name: name.clone() }));
        }
        if let Some(name) = self.names.own.clone() {
            self.take_name(self.me, name, out);
        }
    }

    /// Says what this peer is called, if it has a name and says that it is here (rule I5).
    pub(super) fn say_name(&self, out: &mut Vec<Output>) {
        let is_here = self.seat == Seat::Member && !self.starts.is_copied();
        if let Some(name) = self.names.own.clone().filter(|_| is_here) {
            self.say(Message::Name { peer: self.me, name }, out);
        }
    }

    /// Hears what a peer is called. One that has not announced itself says it again later.
    pub(super) fn on_name(&mut self, signed: &Signed, out: &mut Vec<Output>) {
        let Message::Name { peer, name } = &signed.message else { return };
        let is_known = self.names.known.get(peer).is_some_and(|called| called.name == *name);
        let members = self.membership.members().filter(|_| self.membership.is_settled());
        let key = match members.filter(|members| members.contains(*peer)) {
            Some(members) => Some(members.key(*peer)),
            None => self.discovery.key_of(*peer),
        };
        let Some(key) = key.filter(|_| !is_known) else { return };
        match self.check_signature(signed, key) {
            Ok(()) => self.take_name(*peer, name.clone(), out),
            Err(reason) => refuse(*peer, reason, out),
        }
    }

    fn take_name(&mut self, peer: PeerId, name: Name, out: &mut Vec<Output>) {
        if self.names.lacks_room_for(peer)
            && let Some(gone) = self.named_and_gone()
        {
            self.names.known.remove(&gone);
            out.push(Output::Persist(Durable::Unnamed(gone)));
        }
        match self.names.note(peer, &name) {
            Ok(true) => {
                out.push(Output::Persist(Durable::Named(peer, name.clone())));
                out.push(Output::Event(Event::PeerNamed { peer, name }));
            }
            Ok(false) => {}
            Err(reason) => refuse(peer, reason, out),
        }
    }
    /// Returns a peer with a name that is neither known to be here nor a member. When there is no
    /// room for another name there is one, since there is room for all the others.
    fn named_and_gone(&self) -> Option<PeerId> {
        let members = self.membership.members();
        let is_here = |peer: PeerId| {
            peer == self.me
                || self.discovery.key_of(peer).is_some()
                || members.is_some_and(|members| members.contains(peer))
        };
        self.names.known.keys().copied().find(|peer| !is_here(*peer))
    }
}
