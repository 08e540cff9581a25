//! Connections whose other end has not proven who it is: few, and the oldest give way.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;

/// The maximum number of connections that have not proven who they are.
pub const NEWCOMERS_MAX: usize = 64;

/// The maximum number of those from one host; one more, and the oldest of them is closed.
pub const NEWCOMERS_OF_HOST_MAX: usize = 16;

/// Connections that were accepted and have yet to prove who they are, the oldest first.
#[derive(Default)]
pub(super) struct Lobby {
    waiting: VecDeque<Waiting>,
    next: u64,
}

struct Waiting {
    number: u64,
    host: IpAddr,
    /// Told when it has to give way.
    stop: Arc<Notify>,
}

impl Lobby {
    /// Lets a connection wait, and returns its number and what it is told by to give way. Of a
    /// host that has too many, the oldest gives way; if there are too many in all, the oldest of
    /// the host that has the most.
    pub(super) fn enter(&mut self, host: IpAddr) -> (u64, Arc<Notify>) {
        let of_host = self.waiting.iter().filter(|it| it.host == host).count();
        if of_host >= NEWCOMERS_OF_HOST_MAX {
            self.close_oldest(host);
        } else if self.waiting.len() >= NEWCOMERS_MAX
            && let Some(host) = self.largest()
        {
            self.close_oldest(host);
        }
        let (number, stop) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        self.waiting.push_back(Waiting { number, host, stop: Arc::clone(&stop) });
        (number, stop)
    }

    /// Takes note that a connection has ended, or has proven who it is.
    pub(super) fn leave(&mut self, number: u64) {
        self.waiting.retain(|it| it.number != number);
    }

    fn largest(&self) -> Option<IpAddr> {
        let mut counts = BTreeMap::new();
        self.waiting.iter().for_each(|it| *counts.entry(it.host).or_insert(0) += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(host, _)| host)
    }

    fn close_oldest(&mut self, host: IpAddr) {
        let place = self.waiting.iter().position(|it| it.host == host);
        if let Some(oldest) = place.and_then(|place| self.waiting.remove(place)) {
            oldest.stop.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(number: u8) -> IpAddr {
        [127, 0, 0, number].into()
    }

    #[test]
    fn a_host_that_floods_only_closes_its_own_connections() {
        let mut lobby = Lobby::default();
        let (honest, _) = lobby.enter(host(1));
        for _ in 0..1000 {
            lobby.enter(host(2));
        }
        assert_eq!(lobby.waiting.len(), 1 + NEWCOMERS_OF_HOST_MAX);
        assert!(lobby.waiting.iter().any(|it| it.number == honest));
        lobby.leave(honest);
        assert_eq!(lobby.waiting.len(), NEWCOMERS_OF_HOST_MAX);
    }

    #[test]
    fn with_too_many_in_all_the_host_with_the_most_gives_way() {
        let mut lobby = Lobby::default();
        let flood: Vec<_> = (0..NEWCOMERS_OF_HOST_MAX).map(|_| lobby.enter(host(2)).0).collect();
        for number in 3..=250 {
            lobby.enter(host(number));
        }
        assert_eq!(lobby.waiting.len(), NEWCOMERS_MAX);
        let left = lobby.waiting.iter().filter(|it| flood.contains(&it.number)).count();
        assert!(left <= 1, "{left}");
    }
}
