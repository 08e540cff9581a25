//! Our tracker and our peers, and what crashes those of the published program.

use std::net::SocketAddr;

use althing_net::tracker::codec::{Presence, Reader, encode_list};
use althing_net::tracker::{self, Event, LIST_BYTES_MAX, Options, Refusal, Tracker};
use althing_net::{Arrival, Endpoint, udp};
use althing_testkit::{DEADLINE, eventually};
use althing_types::Address;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::common::{CLOSE_TIME, arrival, datagram, peer};

/// A client that sends whatever a test wants.
struct Caller {
    stream: TcpStream,
    reader: Reader,
}

impl Caller {
    async fn call(tracker: &Tracker) -> Self {
        let stream = TcpStream::connect(tracker.address()).await.expect("it listens");
        Self { stream, reader: Reader::new(LIST_BYTES_MAX) }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is connected");
    }

    /// Waits for a list that is right, whatever comes before it.
    async fn hear(&mut self, is_right: impl Fn(&[Address]) -> bool) {
        let hear = async {
            let mut chunk = [0; 4096];
            loop {
                let bytes = self.stream.read(&mut chunk).await.expect("it is connected");
                assert_ne!(bytes, 0, "the tracker has ended the connection");
                let lists: Vec<Vec<Address>> = self.reader.read(&chunk[..bytes]).expect("lists");
                if lists.iter().any(|list| is_right(list)) {
                    return;
                }
            }
        };
        timeout(DEADLINE, hear).await.expect("such a list in time");
    }
}

fn start(listen: SocketAddr) -> Tracker {
    Tracker::start(&Options { listen }).unwrap_or_else(|error| panic!("{error}"))
}

fn new_tracker() -> Tracker {
    start("127.0.0.1:0".parse().expect("an address"))
}

async fn join(tracker: SocketAddr) -> Endpoint {
    tracker::join(peer().await, tracker.into())
}

fn address(port: u16) -> Address {
    Address::new("127.0.0.1", port).expect("a host")
}

fn syn(port: u16) -> Vec<u8> {
    Presence::Syn(address(port)).encode()
}

fn fin(port: u16) -> Vec<u8> {
    Presence::Fin(address(port)).encode()
}

async fn event(tracker: &mut Tracker) -> Event {
    timeout(DEADLINE, tracker.next()).await.expect("an event in time").expect("it runs")
}

/// Waits for a list that is exactly this, whatever comes before it.
async fn hear(endpoint: &mut Endpoint, expected: &[Address]) {
    hear_right(endpoint, |list| list == expected).await;
}

/// Waits for a list that is right, whatever comes before it.
async fn hear_right(endpoint: &mut Endpoint, is_right: impl Fn(&[Address]) -> bool) {
    let is_it = |arrival| matches!(arrival, Arrival::Peers(list) if is_right(&list));
    while !is_it(arrival(endpoint).await) {}
}

#[tokio::test]
async fn peers_learn_who_is_there_and_who_leaves() {
    let mut tracker = new_tracker();
    let mut ann = join(tracker.address()).await;
    let own = ann.address().clone();
    assert_eq!(arrival(&mut ann).await, Arrival::Up);
    assert_eq!(arrival(&mut ann).await, Arrival::Peers(vec![own]));
    let mut bob = join(tracker.address()).await;
    let both = [ann.address().clone(), bob.address().clone()];
    assert_eq!(arrival(&mut bob).await, Arrival::Up);
    for endpoint in [&mut ann, &mut bob] {
        assert_eq!(arrival(endpoint).await, Arrival::Peers(both.to_vec()));
    }
    assert_eq!(tracker.peers(), both);
    bob.sender().send(&both[0], "goodbye");
    let goodbye = datagram(&bob, "goodbye");
    bob.close(CLOSE_TIME).await;
    let mut last = [arrival(&mut ann).await, arrival(&mut ann).await];
    last.sort_by_key(|arrival| matches!(arrival, Arrival::Peers(_)));
    assert_eq!(last, [goodbye, Arrival::Peers(both[..1].to_vec())]);
    for expected in [
        Event::Joined { peer: both[0].clone(), peers: 1 },
        Event::Joined { peer: both[1].clone(), peers: 2 },
        Event::Left { peer: both[1].clone(), peers: 1 },
    ] {
        assert_eq!(event(&mut tracker).await, expected);
    }
    tracker.stop().await;
}

#[tokio::test]
async fn who_is_there_by_name_is_on_the_list_by_its_number() {
    let tracker = new_tracker();
    let named = || {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let advertise = Some(Address::new("localhost", 0).expect("a host"));
        let endpoint = udp::bind(udp::Options { listen, advertise }).expect("a port is free");
        tracker::join(endpoint, tracker.address().into())
    };
    let (mut ann, mut bob) = (named(), named());
    let names = [ann.address().clone(), bob.address().clone()];
    let numbers = names.clone().map(|name| address(name.port()));
    assert_eq!(names[0].host(), "localhost");
    hear_right(&mut ann, |list| list.contains(&names[0]) && list.contains(&numbers[1])).await;
    hear_right(&mut bob, |list| list.contains(&names[1]) && list.contains(&numbers[0])).await;
    // A message from there is from a peer on the list.
    bob.sender().send(&numbers[0], "hello");
    let (from, payload) = (numbers[1].clone().into(), "hello".into());
    assert_eq!(arrival(&mut ann).await, Arrival::Received { from, payload });
    // A peer that cannot be resolved is not on it, and does not keep others off.
    let nowhere = Address::new("nowhere.invalid", 7).expect("a host");
    let mut caller = Caller::call(&tracker).await;
    caller.say(&Presence::Syn(nowhere).encode()).await;
    caller.say(&syn(7)).await;
    hear_right(&mut ann, |list| list.len() == 3 && list.contains(&address(7))).await;
    tracker.stop().await;
}

#[tokio::test]
async fn who_makes_no_sense_loses_its_own_connection_and_nothing_else() {
    let mut tracker = new_tracker();
    let mut ann = join(tracker.address()).await;
    let own = ann.address().clone();
    hear(&mut ann, std::slice::from_ref(&own)).await;
    assert_eq!(event(&mut tracker).await, Event::Joined { peer: own.clone(), peers: 1 });
    let endless = [b'['; 5000];
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"{}", b"\xff\xfe", b"[1]", &endless] {
        let mut caller = Caller::call(&tracker).await;
        let from = caller.stream.local_addr().expect("it is connected");
        caller.say(garbage).await;
        match event(&mut tracker).await {
            Event::Refused { from: who, reason: Refusal::Malformed(_) } => assert_eq!(who, from),
            other => panic!("{other:?}"),
        }
    }
    let mut caller = Caller::call(&tracker).await;
    caller.say(&syn(7)).await;
    hear(&mut ann, &[own, address(7)]).await;
}

#[tokio::test]
async fn who_is_killed_is_gone_and_nobody_else_suffers() {
    let mut tracker = new_tracker();
    let mut killed = Caller::call(&tracker).await;
    killed.say(&syn(7)).await;
    killed.hear(|list| list == [address(7)]).await;
    drop(killed);
    assert_eq!(event(&mut tracker).await, Event::Joined { peer: address(7), peers: 1 });
    assert_eq!(event(&mut tracker).await, Event::Gone { peer: address(7), peers: 0 });
    let mut callers = Vec::new();
    for port in [8, 9] {
        let mut caller = Caller::call(&tracker).await;
        caller.say(&syn(port)).await;
        caller.hear(|list| list.contains(&address(port))).await;
        callers.push(caller);
    }
    callers[0].hear(|list| list == [address(8), address(9)]).await;

    let mut endpoint = join(tracker.address()).await;
    let vanished = endpoint.address().clone();
    hear(&mut endpoint, &[address(8), address(9), vanished.clone()]).await;
    drop(endpoint);
    callers[0].hear(|list| !list.contains(&vanished)).await;
}

#[tokio::test]
async fn words_are_understood_however_they_are_cut() {
    let tracker = new_tracker();
    let mut caller = Caller::call(&tracker).await;
    for byte in syn(7) {
        caller.say(&[byte]).await;
        caller.stream.flush().await.expect("it is connected");
    }
    caller.hear(|list| list == [address(7)]).await;
    let words = [syn(8), fin(7), syn(9), fin(8), b"\n".to_vec()].concat();
    caller.say(&words).await;
    caller.hear(|list| list == [address(9)]).await;
}

#[tokio::test]
async fn each_word_is_answered_with_a_list_but_not_to_who_has_left() {
    let tracker = new_tracker();
    let [mut ann, mut bob] = [Caller::call(&tracker).await, Caller::call(&tracker).await];
    ann.say(&syn(7)).await;
    for caller in [&mut ann, &mut bob] {
        caller.hear(|list| list == [address(7)]).await;
    }
    ann.say(&syn(7)).await;
    ann.hear(|list| list == [address(7)]).await;
    ann.say(&fin(7)).await;
    bob.hear(<[Address]>::is_empty).await;
    bob.say(&fin(7)).await;
    bob.say(&syn(8)).await;
    bob.hear(|list| list == [address(8)]).await;
    ann.stream.shutdown().await.expect("it is connected");
    let mut rest = Vec::new();
    timeout(DEADLINE, ann.stream.read_to_end(&mut rest)).await.expect("in time").expect("an end");
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_long_list_arrives_whole_and_one_who_does_not_read_holds_up_nobody() {
    let mut tracker = new_tracker();
    let deaf = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    deaf.set_recv_buffer_size(4096).expect("it can be small");
    deaf.connect(&tracker.address().into()).expect("it listens");
    deaf.send(&syn(1)).expect("it is connected");

    let mut callers = Vec::new();
    for caller in 0..50 {
        let mut new = Caller::call(&tracker).await;
        let ports = (0..4).map(|number| 1000 + caller * 4 + number);
        new.say(&ports.flat_map(syn).collect::<Vec<_>>()).await;
        callers.push(new);
    }
    let mut ann = join(tracker.address()).await;
    let everybody = eventually("everybody to be there", async || {
        let peers = tracker.peers();
        (peers.len() == 202).then_some(peers)
    })
    .await;
    assert!(encode_list(&everybody).len() > 1500);
    hear(&mut ann, &everybody).await;

    // More than the operating system buffers for a peer that does not read.
    for _ in 0..45 {
        callers[0].say(&syn(1000)).await;
        callers[0].hear(|list| list.len() >= 201).await;
    }
    let refused = loop {
        if let Event::Refused { from, reason } = event(&mut tracker).await {
            break (Some(from), reason);
        }
    };
    let from = deaf.local_addr().expect("it is connected").as_socket();
    assert_eq!(refused, (from, Refusal::NotReading));
    let others: Vec<_> = everybody.into_iter().filter(|peer| *peer != address(1)).collect();
    hear(&mut ann, &others).await;
}

#[tokio::test]
async fn a_peer_comes_back_to_a_tracker_that_comes_back() {
    let tracker = new_tracker();
    let address = tracker.address();
    let mut ann = join(address).await;
    let own = [ann.address().clone()];
    hear(&mut ann, &own).await;
    tracker.stop().await;
    let Arrival::Down { reason } = arrival(&mut ann).await else { panic!("it is gone") };
    assert!(reason.contains(&address.to_string()), "{reason}");
    ann.sender().send(&own[0], "to myself");
    while arrival(&mut ann).await != datagram(&ann, "to myself") {}
    let again = eventually("the port to be free", async || {
        Tracker::start(&Options { listen: address }).ok()
    });
    let _tracker = again.await;
    while arrival(&mut ann).await != Arrival::Up {}
    assert_eq!(arrival(&mut ann).await, Arrival::Peers(own.to_vec()));
}

#[tokio::test]
async fn a_peer_is_not_connected_before_its_tracker_has_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let nowhere = listener.local_addr().expect("it has one");
    drop(listener);
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = udp::Options { listen, advertise: None };
    let mut ann = tracker::join(udp::bind(options).expect("a port is free"), nowhere.into());
    let Arrival::Down { reason } = arrival(&mut ann).await else { panic!("there is none") };
    assert_eq!(reason, format!("no tracker listens at {nowhere}: connection refused"));
}

#[tokio::test]
async fn lists_are_understood_however_they_are_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let mut ann = join(listener.local_addr().expect("it has one")).await;
    let own = ann.address().clone();
    let (one, other) = ([address(7)], [address(8), own.clone()]);
    let (mut stream, _) = listener.accept().await.expect("it comes");
    expect(&mut stream, &Presence::Syn(own.clone()).encode()).await;
    let glued = [encode_list(&one), encode_list(&other), encode_list(&[])].concat();
    stream.write_all(&glued).await.expect("it is connected");
    assert_eq!(arrival(&mut ann).await, Arrival::Up);
    for list in [&one[..], &other, &[]] {
        assert_eq!(arrival(&mut ann).await, Arrival::Peers(list.to_vec()));
    }
    stream.set_nodelay(true).expect("it is connected");
    for byte in encode_list(&one) {
        stream.write_all(&[byte]).await.expect("it is connected");
    }
    assert_eq!(arrival(&mut ann).await, Arrival::Peers(one.to_vec()));

    stream.write_all(b"nonsense").await.expect("it is connected");
    let Arrival::Down { reason } = arrival(&mut ann).await else { panic!("that is no list") };
    assert!(reason.contains("is no tracker"), "{reason}");
    expect(&mut stream, &Presence::Fin(own.clone()).encode()).await;

    let (mut stream, _) = listener.accept().await.expect("it comes again");
    expect(&mut stream, &Presence::Syn(own.clone()).encode()).await;
    stream.write_all(&encode_list(&other)).await.expect("it is connected");
    assert_eq!(arrival(&mut ann).await, Arrival::Up);
    assert_eq!(arrival(&mut ann).await, Arrival::Peers(other.to_vec()));
    let says_goodbye = async {
        expect(&mut stream, &Presence::Fin(own.clone()).encode()).await;
        drop(stream);
    };
    tokio::join!(ann.close(CLOSE_TIME), says_goodbye);
}

/// Waits for exactly these bytes.
async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut said = vec![0; bytes.len()];
    let read = timeout(DEADLINE, stream.read_exact(&mut said)).await;
    read.expect("words in time").expect("it is connected");
    assert_eq!(said.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

#[tokio::test]
async fn who_says_too_much_is_refused() {
    let mut tracker = new_tracker();
    let mut caller = Caller::call(&tracker).await;
    caller.say(&(1..6).flat_map(syn).collect::<Vec<_>>()).await;
    let mut other = Caller::call(&tracker).await;
    other.say(&syn(9).repeat(300)).await;
    let mut reasons = Vec::new();
    while reasons.len() < 2 {
        if let Event::Refused { reason, .. } = event(&mut tracker).await {
            reasons.push(reason);
        }
    }
    // The two connections are served at the same time, in either order.
    for expected in [Refusal::TooManyWords, Refusal::TooManyAddresses] {
        assert!(reasons.contains(&expected), "{reasons:?}");
    }
}

#[tokio::test]
async fn a_second_tracker_on_one_port_is_told_what_to_do() {
    let tracker = new_tracker();
    let error = Tracker::start(&Options { listen: tracker.address() }).expect_err("it is taken");
    assert!(error.to_string().contains("in use"), "{error}");
}
