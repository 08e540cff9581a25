//! Messages from address to address over a shared bus: a topic for each address, and one to which
//! all peers listen.
//!
//! Each message consists of the sender's address as text, a line break, and the payload. The bus
//! does not check the address: as with datagrams, any peer can forge the address of any other.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use althing_types::{Address, Channel};
use bytes::{Bytes, BytesMut};
use tokio::select;
use tokio::sync::oneshot;
use tracing::debug;

use crate::Arrival;
use crate::endpoint::{Carrier, Driver, Endpoint, Origins};
use crate::link::{AbortOnDrop, Link, Publisher};
use crate::queue::Queue;

/// The address of all peers: a message to this address over a bus reaches all others on it, so
/// that a peer that does not know any other yet can find them.
pub static EVERYONE: LazyLock<Address> =
    LazyLock::new(|| Address::new("everyone", 0).expect("it is short and printable"));

/// Returns the topics that a link must listen to so that the endpoint over it can be reached at
/// `address`: `PREFIX/to/HOST:PORT` and `PREFIX/to/everyone`.
pub fn topics(prefix: &str, address: &Address) -> Vec<String> {
    vec![topic(prefix, address), topic(prefix, &EVERYONE)]
}

fn topic(prefix: &str, to: &Address) -> String {
    if *to == *EVERYONE {
        format!("{prefix}/to/{}", to.host())
    } else {
        format!("{prefix}/to/{to}")
    }
}

/// Publishes with an address as the sender.
struct Postman {
    publisher: Publisher,
    prefix: String,
    /// The sender's address with the line break.
    head: String,
}

impl Carrier for Postman {
    fn send(&self, to: &Address, payload: Bytes) {
        let mut letter = BytesMut::with_capacity(self.head.len() + payload.len());
        letter.extend_from_slice(self.head.as_bytes());
        letter.extend_from_slice(&payload);
        self.publisher.publish(topic(&self.prefix, to), letter);
    }

    fn lost(&self) -> u64 {
        self.publisher.lost()
    }

    fn origins(&self) -> Origins {
        Origins::Words
    }
}

impl Endpoint {
    /// Returns an endpoint that is reached at `address` over a bus which it shares with others of
    /// the same `prefix`. The link is new, and listens to all of [`topics`].
    ///
    /// The payload and the sender's address have to fit into a message of the link
    /// ([`crate::PAYLOAD_MAX`]). The source address of a message is what its sender states.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn over_link(link: Link, prefix: &str, address: Address) -> Self {
        let carrier = Arc::new(Postman {
            publisher: link.publisher().clone(),
            prefix: prefix.to_owned(),
            head: format!("{address}\n"),
        });
        let inbox = Arc::new(Queue::new());
        let (ending, ended) = oneshot::channel();
        let mail = Mail {
            link,
            own: address.clone(),
            everyone: topic(prefix, &EVERYONE),
            inbox: Arc::clone(&inbox),
        };
        let task = AbortOnDrop(tokio::spawn(mail.deliver(ended)));
        Self::new(address, carrier, inbox, Driver { task, ending })
    }
}

/// Reads what arrives over the link.
struct Mail {
    link: Link,
    own: Address,
    /// The topic to which all peers listen.
    everyone: String,
    inbox: Arc<Queue<Arrival>>,
}

impl Mail {
    async fn deliver(mut self, mut ended: oneshot::Receiver<Duration>) {
        let mut lost = 0;
        let within = loop {
            let arrival = select! {
                within = &mut ended => break within,
                arrival = self.link.next() => arrival,
            };
            let Some(arrival) = arrival else { return self.inbox.close() };
            self.take_in(arrival);
            let lost_now = self.link.lost();
            self.inbox.count_lost(lost_now - lost);
            lost = lost_now;
        };
        if let Ok(within) = within
            && let Err(error) = self.link.close(within).await
        {
            debug!(%error, "the bus was left without a goodbye");
        }
    }

    fn take_in(&self, arrival: Arrival) {
        let arrival = match arrival {
            Arrival::Received { from: Channel::Topic(topic), payload } => match open(&payload) {
                Some((from, _)) if from == self.own && *topic == *self.everyone => return,
                Some((from, payload)) => Arrival::Received { from: from.into(), payload },
                None => {
                    debug!(%topic, "dropped a message without a sender");
                    return self.inbox.count_lost(1);
                }
            },
            Arrival::Oversized { from, bytes } => {
                debug!(%from, bytes, "dropped an oversized message");
                return self.inbox.count_lost(1);
            }
            other => other,
        };
        self.inbox.push(arrival);
    }
}

/// Splits a message into its sender and its payload.
fn open(letter: &Bytes) -> Option<(Address, Bytes)> {
    let end = letter.iter().position(|byte| *byte == b'\n')?;
    let from = std::str::from_utf8(&letter[..end]).ok()?.parse().ok()?;
    Some((from, letter.slice(end + 1..)))
}
