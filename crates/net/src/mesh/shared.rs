//! What all connections of a mesh share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use althing_types::{Address, Channel, PeerKey};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info};

use super::announcement::{Announcement, public};
use super::book::Book;
use super::frame::{Farewell, Frame};
use super::handshake::Hello;
use super::lobby::Lobby;
use super::pace::Pace;
use super::seats::{Newcomer, Seat, Seats};
use super::{Options, UNREAD_MAX};
use crate::Arrival;
use crate::link::{Message, Outgoing};
use crate::queue::Queue;

/// What all connections share.
pub(super) struct Shared {
    network: [u8; 32],
    pub(super) key: SigningKey,
    /// Where we listen, signed.
    own: Announcement,
    /// What is said when a member is gone, and where.
    gone: BTreeMap<PeerKey, Bytes>,
    gone_topic: Arc<str>,
    entropy: fn() -> [u8; 32],
    pub(super) inbox: Arc<Queue<Arrival>>,
    state: Mutex<State>,
    /// Told when something has changed that the driver waits for.
    pub(super) changed: Notify,
}

/// The state that the driver and the connections share.
pub(super) struct State {
    pub(super) seats: Seats,
    pub(super) lobby: Lobby,
    pub(super) book: Book,
    /// Where members say that they listen.
    announced: BTreeMap<PeerKey, Announcement>,
    pace: Pace,
    /// Connections that have had a place and are not closed yet.
    pub(super) talking: usize,
    /// Why the last address that was dialed was of no use.
    pub(super) failure: Option<String>,
}

impl Shared {
    pub(super) fn new(options: &Options, address: Address) -> Self {
        let Options { network, key, members, gone, contacts, started, entropy, .. } = options;
        let (now, own) = (Instant::now(), public(key));
        let inbox = Arc::new(Queue::new());
        inbox.push(Arrival::Up);
        let state = State {
            seats: Seats::new(own, *started, members.iter().map(|member| member.key).collect()),
            lobby: Lobby::default(),
            book: Book::new(own, contacts.clone(), now),
            announced: BTreeMap::new(),
            pace: Pace::new(now),
            talking: 0,
            failure: None,
        };
        Self {
            network: *network,
            key: key.clone(),
            own: Announcement::sign(key, network, *started, address),
            gone: members.iter().map(|member| (member.key, member.gone.clone())).collect(),
            gone_topic: Arc::clone(gone),
            entropy: *entropy,
            inbox,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds this lock")
    }

    /// Returns what we say first on a connection.
    pub(super) fn hello(&self) -> Hello {
        let (network, challenge) = (self.network, (self.entropy)());
        Hello { network, challenge, announcement: self.own.clone() }
    }

    /// Returns what another says first.
    pub(super) fn network(&self) -> &[u8; 32] {
        &self.network
    }

    /// Gives a peer that has proven its key its place, and tells others where it listens.
    pub(super) fn enter(
        &self,
        address: SocketAddr,
        theirs: &Announcement,
        is_dialed: bool,
    ) -> Result<Seat, Farewell> {
        let Announcement { key, started, .. } = *theirs;
        let mut state = self.state();
        let seat = state.seats.enter(Newcomer { address, key, started, is_dialed })?;
        info!(%address, %key, is_member = seat.is_member, is_dialed, "connected");
        if seat.is_member && state.announced.get(&key) != Some(theirs) {
            // What it says itself counts, even if its clock was set back.
            state.announce(theirs.clone());
            state.seats.send_to_all(&Frame::Addresses(vec![theirs.clone()]));
        }
        state.talking += 1;
        let known: Vec<_> = state.announced.values().cloned().collect();
        seat.queue.push(Frame::Addresses(known));
        drop(state);
        self.changed.notify_one();
        Ok(seat)
    }

    /// Takes note that a connection has ended; `is_told` is false if the other side has said that
    /// there is a better one.
    pub(super) fn leave(&self, seat: &Seat, key: &PeerKey, is_told: bool) {
        let is_gone = self.state().seats.leave(seat);
        if is_gone && is_told {
            info!(%key, "a member is gone");
            if let Some(payload) = self.gone.get(key) {
                let from = Channel::Topic(Arc::clone(&self.gone_topic));
                self.inbox.push(Arrival::Received { from, payload: payload.clone() });
            }
        }
        self.changed.notify_one();
    }

    /// Takes note of where members say that they listen; returns false if one of them has not.
    pub(super) fn learn(&self, list: Vec<Announcement>) -> bool {
        for announcement in list {
            let is_news = {
                let state = self.state();
                let known = state.announced.get(&announcement.key);
                state.seats.is_member(&announcement.key)
                    && known.is_none_or(|known| known.started < announcement.started)
            };
            if !is_news {
                continue;
            }
            if !announcement.is_authentic(&self.network) {
                return false;
            }
            debug!(key = %announcement.key, address = %announcement.address, "learned");
            self.state().announce(announcement);
        }
        self.changed.notify_one();
        true
    }

    /// Hands on what has arrived, once there is room and it is its turn.
    pub(super) async fn hand_on(&self, arrival: Arrival, seat: Option<&Seat>) {
        if let (Some(seat), Arrival::Received { payload, .. }) = (seat, &arrival)
            && !seat.is_member
        {
            let due = self.state().pace.pass(Instant::now(), payload.len());
            sleep_until(due).await;
        }
        self.inbox.has_less_than(UNREAD_MAX).await;
        self.inbox.push(arrival);
    }
}

impl State {
    fn announce(&mut self, announcement: Announcement) {
        let Announcement { key, address, .. } = &announcement;
        self.book.note_announced(*key, address, Instant::now());
        self.announced.insert(*key, announcement);
    }
}

impl Outgoing for Shared {
    fn publish(&self, Message { payload, .. }: Message) {
        self.state().seats.send_to_all(&Frame::Message(payload));
    }

    fn answer(&self, to: &Address, payload: &Bytes) -> bool {
        let address = to.host().parse().ok().map(|host| SocketAddr::new(host, to.port()));
        self.state().seats.send_to(address, Frame::Message(payload.clone()));
        true
    }

    fn lost(&self) -> u64 {
        self.state().seats.lost()
    }
}
