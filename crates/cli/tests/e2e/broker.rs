//! `althing broker`: the embedded broker alone, for peers and for strangers.

use std::collections::BTreeSet;

use althing_testkit::{DEADLINE, Stranger, eventually_blocking};

use crate::harness::{Althing, Network};
use crate::raw_mqtt::Client;

/// The reason with which a full broker refuses a client: its quota is exceeded.
const FULL: u8 = 0x97;

/// Returns the port of a broker that has started.
fn port(broker: &Althing) -> u16 {
    let said = broker.wait_until("its address", |lines| Some(lines.first()?.said.clone()));
    let port = said.as_str().and_then(|said| said.rsplit(':').next()?.parse().ok());
    port.expect("it says where it listens")
}

#[test]
fn peers_and_strangers_meet_over_the_broker_of_ours() {
    let mut broker = Althing::start("broker", ["broker", "--listen", "127.0.0.1:0"]);
    let said = broker.wait_until("its address", |lines| Some(lines.first()?.said.clone()));
    let said = said.as_str().expect("a sentence").to_owned();
    let url = said.strip_prefix("listening on ").expect("it says where it listens");
    let port = url.strip_prefix("mqtt://127.0.0.1:").expect("on this machine only");
    let port: u16 = port.parse().expect("a number");
    assert_ne!(port, 0);

    let stranger = Stranger::meet(port, &["#"]).unwrap_or_else(|error| panic!("{error}"));
    let network = Network::of(3, url).with("--rounds", 10);
    let mut peers = network.peers(3);
    for peer in &mut peers {
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, 10);

    let mut topics = BTreeSet::new();
    while topics.len() < 5 {
        let heard = stranger.hear(DEADLINE).expect("five topics are used");
        // The others are of a probe of how fast the broker is, and for those that come late.
        let plain = ["challenge", "election", "init", "solution", "voting"];
        let name = heard.topic.strip_prefix("althing/").filter(|name| plain.contains(name));
        let Some(name) = name else { continue };
        let message: serde_json::Value = serde_json::from_str(&heard.payload).expect("JSON");
        assert!(message["id"].is_u64(), "{heard:?}");
        topics.insert(name.to_owned());
    }

    broker.signal("TERM");
    broker.ends_well();
}

#[test]
fn a_second_broker_on_one_port_says_that_it_is_taken() {
    let broker = Althing::start("broker", ["broker", "--listen", "127.0.0.1:0"]);
    let said = broker.wait_until("its address", |lines| Some(lines.first()?.said.clone()));
    let said = said.as_str().expect("a sentence").to_owned();
    let address = said.strip_prefix("listening on mqtt://").expect("it says where it listens");
    let mut second = Althing::start("second", ["broker", "--listen", address]);
    assert_eq!(second.ended().code(), Some(1));
    let complaints = second.complaints();
    let expected = format!("error: the broker cannot listen at {address}: ");
    assert!(complaints.starts_with(&expected), "{complaints}");
    assert!(broker.is_running());
}

#[test]
fn a_client_that_never_reads_does_not_fill_the_memory_of_the_broker() {
    let broker = Althing::start("broker", ["broker", "--listen", "127.0.0.1:0"]);
    let port = port(&broker);
    let ((mut deaf, _), (mut speaker, _)) = (Client::connect(port), Client::connect(port));
    deaf.subscribe_to_all();
    for _ in 0..1000 {
        speaker.publish("t", 260_000);
    }
    speaker.ping();
    if let Some(peak) = broker.memory_kib() {
        // A quarter of what was published, and far more than 8 MiB and the program.
        assert!(peak < 64 * 1024, "it had {peak} KiB");
    }
}

#[test]
fn a_broker_without_descriptors_says_so_to_newcomers_and_once_to_its_log() {
    let broker =
        Althing::start_limited("broker", "-n 40", &["-v", "broker", "--listen", "127.0.0.1:0"]);
    let port = port(&broker);
    let mut clients = Vec::new();
    for _ in 0..60 {
        let (client, answer) = Client::connect(port);
        match answer {
            0 => clients.push(client),
            answer => assert_eq!(answer, FULL),
        }
    }
    assert!((5..40).contains(&clients.len()), "{} were let in", clients.len());
    let complaints = eventually_blocking("its log", || {
        Some(broker.complaints()).filter(|complaints| !complaints.is_empty())
    });
    assert_eq!(complaints.lines().count(), 1, "{complaints}");
    assert!(complaints.contains("no more connections can be accepted"), "{complaints}");
    clients.pop();
    eventually_blocking("room for another client", || (Client::connect(port).1 == 0).then_some(()));
    clients.last_mut().expect("some are left").ping();
}

#[test]
fn the_soft_limit_of_descriptors_is_raised_at_the_start() {
    let broker =
        Althing::start_limited("broker", "-S -n 40", &["broker", "--listen", "127.0.0.1:0"]);
    let port = port(&broker);
    let clients: Vec<_> = (0..60).map(|_| Client::connect(port)).collect();
    assert!(clients.iter().all(|(_, answer)| *answer == 0));
}
