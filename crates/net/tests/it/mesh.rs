//! A mesh of members over TCP: who meets whom, what arrives where, and what strangers achieve.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use althing_net::mesh::{self, Joined, Member, NEWCOMERS_OF_HOST_MAX, OBSERVERS_OF_HOST_MAX};
use althing_net::tracker::{self, Tracker};
use althing_net::{Arrival, Link, PAYLOAD_MAX};
use althing_testkit::{DEADLINE, eventually};
use althing_types::{Address, Channel, PeerKey};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use tokio::time::timeout;

use crate::common::CLOSE_TIME;

const GONE: &str = "gone";

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// Returns how the owner of a key takes part, of which 1 to 4 are members.
fn options(number: u8, contacts: &[&Address]) -> mesh::Options {
    let member = |number: u8| Member {
        key: PeerKey::from_bytes(key(number).verifying_key().to_bytes()),
        gone: Bytes::copy_from_slice(&[number]),
    };
    mesh::Options {
        network: [7; 32],
        key: key(number),
        members: (1..=4).map(member).collect(),
        gone: GONE.into(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        advertise: None,
        contacts: contacts.iter().map(|address| (*address).clone()).collect(),
        tracker: None,
        started: 1,
        entropy: || {
            // Different each time, which is all that matters here.
            let mut bytes = [0; 32];
            let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
            let now = std::time::SystemTime::now();
            let nanos = now.duration_since(std::time::UNIX_EPOCH).expect("it is later").as_nanos();
            bytes[..16].copy_from_slice(&nanos.to_be_bytes());
            bytes[16..18].copy_from_slice(&port.expect("it is bound").port().to_be_bytes());
            bytes
        },
    }
}

fn join(options: mesh::Options) -> Joined {
    mesh::join(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the next message of another, with where an answer goes.
async fn hear(link: &mut Link) -> (Channel, Bytes) {
    hear_if(link, |_| true).await
}

async fn hear_if(link: &mut Link, is_it: impl Fn(&[u8]) -> bool) -> (Channel, Bytes) {
    let heard = async {
        loop {
            match link.next().await.expect("the link is up") {
                Arrival::Received { from, payload } if is_it(&payload) => return (from, payload),
                _ => {}
            }
        }
    };
    timeout(DEADLINE, heard).await.expect("it is heard in time")
}

/// Has `from` say something until `to` has heard it, as peers do: what is said before the two are
/// connected is lost.
async fn reaches(from: &Link, to: &mut Link, text: &'static str) -> Channel {
    eventually(text, async || {
        from.publisher().publish("any", text);
        while let Some(arrival) = to.try_next() {
            match arrival {
                Arrival::Received { from, payload } if payload == text => return Some(from),
                _ => {}
            }
        }
        None
    })
    .await
}

/// Waits for a refusal, and returns its reason.
async fn refusal(link: &mut Link) -> String {
    let refused = async {
        loop {
            match link.next().await.expect("the link is up") {
                Arrival::Refused { reason, .. } => return reason,
                Arrival::Oversized { bytes, .. } => return format!("{bytes} bytes"),
                _ => {}
            }
        }
    };
    timeout(DEADLINE, refused).await.expect("it is refused in time")
}

fn connect(address: &Address) -> TcpStream {
    let stream = TcpStream::connect((address.host(), address.port())).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("it is open");
    stream
}

#[tokio::test]
async fn four_members_that_know_one_of_them_all_meet() {
    let Joined { link, address } = join(options(1, &[]));
    let mut links = vec![link];
    for number in 2..=4 {
        links.push(join(options(number, &[&address])).link);
    }
    for from in 0..4 {
        for to in 0..4 {
            if from != to {
                let [one, other] =
                    links.get_disjoint_mut([from, to]).expect("there are four of them");
                reaches(one, other, "hello").await;
            }
        }
    }
}

#[tokio::test]
async fn members_meet_by_a_tracker() {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let tracker = Tracker::start(&tracker::Options { listen }).expect("a free port");
    let at: Address = tracker.address().into();
    let mut links: Vec<_> = (1..=3)
        .map(|number| {
            join(mesh::Options { tracker: Some(at.clone()), ..options(number, &[]) }).link
        })
        .collect();
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        let [one, other] = links.get_disjoint_mut([from, to]).expect("there are three of them");
        reaches(one, other, "hello").await;
    }
    tracker.stop().await;
}

#[tokio::test]
async fn an_answer_goes_to_the_one_that_has_asked() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let mut bob = join(options(2, &[&address])).link;
    let mut carol = join(options(3, &[&address])).link;
    reaches(&carol, &mut ann, "here is carol").await;
    let from = reaches(&bob, &mut ann, "a question").await;
    let Channel::Address(from) = from else { panic!("it comes from an address") };
    assert!(ann.publisher().answer(&from, "an answer"));
    ann.publisher().publish("any", "the end");
    assert_eq!(hear_if(&mut bob, |it| it.starts_with(b"an")).await.1, "an answer");
    let (_, heard) = hear_if(&mut carol, |it| it.starts_with(b"an") || it == b"the end").await;
    assert_eq!(heard, "the end");
}

#[tokio::test]
async fn the_largest_message_arrives_and_in_order() {
    let Joined { link: ann, address } = join(options(1, &[]));
    let mut bob = join(options(2, &[&address])).link;
    reaches(&ann, &mut bob, "hello").await;
    for number in 0..20 {
        ann.publisher().publish("any", vec![number; PAYLOAD_MAX]);
    }
    for number in 0..20 {
        let (_, heard) = hear_if(&mut bob, |payload| payload.len() > 5).await;
        assert!(heard.len() == PAYLOAD_MAX && heard[0] == number, "{number}: {}", heard[0]);
    }
}

#[tokio::test]
async fn a_member_that_vanishes_is_told_as_gone_and_comes_back() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let mut bob = join(options(2, &[&address]));
    reaches(&ann, &mut bob.link, "hello").await;
    // As in a crash: no goodbye.
    drop(bob);
    let gone =
        Arrival::Received { from: Channel::topic(GONE), payload: Bytes::copy_from_slice(&[2]) };
    let told = async { while ann.next().await.expect("the link is up") != gone {} };
    timeout(DEADLINE, told).await.expect("it is told in time");
    let alone = async {
        while !matches!(ann.next().await.expect("the link is up"), Arrival::Down { .. }) {}
    };
    timeout(DEADLINE, alone).await.expect("there is no other");

    let again = mesh::Options { started: 2, ..options(2, &[&address]) };
    let mut bob = join(again).link;
    let back = async { while ann.next().await.expect("the link is up") != Arrival::Up {} };
    timeout(DEADLINE, back).await.expect("it is back in time");
    reaches(&ann, &mut bob, "hello again").await;
}

#[tokio::test]
async fn a_member_that_is_there_later_is_found() {
    // Nothing listens there yet.
    let port = althing_testkit::free_port().expect("there are ports");
    let later = Address::new("127.0.0.1", port).expect("a host");
    let mut ann = join(options(1, &[&later])).link;
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let bob = join(mesh::Options { listen, ..options(2, &[]) }).link;
    reaches(&bob, &mut ann, "hello").await;
}

#[tokio::test]
async fn what_was_said_is_sent_before_the_end() {
    let Joined { link: ann, address } = join(options(1, &[]));
    let mut bob = join(options(2, &[&address])).link;
    reaches(&ann, &mut bob, "hello").await;
    for number in 0..50_u8 {
        ann.publisher().publish("any", vec![number; 10_000]);
    }
    let listener = tokio::spawn(async move {
        hear_if(&mut bob, |payload| payload.len() == 10_000 && payload[0] == 49).await
    });
    assert_eq!(ann.close(CLOSE_TIME).await, Ok(()));
    listener.await.expect("it has heard all");
}

#[tokio::test]
async fn a_peer_of_another_network_is_refused_and_told_why() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let other = mesh::Options { network: [8; 32], ..options(2, &[&address]) };
    let mut bob = join(other).link;
    let reason = refusal(&mut ann).await;
    assert!(reason.contains("another assembly"), "{reason}");
    let down = async {
        loop {
            if let Arrival::Down { reason } = bob.next().await.expect("the link is up") {
                return reason;
            }
        }
    };
    let reason = timeout(DEADLINE, down).await.expect("it is alone");
    assert!(reason.contains("its charter differs"), "{reason}");
}

#[tokio::test]
async fn what_does_not_speak_the_protocol_is_refused() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let mut browser = connect(&address);
    browser.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it listens");
    let reason = refusal(&mut ann).await;
    assert!(reason.contains("does not speak"), "{reason}");
    assert_eq!(browser.read(&mut [0; 9]).expect("it is closed"), 0);
}

#[tokio::test]
async fn a_proof_that_was_heard_on_another_connection_is_refused() {
    // A stranger listens where bob looks for a contact, and passes on to ann what bob says.
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let between = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place: Address = between.local_addr().expect("it is bound").into();
    let bob = join(options(2, &[&place]));
    let heard = tokio::task::spawn_blocking(move || {
        let (mut of_bob, _) = between.accept().expect("bob connects");
        of_bob.set_read_timeout(Some(DEADLINE)).expect("it is open");
        let mut to_ann = connect(&address);
        let mut said = Vec::new();
        // All of this conversation, recorded.
        relay(&mut of_bob, &mut to_ann, &mut said);
        relay(&mut to_ann, &mut of_bob, &mut Vec::new());
        relay(&mut to_ann, &mut of_bob, &mut Vec::new());
        relay(&mut of_bob, &mut to_ann, &mut said);
        drop((of_bob, to_ann));
        let mut again = connect(&address);
        again.write_all(&said).expect("it listens");
        let mut answer = Vec::new();
        let _ = again.read_to_end(&mut answer);
        answer
    });
    let reason = loop {
        let reason = refusal(&mut ann).await;
        if reason.contains("not proven that it has its key") {
            break reason;
        }
    };
    assert!(!reason.is_empty());
    heard.await.expect("nothing panics");
    drop(bob);
}

/// Passes one piece on.
fn relay(from: &mut TcpStream, to: &mut TcpStream, said: &mut Vec<u8>) {
    let mut length = [0; 4];
    from.read_exact(&mut length).expect("a piece");
    let bytes = u32::from_be_bytes(length);
    let mut piece = vec![0; usize::try_from(bytes).expect("it is small")];
    from.read_exact(&mut piece).expect("a piece");
    let all = [&length[..], &piece].concat();
    to.write_all(&all).expect("it is open");
    said.extend(all);
}

#[tokio::test]
async fn connections_without_a_handshake_give_way_and_keep_no_member_out() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let held: Vec<_> = (0..4 * NEWCOMERS_OF_HOST_MAX).map(|_| connect(&address)).collect();
    let reason = refusal(&mut ann).await;
    assert!(reason.contains("give way"), "{reason}");
    let mut bob = join(options(2, &[&address])).link;
    reaches(&ann, &mut bob, "hello").await;
    drop(held);
}

#[tokio::test]
async fn observers_are_heard_and_are_few() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let mut observers = Vec::new();
    for number in 0..u8::try_from(OBSERVERS_OF_HOST_MAX).expect("it is small") {
        let mut observer = join(options(10 + number, &[&address])).link;
        reaches(&observer, &mut ann, "an entry").await;
        reaches(&ann, &mut observer, "a block").await;
        observers.push(observer);
    }
    let _one_more = join(options(99, &[&address]));
    let reason = refusal(&mut ann).await;
    assert!(reason.contains("observers"), "{reason}");
    // When one leaves there is room, and a member always finds some.
    drop(observers.pop());
    let mut bob = join(options(2, &[&address])).link;
    reaches(&ann, &mut bob, "hello").await;
}

#[tokio::test]
async fn an_observer_that_floods_does_not_drown_a_member() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let bob = join(options(2, &[&address])).link;
    let mut flooder = join(options(10, &[&address])).link;
    reaches(&ann, &mut flooder, "hello").await;
    reaches(&bob, &mut ann, "hello").await;
    for _ in 0..4000 {
        flooder.publisher().publish("any", "flood");
    }
    bob.publisher().publish("any", "a vote");
    let mut before = 0;
    loop {
        let (_, payload) = hear(&mut ann).await;
        match &payload[..] {
            b"a vote" => break,
            b"flood" => before += 1,
            _ => {}
        }
    }
    assert!(before < 2000, "{before} messages of the flood came first");
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection_and_is_told() {
    let Joined { link: mut ann, address } = join(options(1, &[]));
    let mut stranger = connect(&address);
    stranger.write_all(&u32::MAX.to_be_bytes()).expect("it listens");
    let reason = refusal(&mut ann).await;
    assert!(reason.contains("does not speak"), "{reason}");
    let _bob = Arc::new(join(options(2, &[&address])));
}
