//! The tracker's list on its way to the peer.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use althing_types::Address;

use crate::endpoint::{Arrival, Origins};
use crate::names::{NAMES_MAX, Name, Names};
use crate::queue::Queue;

/// Who is there, by the addresses from which they are heard.
///
/// Peers announce themselves as they like, also by the name of their host. Where messages come from
/// numbers, names are looked up, on the side: nobody waits for them. Until it is known where a host
/// is, its peers are not on the list; then the list is handed out again.
///
/// Our own address stays as we have announced it.
pub(super) struct Directory {
    own: Address,
    /// Looks up names, where that is to be done.
    names: Option<Names>,
    /// What the tracker has said last.
    list: Vec<Address>,
    /// Names in it that are still to be looked up.
    to_find: VecDeque<Box<str>>,
    /// What was handed out last.
    told: Vec<Address>,
    inbox: Arc<Queue<Arrival>>,
}

impl Directory {
    pub(super) fn new(own: Address, origins: Origins, inbox: Arc<Queue<Arrival>>) -> Self {
        let names = match origins {
            Origins::Words => None,
            Origins::Numbers { is_ipv6 } => Some(Names::new(is_ipv6)),
        };
        let (list, told) = (Vec::new(), Vec::new());
        Self { own, names, list, to_find: VecDeque::new(), told, inbox }
    }

    /// Takes in what the tracker says, and hands out what is known of it.
    pub(super) fn take(&mut self, list: Vec<Address>) {
        self.list = list;
        self.to_find = self.names_to_find();
        self.begin_lookups();
        self.tell(self.located());
    }

    /// Returns whether there is [`progress`](Self::progress) to be made.
    pub(super) fn is_busy(&self) -> bool {
        self.names.as_ref().is_some_and(Names::is_busy)
    }

    /// Waits until a name is found, or is not. Loses nothing when it is dropped half-way.
    pub(super) async fn progress(&mut self) {
        let Some(names) = &mut self.names else { return };
        names.progress().await;
        self.begin_lookups();
        let located = self.located();
        if located != self.told {
            self.tell(located);
        }
    }

    /// Returns the names in the list that are not known, or not for sure any more; what is beyond
    /// the bound is left out.
    fn names_to_find(&self) -> VecDeque<Box<str>> {
        let Some(names) = &self.names else { return VecDeque::new() };
        let named = self.list.iter().filter(|peer| **peer != self.own && is_named(peer));
        let different: BTreeSet<&str> = named.map(Address::host).collect();
        let unknown = |name: &&str| !names.get(name).is_some_and(|name| name.is_fresh());
        different.into_iter().take(NAMES_MAX).filter(unknown).map(Box::from).collect()
    }

    fn begin_lookups(&mut self) {
        let Some(names) = &mut self.names else { return };
        while self.to_find.front().is_some_and(|name| names.look_up(name)) {
            self.to_find.pop_front();
        }
    }

    fn located(&self) -> Vec<Address> {
        self.list.iter().filter_map(|peer| self.locate(peer)).collect()
    }

    /// Returns where a peer is, as far as that is known.
    fn locate(&self, peer: &Address) -> Option<Address> {
        let Some(names) = self.names.as_ref().filter(|_| *peer != self.own) else {
            return Some(peer.clone());
        };
        if let Ok(host) = peer.host().parse() {
            // One number can be written in several ways.
            return Some(SocketAddr::new(host, peer.port()).into());
        }
        let Name { host, .. } = names.get(peer.host())?;
        let mut host = host?;
        host.set_port(peer.port());
        Some(host.into())
    }

    fn tell(&mut self, list: Vec<Address>) {
        self.told.clone_from(&list);
        self.inbox.push(Arrival::Peers(list));
    }
}

fn is_named(peer: &Address) -> bool {
    peer.host().parse::<IpAddr>().is_err()
}
