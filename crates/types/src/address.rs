//! Where a peer can be reached: host and port.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where a peer can be reached: a host, by name or IP number, and a port.
///
/// Two spellings of one host are two addresses. To compare peers, use the address that a message
/// really came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(String, u16)", into = "(String, u16)")]
pub struct Address {
    // The port comes first because it is compared first: many peers may share a host.
    port: u16,
    host: Arc<str>,
}

/// A text that is not a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host has 1 to {} bytes of ASCII without spaces", Address::HOST_LENGTH_MAX)]
pub struct NotAHost;

/// A text that is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// The part before the port is not a host.
    #[error(transparent)]
    Host(#[from] NotAHost),
    /// It does not end with a port.
    #[error("an address ends with a colon and a port from 0 to {}", u16::MAX)]
    Port,
    /// The host has colons and no brackets, so it is ambiguous where the port begins.
    #[error("a host with colons stands in brackets")]
    Brackets,
}

impl Address {
    /// Bytes that a host may have, as in the domain name system.
    pub const HOST_LENGTH_MAX: usize = 255;

    /// Returns the address of a port on a host.
    pub fn new(host: &str, port: u16) -> Result<Self, NotAHost> {
        let fits = (1..=Self::HOST_LENGTH_MAX).contains(&host.len());
        if fits && host.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self { port, host: host.into() })
        } else {
            Err(NotAHost)
        }
    }

    /// Returns the host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl TryFrom<(String, u16)> for Address {
    type Error = NotAHost;

    fn try_from((host, port): (String, u16)) -> Result<Self, Self::Error> {
        Self::new(&host, port)
    }
}

impl From<Address> for (String, u16) {
    fn from(address: Address) -> Self {
        (address.host.as_ref().to_owned(), address.port)
    }
}

/// Parses what `Display` writes.
impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(NotAnAddress::Port)?;
        let port = port.parse().map_err(|_| NotAnAddress::Port)?;
        match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => Ok(Self::new(host, port)?),
            None if host.contains(':') => Err(NotAnAddress::Brackets),
            None => Ok(Self::new(host, port)?),
        }
    }
}

/// An IPv4-mapped IPv6 address becomes the IPv4 address.
impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let host = address.ip().to_canonical().to_string();
        Self::new(&host, address.port()).expect("numbers of hosts are short and printable")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_bounded_and_printable() {
        for host in ["127.0.0.1", "::1", "silicon.cs.umanitoba.ca"] {
            assert!(Address::new(host, 8999).is_ok());
        }
        for host in ["", "a b", "ä", "a\n", &"a".repeat(256)] {
            assert_eq!(Address::new(host, 8999), Err(NotAHost));
        }
        assert_eq!(Address::new("::1", 7).expect("a host").to_string(), "[::1]:7");
    }

    #[test]
    fn what_is_displayed_can_be_read_again() {
        for (text, host) in [("localhost:0", "localhost"), ("[::1]:65535", "::1")] {
            let address: Address = text.parse().expect("an address");
            assert_eq!((address.host(), address.to_string().as_str()), (host, text));
        }
        for (text, fault) in [
            ("localhost", NotAnAddress::Port),
            ("localhost:65536", NotAnAddress::Port),
            ("localhost:", NotAnAddress::Port),
            ("::1:7", NotAnAddress::Brackets),
            (":7", NotAnAddress::Host(NotAHost)),
            ("[]:7", NotAnAddress::Host(NotAHost)),
        ] {
            assert_eq!(text.parse::<Address>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_has_one_text() {
        let mapped: SocketAddr = "[::ffff:127.0.0.1]:7".parse().expect("an address");
        assert_eq!(Address::from(mapped).to_string(), "127.0.0.1:7");
    }
}
