//! No two peers ever record different winners, under any conditions of the network.

use std::time::Duration;

use althing_sim::Planned;
use althing_sim::rounds::Scenario;

use super::SOON;

#[test]
fn ten_peers_agree_on_a_table() {
    let mut net = Scenario::seed(1).rounds(20).start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
    net.assert_one_table();
}

#[test]
fn ten_peers_that_sign_agree_on_a_table() {
    let mut net = Scenario::seed(1).signed().rounds(20).start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
    net.assert_one_table();
}

#[test]
fn the_leader_is_known_as_soon_as_the_last_peer_is_here() {
    let mut net = Scenario::seed(3).start_within(Duration::ZERO).start();
    net.run_until(Duration::from_millis(20), "leader", |net| net.leader().is_some())
        .expect("an election takes a few messages");
}

#[test]
fn ten_peers_of_the_published_variant_agree_while_they_see_one_order() {
    let mut net = Scenario::seed(2).published().start();
    net.run_until_recorded(SOON, 20).expect("nothing is in the way");
}

#[test]
fn an_eleventh_peer_watches_and_has_the_same_table() {
    let mut net = Scenario::seed(4).extra(1).rounds(30).start();
    net.run_until_recorded(SOON, 30).expect("the eleventh learns the rows as well");
    net.assert_one_table();
}

#[test]
fn a_hundred_peers_agree_on_a_table() {
    let pause = Duration::from_millis(500);
    let mut net = Scenario::seed(6).peers(100).pause(pause).start();
    net.run_until_recorded(SOON, 5).expect("nothing is in the way");
    net.assert_one_table();
}

#[test]
fn a_network_of_one_decides_alone() {
    let mut net = Scenario::seed(5).peers(1).rounds(5).start();
    net.run_until_recorded(SOON, 5).expect("one is a majority of one");
}
