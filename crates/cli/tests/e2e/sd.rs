//! `sd`, whose leader judges the solutions, over Mosquitto.

use althing_dialect::RoundsDialect;
use althing_dialect::sd::{Config, Sd};
use althing_testkit::Stranger;

use crate::harness::{Althing, Network, mosquitto};
use crate::stories;

fn network(peers: usize, broker: &str) -> Network {
    Network::of(peers, broker).with("--dialect", "sd")
}

#[test]
fn ten_peers_end_with_identical_tables() {
    let broker = mosquitto();
    stories::all_end_with_identical_tables(network(10, &broker.url()), 10, 20);
}

#[test]
fn when_the_leader_is_killed_the_others_go_on() {
    let broker = mosquitto();
    let network = network(10, &broker.url()).with("--challenge", 16);
    stories::the_others_go_on_when_the_leader_is_killed(network, 6);
}

#[test]
fn whoever_is_killed_in_any_phase_the_others_go_on() {
    let broker = mosquitto();
    stories::the_others_go_on_whoever_is_killed_in_any_phase(|room| {
        network(5, &broker.url()).with("--challenge", 12).with("--room", room)
    });
}

#[test]
fn peers_whose_broker_is_restarted_come_back_and_finish() {
    let mut broker = mosquitto();
    let network = network(10, &broker.url());
    stories::all_come_back_when_the_broker_is_restarted(network, &mut broker, 20);
}

#[test]
fn garbage_on_every_topic_is_refused() {
    let broker = mosquitto();
    let topics = Sd::new(Config::default()).topics();
    let mut stranger =
        Stranger::meet(broker.port(), &["sd/init"]).unwrap_or_else(|error| panic!("{error}"));
    let network = network(3, &broker.url()).with("--pause", "20ms");
    stories::garbage_is_refused_and_the_rounds_go_on(&network, &topics, |topic, garbage| {
        stranger.say(topic, garbage);
    });
}

#[test]
fn groups_in_two_rooms_of_one_broker_do_not_meet() {
    let broker = mosquitto();
    stories::groups_in_two_rooms_do_not_meet(|| network(3, &broker.url()));
}

#[test]
fn the_names_that_classes_have_changed_can_be_chosen() {
    let broker = mosquitto();
    let overhears = Stranger::meet(broker.port(), &["sd/althing/draw"])
        .unwrap_or_else(|error| panic!("{error}"));
    let network =
        network(3, &broker.url()).with("--election-topic", "draw").with("--id-field", "NodeId");
    stories::all_end_with_identical_tables(network, 3, 5);
    let heard = overhears.hear(althing_testkit::DEADLINE).expect("three have drawn");
    let draw: serde_json::Value = serde_json::from_str(&heard.payload).expect("JSON");
    assert!(draw["NodeId"].is_string(), "{draw}");
}

#[test]
fn the_demo_needs_no_broker() {
    let arguments = ["demo", "--dialect", "sd", "--rounds", "5", "--challenge", "1..6"];
    let mut demo = Althing::start("demo", arguments);
    demo.ends_well();
    let rows = demo.lines().iter().filter(|line| line.said_contains(" wins with ")).count();
    assert_eq!(rows, 5);
}
