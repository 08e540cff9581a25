//! Peers of the open network, as processes.

use super::harness::{ChainPeer, Chains, QUICK_OPEN, add, chain, one_chain};
use crate::harness::mosquitto;

/// Starts a peer that mines, and others that turn to it.
fn network(chains: &Chains, others: usize) -> Vec<ChainPeer> {
    let miner = chains.peer("miner", "--mine --name miner");
    let address = miner.address();
    let mut peers = vec![miner];
    for number in 1..=others {
        let options = format!("--contact {address} --name peer-{number}");
        peers.push(chains.peer(&format!("peer-{number}"), &options));
    }
    peers
}

#[test]
fn notes_of_all_get_into_one_chain_that_who_comes_late_fetches_by_its_headers() {
    let chains = Chains::with(QUICK_OPEN);
    let mut peers = network(&chains, 3);
    let notes = ["from the first", "from the second", "from the third"];
    let mut height = 0;
    for (name, note) in ["peer-1", "peer-2", "peer-3"].into_iter().zip(notes) {
        height = add(&chains, name, note);
    }
    let contact = format!("--contact {}", peers[2].address());
    peers.push(chains.peer("late", &contact));
    for peer in &peers {
        peer.reaches(height);
    }
    assert_eq!(chains.entries("late")[..3], notes);
    // The same text again is another note, but the same entry is none.
    let again = chain(&["add"], &chains.data("peer-1"), &[""]).expect_err("it is empty");
    assert!(again.contains("a note has 1 to 100 characters, and not 0"), "{again}");
}

#[test]
fn a_miner_killed_again_and_again_goes_on_with_its_chain() {
    let chains = Chains::with(QUICK_OPEN);
    let mut peers = network(&chains, 2);
    let listen = peers[0].address();
    let mut height = 0;
    for round in 0..4 {
        height = add(&chains, "peer-1", &format!("note {round}"));
        peers[0].kill();
        peers[0] = chains.peer("miner", &format!("--mine --name miner --listen {listen}"));
        let started = peers[0].first_event("started");
        assert!(started["blocks"].as_u64() > Some(height), "{started}");
    }
    for peer in &peers {
        peer.reaches(height + 1);
    }
    peers[0].stops();
    let (tip, _) = one_chain(&[&peers[1], &peers[2]], height);
    for name in ["peer-1", "peer-2"] {
        assert_eq!(chains.entries(name).len(), 4, "{name} at {tip}");
    }
}

#[test]
fn the_same_network_meets_over_a_broker() {
    let broker = mosquitto();
    let chains = Chains::with(&format!("{QUICK_OPEN} --broker {}", broker.url()));
    let peers = [
        chains.peer("miner", "--mine"),
        chains.peer("second", ""),
        chains.peer("third", ""),
        chains.peer("fourth", ""),
        chains.peer("fifth", ""),
    ];
    for peer in &peers {
        peer.meets(4);
    }
    let height = add(&chains, "fifth", "over the broker");
    for peer in &peers {
        peer.reaches(height);
    }
    assert_eq!(chains.entries("second"), ["over the broker"]);
}
