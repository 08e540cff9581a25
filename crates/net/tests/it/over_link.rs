//! Messages from address to address over a bus.

use althing_net::memory::Bus;
use althing_net::over_link::{EVERYONE, topics};
use althing_net::{Arrival, Endpoint, PAYLOAD_MAX, mqtt};
use althing_types::Address;
use bytes::Bytes;

use crate::common::{CLOSE_TIME, arrival, embedded, options};

const PREFIX: &str = "tests/chain";

fn address(port: u16) -> Address {
    Address::new("peer", port).expect("a host")
}

fn join(bus: &Bus, port: u16) -> Endpoint {
    let address = address(port);
    Endpoint::over_link(bus.join(topics(PREFIX, &address)), PREFIX, address)
}

fn datagram(from: u16, payload: &'static str) -> Arrival {
    Arrival::Received {
        from: address(from).into(),
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

#[tokio::test]
async fn a_message_reaches_whom_it_was_sent_to_or_everyone_else() {
    let bus = Bus::new();
    let [mut ann, mut bob, mut eve] = [1, 2, 3].map(|port| join(&bus, port));
    for endpoint in [&mut ann, &mut bob, &mut eve] {
        assert_eq!(arrival(endpoint).await, Arrival::Up);
    }
    ann.sender().send(bob.address(), "for Bob");
    bob.sender().send(&EVERYONE, "for all");
    eve.sender().send(ann.address(), "");
    assert_eq!(arrival(&mut bob).await, datagram(1, "for Bob"));
    assert_eq!(arrival(&mut ann).await, datagram(2, "for all"));
    assert_eq!(arrival(&mut ann).await, datagram(3, ""));
    assert_eq!(arrival(&mut eve).await, datagram(2, "for all"));
    ann.sender().send(bob.address(), "the end");
    assert_eq!(arrival(&mut bob).await, datagram(1, "the end"));
    assert_eq!((bob.lost(), bob.sender().lost()), (0, 0));
}

#[tokio::test]
async fn what_names_no_sender_is_lost() {
    let bus = Bus::new();
    let stranger = bus.join([""; 0]);
    let mut ann = join(&bus, 1);
    assert_eq!(arrival(&mut ann).await, Arrival::Up);
    for letter in ["", "no line", "no address\nhello", "peer:70000\nhello", "\n"] {
        stranger.publisher().publish("tests/chain/to/peer:1", letter);
    }
    stranger.publisher().publish("tests/chain/to/everyone", "peer:9\nhello\nthere");
    assert_eq!(arrival(&mut ann).await, datagram(9, "hello\nthere"));
    assert_eq!(ann.lost(), 5);
    ann.sender().send(&address(2), vec![0; PAYLOAD_MAX]);
    assert_eq!(ann.sender().lost(), 1);
}

#[tokio::test]
async fn what_was_sent_goes_out_over_a_broker_before_an_endpoint_ends() {
    const MESSAGES: usize = 200;
    let broker = embedded().await;
    let join = async |port| {
        let address = address(port);
        let options = options(broker.url()).with_topics(topics(PREFIX, &address));
        let link = mqtt::connect(options).await.unwrap_or_else(|error| panic!("{error}"));
        Endpoint::over_link(link, PREFIX, address)
    };
    let (mut ann, mut bob) = (join(1).await, join(2).await);
    for endpoint in [&mut ann, &mut bob] {
        assert_eq!(arrival(endpoint).await, Arrival::Up);
    }
    for number in 0..MESSAGES {
        ann.sender().send(bob.address(), number.to_string());
    }
    let sender = ann.sender().clone();
    ann.close(CLOSE_TIME).await;
    for number in 0..MESSAGES {
        let payload = Bytes::from(number.to_string());
        assert_eq!(arrival(&mut bob).await, Arrival::Received { from: address(1).into(), payload });
    }
    sender.send(bob.address(), "too late");
    assert_eq!(sender.lost(), 1);
    broker.shutdown().await;
    while !matches!(arrival(&mut bob).await, Arrival::Down { .. }) {}
}
