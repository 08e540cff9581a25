//! Datagrams over UDP.
//!
//! A datagram may be lost, duplicated or late, and its source address can be forged. No incoming
//! datagram, and no network error, ends an endpoint.
//!
//! Datagrams to an IP number are sent at once, on the thread of the caller. Names are looked up
//! first, in the background; the result is cached for [`NAME_TIME`].
//!
//! | file | question |
//! | --- | --- |
//! | `resolver` | Where is a host that is given by name, and what waits until that is known? |

mod resolver;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use althing_types::{Address, Channel};
use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing::{debug, info};

use self::resolver::Resolver;
pub use self::resolver::WAITING_MAX;
use crate::backoff::Backoff;
use crate::endpoint::{Carrier, Driver, Endpoint, Origins};
use crate::link::AbortOnDrop;
pub use crate::names::{LOOKUPS_MAX, NAME_TIME, NAMES_MAX, NO_NAME_TIME};
use crate::queue::{Entry, Queue};
use crate::{Arrival, DATAGRAM_MAX, QUEUE_BYTES_MAX};

/// The size in bytes of the receive buffer that we request from the operating system.
const ROOM_BYTES_MIN: usize = 64 * 1024;

/// The addresses of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address at which other peers reach it, if it differs from where it listens, such as the
    /// name or number of another host. Port 0 stands for the port that it listens at.
    pub advertise: Option<Address>,
}

/// Why an endpoint could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program has the port.
    #[error("UDP port in use: {address}; choose another with --listen")]
    InUse {
        /// The address it was to listen at.
        address: SocketAddr,
    },
    /// The address does not belong to this host.
    #[error(
        "{} is not an address of this machine; choose one of its own with --listen",
        address.ip()
    )]
    Elsewhere {
        /// The address it was to listen at.
        address: SocketAddr,
    },
    /// An endpoint that listens on all interfaces must state at which address it can be reached.
    #[error(
        "no peer can reach {}: give the address for the others with --advertise",
        address.ip()
    )]
    Nowhere {
        /// The address it was to listen at.
        address: SocketAddr,
    },
    /// The operating system refuses it for another reason.
    #[error("cannot listen at UDP port {address}: {reason}")]
    Refused {
        /// The address it was to listen at.
        address: SocketAddr,
        /// The operating system's error.
        reason: io::Error,
    },
}

/// Returns a new endpoint.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub fn bind(options: Options) -> Result<Endpoint, BindError> {
    let Options { listen, advertise } = options;
    if listen.ip().is_unspecified() && advertise.is_none() {
        return Err(BindError::Nowhere { address: listen });
    }
    let socket = open(listen).map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address: listen },
        io::ErrorKind::AddrNotAvailable => BindError::Elsewhere { address: listen },
        _ => BindError::Refused { address: listen, reason },
    })?;
    let bound =
        socket.local_addr().map_err(|reason| BindError::Refused { address: listen, reason })?;
    let address = match advertise {
        Some(address) if address.port() == 0 => {
            Address::new(address.host(), bound.port()).expect("it was a host before")
        }
        Some(address) => address,
        None => bound.into(),
    };
    info!(%bound, %address, "listening for datagrams");

    let socket = Arc::new(socket);
    let (inbox, waiting) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
    inbox.push(Arrival::Up);
    let outgoing = Arc::new(Outgoing {
        socket: Arc::downgrade(&socket),
        is_ipv6: bound.is_ipv6(),
        waiting,
        lost: AtomicU64::new(0),
    });
    let (ending, ended) = oneshot::channel();
    let traffic = Traffic { socket, inbox: Arc::clone(&inbox), outgoing: Arc::clone(&outgoing) };
    let task = AbortOnDrop(tokio::spawn(traffic.run(ended)));
    Ok(Endpoint::new(address, outgoing, inbox, Driver { task, ending }))
}

fn open(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    if listen.is_ipv6() && listen.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // Blocks arrive in bursts. Some systems grant as much as they can, others refuse.
    let mut room = QUEUE_BYTES_MAX;
    while socket.set_recv_buffer_size(room).is_err() && room > ROOM_BYTES_MIN {
        room /= 2;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    UdpSocket::from_std(socket.into())
}

/// The sending side.
struct Outgoing {
    /// Gone once the endpoint is.
    socket: Weak<UdpSocket>,
    is_ipv6: bool,
    /// Datagrams that could not be sent at once.
    waiting: Arc<Queue<Datagram>>,
    lost: AtomicU64,
}

/// A datagram that waits until it can be sent.
#[derive(Clone, Debug)]
struct Datagram {
    to: Address,
    payload: Bytes,
}

impl Entry for Datagram {
    fn bytes(&self) -> usize {
        self.to.host().len() + self.payload.len()
    }
}

impl Outgoing {
    /// Returns the socket address of an address with an IP number; `None` for a name.
    fn numeric(&self, to: &Address) -> Option<SocketAddr> {
        let host = to.host().parse().ok()?;
        Some(self.reachable(SocketAddr::new(host, to.port())))
    }

    /// Returns an address in the family of the socket.
    fn reachable(&self, mut address: SocketAddr) -> SocketAddr {
        match address.ip() {
            IpAddr::V4(host) if self.is_ipv6 => address.set_ip(host.to_ipv6_mapped().into()),
            host @ IpAddr::V6(_) if !self.is_ipv6 => address.set_ip(host.to_canonical()),
            _ => {}
        }
        address
    }

    fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn lose(&self, to: SocketAddr, error: &io::Error) {
        debug!(%to, %error, "a datagram was not sent");
        self.count_lost();
    }
}

impl Carrier for Outgoing {
    fn send(&self, to: &Address, payload: Bytes) {
        let Some(socket) = self.socket.upgrade() else { return self.count_lost() };
        if payload.len() > DATAGRAM_MAX {
            debug!(%to, bytes = payload.len(), "no datagram is that large");
            return self.count_lost();
        }
        if self.waiting.is_empty()
            && !self.waiting.is_closed()
            && let Some(to) = self.numeric(to)
        {
            match socket.try_send_to(&payload, to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return self.lose(to, &error),
                Ok(_) => return,
            }
        }
        self.waiting.push(Datagram { to: to.clone(), payload });
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed) + self.waiting.lost()
    }

    fn origins(&self) -> Origins {
        Origins::Numbers { is_ipv6: self.is_ipv6 }
    }
}

/// What the task of an endpoint does.
struct Traffic {
    socket: Arc<UdpSocket>,
    inbox: Arc<Queue<Arrival>>,
    outgoing: Arc<Outgoing>,
}

impl Traffic {
    async fn run(self, ended: oneshot::Receiver<Duration>) {
        let closing = async {
            if ended.await.is_ok() {
                self.outgoing.waiting.close();
            }
            pending::<()>().await;
        };
        select! {
            () = self.transmit() => {}
            never = self.receive() => match never {},
            () = closing => {}
        }
    }

    /// Reads what arrives.
    async fn receive(&self) -> Infallible {
        // Larger than any datagram, so that none is truncated unnoticed.
        let mut buffer = vec![0; DATAGRAM_MAX + 1];
        let mut backoff = Backoff::new();
        loop {
            let (bytes, from) = match self.socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                // Some systems report here that an earlier datagram found no receiver (ICMP
                // unreachable).
                Err(error) => {
                    debug!(%error, "nothing could be received");
                    // A persistent error costs nothing, and one that a stranger causes little time.
                    sleep(backoff.next_pause()).await;
                    continue;
                }
            };
            backoff = Backoff::new();
            let from = Channel::Address(from.into());
            self.inbox.push(match bytes {
                0..=DATAGRAM_MAX => {
                    let payload = Bytes::copy_from_slice(&buffer[..bytes]);
                    Arrival::Received { from, payload }
                }
                _ => Arrival::Oversized { from, bytes },
            });
        }
    }

    /// Sends what could not be sent at once, until the sending side is gone and nothing is left.
    async fn transmit(&self) {
        let waiting = &self.outgoing.waiting;
        let mut resolver = Resolver::new(self.outgoing.is_ipv6);
        let mut is_open = true;
        while is_open || resolver.is_busy() {
            select! {
                datagram = waiting.pop(), if is_open => match datagram {
                    Some(Datagram { to, payload }) => match self.outgoing.numeric(&to) {
                        Some(to) => self.send(to, &payload).await,
                        None => resolver.add(Datagram { to, payload }),
                    },
                    None => is_open = false,
                },
                () = resolver.progress(), if resolver.is_busy() => {}
            }
            while let Some((to, payload)) = resolver.next_found() {
                self.send(self.outgoing.reachable(to), &payload).await;
            }
            waiting.count_lost(resolver.take_lost());
        }
    }

    async fn send(&self, to: SocketAddr, payload: &Bytes) {
        if let Err(error) = self.socket.send_to(payload, to).await {
            self.outgoing.lose(to, &error);
        }
    }
}
