//! Connects to a host by name, whichever of its addresses answers.
//!
//! A name may have addresses in both families, and servers often listen in one only: on many
//! systems `localhost` is `::1` first. All addresses are tried, the families in turn, a little
//! apart, and the first that answers is taken ("Happy Eyeballs", RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The maximum number of addresses of one name that are tried.
pub(crate) const ADDRESSES_MAX: usize = 16;

/// Time before the next address is tried beside one that has not answered: that of RFC 8305.
const STAGGER: Duration = Duration::from_millis(250);

/// Why none of a host's addresses could be reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConnectError {
    /// The name has no address; this is the operating system's error.
    Unresolved(String),
    /// Nothing listens there.
    Refused,
    /// Another reason, for each address if they differ.
    Unreachable(String),
}

/// Connects to the first address of `host` that answers. Cancel-safe.
pub(crate) async fn connect_any(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let found = lookup_host((host, port))
        .await
        .map_err(|error| ConnectError::Unresolved(error.to_string()))?;
    let mut waiting = in_turn(found);
    if waiting.is_empty() {
        return Err(ConnectError::Unresolved("it has no address".to_owned()));
    }
    let (mut attempts, mut failures) = (JoinSet::new(), Vec::new());
    loop {
        match waiting.pop_front() {
            Some(address) => {
                attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            }
            None if attempts.is_empty() => return Err(sum_up(&failures)),
            None => {}
        }
        select! {
            Some(attempt) = attempts.join_next() => match attempt {
                Ok((_, Ok(stream))) => return Ok(stream),
                Ok((address, Err(error))) => failures.push((address, error)),
                Err(_) => {}
            },
            () = sleep(STAGGER), if !waiting.is_empty() => {}
        }
    }
}

/// Returns the addresses to try, the families in turn.
pub(crate) fn in_turn(found: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = VecDeque::new();
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) = (VecDeque::new(), VecDeque::new());
    for address in found {
        let is_first =
            first.front().is_none_or(|it: &SocketAddr| it.is_ipv6() == address.is_ipv6());
        let family = if is_first { &mut first } else { &mut second };
        if !family.contains(&address) {
            family.push_back(address);
        }
    }
    while !(first.is_empty() && second.is_empty()) {
        addresses.extend(first.pop_front());
        addresses.extend(second.pop_front());
    }
    addresses.truncate(ADDRESSES_MAX);
    addresses
}

fn sum_up(failures: &[(SocketAddr, io::Error)]) -> ConnectError {
    use io::ErrorKind as Kind;
    // That this machine has no address in one of the families says nothing about the server.
    let of_server = failures.iter().filter(|(_, error)| {
        !matches!(error.kind(), Kind::AddrNotAvailable | Kind::NetworkUnreachable)
    });
    let of_server: Vec<_> = of_server.collect();
    if !of_server.is_empty()
        && of_server.iter().all(|(_, error)| error.kind() == Kind::ConnectionRefused)
    {
        return ConnectError::Refused;
    }
    match failures {
        [(_, only)] => ConnectError::Unreachable(only.to_string()),
        several => {
            let each = several.iter().map(|(address, error)| format!("{}: {error}", address.ip()));
            ConnectError::Unreachable(each.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_families_are_tried_in_turn_and_each_address_once() {
        let found = ["[::1]:1", "[::2]:1", "[::1]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"];
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"];
        assert_eq!(in_turn(found.map(address)), expected.map(address));
        let many = (1..100).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(in_turn(many).len(), ADDRESSES_MAX);
    }

    #[test]
    fn refused_is_what_all_that_can_be_asked_say() {
        let failure = |text, kind: io::ErrorKind| (address(text), io::Error::from(kind));
        let refused = failure("127.0.0.1:1", io::ErrorKind::ConnectionRefused);
        let lacking = failure("[::1]:1", io::ErrorKind::AddrNotAvailable);
        assert_eq!(sum_up(&[lacking, refused]), ConnectError::Refused);
        let refused = failure("127.0.0.1:1", io::ErrorKind::ConnectionRefused);
        let silent = failure("[::1]:1", io::ErrorKind::TimedOut);
        let ConnectError::Unreachable(reason) = sum_up(&[silent, refused]) else {
            panic!("one did not answer")
        };
        assert!(reason.contains("::1: ") && reason.contains("127.0.0.1: "), "{reason}");
    }

    #[tokio::test]
    async fn a_server_that_listens_in_one_family_is_found_by_a_name_of_both() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let stream = connect_any("localhost", port).await.expect("it listens");
        assert!(stream.peer_addr().expect("it is connected").is_ipv4());
        drop(listener);
        assert_eq!(connect_any("localhost", port).await.err(), Some(ConnectError::Refused));
    }
}
