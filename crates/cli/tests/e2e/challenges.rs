//! Challenges that nobody can solve.

use crate::harness::{Network, mosquitto};

#[test]
fn after_a_challenge_that_nobody_can_solve_comes_an_easier_one() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url())
        .with("--challenge", 60)
        .with("--challenge-timeout", "500ms")
        .with("--rounds", 2);
    let mut peers = network.peers(3);
    for peer in &mut peers {
        peer.ends_well();
        assert_eq!(peer.first("challenge_issued")["challenge"], 60);
        for row in peer.all("round_decided") {
            let challenge = row["challenge"].as_u64().expect("a number of bits");
            assert!(challenge <= 30, "60 bits are out of reach: {row}");
        }
    }
    network.assert_identical_tables(&peers, 2);
}
