//! Where hosts are that are given by name.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::debug;

use super::Datagram;

/// How long a host is believed to be where it was found.
pub const NAME_TIME: Duration = Duration::from_secs(60);

/// How long a host is believed to be nowhere.
pub const NO_NAME_TIME: Duration = Duration::from_secs(5);

/// Names that are remembered; the one that was looked up first is forgotten first.
pub const NAMES_MAX: usize = 1024;

/// Names that are looked up at a time. What is sent to others meanwhile is lost.
pub const LOOKUPS_MAX: usize = 8;

/// Datagrams that wait for one name. When one more comes, the oldest is lost.
pub const WAITING_MAX: usize = 16;

/// Looks up names, and keeps what is sent to them until they are found.
pub(super) struct Resolver {
    is_ipv6: bool,
    names: BTreeMap<Box<str>, Name>,
    /// What waits for each name that is being looked up.
    waiting: BTreeMap<Box<str>, VecDeque<Datagram>>,
    lookups: JoinSet<(Box<str>, Option<SocketAddr>)>,
    found: VecDeque<(SocketAddr, Bytes)>,
    lost: u64,
}

/// What is known of a name.
struct Name {
    /// Where it is, if it is anywhere.
    host: Option<SocketAddr>,
    until: Instant,
}

impl Resolver {
    /// Returns what looks up hosts that a socket of one kind can reach.
    pub(super) fn new(is_ipv6: bool) -> Self {
        Self {
            is_ipv6,
            names: BTreeMap::new(),
            waiting: BTreeMap::new(),
            lookups: JoinSet::new(),
            found: VecDeque::new(),
            lost: 0,
        }
    }

    /// Takes in what is to be sent to a name.
    pub(super) fn add(&mut self, datagram: Datagram) {
        let host = datagram.to.host();
        match self.names.get(host).filter(|name| name.until > Instant::now()) {
            Some(name) => self.settle(name.host, datagram),
            None => self.look_up(datagram),
        }
    }

    /// Waits until a name is found, or is not. Loses nothing when it is dropped half-way.
    pub(super) async fn progress(&mut self) {
        let Some(Ok((name, host))) = self.lookups.join_next().await else { return };
        let waiting = self.waiting.remove(&name).unwrap_or_default();
        let time = if host.is_some() { NAME_TIME } else { NO_NAME_TIME };
        self.remember(name, Name { host, until: Instant::now() + time });
        for datagram in waiting {
            self.settle(host, datagram);
        }
    }

    /// Takes what can be sent now.
    pub(super) fn next_found(&mut self) -> Option<(SocketAddr, Bytes)> {
        self.found.pop_front()
    }

    /// Returns how many datagrams were lost since this was asked last.
    pub(super) fn take_lost(&mut self) -> u64 {
        mem::take(&mut self.lost)
    }

    /// Returns whether a name is being looked up.
    pub(super) fn is_busy(&self) -> bool {
        !self.lookups.is_empty()
    }

    fn settle(&mut self, host: Option<SocketAddr>, datagram: Datagram) {
        let Some(mut address) = host else { return self.lost += 1 };
        address.set_port(datagram.to.port());
        self.found.push_back((address, datagram.payload));
    }

    fn look_up(&mut self, datagram: Datagram) {
        let name: Box<str> = datagram.to.host().into();
        if let Some(waiting) = self.waiting.get_mut(&name) {
            if waiting.len() >= WAITING_MAX {
                waiting.pop_front();
                self.lost += 1;
            }
            return waiting.push_back(datagram);
        }
        if self.lookups.len() >= LOOKUPS_MAX {
            self.lost += 1;
            return;
        }
        self.waiting.insert(name.clone(), VecDeque::from([datagram]));
        self.lookups.spawn(find(name, self.is_ipv6));
    }

    fn remember(&mut self, name: Box<str>, what: Name) {
        if self.names.len() >= NAMES_MAX
            && let Some((first, _)) = self.names.iter().min_by_key(|(_, name)| name.until)
        {
            let first = first.clone();
            self.names.remove(&first);
        }
        self.names.insert(name, what);
    }
}

/// Returns a name with where it is.
async fn find(name: Box<str>, is_ipv6: bool) -> (Box<str>, Option<SocketAddr>) {
    let hosts: Vec<SocketAddr> = match lookup_host((&*name, 0)).await {
        Ok(hosts) => hosts.collect(),
        Err(error) => {
            debug!(%name, %error, "a host was not found");
            Vec::new()
        }
    };
    let best = hosts.iter().find(|host| host.is_ipv6() == is_ipv6);
    // A socket for IPv6 reaches the others as well.
    let host = best.or(hosts.first().filter(|_| is_ipv6)).copied();
    (name, host)
}

#[cfg(test)]
mod tests {
    use althing_types::Address;

    use super::*;

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

    #[test]
    fn the_names_that_are_remembered_are_bounded() {
        let mut resolver = Resolver::new(false);
        let now = Instant::now();
        for number in 0..=NAMES_MAX as u64 {
            let until = now + Duration::from_secs(number);
            resolver.remember(number.to_string().into(), Name { host: None, until });
        }
        assert_eq!(resolver.names.len(), NAMES_MAX);
        assert!(!resolver.names.contains_key("0"));
    }
}
