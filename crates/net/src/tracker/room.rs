//! The registered peers, in the order in which they came.

use std::sync::{Mutex, MutexGuard};

use althing_types::Address;
use bytes::Bytes;
use tokio::sync::watch;

use super::Refusal;
use super::codec::encode_list;

/// The maximum number of addresses that one connection can register.
pub const ADDRESSES_MAX: usize = 4;

/// The maximum size of a list in bytes, which is also the most that our peers read.
pub const LIST_BYTES_MAX: usize = crate::PAYLOAD_MAX;

/// The id of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionId(pub(super) u64);

/// The list of all peers, and the connections that receive it.
#[derive(Debug)]
pub(super) struct Room {
    present: Mutex<Vec<Present>>,
    /// The newest list. A connection that has not read the one before skips it.
    list: watch::Sender<Bytes>,
}

/// A registered peer.
#[derive(Debug)]
struct Present {
    peer: Address,
    /// The connection that registered it last. When that connection ends, the peer is gone.
    connection: ConnectionId,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { present: Mutex::default(), list: watch::Sender::new(Bytes::new()) }
    }

    /// Registers a peer, and sends the list to every connection. Returns the number of peers if it
    /// is new.
    pub(super) fn enter(
        &self,
        peer: &Address,
        connection: ConnectionId,
    ) -> Result<Option<usize>, Refusal> {
        let mut present = self.lock();
        let known = present.iter().position(|present| present.peer == *peer);
        let is_own = known.is_some_and(|place| present[place].connection == connection);
        if !is_own && count(&present, connection) >= ADDRESSES_MAX {
            return Err(Refusal::TooManyAddresses);
        }
        if let Some(place) = known {
            present[place].connection = connection;
            self.tell(&present);
            return Ok(None);
        }
        present.push(Present { peer: peer.clone(), connection });
        if encode(&present).len() > LIST_BYTES_MAX {
            present.pop();
            return Err(Refusal::ListFull);
        }
        self.tell(&present);
        Ok(Some(present.len()))
    }

    /// Removes a peer, if this connection registered it, and sends the list to the others. Returns
    /// the number of peers left.
    pub(super) fn leave(&self, peer: &Address, connection: ConnectionId) -> Option<usize> {
        let mut present = self.lock();
        let is_meant =
            |present: &Present| present.peer == *peer && present.connection == connection;
        let place = present.iter().position(is_meant)?;
        present.remove(place);
        self.tell(&present);
        Some(present.len())
    }

    /// Returns the addresses that a connection has registered.
    pub(super) fn of(&self, connection: ConnectionId) -> Vec<Address> {
        let present = self.lock();
        let own = present.iter().filter(|present| present.connection == connection);
        own.map(|present| present.peer.clone()).collect()
    }

    /// Returns the addresses of all peers.
    pub(super) fn peers(&self) -> Vec<Address> {
        self.lock().iter().map(|present| present.peer.clone()).collect()
    }

    /// Returns a receiver of each new list.
    pub(super) fn lists(&self) -> watch::Receiver<Bytes> {
        self.list.subscribe()
    }

    fn tell(&self, present: &[Present]) {
        self.list.send_replace(encode(present).into());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Present>> {
        self.present.lock().expect("nothing panics while it holds this lock")
    }
}

fn count(present: &[Present], connection: ConnectionId) -> usize {
    present.iter().filter(|present| present.connection == connection).count()
}

fn encode(present: &[Present]) -> Vec<u8> {
    let list: Vec<Address> = present.iter().map(|present| present.peer.clone()).collect();
    encode_list(&list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    fn peer(port: u16) -> Address {
        Address::new("127.0.0.1", port).expect("a host")
    }

    #[test]
    fn a_peer_belongs_to_the_connection_that_spoke_for_it_last() {
        let room = Room::new();
        let mut lists = room.lists();
        assert_eq!(room.enter(&peer(1), FIRST), Ok(Some(1)));
        assert_eq!(room.enter(&peer(2), FIRST), Ok(Some(2)));
        lists.mark_unchanged();
        assert_eq!(room.enter(&peer(1), SECOND), Ok(None));
        assert!(lists.has_changed().expect("it lives"), "each word is answered with a list");
        assert_eq!(room.leave(&peer(1), FIRST), None);
        assert_eq!((room.of(FIRST), room.of(SECOND)), (vec![peer(2)], vec![peer(1)]));
        assert_eq!(room.leave(&peer(1), SECOND), Some(1));
        assert_eq!(room.peers(), [peer(2)]);
        assert_eq!(*lists.borrow(), br#"[["127.0.0.1", 2]]"#[..]);
    }

    #[test]
    fn addresses_and_the_list_are_bounded() {
        let room = Room::new();
        let long = |number| Address::new(&format!("{number:0>250}"), 7).expect("a host");
        let mut number = 0;
        let refusal = loop {
            number += 1;
            if let Err(refusal) = room.enter(&long(number), ConnectionId(number)) {
                break refusal;
            }
        };
        assert_eq!(refusal, Refusal::ListFull);
        assert!(room.lists().borrow().len() <= LIST_BYTES_MAX);
        assert_eq!(room.peers().len() as u64, number - 1);

        let room = Room::new();
        for port in 1..=4 {
            assert!(room.enter(&peer(port), FIRST).is_ok());
        }
        assert_eq!(room.enter(&peer(5), FIRST), Err(Refusal::TooManyAddresses));
        assert_eq!(room.enter(&peer(4), FIRST), Ok(None));
        assert_eq!(room.enter(&peer(5), SECOND), Ok(Some(5)));
    }
}
