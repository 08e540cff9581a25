//! Programs that know only the plain protocol, and peers that speak as if they were such.

use althing_testkit::{DEADLINE, Stranger, eventually_blocking};
use serde_json::{Value, json};

use crate::harness::{Network, Peer, Programs, mosquitto};

/// Waits until `peer` has said how many others here speak otherwise, and returns how to join them.
fn noticed(peer: &Peer, others: u64) -> Value {
    let said = peer.wait_until(&format!("{others} others"), |lines| {
        let mut lines = lines.iter().filter(|line| line.is("network_overheard"));
        lines.find(|line| line.said["peers"] == others).cloned()
    });
    said.said["advice"].clone()
}

#[test]
fn a_peer_among_nine_published_programs_says_so_ends_none_and_takes_no_seat() {
    let broker = mosquitto();
    let programs = Programs::start(1..=9, 10, broker.port());
    eventually_blocking("the nine to know each other", || {
        (programs.fate().seats.len() == 9).then_some(())
    });
    let network = Network::of(10, broker.url());
    let peer = network.peer("peer-1");
    assert_eq!(noticed(&peer, 9), "use --variant published");
    // The programs hear all that it says while it waits for its own kind.
    let votes = programs.fate().votes;
    eventually_blocking("the programs to go on", || {
        (programs.fate().votes > votes + 20).then_some(())
    });
    let fate = programs.fate();
    let killed_by = fate.killed_by.as_ref().map(|heard| (&heard.topic, &heard.payload));
    assert_eq!(killed_by, None);
    assert_eq!(fate.seats.iter().copied().collect::<Vec<_>>(), Vec::from_iter(1..=9));
    assert!(peer.all("membership_settled").is_empty() && peer.all("round_decided").is_empty());
}

#[test]
fn four_default_peers_and_a_published_one_notice_each_other_and_the_four_go_on() {
    let broker = mosquitto();
    let network = Network::of(4, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(4);
    peers.iter().for_each(|peer| peer.reaches(1));
    let published = Network::of(4, broker.url()).with("--variant", "published");
    let stray = published.peer("stray");
    assert_eq!(noticed(&stray, 4), "leave out --variant published");
    for peer in &peers {
        assert_eq!(noticed(peer, 1), "use --variant published");
        peer.reaches(3);
    }
    assert!(stray.all("round_decided").is_empty());
    network.assert_one_table(&mut peers, 3);
    let said: Vec<Value> = peers.iter().flat_map(|peer| peer.all("network_overheard")).collect();
    let expected = json!("as the published program");
    assert!(said.iter().all(|said| said["speech"] == expected), "{said:?}");
}

#[test]
fn three_peers_of_the_published_variant_agree_in_the_plain_protocol() {
    let broker = mosquitto();
    let overhears = Stranger::meet(broker.port(), &["#"]).unwrap_or_else(|error| panic!("{error}"));
    let network = Network::of(3, broker.url()).with("--variant", "published").with("--rounds", 10);
    let mut peers = network.peers(3);
    for peer in &mut peers {
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, 10);
    let mut fields = std::collections::BTreeMap::<String, Vec<String>>::new();
    while fields.len() < 5 {
        let heard = overhears.hear(DEADLINE).expect("five topics are used");
        if heard.topic.contains('/') {
            // A probe of how fast the broker is.
            continue;
        }
        let said: Value = serde_json::from_str(&heard.payload).expect("JSON");
        let names = said.as_object().expect("an object").keys().cloned().collect();
        fields.insert(heard.topic, names);
    }
    assert_eq!(fields["init"], ["id"]);
    assert_eq!(fields["election"], ["election", "id"]);
    assert_eq!(fields["challenge"], ["id", "challenge"]);
    assert_eq!(fields["solution"], ["id", "transaction", "seed"]);
    assert_eq!(fields["voting"], ["id", "transaction", "seed", "vote"]);
}
