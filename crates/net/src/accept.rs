//! Accepts connections, also when the process has no more room for them.
//!
//! Without a file descriptor, `accept` fails at once and again, so a loop around it takes a whole
//! core and fills the log. [`Acceptor`] pauses, for longer each time, and says so once.
//! It also keeps one descriptor in reserve, which it gives up for the next connection: so a server
//! can at least tell a newcomer that it is full.

use std::fs::File;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::seldom::Seldom;

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
    use std::time::Duration;

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
