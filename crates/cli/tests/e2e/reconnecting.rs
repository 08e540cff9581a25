//! The broker goes away and comes back.

use crate::harness::{Network, mosquitto};

#[test]
fn peers_whose_broker_is_restarted_in_mid_round_come_back_and_finish() {
    let mut broker = mosquitto();
    let rows = 30;
    let network = Network::of(10, broker.url()).with("--rounds", rows).with("--pause", "50ms");
    let mut peers = network.peers(10);
    for peer in &peers {
        peer.reaches(5);
    }
    broker.stop();
    for peer in &peers {
        peer.first("disconnected");
        assert!(peer.reached() < rows, "the rounds were still running");
    }
    broker.start_again().unwrap_or_else(|error| panic!("{error}"));
    for peer in &mut peers {
        peer.ends_well();
        assert!(peer.all("connected").len() >= 2, "{} came back", peer.name());
    }
    network.assert_identical_tables(&peers, rows);
}
