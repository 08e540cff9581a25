//! One peer's connection to the tracker.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use althing_types::Address;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::codec::{Presence, Reader};
use super::room::{ConnectionId, Room};
use super::{Event, Refusal};
use crate::queue::Queue;

/// The maximum size of a peer's message in bytes.
pub const WORD_BYTES_MAX: usize = 1024;

/// The maximum number of messages on one connection. A peer needs two, and each makes the tracker
/// send a list to every connection.
pub const WORDS_MAX: usize = 256;

/// Time within which a peer must accept a list, or its connection is closed.
pub const READING_TIME: Duration = Duration::from_secs(3);

/// Time for which a connection may stay open without a registered peer.
pub const NAMELESS_TIME: Duration = Duration::from_secs(30);

/// Time between two lists on one connection. A published program takes whatever one read gives it
/// for one list, so two that arrive together end its tracker thread.
pub const LIST_PAUSE: Duration = Duration::from_millis(250);

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 4096;

/// The state of one connection's task.
pub(super) struct Connection {
    id: ConnectionId,
    from: SocketAddr,
    room: Arc<Room>,
    events: Arc<Queue<Event>>,
    reader: Reader,
    words: usize,
    /// When it is closed, unless a peer is registered by then.
    nameless_until: Option<Instant>,
    /// It has said goodbye, and is sent no more lists.
    has_left: bool,
    /// The rest of the list that is being sent, and the time by which the peer must accept it.
    unsent: Option<(Bytes, Instant)>,
    /// Before that there is no other list.
    paused_until: Option<Instant>,
}

impl Connection {
    pub(super) fn new(
        id: ConnectionId,
        from: SocketAddr,
        room: Arc<Room>,
        events: Arc<Queue<Event>>,
    ) -> Self {
        Self {
            id,
            from,
            room,
            events,
            reader: Reader::new(WORD_BYTES_MAX),
            words: 0,
            nameless_until: Some(Instant::now() + NAMELESS_TIME),
            has_left: false,
            unsent: None,
            paused_until: None,
        }
    }

    /// Serves the connection until it ends or has to be closed.
    pub(super) async fn serve(mut self, stream: TcpStream) {
        let outcome = self.talk(stream).await;
        for peer in self.room.of(self.id) {
            if let Some(peers) = self.room.leave(&peer, self.id) {
                self.events.push(Event::Gone { peer, peers });
            }
        }
        if let Err(reason) = outcome {
            self.events.push(Event::Refused { from: self.from, reason });
        }
    }

    async fn talk(&mut self, mut stream: TcpStream) -> Result<(), Refusal> {
        let mut lists = self.room.lists();
        let (mut incoming, mut outgoing) = stream.split();
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            select! {
                read = incoming.read(&mut chunk) => match read {
                    Ok(0) | Err(_) => return Ok(()),
                    Ok(bytes) => self.hear(&chunk[..bytes])?,
                },
                // It ends only with the room, which this task keeps alive.
                // Those that are made meanwhile are skipped: the last one says all.
                Ok(()) = lists.changed(), if self.may_take() => self.take(&mut lists),
                () = over(self.paused_until) => self.paused_until = None,
                written = write(&mut outgoing, &self.unsent), if self.unsent.is_some() => {
                    match written {
                        Ok(bytes) => self.note_sent(bytes),
                        Err(_) => return Ok(()),
                    }
                }
                () = over(self.unsent.as_ref().map(|(_, until)| *until)) => {
                    return Err(Refusal::NotReading);
                }
                () = over(self.nameless_until) => return self.nameless(),
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let words = self
            .reader
            .read::<Presence>(bytes)
            .map_err(|malformed| Refusal::Malformed(malformed.to_string()))?;
        for word in words {
            self.words += 1;
            if self.words > WORDS_MAX {
                return Err(Refusal::TooManyWords);
            }
            match word {
                Presence::Syn(peer) => self.enter(peer)?,
                Presence::Fin(peer) => self.leave(peer),
            }
        }
        Ok(())
    }

    fn enter(&mut self, peer: Address) -> Result<(), Refusal> {
        if let Some(peers) = self.room.enter(&peer, self.id)? {
            self.events.push(Event::Joined { peer, peers });
        }
        (self.has_left, self.nameless_until) = (false, None);
        Ok(())
    }

    fn leave(&mut self, peer: Address) {
        if let Some(peers) = self.room.leave(&peer, self.id) {
            self.events.push(Event::Left { peer, peers });
        }
        if self.nameless_until.is_none() && self.room.of(self.id).is_empty() {
            (self.has_left, self.nameless_until) = (true, Some(Instant::now() + NAMELESS_TIME));
        }
    }

    fn nameless(&self) -> Result<(), Refusal> {
        // A peer that has said goodbye and stays connected has done nothing wrong.
        if self.has_left { Ok(()) } else { Err(Refusal::Nameless) }
    }

    fn may_take(&self) -> bool {
        self.unsent.is_none() && self.paused_until.is_none()
    }

    fn take(&mut self, lists: &mut watch::Receiver<Bytes>) {
        let list = lists.borrow_and_update().clone();
        if !self.has_left {
            self.unsent = Some((list, Instant::now() + READING_TIME));
        }
    }

    fn note_sent(&mut self, bytes: usize) {
        if let Some((rest, _)) = &mut self.unsent {
            rest.advance(bytes);
            if rest.is_empty() {
                self.unsent = None;
                self.paused_until = Some(Instant::now() + LIST_PAUSE);
            }
        }
    }
}

/// Sends part of the rest of a list.
async fn write(
    outgoing: &mut (impl AsyncWriteExt + Unpin),
    unsent: &Option<(Bytes, Instant)>,
) -> io::Result<usize> {
    match unsent {
        Some((rest, _)) => outgoing.write(rest).await,
        None => pending().await,
    }
}

/// Completes when a time is over; never if there is none.
async fn over(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}
