//! How a peer of a network with a chain meets the others, over UDP.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use althing_engine::nakamoto::Discovery;
use althing_net::udp::{self, BindError};
use althing_net::{Endpoint, tracker};
use althing_types::Address;
use tokio::net::lookup_host;

/// Where the tracker of the `cs60` program listens.
pub const TRACKER_PORT: u16 = 60825;

/// How a peer meets the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The UDP address to listen at; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address at which others reach it, if that is another one; port 0 is the one that it
    /// listens at.
    pub advertise: Option<Address>,
    /// The peers that it turns to first, where peers gossip.
    pub contacts: Vec<Address>,
    /// The tracker, if it is not the usual one of this machine.
    pub tracker: Option<Address>,
}

/// At a free port of this machine alone, and at its usual tracker.
impl Default for Meeting {
    fn default() -> Self {
        let listen = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        Self { listen, advertise: None, contacts: Vec::new(), tracker: None }
    }
}

/// A peer's end of its network.
pub struct Met {
    /// Its socket, and its place on the tracker's list where there is one.
    pub endpoint: Endpoint,
    /// Whom it turns to first, by number where that is known.
    pub contacts: Vec<Address>,
    /// What it could not find or reach. None of that ends anything: others may do, or a name may be
    /// known later.
    pub problems: Vec<Problem>,
}

/// Why a contact is of no use for now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Its name is not known.
    #[error("{contact} cannot be found, and is tried again: {error}")]
    NotFound {
        /// The contact.
        contact: Address,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The system has no way to it from where the peer listens.
    #[error(
        "{contact} cannot be reached from {from}, where this peer listens: {reasons}; choose \
         another with --listen"
    )]
    OutOfReach {
        /// The contact.
        contact: Address,
        /// Where the peer listens.
        from: IpAddr,
        /// Why, for each of its addresses.
        reasons: String,
    },
}

impl Meeting {
    /// Returns the peer's end of its network, and whom to turn to.
    pub async fn meet(&self, discovery: Discovery) -> Result<Met, BindError> {
        let (contacts, problems) = contacts(&self.contacts, self.listen).await;
        let advertise = self.advertise.clone();
        let endpoint = udp::bind(udp::Options { listen: self.listen, advertise })?;
        let endpoint = match discovery {
            Discovery::Tracker => tracker::join(endpoint, self.tracker()),
            Discovery::Gossip { .. } => endpoint,
        };
        Ok(Met { endpoint, contacts, problems })
    }

    /// Returns where the tracker is.
    pub fn tracker(&self) -> Address {
        let usual = || Address::new("127.0.0.1", TRACKER_PORT).expect("a host");
        self.tracker.clone().unwrap_or_else(usual)
    }

    /// Returns who should have answered, for the message that none has.
    pub(crate) fn whom(&self, discovery: Discovery) -> String {
        match discovery {
            Discovery::Tracker => format!("no tracker answers at {}", self.tracker()),
            Discovery::Gossip { .. } => {
                let contacts: Vec<_> = self.contacts.iter().map(Address::to_string).collect();
                format!("no peer answers at {}", contacts.join(", "))
            }
        }
    }
}

/// Returns an address in the form in which it is seen as the source of what comes from there.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(host) => SocketAddr::new(host.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

/// Returns the addresses of all `given` contacts that a socket at `listen` can reach, by number, as
/// they will be seen on what comes from there; and each name, which is looked up again later.
async fn contacts(given: &[Address], listen: SocketAddr) -> (Vec<Address>, Vec<Problem>) {
    let (mut contacts, mut problems) = (Vec::new(), Vec::new());
    for contact in given {
        let found: Vec<_> = match lookup_host((contact.host(), contact.port())).await {
            Ok(found) => found.map(canonical).collect(),
            Err(error) => {
                problems.push(Problem::NotFound { contact: contact.clone(), error });
                Vec::new()
            }
        };
        let mut failures = Vec::new();
        let reached = found.iter().filter(|address| match reach(listen, **address) {
            Ok(()) => true,
            Err(error) => {
                failures.push(format!("{} ({error})", address.ip()));
                false
            }
        });
        let reached: Vec<_> = reached.copied().map(Address::from).collect();
        if reached.is_empty() && !found.is_empty() {
            problems.push(Problem::OutOfReach {
                contact: contact.clone(),
                from: listen.ip(),
                reasons: failures.join(", "),
            });
        }
        contacts.extend(reached);
        if contact.host().parse::<IpAddr>().is_err() {
            contacts.push(contact.clone());
        }
    }
    contacts.sort();
    contacts.dedup();
    (contacts, problems)
}

/// Asks the system whether it has a way from one address to another. Nothing is sent.
fn reach(from: SocketAddr, to: SocketAddr) -> io::Result<()> {
    let to = match (from.ip(), to.ip()) {
        // A socket for IPv6 that listens everywhere reaches IPv4 as well.
        (IpAddr::V6(from), IpAddr::V4(host)) if from.is_unspecified() => {
            SocketAddr::new(host.to_ipv6_mapped().into(), to.port())
        }
        _ => to,
    };
    UdpSocket::bind((from.ip(), 0))?.connect(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[tokio::test]
    async fn a_contact_by_name_counts_for_all_its_addresses_and_stays_a_name() {
        let given = ["localhost:7", "127.0.0.1:8", "nowhere.invalid:9"];
        let given = given.map(|text| text.parse().expect("an address"));
        let (found, problems) = contacts(&given, listen("127.0.0.1:0")).await;
        let found: Vec<_> = found.iter().map(Address::to_string).collect();
        assert_eq!(found, ["127.0.0.1:7", "localhost:7", "127.0.0.1:8", "nowhere.invalid:9"]);
        assert!(matches!(&problems[..], [Problem::NotFound { .. }]), "{problems:?}");
    }

    #[tokio::test]
    async fn what_a_socket_cannot_reach_is_known_before_anything_is_sent() {
        assert!(reach(listen("127.0.0.1:0"), listen("127.0.0.1:7")).is_ok());
        assert!(reach(listen("127.0.0.1:0"), listen("[::1]:7")).is_err());
        let given = ["192.0.2.1:7".parse().expect("an address")];
        let (_, problems) = contacts(&given, listen("127.0.0.1:0")).await;
        assert!(matches!(&problems[..], [Problem::OutOfReach { .. }]), "{problems:?}");
    }
}
