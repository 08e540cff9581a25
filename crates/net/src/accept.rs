//! Accepts connections, also when the process has no more room for them.
//!
//! Without a file descriptor, `accept` fails at once and again, so a loop around it takes a whole
//! core and fills the log. [`Acceptor`] pauses, for longer each time, and says so once.
//! It also keeps one descriptor in reserve, which it gives up for the next connection: so a server
//! can at least tell a newcomer that it is full.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::seldom::Seldom;

/// Silence after which TCP keep-alive probes the other side.
pub const KEEP_ALIVE_TIME: Duration = Duration::from_secs(20);

/// Time between two probes, of which [`KEEP_ALIVE_TRIES`] may stay unanswered.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// The number of unanswered probes after which the other side counts as dead.
pub const KEEP_ALIVE_TRIES: u32 = 3;

/// Why a server cannot listen at an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program has the port.
    #[error("TCP port in use: {address}; choose another with --listen")]
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
    /// The operating system refuses it for another reason.
    #[error("cannot listen at TCP port {address}: {reason}")]
    Refused {
        /// The address it was to listen at.
        address: SocketAddr,
        /// The operating system's error.
        reason: io::Error,
    },
}

/// Accepts connections at one address.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    /// What accepts them, for the log.
    who: &'static str,
    reserve: Option<File>,
    backoff: Backoff,
    /// When to try again.
    rest_until: Option<Instant>,
    /// Whether it was said that there is no room, since there last was.
    is_told: bool,
    complaint: Seldom,
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// The address it comes from.
    pub from: SocketAddr,
    /// Whether there is room for it. If not, it has the last file descriptor of the process, and
    /// should be told so and closed.
    pub has_room: bool,
}

impl Acceptor {
    /// Returns an acceptor for `listener`; `who` names the server in the log, such as "the broker".
    pub fn new(listener: TcpListener, who: &'static str) -> Self {
        Self {
            listener,
            who,
            reserve: open_reserve(),
            backoff: Backoff::new(),
            rest_until: None,
            is_told: false,
            complaint: Seldom::new(),
        }
    }

    /// Waits for the next connection, however long that takes. Cancel-safe.
    pub async fn next(&mut self) -> Accepted {
        loop {
            if let Some(until) = self.rest_until {
                sleep_until(until).await;
                self.rest_until = None;
            }
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    if self.reserve.is_none() {
                        self.reserve = open_reserve();
                    }
                    let has_room = self.reserve.is_some() || !KEEPS_RESERVE;
                    if has_room {
                        (self.backoff, self.is_told) = (Backoff::new(), false);
                    }
                    return Accepted { stream, from, has_room };
                }
                Err(error) if is_of_one_connection(&error) => {
                    debug!(who = self.who, %error, "a connection ended before it was accepted");
                }
                Err(error) => self.on_exhausted(&error),
            }
        }
    }

    /// Gives up the reserve, or rests if that is gone already.
    fn on_exhausted(&mut self, error: &io::Error) {
        let now = Instant::now();
        if !self.is_told
            && let Some(kept_back) = self.complaint.pass(now)
        {
            self.is_told = true;
            let who = self.who;
            warn!(who, %error, kept_back, "no more connections can be accepted for now");
        }
        if self.reserve.take().is_none() {
            self.rest_until = Some(now + self.backoff.next_pause());
        }
    }
}

/// The backlog: connections that the operating system keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// Returns a listener at `address`; connections keep so many bytes for a peer that does not read,
/// or as many as the operating system chooses.
pub(crate) fn listen(
    address: SocketAddr,
    send_buffer_bytes: Option<usize>,
) -> Result<TcpListener, ListenError> {
    bind(address, send_buffer_bytes).map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address },
        io::ErrorKind::AddrNotAvailable => ListenError::Elsewhere { address },
        _ => ListenError::Refused { address, reason },
    })
}

fn bind(address: SocketAddr, send_buffer_bytes: Option<usize>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a server can start at the port of one that has just stopped.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if let Some(bytes) = send_buffer_bytes {
        // Accepted connections inherit it.
        socket.set_send_buffer_size(bytes)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Makes TCP notice when the other side of a connection dies silently.
pub(crate) fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let questions = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_TIME)
        .with_interval(KEEP_ALIVE_INTERVAL)
        .with_retries(KEEP_ALIVE_TRIES);
    socket.set_tcp_keepalive(&questions)?;
    // TCP does not probe while sent data is unacknowledged: that has its own limit.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let patience = KEEP_ALIVE_TIME + KEEP_ALIVE_INTERVAL * KEEP_ALIVE_TRIES;
        socket.set_tcp_user_timeout(Some(patience))?;
    }
    Ok(())
}

/// Whether this system has something to open that only takes a descriptor.
const KEEPS_RESERVE: bool = cfg!(unix);

fn open_reserve() -> Option<File> {
    if KEEPS_RESERVE { File::open("/dev/null").ok() } else { None }
}

/// Returns whether only the connection that was about to be accepted has failed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted | Kind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::backoff::BACKOFF_MIN;

    async fn acceptor() -> Acceptor {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Acceptor::new(listener, "a test")
    }

    #[tokio::test]
    async fn without_descriptors_the_reserve_goes_first_and_then_it_rests_for_longer_each_time() {
        let mut acceptor = acceptor().await;
        let exhausted = io::Error::from_raw_os_error(24);
        let mut rests = Vec::new();
        for _ in 0..4 {
            let now = Instant::now();
            acceptor.on_exhausted(&exhausted);
            rests.push(acceptor.rest_until.map(|until| until - now));
        }
        assert_eq!(rests[0], None, "the reserve was given up");
        assert!(rests[1] >= Some(BACKOFF_MIN) && rests[3] >= Some(4 * BACKOFF_MIN), "{rests:?}");
        assert!(acceptor.is_told);
    }

    #[tokio::test]
    async fn with_descriptors_again_there_is_room() {
        let mut acceptor = acceptor().await;
        acceptor.reserve = None;
        let address = acceptor.listener.local_addr().expect("it listens");
        let _client = TcpStream::connect(address).await.expect("it listens");
        let accepted = timeout(Duration::from_secs(60), acceptor.next()).await.expect("a client");
        assert!(accepted.has_room);
        assert_eq!(acceptor.reserve.is_some(), KEEPS_RESERVE);
    }
}
