//! What the events of the members have told so far.

use std::collections::BTreeSet;

use althing_feed::{AssemblyEvent, ChainEvent, Event, Id, PeerEvent, PeerName, Record};
use althing_types::{Height, Moment, View};

/// What was told, member by member.
pub(super) struct Seen {
    members: Vec<Member>,
    /// The latest view, and who leads it.
    pub(super) view: View,
    leader: Option<Id>,
    /// Entries that were refused where they were submitted.
    refused: u64,
}

/// What a member has told.
#[derive(Clone)]
pub(super) struct Member {
    name: PeerName,
    pub(super) is_up: bool,
    pub(super) height: u64,
    /// The entries of the blocks that it has committed.
    pub(super) entries: u64,
    /// The view of the last of these blocks, and when it was committed.
    pub(super) last: (View, Moment),
    /// When it has committed its last block with entries.
    pub(super) last_entry: Moment,
    /// Those that it does not hear.
    silent: BTreeSet<PeerName>,
}

impl Seen {
    pub(super) fn of(names: Vec<PeerName>) -> Self {
        let member = |name| Member {
            name,
            is_up: true,
            height: 0,
            entries: 0,
            last: (View::GENESIS, Moment::START),
            last_entry: Moment::START,
            silent: BTreeSet::new(),
        };
        let members = names.into_iter().map(member).collect();
        Self { members, view: View::GENESIS, leader: None, refused: 0 }
    }

    pub(super) fn note(&mut self, record: &Record) {
        let told = self.members.iter_mut().find(|it| record.peer.as_ref() == Some(&it.name));
        let Some(member) = told else { return };
        match &record.event {
            Event::Assembly(AssemblyEvent::BlockCommitted { height, view, entries, .. }) => {
                member.height = Height::number(*height);
                member.entries += *entries as u64;
                member.last = (*view, record.at);
                if *entries > 0 {
                    member.last_entry = record.at;
                }
            }
            Event::Assembly(AssemblyEvent::ViewEntered { view, leader }) if *view > self.view => {
                (self.view, self.leader) = (*view, Some(*leader));
            }
            Event::Peer(PeerEvent::PeerLost { lost }) => {
                member.silent.insert(lost.clone());
            }
            Event::Peer(PeerEvent::PeerHeard { heard }) => {
                member.silent.remove(heard);
            }
            Event::Chain(ChainEvent::EntryRefused { .. }) => self.refused += 1,
            _ => {}
        }
    }

    pub(super) fn leave(&mut self, number: usize) {
        self.members[number].is_up = false;
        self.members[number].silent.clear();
    }

    pub(super) fn come(&mut self, number: usize) {
        self.members[number].is_up = true;
    }

    pub(super) fn member(&self, number: usize) -> &Member {
        &self.members[number]
    }

    pub(super) fn up(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|it| it.is_up)
    }

    /// Returns the number of the member that leads the latest view.
    pub(super) fn leader(&self) -> Option<usize> {
        let name = PeerName::Id(self.leader?);
        self.members.iter().position(|it| it.name == name)
    }

    /// Returns whether all that run find a member silent, or none does.
    pub(super) fn all_find_silent(&self, number: usize, silent: bool) -> bool {
        let name = &self.members[number].name;
        let mut others = self.up().filter(|it| it.name != *name);
        others.all(|it| it.silent.contains(name) == silent)
    }

    /// Returns the height of the member that has most.
    pub(super) fn highest(&self) -> u64 {
        self.members.iter().map(|it| it.height).max().unwrap_or(0)
    }

    /// Returns the height of the member that has least of those that run.
    pub(super) fn lowest(&self) -> Option<u64> {
        self.up().map(|it| it.height).min()
    }

    /// Returns how many entries need not be waited for any more.
    pub(super) fn settled(&self) -> u64 {
        self.refused + self.members.iter().map(|it| it.entries).max().unwrap_or(0)
    }
}
