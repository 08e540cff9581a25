//! Resolves host names to IP addresses, with a cache.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::debug;

use crate::connect::ADDRESSES_MAX;

/// How long a resolved address is cached.
pub const NAME_TIME: Duration = Duration::from_secs(60);

/// How long a failed lookup is cached.
pub const NO_NAME_TIME: Duration = Duration::from_secs(5);

/// The maximum number of cached names; the one that was looked up first is dropped first.
pub const NAMES_MAX: usize = 1024;

/// The maximum number of names that are looked up at a time.
pub const LOOKUPS_MAX: usize = 8;

/// Looks up names, and caches the results.
pub(crate) struct Names {
    is_ipv6: bool,
    known: BTreeMap<Box<str>, Name>,
    /// The names that are being looked up.
    wanted: BTreeSet<Box<str>>,
    lookups: JoinSet<(Box<str>, Vec<SocketAddr>)>,
}

/// The result of the last lookup of a name.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// Its addresses that the socket can reach, the best first; their ports have no meaning.
    pub(crate) hosts: Vec<SocketAddr>,
    until: Instant,
}

impl Name {
    /// Returns whether the result is still valid.
    pub(crate) fn is_fresh(&self) -> bool {
        self.until > Instant::now()
    }
}

impl Names {
    /// Returns a cache of hosts that a socket of one kind can reach.
    pub(crate) fn new(is_ipv6: bool) -> Self {
        let (known, wanted) = (BTreeMap::new(), BTreeSet::new());
        Self { is_ipv6, known, wanted, lookups: JoinSet::new() }
    }

    /// Returns the result of the last lookup of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Name> {
        self.known.get(name).cloned()
    }

    /// Starts to look up a name; returns false if too many lookups are running.
    pub(crate) fn look_up(&mut self, name: &str) -> bool {
        if self.wanted.contains(name) {
            return true;
        }
        if self.wanted.len() >= LOOKUPS_MAX {
            return false;
        }
        self.wanted.insert(name.into());
        self.lookups.spawn(find(name.into(), self.is_ipv6));
        true
    }

    /// Returns whether a name is being looked up.
    pub(crate) fn is_busy(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Waits until a lookup has ended, and returns the name with its addresses; `None` if no lookup
    /// is running. Cancel-safe.
    pub(crate) async fn progress(&mut self) -> Option<(Box<str>, Vec<SocketAddr>)> {
        let (name, hosts) = self.lookups.join_next().await?.expect("a lookup does not panic");
        self.wanted.remove(&name);
        let time = if hosts.is_empty() { NO_NAME_TIME } else { NAME_TIME };
        self.remember(&name, Name { hosts: hosts.clone(), until: Instant::now() + time });
        Some((name, hosts))
    }

    fn remember(&mut self, name: &str, what: Name) {
        if self.known.len() >= NAMES_MAX
            && !self.known.contains_key(name)
            && let Some((first, _)) = self.known.iter().min_by_key(|(_, name)| name.until)
        {
            let first = first.clone();
            self.known.remove(&first);
        }
        self.known.insert(name.into(), what);
    }
}

/// Looks up a name, and returns it with its addresses.
async fn find(name: Box<str>, is_ipv6: bool) -> (Box<str>, Vec<SocketAddr>) {
    let hosts: Vec<SocketAddr> = match lookup_host((&*name, 0)).await {
        Ok(hosts) => hosts.collect(),
        Err(error) => {
            debug!(%name, %error, "a host was not found");
            Vec::new()
        }
    };
    (name, reachable(&hosts, is_ipv6))
}

/// Returns those that a socket can reach, its own kind first.
fn reachable(hosts: &[SocketAddr], is_ipv6: bool) -> Vec<SocketAddr> {
    let mut reachable: Vec<SocketAddr> = Vec::new();
    let own = hosts.iter().filter(|host| host.is_ipv6() == is_ipv6);
    // A socket for IPv6 reaches the others as well.
    let other = hosts.iter().filter(|host| is_ipv6 && !host.is_ipv6());
    for host in own.chain(other) {
        if !reachable.contains(host) && reachable.len() < ADDRESSES_MAX {
            reachable.push(*host);
        }
    }
    reachable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_are_remembered_are_bounded() {
        let mut names = Names::new(false);
        let now = Instant::now();
        for number in 0..=NAMES_MAX as u64 {
            let until = now + Duration::from_secs(number);
            names.remember(&number.to_string(), Name { hosts: Vec::new(), until });
        }
        assert_eq!(names.known.len(), NAMES_MAX);
        assert!(!names.known.contains_key("0"));
        names.remember("1", Name { hosts: Vec::new(), until: now });
        assert_eq!(names.known.len(), NAMES_MAX, "what is known already takes no room");
    }

    #[test]
    fn all_addresses_of_a_name_count_that_the_socket_can_reach() {
        let [four, six, other] = ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"]
            .map(|text| text.parse::<SocketAddr>().expect("an address"));
        assert_eq!(reachable(&[six, four, other, four], false), [four, other]);
        assert_eq!(reachable(&[four, six], true), [six, four]);
        assert_eq!(reachable(&[six], false), []);
    }
}
