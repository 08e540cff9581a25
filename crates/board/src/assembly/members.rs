//! The members of an assembly, in the order of the charter, and peers that only follow.

use std::collections::{BTreeMap, BTreeSet};

use althing_feed::Observer;
use althing_text::Name;
use althing_types::{Height, Moment, PeerId, View};

use crate::peers::PEERS_MAX;

/// All members, and the peers here that are none.
#[derive(Debug, Default)]
pub struct Members {
    listed: Vec<AssemblyMember>,
    places: BTreeMap<PeerId, usize>,
}

/// A member, or a peer that only follows.
#[derive(Clone, Debug)]
pub struct AssemblyMember {
    /// Its id.
    pub id: PeerId,
    /// How many came before it, and itself.
    pub number: usize,
    /// Its name in the charter; `None` of a peer that is no member.
    pub name: Option<Name>,
    /// Whether it is connected; `None` if it is not of the process that tells.
    pub connected: Option<bool>,
    /// Whether it was killed, and not yet started again.
    pub is_down: bool,
    /// When it was last killed, unless it was only to start again as one that breaks the rules.
    pub killed: Option<Moment>,
    /// When it was last started again.
    pub restarted: Option<Moment>,
    /// Whether it was made to stand still.
    pub is_frozen: bool,
    /// Whether it was made to break the rules.
    pub is_byzantine: bool,
    /// Why it takes no part in the votes, if it does not.
    pub observes: Option<Observer>,
    /// Why it has stopped for good, if it has.
    pub stopped: Option<String>,
    /// The view in which it is.
    pub view: Option<View>,
    /// The height of the last block that it has committed.
    pub height: Option<Height>,
    /// The height to which it catches up.
    pub target: Option<Height>,
    /// Blocks that it has made.
    pub made: u64,
    /// Those that have not heard it for long.
    suspected_by: BTreeSet<PeerId>,
}

impl Members {
    /// Gives a member its name; it is listed if it is new and there is room.
    pub(super) fn name(&mut self, id: PeerId, name: &Name) {
        if let Some(member) = self.listed(id) {
            member.name = Some(name.clone());
        }
    }

    /// Notes that a peer begins, as a member or not.
    pub(super) fn begin(&mut self, id: PeerId, is_member: bool) {
        if let Some(member) = self.listed(id) {
            member.observes = (!is_member).then_some(Observer::NotAMember);
            member.stopped = None;
        }
    }

    pub(super) fn connect(&mut self, id: PeerId, is_connected: bool) {
        if let Some(member) = self.listed(id) {
            member.connected = Some(is_connected);
        }
        // One that has lost its connection hears no other, which says nothing about them.
        for other in &mut self.listed {
            other.suspected_by.remove(&id);
        }
    }

    pub(super) fn suspect(&mut self, by: PeerId, lost: PeerId) {
        if self.get(by).is_some_and(|member| member.connected == Some(false)) {
            return;
        }
        if let Some(member) = self.get_mut(lost).filter(|it| it.suspected_by.len() < PEERS_MAX) {
            member.suspected_by.insert(by);
        }
    }

    pub(super) fn hear(&mut self, by: PeerId, heard: PeerId) {
        if let Some(member) = self.get_mut(heard) {
            member.suspected_by.remove(&by);
        }
    }

    pub(super) fn enter(&mut self, id: PeerId, view: View) {
        if let Some(member) = self.listed(id) {
            member.view = Some(view);
        }
    }

    pub(super) fn commit(&mut self, id: PeerId, height: Height) {
        if let Some(member) = self.listed(id) {
            member.height = member.height.max(Some(height));
            member.target = member.target.filter(|target| *target > height);
        }
    }

    pub(super) fn made(&mut self, maker: PeerId) {
        if let Some(member) = self.get_mut(maker) {
            member.made += 1;
        }
    }

    pub(super) fn fall_behind(&mut self, id: PeerId, height: Height, target: Height) {
        if let Some(member) = self.listed(id) {
            member.height = member.height.max(Some(height));
            member.target = Some(target).filter(|target| Some(*target) > member.height);
        }
    }

    pub(super) fn observe(&mut self, id: PeerId, why: Observer) {
        if let Some(member) = self.listed(id) {
            member.observes = Some(why);
        }
    }

    pub(super) fn stop(&mut self, id: PeerId, reason: String) {
        if let Some(member) = self.listed(id) {
            member.stopped = Some(reason);
        }
    }

    /// Returns why a leader was passed over, as far as its state tells.
    pub(super) fn why_passed_over(&self, leader: PeerId) -> &'static str {
        match self.get(leader) {
            Some(member) if member.is_down => "it was killed",
            Some(member) if member.is_frozen => "it stands still",
            Some(member) if self.is_silent(member) => "it was not heard",
            _ => "no block came in time",
        }
    }

    /// Returns whether a member is silent: most of the others that tell have not heard it for long.
    pub fn is_silent(&self, member: &AssemblyMember) -> bool {
        let tellers =
            self.listed.iter().filter(|it| it.connected == Some(true) && it.id != member.id);
        2 * member.suspected_by.len() > tellers.count()
    }

    /// Returns whether a member takes part, as far as is told.
    pub fn is_here(&self, member: &AssemblyMember) -> bool {
        !(member.is_down || member.is_frozen || self.is_silent(member))
            && member.connected != Some(false)
    }

    /// Returns how many members of the charter take part, and how many there are.
    pub fn here(&self) -> (usize, usize) {
        let members = || self.listed.iter().filter(|it| it.name.is_some());
        (members().filter(|it| self.is_here(it)).count(), members().count())
    }

    /// Returns how many of the peers here are connected, and how many there are.
    pub fn connections(&self) -> (usize, usize) {
        let told = || self.listed.iter().filter(|it| it.connected.is_some());
        (told().filter(|it| it.connected == Some(true)).count(), told().count())
    }

    /// Returns how many have committed the block at a height.
    pub fn reached(&self, height: Height) -> usize {
        self.listed.iter().filter(|it| it.height >= Some(height)).count()
    }

    /// Returns a peer, if it is listed.
    pub fn get(&self, id: PeerId) -> Option<&AssemblyMember> {
        self.places.get(&id).and_then(|place| self.listed.get(*place))
    }

    /// Returns all, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AssemblyMember> {
        self.listed.iter()
    }

    pub(super) fn get_mut(&mut self, id: PeerId) -> Option<&mut AssemblyMember> {
        self.places.get(&id).and_then(|place| self.listed.get_mut(*place))
    }

    /// Returns a peer, which is listed if it is new and there is room.
    fn listed(&mut self, id: PeerId) -> Option<&mut AssemblyMember> {
        let place = self.listed.len();
        if place < PEERS_MAX && !self.places.contains_key(&id) {
            self.places.insert(id, place);
            self.listed.push(AssemblyMember {
                id,
                number: place + 1,
                name: None,
                connected: None,
                is_down: false,
                killed: None,
                restarted: None,
                is_frozen: false,
                is_byzantine: false,
                observes: None,
                stopped: None,
                view: None,
                height: None,
                target: None,
                made: 0,
                suspected_by: BTreeSet::new(),
            });
        }
        self.get_mut(id)
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.listed.len() <= PEERS_MAX
            && self.listed.iter().all(|it| it.suspected_by.len() <= PEERS_MAX)
    }
}
