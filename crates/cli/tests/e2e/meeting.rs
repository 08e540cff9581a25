//! Ten peers meet over Mosquitto, and an eleventh wants to.

use crate::harness::{Network, mosquitto};
use crate::stories;

const ROWS: u64 = 20;

#[test]
fn ten_peers_that_start_at_the_same_moment_end_with_identical_tables() {
    let broker = mosquitto();
    let network = Network::of(10, broker.url()).with("--rounds", ROWS);
    let mut peers = network.peers(10);
    for peer in &mut peers {
        peer.ends_well();
        assert_eq!(peer.last("membership_settled").expect("it is settled")["member"], true);
        assert_eq!(peer.first("summary")["rows"], ROWS);
    }
    network.assert_identical_tables(&peers, ROWS);
    // Each was there from the first row to the last, so each has told of all.
    for peer in &peers {
        assert_eq!(peer.rows().len() as u64, ROWS, "{}", peer.name());
    }
}

#[test]
fn ten_peers_that_start_one_after_the_other_end_with_identical_tables() {
    let broker = mosquitto();
    let network = Network::of(10, broker.url()).with("--rounds", ROWS);
    let mut peers = Vec::new();
    for number in 1..=9 {
        let peer = network.peer(&format!("peer-{number}"));
        peer.first("connected");
        peers.push(peer);
    }
    for peer in &peers {
        peer.knows(9);
        assert!(peer.all("membership_settled").is_empty(), "nothing is settled before the tenth");
    }
    peers.push(network.peer("peer-10"));
    for peer in &mut peers {
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, ROWS);
}

#[test]
fn an_eleventh_that_starts_with_the_others_watches_and_has_the_same_rows() {
    let broker = mosquitto();
    // Time for the eleventh to be told by a majority that it is none of them.
    let network = Network::of(10, broker.url()).with("--rounds", ROWS).with("--pause", "50ms");
    let mut peers = network.peers(11);
    for peer in &mut peers {
        peer.ends_well();
    }
    // The last word counts: before it hears of the others, anybody may think to be one of ten.
    let settled = peers.iter().filter_map(|peer| peer.last("membership_settled"));
    assert_eq!(settled.filter(|settled| settled["member"] == true).count(), 10);
    network.assert_identical_tables(&peers, ROWS);
}

#[test]
fn an_eleventh_that_comes_late_watches_and_has_all_rows_from_the_first() {
    let broker = mosquitto();
    let rows = 60;
    let network = Network::of(10, broker.url()).with("--rounds", rows).with("--pause", "20ms");
    let mut peers = network.peers(10);
    peers[0].reaches(10);
    let late = network.peer("late");
    assert_eq!(late.first("membership_settled")["member"], false);
    peers.push(late);
    for peer in &mut peers {
        peer.ends_well();
    }
    let told: Vec<_> = peers[10].rows();
    assert_eq!(told, peers[0].rows(), "it tells of the rows before its time as well");
    network.assert_identical_tables(&peers, rows);
}

#[test]
fn groups_in_two_rooms_of_one_broker_do_not_meet() {
    let broker = mosquitto();
    stories::groups_in_two_rooms_do_not_meet(|| Network::of(3, broker.url()));
}
