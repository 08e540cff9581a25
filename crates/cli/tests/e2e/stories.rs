//! Stories that go the same way in every network, over every kind of broker.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use althing_testkit::{Mosquitto, RabbitMq, eventually_blocking};
use serde_json::Value;

use crate::harness::{Network, Peer, is, killed};

/// A broker that can be restarted.
pub(crate) trait Restart {
    fn stop(&mut self);
    fn start_again(&mut self);
}

impl Restart for Mosquitto {
    fn stop(&mut self) {
        Self::stop(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Restart for RabbitMq {
    fn stop(&mut self) {
        Self::stop(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Has `count` peers fill a table, and returns them when they have left.
pub(crate) fn all_end_with_identical_tables(
    network: Network,
    count: usize,
    rows: u64,
) -> Vec<Peer> {
    let network = network.with("--rounds", rows);
    let mut peers = network.peers(count);
    for peer in &mut peers {
        peer.ends_well();
        assert_eq!(peer.first("summary")["rows"], rows);
    }
    network.assert_identical_tables(&peers, rows);
    peers
}

/// Kills whoever leads as soon as it has asked for a solution, which takes a while to find. The
/// others go on, and the killed one comes back.
pub(crate) fn the_others_go_on_when_the_leader_is_killed(network: Network, rows: u64) {
    let network = network
        .with("--draw-timeout", "200ms")
        .with("--leader-timeout", "800ms")
        .with("--silence", "2s")
        .kill_first(|said| {
            let is_later = said["transaction"].as_u64() > Some(0);
            is(said, "challenge_issued") && is_later && said["leader"] == said["peer"]
        });
    let mut peers = network.peers(10);
    let (dead, _) = killed(&mut peers);
    // Its challenge may have died with it. But a row needs a leader, so that another has led these.
    go_on_without(&peers, dead, 2);
    network.restart(&mut peers[dead]);
    network.assert_one_table(&mut peers, rows);
}

/// Phases of a row, by the event that begins each.
const PHASES: [&str; 5] =
    ["leader_elected", "challenge_issued", "solution_found", "vote_cast", "round_decided"];

/// Kills a member in each phase, and the leader in each phase of another network. The others go
/// on, and the killed one comes back.
#[expect(clippy::print_stderr, reason = "a failure shows how far it came")]
pub(crate) fn the_others_go_on_whoever_is_killed_in_any_phase(
    new_network: impl Fn(&str) -> Network,
) {
    for (phase, leads) in PHASES.into_iter().flat_map(|phase| [(phase, false), (phase, true)]) {
        let who = if leads { "leader" } else { "member" };
        eprintln!("the {who} at {phase}");
        let leader = Mutex::new(Value::Null);
        let network = new_network(&format!("{who}-{phase}"))
            .with("--draw-timeout", "200ms")
            .with("--leader-timeout", "800ms")
            .with("--silence", "2s")
            .with("--pause", "20ms")
            .kill_first(move |said| {
                let mut leader = leader.lock().expect("nobody panics with it");
                if is(said, "leader_elected") {
                    *leader = said["leader"].clone();
                }
                is(said, phase) && (*leader == said["peer"]) == leads
            });
        let mut peers = network.peers(5);
        let (dead, _) = killed(&mut peers);
        go_on_without(&peers, dead, 3);
        network.restart(&mut peers[dead]);
        network.assert_one_table(&mut peers, 4);
    }
}

/// Waits until all but the one at `dead` have `more` rows than now.
pub(crate) fn go_on_without(peers: &[Peer], dead: usize, more: u64) {
    let alive = || peers.iter().enumerate().filter(|(place, _)| *place != dead);
    let reached = alive().map(|(_, peer)| peer.reached()).max().unwrap_or_default();
    for (_, peer) in alive() {
        peer.reaches(reached + more);
    }
}

/// Restarts the broker in mid-round: all come back and finish.
pub(crate) fn all_come_back_when_the_broker_is_restarted(
    network: Network,
    broker: &mut impl Restart,
    rows: u64,
) {
    let network = network.with("--rounds", rows).with("--pause", "50ms");
    let mut peers = network.peers(10);
    for peer in &peers {
        peer.reaches(3);
    }
    broker.stop();
    for peer in &peers {
        peer.first("disconnected");
        assert!(peer.reached() < rows, "the rounds were still running");
    }
    broker.start_again();
    for peer in &mut peers {
        peer.ends_well();
        assert!(peer.all("connected").len() >= 2, "{} came back", peer.name());
    }
    network.assert_identical_tables(&peers, rows);
}

/// Has two groups at one broker, in rooms of their own: neither hears anything of the other.
pub(crate) fn groups_in_two_rooms_do_not_meet(new_network: impl Fn() -> Network) {
    let rows = 5;
    let groups: Vec<(Network, Vec<Peer>)> = ["room-a", "room-b"]
        .into_iter()
        .map(|room| {
            let network = new_network().with("--room", room).with("--rounds", rows);
            let peers = network.peers(3);
            (network, peers)
        })
        .collect();
    for (network, mut peers) in groups {
        let own: BTreeSet<String> = peers.iter().map(|peer| peer.called().to_string()).collect();
        for peer in &mut peers {
            peer.ends_well();
            let met: BTreeSet<String> =
                peer.all("peer_joined").iter().map(|said| said["joined"].to_string()).collect();
            assert!(met.is_subset(&own), "{}: {met:?} and {own:?}", peer.name());
            assert!(peer.all("message_refused").is_empty(), "{}", peer.name());
        }
        network.assert_identical_tables(&peers, rows);
    }
}

/// What is no message of any network.
pub(crate) fn garbage() -> Vec<Vec<u8>> {
    let mut garbage: Vec<Vec<u8>> = [
        "hello",
        "{\"id\": ",
        "{}",
        "[]",
        "null",
        "0",
        "\"\"",
        "{\"NodeId\": -1}",
        "{\"NodeId\": \"x\", \"ClientID\": 7}",
        "{\"NodeId\": 1, \"NodeId\": 2}",
        "{\"TransactionID\": -1, \"TransactionNumber\": 1e99, \"Challenge\": 0, \"Sign\": \"zz\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    garbage.push(vec![b'['; 10_000]);
    garbage.push(vec![b'x'; 300_000]);
    garbage
}

/// Time after which a peer tells again of what it refuses, should it have been too much for it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Has `shout` say garbage on each of `topics`: all peers refuse it, and the rounds go on.
pub(crate) fn garbage_is_refused_and_the_rounds_go_on(
    network: &Network,
    topics: &[String],
    mut shout: impl FnMut(&str, &[u8]),
) {
    let mut peers = network.peers(3);
    for peer in &peers {
        peer.reaches(1);
    }
    for topic in topics {
        let mut said = None::<Instant>;
        eventually_blocking(&format!("a refusal on {topic} by each peer"), || {
            if said.is_none_or(|said| said.elapsed() > PATIENCE) {
                said = Some(Instant::now());
                for garbage in garbage() {
                    shout(topic, &garbage);
                }
            }
            peers.iter().all(|peer| refuses_on(peer, topic)).then_some(())
        });
    }
    let reached = peers.iter().map(Peer::reached).max().unwrap_or_default();
    network.assert_one_table(&mut peers, reached + 3);
}

fn refuses_on(peer: &Peer, topic: &str) -> bool {
    peer.all("message_refused").iter().any(|said| said["topic"] == topic)
}
