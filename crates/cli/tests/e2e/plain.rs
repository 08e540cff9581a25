//! Programs that know only the plain protocol, and peers that speak as if they were such.

use althing_testkit::{DEADLINE, Stranger};
use serde_json::{Value, json};

use crate::harness::{Network, Peer, Plain, mosquitto};

/// Smaller than the id of any Althing peer, so that it is a member.
const PLAIN: u64 = 7;

/// Returns a network of ten in which nobody but the first leader is expected to lead: the plain
/// program follows no other.
fn network(broker: &str) -> Network {
    Network::of(10, broker).with("--pause", "20ms").with("--leader-timeout", "20s")
}

fn votes_of_plain(peer: &Peer) -> Vec<Value> {
    let mut votes = peer.all("vote_cast");
    votes.retain(|vote| vote["voter"] == PLAIN.to_string());
    votes
}

#[test]
fn a_plain_program_among_nine_peers_is_a_member_whose_vote_counts() {
    let broker = mosquitto();
    let network = network(&broker.url());
    let _plain = Plain::start(PLAIN, 10, broker.port());
    let mut peers = network.peers(9);
    for peer in &peers {
        peer.reaches(3);
        let settled = peer.first("membership_settled");
        let members = settled["members"].as_array().expect("a list");
        assert!(members.contains(&json!(PLAIN.to_string())), "{settled}");
    }
    // Five peers are left: it takes the plain program's vote to make six.
    let (leader, term) = peers[0].leader();
    let is_leader = |peer: &Peer| peer.id() == leader;
    peers.sort_by_key(|peer| !is_leader(peer));
    for mut peer in peers.drain(5..) {
        peer.kill();
    }
    let reached = peers[0].reached();
    for peer in &peers {
        peer.reaches(reached + 3);
        assert_eq!(peer.leader(), (leader, term), "the same leads");
        assert!(!votes_of_plain(peer).is_empty(), "{} heard its vote", peer.name());
    }
    network.assert_one_table(&mut peers, reached + 3);
}

#[test]
fn a_plain_program_that_votes_twice_in_a_row_is_counted_once() {
    let broker = mosquitto();
    let network = network(&broker.url()).with("--challenge", "5");
    let _plain = Plain::start_liar(PLAIN, 10, broker.port());
    let mut peers = network.peers(9);
    for peer in &peers {
        let refused = peer.wait_until("a second vote", |lines| {
            let mut lines = lines.iter().filter(|line| line.is("message_refused"));
            lines.find(|line| line.said["claimed"] == PLAIN.to_string()).cloned()
        });
        let reason = refused.said["reason"].as_str().expect("a sentence");
        assert!(reason.starts_with("a second vote in transaction "), "{reason}");
    }
    network.assert_one_table(&mut peers, 5);
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
