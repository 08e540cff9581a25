//! A broker that holds small messages back (Nagle's algorithm) is pointed out.

use althing_testkit::{Mosquitto, eventually_blocking};

use crate::harness::{Network, Peer, mosquitto, mosquitto_with};

/// A single peer goes on long enough to have measured the broker.
fn long_lived(broker: &Mosquitto) -> (Network, Peer) {
    let network = Network::of(1, broker.url()).with("--pause", "100ms");
    let peer = network.peer("peer-1");
    (network, peer)
}

#[test]
fn a_mosquitto_as_distributions_ship_it_brings_a_warning() {
    let broker = mosquitto_with(althing_testkit::Settings::default());
    let (_network, mut peer) = long_lived(&broker);
    let warning = eventually_blocking("a warning", || {
        Some(peer.complaints()).filter(|complaints| complaints.ends_with('\n'))
    });
    assert!(warning.starts_with("warning: the broker holds small messages back"), "{warning}");
    assert!(warning.contains("\"set_tcp_nodelay true\" into its mosquitto.conf"), "{warning}");
    assert_eq!(warning.lines().count(), 1);
    peer.signal("TERM");
    peer.ends_well();
}

#[test]
fn a_mosquitto_that_sends_at_once_brings_none() {
    let broker = mosquitto();
    let (_network, mut peer) = long_lived(&broker);
    let connected = peer.first("connected")["at_ms"].as_f64().expect("a time");
    // It measures for less than a second after that.
    peer.wait_until("a row two seconds later", |lines| {
        let last = lines.last()?.said["at_ms"].as_f64()?;
        (last > connected + 2000.0).then_some(())
    });
    peer.signal("TERM");
    peer.ends_well();
    assert_eq!(peer.complaints(), "");
}
