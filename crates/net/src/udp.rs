//! Datagrams over UDP.
//!
//! What is sent may be lost, doubled or late, and comes from whatever address its sender writes on
//! it. Nothing that comes in, and no answer of the network, ends an endpoint.
//!
//! Hosts that are given by number are sent to at once, on the thread of the caller. Those that are
//! given by name are looked up first, on the side; what was found is kept for [`NAME_TIME`].

mod resolver;

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use althing_types::Address;
use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing::{debug, info};

use self::resolver::Resolver;
pub use self::resolver::WAITING_MAX;
use crate::endpoint::{Arrival, Carrier, Driver, Endpoint, Origins};
use crate::link::AbortOnDrop;
pub use crate::names::{LOOKUPS_MAX, NAME_TIME, NAMES_MAX, NO_NAME_TIME};
use crate::queue::{Entry, Queue};
use crate::{DATAGRAM_MAX, QUEUE_BYTES_MAX};

/// Time before the socket is read again after an error, so that one that stays costs nothing.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// The least that is asked of the system as room for what has come in and is not yet read.
const ROOM_BYTES_MIN: usize = 64 * 1024;

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the others reach it, if that is not where it listens: another host's name or number,
    /// say. Port 0 stands for the one that it listens at.
    pub advertise: Option<Address>,
}

/// Why an endpoint could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program has the port.
    #[error("UDP port in use: {address}; choose another with --listen")]
    InUse {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The host is another one.
    #[error("{} is no address of this machine; choose one of its own with --listen", address.ip())]
    Elsewhere {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// Whoever listens everywhere has to say where it can be reached.
    #[error(
        "nobody can reach a peer at {}: say with --advertise where the others find it",
        address.ip()
    )]
    Nowhere {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The system does not want it for another reason.
    #[error("cannot listen at UDP port {address}: {reason}")]
    Refused {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
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
    // Blocks come in bursts. Some systems give what they have, others refuse what they have not.
    let mut room = QUEUE_BYTES_MAX;
    while socket.set_recv_buffer_size(room).is_err() && room > ROOM_BYTES_MIN {
        room /= 2;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    UdpSocket::from_std(socket.into())
}

/// The way out.
struct Outgoing {
    /// Gone when the endpoint is.
    socket: Weak<UdpSocket>,
    is_ipv6: bool,
    /// What could not be sent at once.
    waiting: Arc<Queue<Datagram>>,
    lost: AtomicU64,
}

/// What waits until it can be sent.
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
    /// Returns where an address is if it is given by number.
    fn numeric(&self, to: &Address) -> Option<SocketAddr> {
        let host = to.host().parse().ok()?;
        Some(self.reachable(SocketAddr::new(host, to.port())))
    }

    /// Returns an address in the way that the socket understands.
    fn reachable(&self, mut address: SocketAddr) -> SocketAddr {
        if self.is_ipv6
            && let IpAddr::V4(host) = address.ip()
        {
            address.set_ip(host.to_ipv6_mapped().into());
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

    /// Takes in what comes.
    async fn receive(&self) -> Infallible {
        // More than any datagram has, so that none is cut unnoticed.
        let mut buffer = vec![0; DATAGRAM_MAX + 1];
        loop {
            let (bytes, from) = match self.socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                // Some systems report here that something sent before found nobody.
                Err(error) => {
                    debug!(%error, "nothing could be received");
                    sleep(ERROR_PAUSE).await;
                    continue;
                }
            };
            let from = from.into();
            self.inbox.push(match bytes {
                0..=DATAGRAM_MAX => {
                    let payload = Bytes::copy_from_slice(&buffer[..bytes]);
                    Arrival::Datagram { from, payload }
                }
                _ => Arrival::Oversized { from, bytes },
            });
        }
    }

    /// Sends what could not be sent at once, until all is sent that ever will be.
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
