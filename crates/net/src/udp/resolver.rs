//! Datagrams that wait until their destination's name is resolved.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::net::SocketAddr;

use bytes::Bytes;

use super::Datagram;
use crate::names::{Name, Names};

/// The maximum number of datagrams that wait for one name. When one more comes, the oldest is lost.
pub const WAITING_MAX: usize = 16;

/// Looks up names, and keeps datagrams to them until they are resolved. While too many lookups are
/// running, datagrams to other names are lost.
pub(super) struct Resolver {
    names: Names,
    /// The datagrams that wait for each name that is being looked up.
    waiting: BTreeMap<Box<str>, VecDeque<Datagram>>,
    found: VecDeque<(SocketAddr, Bytes)>,
    lost: u64,
}

impl Resolver {
    /// Returns a resolver for hosts that a socket of one kind can reach.
    pub(super) fn new(is_ipv6: bool) -> Self {
        let (waiting, found) = (BTreeMap::new(), VecDeque::new());
        Self { names: Names::new(is_ipv6), waiting, found, lost: 0 }
    }

    /// Takes a datagram to a name.
    pub(super) fn add(&mut self, datagram: Datagram) {
        match self.names.get(datagram.to.host()).filter(Name::is_fresh) {
            Some(name) => self.settle(&name.hosts, &datagram),
            None => self.look_up(datagram),
        }
    }

    /// Waits until a lookup has ended. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        let Some((name, hosts)) = self.names.progress().await else { return };
        for datagram in self.waiting.remove(&name).unwrap_or_default() {
            self.settle(&hosts, &datagram);
        }
    }

    /// Takes the datagrams that can be sent now.
    pub(super) fn next_found(&mut self) -> Option<(SocketAddr, Bytes)> {
        self.found.pop_front()
    }

    /// Returns how many datagrams were lost since the last call.
    pub(super) fn take_lost(&mut self) -> u64 {
        mem::take(&mut self.lost)
    }

    /// Returns whether a name is being looked up.
    pub(super) fn is_busy(&self) -> bool {
        self.names.is_busy()
    }

    /// Sends a datagram to all addresses of its name: which of them listens is not known.
    fn settle(&mut self, hosts: &[SocketAddr], datagram: &Datagram) {
        if hosts.is_empty() {
            self.lost += 1;
        }
        for host in hosts {
            let mut address = *host;
            address.set_port(datagram.to.port());
            self.found.push_back((address, datagram.payload.clone()));
        }
    }

    fn look_up(&mut self, datagram: Datagram) {
        let name: Box<str> = datagram.to.host().into();
        if !self.names.look_up(&name) {
            return self.lost += 1;
        }
        let waiting = self.waiting.entry(name).or_default();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
            self.lost += 1;
        }
        waiting.push_back(datagram);
    }
}

#[cfg(test)]
mod tests {
    use althing_types::Address;

    use super::*;
    use crate::names::LOOKUPS_MAX;

    fn datagram(host: &str, port: u16) -> Datagram {
        let to = Address::new(host, port).expect("a host");
        Datagram { to, payload: Bytes::from_static(b"hello") }
    }

    #[tokio::test]
    async fn what_waits_for_a_name_is_bounded_and_the_newest_is_kept() {
        let mut resolver = Resolver::new(false);
        for port in 1..=20 {
            resolver.add(datagram("localhost", port));
        }
        assert_eq!(resolver.take_lost(), 4);
        while resolver.is_busy() {
            resolver.progress().await;
        }
        let found: Vec<_> = std::iter::from_fn(|| resolver.next_found()).collect();
        let ports: Vec<_> = found.iter().map(|(address, _)| address.port()).collect();
        assert_eq!(ports, (5..=20).collect::<Vec<_>>());
        assert!(found.iter().all(|(address, _)| address.ip().is_loopback()), "{found:?}");

        resolver.add(datagram("localhost", 21));
        assert!(!resolver.is_busy() && resolver.next_found().is_some(), "it is known by now");
    }

    #[tokio::test]
    async fn names_that_are_nowhere_and_too_many_names_are_lost() {
        let mut resolver = Resolver::new(false);
        for number in 0..=LOOKUPS_MAX {
            resolver.add(datagram(&format!("nowhere-{number}.invalid"), 1));
        }
        assert_eq!(resolver.take_lost(), 1);
        while resolver.is_busy() {
            resolver.progress().await;
        }
        assert_eq!((resolver.take_lost(), resolver.next_found()), (LOOKUPS_MAX as u64, None));
        resolver.add(datagram("nowhere-0.invalid", 1));
        assert!(!resolver.is_busy(), "it is not looked up again at once");
        assert_eq!(resolver.take_lost(), 1);
    }
}
