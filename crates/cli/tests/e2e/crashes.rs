//! Members are killed (`kill -9`): the others go on, and the killed come back as who they were.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::harness::{Network, Peer, is, killed, mosquitto};
use crate::stories::go_on_without;

/// A network of ten in which the silence of a peer is soon noticed.
fn network_of_ten(broker: &str) -> Network {
    Network::of(10, broker)
        .with("--pause", "20ms")
        .with("--draw-timeout", "200ms")
        .with("--leader-timeout", "800ms")
        .with("--silence", "2s")
}

#[test]
fn nine_wait_for_a_tenth_and_one_of_them_that_was_killed_comes_back() {
    let broker = mosquitto();
    let network = network_of_ten(&broker.url()).with("--rounds", 20);
    let mut peers = network.peers(9);
    for peer in &peers {
        peer.knows(9);
        let waiting = peer.first("waiting");
        assert_eq!((&waiting["for"], &waiting["needed"]), (&"peers".into(), &10.into()));
    }
    peers[4].kill();
    network.restart(&mut peers[4]);
    peers[4].knows(9);
    assert!(peers.iter().all(|peer| peer.all("membership_settled").is_empty()), "nine are not ten");
    peers.push(network.peer("peer-10"));
    for peer in &mut peers {
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, 20);
}

#[test]
fn the_seat_of_one_killed_while_they_gather_goes_to_another() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--rounds", 5).with("--silence", "1s");
    let mut peers = network.peers(2);
    peers[1].knows(2);
    let dead = peers[0].id();
    peers[0].kill();
    peers[0] = network.peer("peer-3");
    peers.push(network.peer("peer-4"));
    for peer in &mut peers {
        peer.ends_well();
        let settled = peer.first("membership_settled");
        let members = settled["members"].as_array().expect("a list");
        assert!(!members.contains(&dead.into()), "{settled}");
    }
    network.assert_identical_tables(&peers, 5);
}

#[test]
fn a_member_killed_as_soon_as_the_roster_is_settled_is_missed_by_nobody() {
    killed_at_the_beginning(|said| is(said, "membership_settled"));
}

#[test]
fn a_member_killed_as_soon_as_a_leader_is_elected_is_missed_by_nobody() {
    killed_at_the_beginning(|said| is(said, "leader_elected") && said["leader"] != said["peer"]);
}

fn killed_at_the_beginning(is_moment: impl Fn(&Value) -> bool + Send + Sync + 'static) {
    let broker = mosquitto();
    let network = network_of_ten(&broker.url()).kill_first(is_moment);
    let mut peers = network.peers(10);
    let (dead, _) = killed(&mut peers);
    go_on_without(&peers, dead, 3);
    network.restart(&mut peers[dead]);
    network.assert_one_table(&mut peers, 6);
}

#[test]
fn members_killed_while_they_mine_or_vote_come_back_and_have_the_same_table() {
    let broker = mosquitto();
    // Hard enough that mining lasts a while.
    let network = network_of_ten(&broker.url()).with("--challenge", "18");
    let mut peers = network.peers(10);
    for phase in ["challenge_issued", "solution_found", "vote_cast"] {
        let (leader, _) = peers[0].leader();
        let place = peers.iter().position(|peer| peer.id() != leader).expect("one leads");
        peers[place].kill_when(move |said| is(said, phase));
        let (dead, _) = killed(&mut peers);
        go_on_without(&peers, dead, 2);
        network.restart(&mut peers[dead]);
        let reached = peers.iter().map(Peer::reached).max().unwrap_or_default();
        peers[dead].reaches(reached);
    }
    network.assert_one_table(&mut peers, 8);
}

/// Times that a peer is killed in a row.
const KILLS: usize = 10;

#[test]
fn no_row_that_a_peer_has_told_of_is_lost_however_often_it_is_killed() {
    let mut random = Random::from_environment();
    eprintln!("to see this again: SEED={} cargo test -p althing --test e2e -- no_row", random.0);
    let broker = mosquitto();
    let network = Network::of(3, broker.url())
        .with("--pause", "10ms")
        .with("--draw-timeout", "200ms")
        .with("--leader-timeout", "800ms");
    let mut peers = network.peers(3);
    let mut told = Vec::new();
    for _ in 0..KILLS {
        let mut lines_left = random.up_to(60);
        peers[0].kill_when(move |_| {
            lines_left = lines_left.saturating_sub(1);
            lines_left == 0
        });
        killed(&mut peers);
        told.extend(peers[0].all("round_decided"));
        network.restart(&mut peers[0]);
    }
    let rows = told.iter().filter_map(|row| row["transaction"].as_u64()).max();
    let rows = rows.expect("it has told of rows") + 1;
    // All stop, and go on from what is on disk until they have some rows more.
    network.assert_one_table(&mut peers, rows);
    let longest = peers.iter().map(|peer| network.rows(peer.name()).len()).max();
    let rows = longest.expect("there are peers") as u64 + 5;
    let network = network.with("--rounds", rows);
    for peer in &mut peers {
        network.restart(peer);
    }
    for peer in &mut peers {
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, rows);
    let table = network.rows("peer-1");
    for row in &told {
        let number = row["transaction"].as_u64().expect("a number");
        let kept = &table[usize::try_from(number).expect("a small number")];
        for field in ["transaction", "challenge", "seed", "winner"] {
            assert_eq!(kept[field], row[field], "row {number} was told otherwise");
        }
    }
}

/// Small random numbers (SplitMix64) that can be had again.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        Self(given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
            u64::from(now.subsec_nanos())
        }))
    }

    /// Returns a number from 1 to `end`.
    fn up_to(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end + 1
    }
}
