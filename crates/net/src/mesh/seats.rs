//! Who is connected: each member once, and a few observers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use althing_types::PeerKey;
use bytes::BytesMut;
use tokio::sync::Notify;

use super::frame::{Farewell, Frame};
use crate::queue::{Entry, Queue};
use crate::{QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX};

/// The maximum number of connected peers whose keys are not in the charter.
pub const OBSERVERS_MAX: usize = 16;

/// The maximum number of those from one host.
pub const OBSERVERS_OF_HOST_MAX: usize = 4;

/// The maximum number of messages that wait for one observer; the oldest are lost.
pub const OBSERVER_MESSAGES_MAX: usize = 512;

/// The maximum number of bytes that wait for one observer.
pub const OBSERVER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// All connections over which messages go.
pub(super) struct Seats {
    own: PeerKey,
    started: u64,
    members: BTreeSet<PeerKey>,
    seats: BTreeMap<SocketAddr, Seat>,
    next: u64,
    /// Messages that were lost on connections that have ended.
    lost: u64,
    is_closed: bool,
}

/// One that has proven its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newcomer {
    /// The other end of the connection.
    pub(super) address: SocketAddr,
    pub(super) key: PeerKey,
    /// When its process started, as it says.
    pub(super) started: u64,
    /// Whether we have connected, and not the other.
    pub(super) is_dialed: bool,
}

/// A connection over which messages go.
pub(super) struct Seat {
    newcomer: Newcomer,
    pub(super) number: u64,
    pub(super) is_member: bool,
    /// What is to be sent.
    pub(super) queue: Arc<Queue<Frame>>,
    /// Told when the connection is no longer wanted.
    pub(super) stop: Arc<Notify>,
}

impl Seats {
    pub(super) fn new(own: PeerKey, started: u64, members: BTreeSet<PeerKey>) -> Self {
        let (seats, next, lost) = (BTreeMap::new(), 0, 0);
        Self { own, started, members, seats, next, lost, is_closed: false }
    }

    /// Gives a peer its place, which it may take over from an earlier connection of its own.
    ///
    /// Of two connections between two peers that have both connected, the one that stays is that
    /// of the smaller key, so that both keep the same. Otherwise the later one does: the other
    /// side may have started again, and its earlier connection be dead.
    pub(super) fn enter(&mut self, newcomer: Newcomer) -> Result<Seat, Farewell> {
        if newcomer.key == self.own && newcomer.started == self.started {
            return Err(Farewell::Ourselves);
        }
        let is_member = self.is_member(&newcomer.key);
        let earlier = self.seats.values().find(|seat| seat.newcomer.key == newcomer.key);
        let earlier = earlier.map(|seat| seat.newcomer);
        match earlier {
            Some(earlier) if !self.gives_way(&earlier, &newcomer) => {
                return Err(Farewell::Doubled);
            }
            Some(earlier) => self.remove(&earlier.address),
            None if is_member => {}
            None => self.make_sure_of_room(newcomer.address.ip())?,
        }
        // The system never gives two connections the same two ends.
        self.remove(&newcomer.address);
        let (messages, bytes) = match is_member {
            true => (QUEUE_MESSAGES_MAX, QUEUE_BYTES_MAX),
            false => (OBSERVER_MESSAGES_MAX, OBSERVER_BYTES_MAX),
        };
        let queue = Arc::new(Queue::bounded(messages, bytes));
        if self.is_closed {
            queue.close();
        }
        let (number, stop) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        let seat = Seat { newcomer, number, is_member, queue, stop };
        self.seats.insert(newcomer.address, seat.clone());
        Ok(seat)
    }

    /// Removes a connection that has ended, and returns whether a member is gone with it.
    pub(super) fn leave(&mut self, seat: &Seat) -> bool {
        let address = seat.newcomer.address;
        let is_here = self.seats.get(&address).is_some_and(|it| it.number == seat.number);
        if is_here {
            self.remove(&address);
        }
        is_here && seat.is_member
    }

    pub(super) fn is_member(&self, key: &PeerKey) -> bool {
        self.members.contains(key)
    }

    pub(super) fn has(&self, key: &PeerKey) -> bool {
        self.seats.values().any(|seat| seat.newcomer.key == *key)
    }

    /// Returns whether there are members besides us, and how many of them are connected.
    pub(super) fn others(&self) -> (bool, usize) {
        let has_others = self.members.iter().any(|key| *key != self.own);
        (has_others, self.seats.values().filter(|seat| seat.is_member).count())
    }

    /// Sends a frame to all.
    pub(super) fn send_to_all(&mut self, frame: &Frame) {
        self.seats.values().for_each(|seat| seat.queue.push(frame.clone()));
        self.lost += u64::from(self.is_closed && self.seats.is_empty());
    }

    /// Sends a frame to the peer at the other end of one connection.
    pub(super) fn send_to(&mut self, address: Option<SocketAddr>, frame: Frame) {
        match address.and_then(|address| self.seats.get(&address)) {
            Some(seat) => seat.queue.push(frame),
            None => self.lost += 1,
        }
    }

    /// Returns how many messages were lost before they were sent.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.seats.values().map(|seat| seat.queue.lost()).sum::<u64>()
    }

    /// Returns how many frames wait to be sent.
    pub(super) fn unsent(&self) -> usize {
        self.seats.values().map(|seat| seat.queue.len()).sum()
    }

    /// Has all connections end once what waits is sent.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.seats.values().for_each(|seat| seat.queue.close());
    }

    fn gives_way(&self, earlier: &Newcomer, newcomer: &Newcomer) -> bool {
        let is_same = earlier.started == newcomer.started;
        let is_crossed = earlier.is_dialed != newcomer.is_dialed;
        let dialed_first = self.own < newcomer.key;
        !(is_same && is_crossed) || newcomer.is_dialed == dialed_first
    }

    fn make_sure_of_room(&self, host: IpAddr) -> Result<(), Farewell> {
        let observers = || self.seats.values().filter(|seat| !seat.is_member);
        let of_host = observers().filter(|seat| seat.newcomer.address.ip() == host).count();
        match observers().count() >= OBSERVERS_MAX || of_host >= OBSERVERS_OF_HOST_MAX {
            true => Err(Farewell::Crowded),
            false => Ok(()),
        }
    }

    fn remove(&mut self, address: &SocketAddr) {
        if let Some(seat) = self.seats.remove(address) {
            self.lost += seat.queue.lost();
            seat.stop.notify_one();
        }
    }
}

impl Clone for Seat {
    fn clone(&self) -> Self {
        let Self { newcomer, number, is_member, queue, stop } = self;
        let (queue, stop) = (Arc::clone(queue), Arc::clone(stop));
        Self { newcomer: *newcomer, number: *number, is_member: *is_member, queue, stop }
    }
}

impl Entry for Frame {
    fn bytes(&self) -> usize {
        match self {
            Self::Message(payload) => payload.len(),
            Self::Addresses(_) | Self::Farewell(_) => {
                let mut bytes = BytesMut::new();
                self.encode_into(&mut bytes);
                bytes.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> PeerKey {
        PeerKey::from_bytes([number; 32])
    }

    /// Returns the seats of member 5 of 9.
    fn seats() -> Seats {
        Seats::new(key(5), 1, (1..=9).map(key).collect())
    }

    fn newcomer(port: u16, number: u8, started: u64, is_dialed: bool) -> Newcomer {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Newcomer { address, key: key(number), started, is_dialed }
    }

    #[test]
    fn of_two_connections_that_cross_both_sides_keep_the_one_of_the_smaller_key() {
        // Which of them comes first makes no difference.
        for other in [1, 9] {
            let dialed_stays = 5 < other;
            for dialed_first in [true, false] {
                let mut seats = seats();
                let first = seats.enter(newcomer(1, other, 7, dialed_first)).expect("a member");
                let second = seats.enter(newcomer(2, other, 7, !dialed_first));
                let second_stays = dialed_first != dialed_stays;
                assert_eq!(second.is_ok(), second_stays, "{other} {dialed_first}");
                // Who gives way to a connection of its own is not gone.
                assert_eq!(seats.leave(&first), !second_stays);
                assert_eq!(second.is_ok_and(|second| seats.leave(&second)), second_stays);
                assert_eq!(seats.others(), (true, 0));
            }
        }
    }

    #[test]
    fn one_that_has_started_again_takes_the_place_of_its_dead_connection() {
        let mut seats = seats();
        let dead = seats.enter(newcomer(1, 1, 7, false)).expect("a member");
        let again = seats.enter(newcomer(2, 1, 8, true)).expect("it has started again");
        assert!(!seats.leave(&dead), "its place was taken over");
        assert!(seats.leave(&again), "a member is gone");
        assert!(!seats.leave(&again), "once");
    }

    #[test]
    fn a_peer_knows_itself_and_hears_a_copy_of_itself() {
        let mut seats = seats();
        assert_eq!(seats.enter(newcomer(1, 5, 1, true)).err(), Some(Farewell::Ourselves));
        assert!(seats.enter(newcomer(2, 5, 2, true)).is_ok());
    }

    #[test]
    fn observers_are_few_and_members_always_find_a_place() {
        let mut seats = seats();
        let from = |host: u8, port: u16, number: u8| {
            let address = SocketAddr::from(([127, 0, 0, host], port));
            Newcomer { address, ..newcomer(0, number, 7, false) }
        };
        let mut number = 10;
        for host in 1..=9 {
            for port in 0..5 {
                let entered = seats.enter(from(host, 100 + port, number));
                let has_room = host <= 4 && port < 4;
                assert_eq!(entered.is_ok(), has_room, "{host} {port}");
                number += 1;
            }
        }
        for member in (1..=9).filter(|member| *member != 5) {
            assert!(seats.enter(newcomer(member.into(), member, 7, false)).is_ok());
        }
        assert_eq!(seats.others(), (true, 8));
    }

    #[test]
    fn what_is_for_one_goes_to_one_and_what_is_for_none_is_lost() {
        let mut seats = seats();
        let ann = seats.enter(newcomer(1, 1, 7, false)).expect("a member");
        let bob = seats.enter(newcomer(2, 2, 7, false)).expect("a member");
        let frame = Frame::Message("hello".into());
        seats.send_to_all(&frame);
        seats.send_to(Some(SocketAddr::from(([127, 0, 0, 1], 2))), frame.clone());
        seats.send_to(Some(SocketAddr::from(([127, 0, 0, 1], 3))), frame);
        assert_eq!((ann.queue.len(), bob.queue.len(), seats.lost()), (1, 2, 1));
    }
}
