//! What `althing watch` sees of programs: who says what, what is decided, and which of them breaks
//! a rule.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use althing_testkit::{Stranger, free_port};
use serde_json::{Value, json};

use super::mixture::{Mixture, begin, kind};
use super::{Broker, PEERS, home};
use crate::chains::harness::{Chains, QUICK_OPEN, add};
use crate::harness::{Althing, UdpProgram, command, mosquitto, rabbitmq, row};

/// Returns one that watches a room, once it hears what is said there.
fn watch(mixture: &Mixture<'_>) -> Althing {
    start(&mixture.watching())
}

/// Starts one that watches, and waits until it can hear.
fn start(options: &[String]) -> Althing {
    let arguments = ["watch", "--json"].into_iter().chain(options.iter().map(String::as_str));
    let watch = Althing::start("watch", arguments);
    watch.wait_until("that it is connected", |lines| {
        lines.iter().any(|line| line.is("connected")).then_some(())
    });
    watch
}

/// Waits until so many rows were seen, and returns them.
fn rows(watch: &Althing, count: usize) -> Vec<Value> {
    watch.wait_until(&format!("{count} rows"), |lines| {
        let decided = lines.iter().filter(|line| line.is("round_decided"));
        let rows: Vec<Value> = decided.map(|line| row(&line.said)).collect();
        (rows.len() >= count).then_some(rows)
    })
}

/// Ends one that watches, and returns its exit code and what it has said of each peer.
fn end(mut watch: Althing) -> (Option<i32>, Vec<Value>) {
    watch.signal("TERM");
    let code = watch.ended().code();
    let lines = watch.lines();
    let told = lines.into_iter().filter(|line| line.is("peer_watched"));
    (code, told.map(|line| line.said).collect())
}

/// Returns the kinds of rules that a peer broke.
fn broken(peer: &Value) -> BTreeSet<&str> {
    let broken = peer["broken"].as_array().expect("a list");
    broken.iter().map(|rule| rule["kind"].as_str().expect("a text")).collect()
}

/// Has programs play a session, and returns what was seen of them; the last has these options.
fn session(mixture: &Mixture<'_>, last: &[&str]) -> (Option<i32>, Vec<Value>) {
    let mut programs = mixture.programs_with(20, last);
    let watch = watch(mixture);
    begin(&[], &mut programs);
    let count = usize::try_from(mixture.rows).expect("there are few");
    let seen = rows(&watch, count);
    assert_eq!(seen, programs[0].rows(mixture.rows), "{}", mixture.room());
    assert!(programs.iter().all(|program| program.is_running()), "they do not notice it");
    end(watch)
}

#[test]
fn of_programs_over_mqtt_it_is_seen_what_each_says_and_which_breaks_a_rule() {
    let (broker, home) = (Broker::Mqtt(mosquitto()), home());
    let kind = kind("elect-chain", "1..6");
    let mixture = Mixture::new(&kind, 0, &broker, home.path());
    let (code, peers) = session(&mixture, &[]);
    assert_eq!(code, Some(0), "{peers:#?}");
    assert_eq!(peers.len(), PEERS);
    for peer in &peers {
        assert_eq!(peer["broken"], Value::Array(Vec::new()), "{peer:#}");
        for kind in ["announcement", "election", "vote"] {
            assert!(peer["said"][kind].as_u64() >= Some(1), "{kind}: {peer:#}");
        }
    }
    // One that is always too late says none.
    let solutions = peers.iter().filter_map(|peer| peer["said"]["solution"].as_u64()).sum::<u64>();
    assert!(solutions >= mixture.rows, "{peers:#?}");
    let leads = |peer: &&Value| peer["led"] != 0;
    let leader = peers.iter().find(leads).expect("one has led");
    assert!(leader["said"]["challenge"].as_u64() >= Some(mixture.rows));
    let mixture = mixture.of_its_own(1, 4);
    let (code, peers) = session(&mixture, &["--contrary"]);
    assert_eq!(code, Some(1), "{peers:#?}");
    let bad: Vec<_> = peers.iter().filter(|peer| !broken(peer).is_empty()).collect();
    assert_eq!(bad.len(), 1, "{peers:#?}");
    assert_eq!(broken(bad[0]), ["vote_against_solution"].into());
    assert_eq!(bad[0]["broken"][0]["rule"], "V5");
}

#[test]
fn of_programs_over_amqp_it_is_seen_too_and_nothing_is_taken_from_them() {
    let (broker, home) = (Broker::Amqp(rabbitmq()), home());
    let kind = kind("ppd", "1..6");
    let mixture = Mixture::new(&kind, 0, &broker, home.path());
    let (code, peers) = session(&mixture, &[]);
    assert_eq!(code, Some(0), "{peers:#?}");
    assert_eq!(peers.len(), PEERS);
}

#[test]
fn at_a_broker_it_says_nothing_and_shows_what_is_no_message_and_where_it_came() {
    let (broker, home) = (Broker::Mqtt(mosquitto()), home());
    let kind = kind("elect-chain", "1..6");
    let mixture = Mixture::new(&kind, 0, &broker, home.path());
    let port = broker.port();
    let all = Stranger::meet(port, &["#"]).unwrap_or_else(|error| panic!("{error}"));
    let mut program = Stranger::meet(port, &[]).unwrap_or_else(|error| panic!("{error}"));
    let watch = watch(&mixture);
    let topic = format!("{}/init", mixture.room());
    program.say(&topic, "\u{1b}[2J{oops");
    let refused = watch.wait_until("what is no message", |lines| {
        lines.iter().find(|line| line.is("message_refused")).map(|line| line.said.clone())
    });
    assert_eq!((&refused["topic"], &refused["kind"]), (&json!(topic), &json!("not_a_message")));
    assert_eq!(refused["bytes"], "\\x1b[2J{oops");
    let (code, peers) = end(watch);
    assert_eq!(code, Some(1));
    assert_eq!(peers.len(), 1, "{peers:#?}");
    assert_eq!(peers[0]["watched"], Value::Null);
    program.say(&topic, "the end");
    let heard = |what: &str| {
        let patience = Duration::from_secs(60);
        all.hear(patience).unwrap_or_else(|| panic!("{what} is not heard")).payload
    };
    // Between the two the subscriber has heard nothing: no message, and no last will.
    assert_eq!([heard("the first"), heard("the last")], ["\u{1b}[2J{oops", "the end"]);
}

/// A program over UDP at an address of its own, and where that is.
fn udp_program(profile: &str, script: &str, options: &[&str]) -> (UdpProgram, SocketAddr) {
    let shown = command().args(["profile", "show", profile, "--json"]).output();
    let file = home().keep().join("profile.json");
    std::fs::write(&file, shown.expect("it was just built").stdout).expect("there is room");
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().expect("there are ports")));
    let options: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
    (UdpProgram::start(script, &file, at, at, &options), at)
}

/// It asks often.
const QUICK: &str = "--stats-every 200ms --request-timeout 500ms";

/// Returns the options of one that watches a network over UDP.
fn over_udp(options: &str) -> Vec<String> {
    let usual = "--listen 127.0.0.1:0 --no-http";
    format!("{options} {usual}").split_whitespace().map(str::to_owned).collect()
}

/// Waits until it has seen a block at a height.
fn sees(watch: &Althing, height: u64) {
    watch.wait_until(&format!("block {height}"), |lines| {
        let is_it = |said: &Value| said["height"].as_u64() >= Some(height);
        lines.iter().any(|line| line.is("tip_changed") && is_it(&line.said)).then_some(())
    });
}

#[test]
fn over_udp_the_blocks_of_programs_are_seen_and_what_breaks_a_rule_there() {
    let aviary = ["--difficulty", "3", "--seed", "1", "--found", "hello"];
    let (mut program, at) = udp_program("aviary", "aviary_program.py", &aviary);
    let own =
        format!("--profile aviary --difficulty 3 --gossip-every 200ms {QUICK} --contact {at}");
    let watch = start(&over_udp(&own));
    sees(&watch, 0);
    program.types("one");
    sees(&watch, 1);
    let place = watch.lines()[0].said["peer"].as_str().expect("an address").to_owned();
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are ports");
    let refused = watch.wait_until("what is no message", |lines| {
        // A datagram may be lost.
        stranger.send_to(b"{oops", &place).expect("it can be sent");
        lines.iter().find(|line| line.is("message_refused")).map(|line| line.said.clone())
    });
    let from = stranger.local_addr().expect("it has one").to_string();
    assert_eq!((&refused["from"], &refused["kind"]), (&json!(from), &json!("not_a_message")));
    let (code, peers) = end(watch);
    assert_eq!(code, Some(1));
    assert!(program.is_running());
    let of = |who: &str| peers.iter().find(|peer| peer["watched"] == who).expect("it was heard");
    assert_eq!(broken(of(&at.to_string())), BTreeSet::new(), "{peers:#?}");
    assert_eq!(broken(of(&from)), ["not_a_message"].into());
}

#[test]
fn by_a_tracker_the_blocks_of_programs_are_seen_as_well() {
    let tracker = Althing::start("tracker", ["tracker", "--listen", "127.0.0.1:0", "--json"]);
    let place = tracker.wait_until("its address", |lines| {
        lines.iter().find_map(|line| line.said["address"].as_str().map(str::to_owned))
    });
    let (mut program, at) = udp_program("cs60", "cs60_program.py", &["--tracker", &place]);
    let watch = start(&over_udp(&format!("--profile cs60 {QUICK} --tracker {place}")));
    program.types(&json!({ "voter": "ann", "choice": "yes" }).to_string());
    sees(&watch, 1);
    let (code, peers) = end(watch);
    assert_eq!(code, Some(0), "{peers:#?}");
    assert!(peers.iter().any(|peer| peer["watched"] == at.to_string()), "{peers:#?}");
}

#[test]
fn an_open_network_is_watched_without_being_served() {
    let chains = Chains::with(QUICK_OPEN);
    let port = free_port().expect("there are ports");
    let miner = chains.peer("miner", &format!("--mine --listen 127.0.0.1:{port}"));
    add(&chains, "miner", "one");
    let watch = start(&over_udp(&format!("{QUICK_OPEN} --contact 127.0.0.1:{port}")));
    sees(&watch, 1);
    let (code, peers) = end(watch);
    assert_eq!(code, Some(0), "{peers:#?}");
    assert_eq!(peers[0]["watched"], format!("127.0.0.1:{port}"));
    drop(miner);
}
