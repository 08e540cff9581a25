//! Datagrams.

use std::net::{SocketAddr, UdpSocket};

use althing_net::udp::{self, BindError, Options};
use althing_net::{Arrival, DATAGRAM_MAX, Endpoint};
use althing_testkit::eventually;
use althing_types::Address;
use bytes::Bytes;

use crate::common::{CLOSE_TIME, arrival, datagram, peer};

fn bind(listen: &str, advertise: Option<&str>) -> Result<Endpoint, BindError> {
    let listen = listen.parse().expect("an address");
    let advertise = advertise.map(|address| address.parse().expect("an address"));
    udp::bind(Options { listen, advertise })
}

/// Returns a socket that does not belong to a peer.
fn stranger() -> (UdpSocket, Address) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let address = socket.local_addr().expect("it has one").into();
    (socket, address)
}

#[tokio::test]
async fn datagrams_of_all_lengths_arrive_whole_and_say_where_they_are_from() {
    let (ann, mut bob) = (peer().await, peer().await);
    for bytes in [0, 1, DATAGRAM_MAX] {
        let payload = Bytes::from(vec![7; bytes]);
        ann.sender().send(bob.address(), payload.clone());
        let from = ann.address().clone().into();
        assert_eq!(arrival(&mut bob).await, Arrival::Received { from, payload });
    }
    ann.sender().send(bob.address(), vec![7; DATAGRAM_MAX + 1]);
    assert_eq!((ann.sender().lost(), bob.lost()), (1, 0));
    assert_eq!(bob.try_next(), None);
}

#[tokio::test]
async fn hosts_can_be_given_by_name() {
    let (ann, mut bob) = (peer().await, peer().await);
    let nowhere = Address::new("nowhere.invalid", 7).expect("a host");
    let named = Address::new("localhost", bob.address().port()).expect("a host");
    ann.sender().send(&nowhere, "?");
    ann.sender().send(&named, "hello");
    assert_eq!(arrival(&mut bob).await, datagram(&ann, "hello"));
    eventually("the other to be lost", async || (ann.sender().lost() == 1).then_some(())).await;
}

#[tokio::test]
async fn neither_garbage_nor_those_who_are_gone_end_an_endpoint() {
    let mut ann = peer().await;
    let (gone, address) = stranger();
    drop(gone);
    let (socket, stranger) = stranger();
    let to: SocketAddr = ann.address().to_string().parse().expect("an address");
    for _ in 0..100 {
        ann.sender().send(&address, "anybody there?");
        socket.send_to(b"\xff\x00 no JSON", to).expect("it is sent");
        let payload = Bytes::from_static(b"\xff\x00 no JSON");
        let expected = Arrival::Received { from: stranger.clone().into(), payload };
        assert_eq!(arrival(&mut ann).await, expected);
    }
    ann.sender().send(&Address::new("::1", 7).expect("a host"), "of another kind");
    ann.sender().send(&Address::new("127.0.0.1", 0).expect("a host"), "to no port");
    assert_eq!(ann.sender().lost(), 2);
    let own = ann.address().clone();
    ann.sender().send(&own, "still here");
    assert_eq!(arrival(&mut ann).await, datagram(&ann, "still here"));
}

#[tokio::test]
async fn one_that_listens_everywhere_reaches_both_kinds_of_address() {
    let (mut both, mut four) = (bind("[::]:0", Some("peer:0")).expect("a port"), peer().await);
    assert_eq!(arrival(&mut both).await, Arrival::Up);
    assert_eq!(both.address().host(), "peer");
    both.sender().send(four.address(), "hello");
    let from = Address::new("127.0.0.1", both.address().port()).expect("a host");
    let payload = Bytes::from_static(b"hello");
    assert_eq!(arrival(&mut four).await, Arrival::Received { from: from.clone().into(), payload });
    four.sender().send(&from, "and back");
    assert_eq!(arrival(&mut both).await, datagram(&four, "and back"));
}

#[tokio::test]
async fn who_cannot_listen_is_told_what_to_do() {
    let ann = peer().await;
    let taken = ann.address().to_string();
    for (listen, said) in [
        (taken.as_str(), "in use"),
        ("192.0.2.1:0", "192.0.2.1 is not an address of this machine"),
        ("0.0.0.0:0", "with --advertise"),
    ] {
        let error = bind(listen, None).expect_err("it cannot").to_string();
        assert!(error.contains(said) && error.contains("with --"), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_leaves_its_port() {
    let ann = peer().await;
    let (sender, address) = (ann.sender().clone(), ann.address().clone());
    drop(ann);
    let bob = eventually("the port to be free", async || bind(&address.to_string(), None).ok());
    let mut bob = bob.await;
    sender.send(&address, "too late");
    assert_eq!(sender.lost(), 1);
    assert_eq!(arrival(&mut bob).await, Arrival::Up);
    assert_eq!(bob.try_next(), None);
}

#[tokio::test]
async fn what_waits_for_a_name_goes_out_before_the_end() {
    let (ann, mut bob) = (peer().await, peer().await);
    let named = Address::new("localhost", bob.address().port()).expect("a host");
    let goodbye = datagram(&ann, "goodbye");
    ann.sender().send(&named, "goodbye");
    ann.close(CLOSE_TIME).await;
    assert_eq!(arrival(&mut bob).await, goodbye);
}
