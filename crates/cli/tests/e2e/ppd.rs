//! `ppd`, whose members sign and elect for each transaction, over RabbitMQ.
//!
//! RabbitMQ takes seconds to start, and each test is a process of its own. So one test goes through
//! all stories that can share a broker, each in a room of its own; its output names them.

use althing_dialect::RoundsDialect;
use althing_dialect::ppd::{Config, Ppd};
use althing_testkit::RabbitMq;
use serde_json::Value;

use crate::harness::{Althing, Foreigner, Network, mosquitto, rabbitmq};
use crate::stories;

fn network(peers: usize, broker: &str) -> Network {
    Network::of(peers, broker).with("--dialect", "ppd")
}

fn topics(room: &str) -> Vec<String> {
    Ppd::new(Config { room: room.to_owned(), ..Config::default() }).topics()
}

/// Goes through stories one after the other, and says which.
macro_rules! stories {
    ($broker:expr, $($name:ident,)*) => {$(
        println!("{}", stringify!($name));
        $name(&$broker);
    )*};
}

#[test]
fn peers_over_rabbitmq() {
    let broker = rabbitmq();
    stories! { broker,
        ten_peers_end_with_identical_tables_and_leave_no_queue,
        garbage_on_every_exchange_is_refused,
        groups_in_two_rooms_do_not_meet,
        elect_chain_and_sd_work_over_amqp_as_well,
        the_demo_meets_over_it,
        the_bench_measures_it,
    }
}

#[test]
fn peers_over_a_rabbitmq_lose_their_leader_and_then_their_broker() {
    let mut broker = rabbitmq();
    let new_network = |room| network(10, &broker.url()).with("--room", room);
    let network = new_network("leader").with("--challenge", 14);
    let after = new_network("broker");
    stories::the_others_go_on_when_the_leader_is_killed(network, 6);
    stories::all_come_back_when_the_broker_is_restarted(after, &mut broker, 20);
}

#[test]
fn whoever_is_killed_in_any_phase_the_others_go_on() {
    let broker = rabbitmq();
    stories::the_others_go_on_whoever_is_killed_in_any_phase(|room| {
        network(5, &broker.url()).with("--challenge", 12).with("--room", room)
    });
}

fn ten_peers_end_with_identical_tables_and_leave_no_queue(broker: &RabbitMq) {
    let room = "ten";
    let network = network(10, &broker.url()).with("--room", room);
    let peers = stories::all_end_with_identical_tables(network, 10, 10);
    let foreigner = Foreigner::meet(&broker.url());
    for peer in &peers {
        for topic in topics(room) {
            let queue = format!("{topic}/{}", peer.id());
            assert!(!foreigner.sees_queue(&queue), "{queue} is still there");
        }
    }
}

fn garbage_on_every_exchange_is_refused(broker: &RabbitMq) {
    let room = "garbage";
    let network = network(3, &broker.url()).with("--room", room).with("--pause", "20ms");
    let foreigner = Foreigner::meet(&broker.url());
    stories::garbage_is_refused_and_the_rounds_go_on(&network, &topics(room), |topic, garbage| {
        foreigner.say(topic, garbage);
    });
}

fn groups_in_two_rooms_do_not_meet(broker: &RabbitMq) {
    stories::groups_in_two_rooms_do_not_meet(|| network(3, &broker.url()));
}

fn elect_chain_and_sd_work_over_amqp_as_well(broker: &RabbitMq) {
    for dialect in ["elect-chain", "sd"] {
        let network = network(3, &broker.url()).with("--dialect", dialect).with("--room", "others");
        stories::all_end_with_identical_tables(network, 3, 5);
    }
}

fn the_demo_meets_over_it(broker: &RabbitMq) {
    let url = broker.url();
    let arguments =
        ["demo", "--dialect", "ppd", "--broker", &url, "--room", "demo", "--rounds", "3"];
    let mut demo = Althing::start("demo", arguments.iter().chain(&["--challenge", "1..6"]));
    demo.ends_well();
    let rows = demo.lines().iter().filter(|line| line.said_contains(" wins with ")).count();
    assert_eq!(rows, 3);
}

fn the_bench_measures_it(broker: &RabbitMq) {
    let url = broker.url();
    let network = ["--dialect", "ppd", "--room", "bench", "--peers", "3", "--challenge", "1..4"];
    let arguments = ["bench", "rounds", "--json", "--rounds", "5", "--broker", &url];
    let mut bench = Althing::start("bench", arguments.iter().chain(&network));
    bench.ends_well();
    let lines: Vec<Value> = bench.lines().into_iter().map(|line| line.said).collect();
    let over: Vec<_> = lines.iter().map(|line| line["over"].as_str()).collect();
    assert_eq!(over, [Some("memory"), Some("embedded broker"), Some("given broker")]);
    assert!(lines.iter().all(|line| line["rounds"] == 5), "{lines:?}");
}

#[test]
fn ppd_works_over_mqtt_as_well() {
    let broker = mosquitto();
    stories::all_end_with_identical_tables(network(3, &broker.url()), 3, 5);
}

#[test]
fn without_a_rabbitmq_the_demo_says_at_once_how_to_get_one() {
    let port = althing_testkit::free_port().expect("there are ports");
    let url = format!("amqp://localhost:{port}");
    let mut demo = Althing::start("demo", ["demo", "--dialect", "ppd", "--broker", &url]);
    assert_eq!(demo.ended().code(), Some(1));
    assert!(demo.lines().is_empty(), "{:?}", demo.lines());
    let expected = format!(
        "error: no broker listens at localhost:{port}: connection refused; it takes a RabbitMQ (on \
         Debian: apt-get install rabbitmq-server), or another broker, as in --broker \
         amqp://user:password@host.\n"
    );
    assert_eq!(demo.complaints(), expected);
}
