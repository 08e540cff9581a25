//! `althing broker`: the embedded broker alone, for peers and for strangers.

use std::collections::BTreeSet;

use althing_testkit::{DEADLINE, Stranger};

use crate::harness::{Althing, Network};

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
