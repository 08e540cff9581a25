//! What the tests have in common: links on a broker, endpoints, and waiting for what they report.

use std::net::SocketAddr;
use std::time::Duration;

use althing_net::broker::EmbeddedBroker;
use althing_net::mqtt::{self, BrokerUrl, Options};
use althing_net::{Arrival, Endpoint, Link, udp};
use althing_testkit::{DEADLINE, Mosquitto, Settings, eventually};
use althing_types::Channel;
use bytes::Bytes;
use tokio::time::timeout;

pub(crate) const TOPIC: &str = "tests/topic";

/// Generous, since only a failing test waits that long.
pub(crate) const CLOSE_TIME: Duration = Duration::from_secs(10);

pub(crate) async fn embedded() -> EmbeddedBroker {
    let any = "127.0.0.1:0".parse().expect("an address");
    EmbeddedBroker::start(any).await.expect("a port is free")
}

/// Starts an embedded broker where one has just ended.
///
/// Its port is free, but a test beside this one may be starting a program, and the new process
/// holds a copy of all our sockets until it has become that program.
pub(crate) async fn embedded_again(address: SocketAddr) -> EmbeddedBroker {
    eventually("the port to be free", async || EmbeddedBroker::start(address).await.ok()).await
}

pub(crate) fn mosquitto() -> Mosquitto {
    start(Settings { nodelay: true, ..Settings::default() })
}

pub(crate) fn start(settings: Settings) -> Mosquitto {
    Mosquitto::start(settings).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn url(mosquitto: &Mosquitto) -> BrokerUrl {
    mosquitto.url().parse().expect("a right address")
}

pub(crate) fn options(url: impl Into<BrokerUrl>) -> Options {
    let mut options = Options::new(url.into()).with_topics([TOPIC]);
    options.connect_timeout = DEADLINE;
    options
}

/// Returns a link that is up.
pub(crate) async fn connect(options: Options) -> Link {
    let mut link = mqtt::connect(options).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(next(&mut link).await, Arrival::Up);
    link
}

/// Returns a link that is up and listens to [`TOPIC`].
pub(crate) async fn join(url: impl Into<BrokerUrl>) -> Link {
    connect(options(url)).await
}

pub(crate) async fn next(link: &mut Link) -> Arrival {
    timeout(DEADLINE, link.next())
        .await
        .expect("an arrival before the deadline")
        .expect("the link lives")
}

/// Returns the payload of the next arrival, which must be a message on [`TOPIC`].
pub(crate) async fn hear(link: &mut Link) -> Bytes {
    match next(link).await {
        Arrival::Received { from, payload } if from.as_topic() == Some(TOPIC) => payload,
        other => panic!("expected a message on {TOPIC}, got {other:?}"),
    }
}

/// Returns the next `count` payloads as text.
pub(crate) async fn hear_all(link: &mut Link, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let payload = hear(link).await;
        texts.push(String::from_utf8_lossy(&payload).into_owned());
    }
    texts
}

/// Waits for the link to go down, whatever arrives before that, and returns the reason.
pub(crate) async fn down(link: &mut Link) -> String {
    loop {
        if let Arrival::Down { reason } = next(link).await {
            return reason;
        }
    }
}

/// Waits for the link to come up again.
pub(crate) async fn up(link: &mut Link) {
    while !matches!(next(link).await, Arrival::Up) {}
}

pub(crate) fn say(link: &Link, text: &str) {
    link.publisher().publish(TOPIC, text.to_owned());
}

pub(crate) fn message(topic: &str, text: &'static str) -> Arrival {
    let payload = Bytes::from_static(text.as_bytes());
    Arrival::Received { from: Channel::topic(topic), payload }
}

/// Returns an endpoint that is up, on a free port of the loopback device.
pub(crate) async fn peer() -> Endpoint {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let mut endpoint = udp::bind(udp::Options { listen, advertise: None }).expect("a port is free");
    assert_eq!(arrival(&mut endpoint).await, Arrival::Up);
    endpoint
}

pub(crate) async fn arrival(endpoint: &mut Endpoint) -> Arrival {
    let arrival = timeout(DEADLINE, endpoint.next()).await.expect("an arrival in time");
    arrival.expect("the endpoint lives")
}

pub(crate) fn datagram(from: &Endpoint, text: &'static str) -> Arrival {
    let payload = Bytes::from_static(text.as_bytes());
    Arrival::Received { from: from.address().clone().into(), payload }
}
