//! The tracker's list on its way to the peer.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use althing_types::Address;

use crate::Arrival;
use crate::endpoint::Origins;
use crate::names::{NAMES_MAX, Name, Names};
use crate::queue::Queue;

/// The list of peers, by the addresses from which their messages come.
///
/// Peers may announce themselves by the name of their host. Where messages come from IP numbers,
/// names are looked up in the background, without waiting. Until a host is resolved, its peers are
/// not on the list; then the list is published again.
///
/// Our own address stays as we have announced it.
pub(super) struct Directory {
    own: Address,
    /// Looks up names, where that is necessary.
    names: Option<Names>,
    /// The tracker's last list.
    list: Vec<Address>,
    /// Names in it that have not been looked up yet.
    to_find: VecDeque<Box<str>>,
    /// The list that was published last.
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

    /// Takes the tracker's list, and publishes the part that is resolved.
    pub(super) fn take(&mut self, list: Vec<Address>) {
        self.list = list;
        self.to_find = self.names_to_find();
        self.begin_lookups();
        self.tell(self.located());
    }

    /// Returns whether [`progress`](Self::progress) has something to wait for.
    pub(super) fn is_busy(&self) -> bool {
        self.names.as_ref().is_some_and(Names::is_busy)
    }

    /// Waits until a lookup has ended. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        let Some(names) = &mut self.names else { return };
        names.progress().await;
        self.begin_lookups();
        let located = self.located();
        if located != self.told {
            self.tell(located);
        }
    }

    /// Returns the names in the list whose address is unknown or out of date, up to the bound.
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

    /// Returns the address of a peer, if it is known.
    fn locate(&self, peer: &Address) -> Option<Address> {
        let Some(names) = self.names.as_ref().filter(|_| *peer != self.own) else {
            return Some(peer.clone());
        };
        if let Ok(host) = peer.host().parse() {
            // One number can be written in several ways.
            return Some(SocketAddr::new(host, peer.port()).into());
        }
        let Name { hosts, .. } = names.get(peer.host())?;
        let mut host = *hosts.first()?;
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
