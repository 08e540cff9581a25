//! A network of datagrams between real peers that a test can partition.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use socket2::SockRef;

/// The receive buffer in bytes that each socket requests from the operating system, so that only
/// the relay itself loses datagrams.
const ROOM_BYTES: usize = 4 * 1024 * 1024;

/// A network of datagrams between real peers in which a test can create partitions and losses.
///
/// Each peer is given a public address, which it advertises. A datagram to the public address of
/// another peer is delivered from the public address of its sender, so no peer sees the real
/// addresses of the others. The relay ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    plan: Arc<Mutex<Plan>>,
    threads: Vec<JoinHandle<()>>,
}

/// Which peers can reach each other.
#[derive(Debug)]
struct Plan {
    seats: Vec<Seat>,
    /// The public addresses of the peers that are cut off from the rest.
    apart: BTreeSet<SocketAddr>,
    /// The percentage of datagrams that are lost, and the generator that chooses them.
    percent: u8,
    lot: ChaCha8Rng,
    dropped: u64,
    has_ended: bool,
}

#[derive(Debug)]
struct Seat {
    real: SocketAddr,
    public: SocketAddr,
    socket: Arc<UdpSocket>,
}

impl Relay {
    /// Returns a relay without peers.
    pub fn new() -> Self {
        let plan = Plan {
            seats: Vec::new(),
            apart: BTreeSet::new(),
            percent: 0,
            lot: ChaCha8Rng::seed_from_u64(0),
            dropped: 0,
            has_ended: false,
        };
        Self { plan: Arc::new(Mutex::new(plan)), threads: Vec::new() }
    }

    /// Adds a peer that listens at `real`, now or later, and returns the address that it must
    /// advertise.
    pub fn add(&mut self, real: SocketAddr) -> io::Result<SocketAddr> {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?);
        SockRef::from(&*socket).set_recv_buffer_size(ROOM_BYTES)?;
        let public = socket.local_addr()?;
        lock(&self.plan).seats.push(Seat { real, public, socket: Arc::clone(&socket) });
        let plan = Arc::clone(&self.plan);
        self.threads.push(thread::spawn(move || carry(&socket, real, &plan)));
        Ok(public)
    }

    /// Cuts the peers with these public addresses off from all others.
    pub fn partition(&self, apart: impl IntoIterator<Item = SocketAddr>) {
        lock(&self.plan).apart = apart.into_iter().collect();
    }

    /// Ends the partition.
    pub fn heal(&self) {
        self.partition([]);
    }

    /// Loses this percentage of all datagrams from now on, chosen at random.
    ///
    /// Which ones are lost also depends on their order, so a run cannot be replayed from the seed.
    pub fn lose(&self, percent: u8, seed: u64) {
        let mut plan = lock(&self.plan);
        (plan.percent, plan.lot) = (percent, ChaCha8Rng::seed_from_u64(seed));
    }

    /// Returns how many datagrams were lost, including those of strangers.
    pub fn dropped(&self) -> u64 {
        lock(&self.plan).dropped
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut plan = lock(&self.plan);
        plan.has_ended = true;
        for seat in &plan.seats {
            // Wakes its thread.
            let _ = seat.socket.send_to(&[], seat.public);
        }
        drop(plan);
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

impl Plan {
    /// Returns the socket from which to forward a datagram that came from `real` to `socket`.
    fn way(&mut self, real: SocketAddr, to: &UdpSocket) -> Option<Arc<UdpSocket>> {
        let sender = self.seats.iter().find(|seat| seat.real == real);
        let to = to.local_addr().ok()?;
        let way = sender
            .filter(|sender| self.apart.contains(&sender.public) == self.apart.contains(&to))
            .map(|sender| Arc::clone(&sender.socket))
            .filter(|_| self.lot.random_range(0..100) >= self.percent);
        self.dropped += u64::from(way.is_none());
        way
    }
}

/// Forwards datagrams that arrive at the public socket of the peer at `real`.
fn carry(public: &UdpSocket, real: SocketAddr, plan: &Mutex<Plan>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let received = public.recv_from(&mut buffer);
        let mut plan = lock(plan);
        if plan.has_ended {
            return;
        }
        // An error means that an earlier datagram was forwarded to a peer that was not running.
        let Ok((bytes, from)) = received else { continue };
        if let Some(way) = plan.way(from, public) {
            // It fails only if the peer is not running.
            let _ = way.send_to(&buffer[..bytes], real);
        }
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().expect("nothing panics while it holds this lock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEADLINE, eventually_blocking};

    fn peer() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        socket.set_read_timeout(Some(DEADLINE)).expect("it is no time at all");
        let address = socket.local_addr().expect("it has one");
        (socket, address)
    }

    fn hear(peer: &UdpSocket) -> (String, SocketAddr) {
        let mut buffer = [0; 100];
        let (bytes, from) = peer.recv_from(&mut buffer).expect("a datagram in time");
        (String::from_utf8_lossy(&buffer[..bytes]).into_owned(), from)
    }

    #[test]
    fn peers_see_each_other_only_through_the_relay_and_as_far_as_it_lets_them() {
        let ((ann, ann_at), (bob, bob_at), (eve, _)) = (peer(), peer(), peer());
        let mut relay = Relay::new();
        let mut add = |real| relay.add(real).expect("a port is free");
        let (ann_is, bob_is) = (add(ann_at), add(bob_at));
        let say = |from: &UdpSocket, to, text: &str| {
            from.send_to(text.as_bytes(), to).expect("it is sent");
        };
        say(&ann, bob_is, "hello");
        assert_eq!(hear(&bob), ("hello".to_owned(), ann_is));
        say(&bob, ann_is, "and back");
        assert_eq!(hear(&ann), ("and back".to_owned(), bob_is));

        let lost = |count| {
            let what = "datagrams to be lost";
            eventually_blocking(what, || (relay.dropped() == count).then_some(()));
        };
        say(&eve, bob_is, "from a stranger");
        lost(1);
        relay.partition([bob_is]);
        say(&ann, bob_is, "over there");
        lost(2);
        relay.heal();
        relay.lose(100, 7);
        say(&ann, bob_is, "out of luck");
        lost(3);
        relay.lose(0, 7);
        say(&ann, bob_is, "again");
        assert_eq!(hear(&bob), ("again".to_owned(), ann_is));
        drop(relay);
        UdpSocket::bind(bob_is).expect("its ports are free");
    }
}
