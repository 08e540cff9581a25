//! What outsiders achieve against an assembly, over a broker of each kind and over a mesh: what
//! they say is refused, counted and named, and blocks go on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use althing_dialect::Codec;
use althing_engine::Recipient;
use althing_engine::simplex::Message;
use althing_ledger::SignedEntry;
use althing_net::PAYLOAD_MAX;
use althing_testkit::{DEADLINE, eventually_blocking};
use ed25519_dalek::SigningKey;

use crate::harness::{Club, Foreigner, Outsider, Way, embedded_broker, mosquitto, rabbitmq};
use crate::raw_mqtt;

/// The types of messages, as `docs/protocol.md` has them.
const VOTE: u8 = 3;
const STATUS: u8 = 5;

/// Where a message has its type.
const TYPE: usize = 9;

/// The most memory that a member may take under attack, in KiB.
const MEMORY_MAX: u64 = 120 * 1024;

#[test]
fn what_an_outsider_says_at_a_broker_is_refused_and_blocks_go_on() {
    let (_broker, url) = embedded_broker();
    let club = Club::found(Way::Broker(url.clone()), 4);
    let outsider = Outsider::at_broker(&url, &club.data("ann"));
    // Our broker ends a connection over which more comes than it has told that it takes.
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address");
    let [topic, _] = outsider.dialect().topics();
    raw_mqtt::Client::connect(port).0.publish(&topic, PAYLOAD_MAX + 1000);
    attack(&club, outsider);
}

#[test]
fn what_an_outsider_says_at_mosquitto_is_refused_and_blocks_go_on() {
    let broker = mosquitto();
    let club = Club::found(Way::Broker(broker.url()), 4);
    let outsider = Outsider::at_broker(&broker.url(), &club.data("ann"));
    let [topic, _] = outsider.dialect().topics();
    let mut raw = raw_mqtt::Client::connect(broker.port()).0;
    raw.publish(&topic, PAYLOAD_MAX + 1000);
    raw.ping();
    attack(&club, outsider);
}

#[test]
fn what_an_outsider_says_at_rabbitmq_is_refused_and_blocks_go_on() {
    let broker = rabbitmq();
    let club = Club::found(Way::Broker(broker.url()), 4);
    let outsider = Outsider::at_broker(&broker.url(), &club.data("ann"));
    let [exchange, _] = outsider.dialect().topics();
    Foreigner::meet(&broker.url()).say(&exchange, &vec![7; PAYLOAD_MAX + 1]);
    club.refuses("ann", "more than the");
    attack(&club, outsider);
}

#[test]
fn what_an_outsider_says_in_a_mesh_is_refused_and_blocks_go_on() {
    let club = Club::found(Way::Mesh, 4);
    let ports: Vec<_> = club.names().iter().map(|name| club.port(name)).collect();
    let outsider = Outsider::in_mesh(&ports, &club.data("ann"));
    attack(&club, outsider);
}

/// Says all that an outsider can say, and has a note committed after each.
fn attack(club: &Club, mut outsider: Outsider) {
    club.add("ann", "before");
    let heard = outsider.overhear(60);
    let of_type = |kind: u8| heard.iter().filter(move |it| it.get(TYPE) == Some(&kind));

    // Signatures: one bit of each is another.
    for genuine in of_type(VOTE).chain(of_type(STATUS)) {
        let mut forged = genuine.clone();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        outsider.say(forged);
    }
    // What has been decided since is of no use to anyone, and not even looked at.
    let height = club.add("bob", "forged");
    for genuine in of_type(STATUS) {
        let mut forged = genuine.clone();
        // A beat that has not been.
        forged[TYPE + 1 + 2 + 8 + 8] ^= 0x40;
        outsider.say(forged);
    }
    club.refuses("ann", "signature");

    // Of another assembly.
    let mut foreign = heard[0].clone();
    foreign[1] ^= 1;
    outsider.say(foreign);
    club.refuses("ann", "of another assembly");

    // No message at all.
    let longest = vec![7; PAYLOAD_MAX];
    for garbage in [&b""[..], b"{}", &[1; 100], &heard[0][..TYPE], &[0xff; 3000], &longest] {
        outsider.say(garbage);
    }
    club.refuses("ann", "not a message");
    assert!(club.add("carol", "garbage") > height);

    // All that was said, again and again.
    for message in heard.iter().cycle().take(10 * heard.len()) {
        outsider.say(message.clone());
    }
    club.add("dave", "replayed");

    // Entries that look right, in numbers, and have wrong signatures.
    let (key, chain) = (SigningKey::from_bytes(&[77; 32]), outsider.dialect().chain());
    for flood in 0..300_u64 {
        let entries = (0..8).map(|number| {
            let (nonce, text) = (8 * flood + number, b"an entry of the flood");
            let mut entry = SignedEntry::sign(&key, &chain.for_entries(), "notes", nonce, text);
            if number == 7 {
                entry.payload = b"an entry of the fl00d".to_vec().into();
            }
            entry.encode()
        });
        let message = Message::Entries(entries.collect());
        for wire in outsider.dialect().encode(&Recipient::All, &message) {
            outsider.say(wire.payload);
        }
        if flood % 30 == 29 {
            outsider.pauses(Duration::from_millis(50));
        }
    }
    club.add("ann", "flooded");
    // That each of the members is gone.
    for member in (0..4).cycle().take(400) {
        outsider.say_gone(member);
    }
    let height = club.add("bob", "the end");
    let hash = club.has("bob", height);
    for name in club.names() {
        assert_eq!(club.has(name, height), hash, "{name}");
        let status = club.status(name);
        assert!(status["refused"].as_u64() > Some(0), "{status}");
        assert_eq!(status["contradictions"].as_array().map(Vec::len), Some(0), "{status}");
        assert!(status["observing"].is_null(), "{status}");
        let memory = club.members[name].memory_kib();
        assert!(memory.is_none_or(|memory| memory < MEMORY_MAX), "{memory:?} KiB");
    }
}

#[test]
fn strangers_at_the_port_of_a_member_are_refused_and_blocks_go_on() {
    let club = Club::found(Way::Mesh, 4);
    let first = club.add("ann", "before");
    let port = club.port("ann");
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("it is open");
        stream
    };

    // What speaks another protocol, and what announces more than anything has.
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0; 5000]] {
        let mut stream = connect();
        stream.write_all(garbage).expect("it listens");
        // It is closed, or reset.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    club.refuses("ann", "does not speak as a peer of an assembly");

    // Connections that say nothing, in a flood that goes on while blocks do.
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut held = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                held.push(connect());
                if held.len() > 200 {
                    held.clear();
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        club.refuses("ann", "had to give way");
        for name in club.names() {
            club.add(name, &format!("{name} in the flood"));
        }
        is_over.store(true, Ordering::Relaxed);
    });

    // A member that starts again finds its place all the same.
    let height = club.add("bob", "after");
    assert!(height > first);
    let refused = eventually_blocking("a status", || club.status("ann")["refused"].as_u64());
    assert!(refused > 3, "{refused}");
    let memory = club.members["ann"].memory_kib();
    assert!(memory.is_none_or(|memory| memory < MEMORY_MAX), "{memory:?} KiB");
}
