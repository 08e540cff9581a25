//! Assemblies of processes: made, started, and short of a member.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Althing, Club, Way, mosquitto, rabbitmq, run, runs};

pub(crate) fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).expect("it writes text")
}

#[test]
fn an_assembly_made_in_one_command_goes_on_without_its_leader() {
    let broker = mosquitto();
    goes_on_without_its_leader(Way::Broker(broker.url()));
}

#[test]
fn an_assembly_over_rabbitmq_goes_on_without_its_leader() {
    let broker = rabbitmq();
    goes_on_without_its_leader(Way::Broker(broker.url()));
}

#[test]
fn an_assembly_without_a_broker_goes_on_without_its_leader() {
    goes_on_without_its_leader(Way::Mesh);
}

fn goes_on_without_its_leader(way: Way) {
    let mut club = Club::found(way, 4);
    let first = club.add("ann", "hello");
    let hash = club.has("ann", first);
    for name in club.names() {
        assert_eq!(club.has(name, first), hash, "{name}");
    }

    let leader = club.leader("ann");
    club.members.get_mut(leader).expect("it runs").kill();
    let others: Vec<_> = club.names().into_iter().filter(|name| *name != leader).collect();
    let second = club.add(others[0], "without one");
    let hash = club.has(others[0], second);
    for name in &others {
        assert_eq!(club.has(name, second), hash, "{name}");
    }

    // It fetches what it has missed, and goes on where it was.
    club.start(leader);
    let third = club.add(leader, "here again");
    let hash = club.has(leader, third);
    assert_eq!(club.has(others[1], third), hash);
    let data = club.data(leader).display().to_string();
    let status = runs(&["status", "--data", &data, "--json"]);
    let status: Value = serde_json::from_str(&status).expect("it is JSON");
    assert!(status["observing"].is_null() && status["height"].as_u64() >= Some(third), "{status}");
    assert_eq!(status["contradictions"], Value::Array(Vec::new()), "{status}");
    assert_eq!(status["quorum"], 3);

    // The chain is there to be read, whether the peer runs or not.
    let texts = || {
        let shown = runs(&["chain", "get", "--data", &data, "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("it is JSON");
        let entries = shown["entries"].as_array().expect("a list").clone();
        entries.into_iter().map(|entry| entry["entry"].clone()).collect::<Vec<_>>()
    };
    let all = ["hello", "without one", "here again"].map(Value::from);
    assert_eq!(texts(), all);
    club.end(leader);
    assert_eq!(texts(), all);
    let shown = runs(&["chain", "show", "--data", &data]);
    assert!(shown.contains("\"without one\" by ") && shown.contains("certificate"), "{shown}");
}

#[test]
fn members_found_join_and_sign_a_charter_one_after_the_other() {
    let dir = TempDir::new().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let charter = at("club.toml");
    for name in ["ann", "bob"] {
        let key = runs(&["key", "new", &at(&format!("{name}.key")), "--no-passphrase"]);
        assert_eq!(runs(&["key", "show", &at(&format!("{name}.key"))]), key);
    }
    runs(&[
        "charter",
        "new",
        &charter,
        "--network",
        "club",
        "--name",
        "ann",
        "--key",
        &at("ann.key"),
    ]);
    let join = ["charter", "join", &charter, "--name", "bob", "--key", &at("bob.key")];
    runs(&join);
    assert!(complaint(&join).contains("this key has joined already, as bob"));
    assert!(complaint(&["charter", "check", &charter]).contains("ann, bob"), "none has signed");

    let sign = |name: &str| {
        let (key, data) = (at(&format!("{name}.key")), at(name));
        ["charter", "sign", &charter, "--key", &key, "--data", &data].map(str::to_owned)
    };
    let sign_as = |name: &str| {
        let arguments = sign(name);
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(sign_as("ann").status.success());
    let again = String::from_utf8(sign_as("ann").stderr).expect("it writes text");
    assert!(again.contains("ann has signed already"), "{again}");
    assert!(runs(&["charter", "show", &charter]).contains("bob  not signed"));
    assert!(sign_as("bob").status.success());
    assert_eq!(runs(&["charter", "check", &charter]).trim().len(), 64, "the id of its chain");
    assert!(Path::new(&at("bob")).is_dir());

    // It may be in use now.
    runs(&["key", "new", &at("eve.key"), "--no-passphrase"]);
    let late = ["charter", "join", &charter, "--name", "eve", "--key", &at("eve.key")];
    assert!(complaint(&late).contains("signed by all its members"));
    assert_eq!(runs(&["charter", "check", &charter]).trim().len(), 64, "it is as it was");

    // Whoever changes it has another charter, which the signatures are not under.
    let text = std::fs::read_to_string(&charter).expect("it is there");
    std::fs::write(&charter, text.replace("block-time-ms = 1000", "block-time-ms = 1001"))
        .expect("it is ours");
    let changed = complaint(&["charter", "check", &charter]);
    assert!(changed.contains("signature"), "{changed}");
}

#[test]
fn a_member_whose_directory_is_new_takes_no_part_in_the_votes_and_says_so() {
    let broker = mosquitto();
    let mut club = Club::found(Way::Broker(broker.url()), 4);
    let lost = club.dir.path().join("lost").display().to_string();
    let (charter, key) =
        (club.data("ann").join("charter.toml"), club.data("ann").join("member.key"));
    club.members.get_mut("ann").expect("it runs").kill();
    let again = Althing::start(
        "ann again",
        [
            "peer",
            "--dialect",
            "assembly",
            "--json",
            "--data",
            &lost,
            "--charter",
            charter.to_str().expect("it is text"),
            "--key",
            key.to_str().expect("it is text"),
            "--broker",
            &broker.url(),
        ],
    );
    again.wait_until("that it observes", |lines| {
        lines.iter().find(|line| line.is("observing") && line.said["why"] == "disk_lost").cloned()
    });
    let height = club.add("bob", "without ann");
    again.wait_until("the block", |lines| {
        let is_it = |said: &Value| said["event"] == "block_committed" && said["height"] == height;
        lines.iter().find(|line| is_it(&line.said)).cloned()
    });
}

#[test]
fn members_find_each_other_through_one_of_them_and_tell_their_ports() {
    let dir = TempDir::new().expect("a temporary directory");
    let club = dir.path().join("club").display().to_string();
    let made = runs(&["init", &club, "--network", "club", "--member", "ann", "--member", "bob"]);
    assert!(made.contains("none of them may fail: with --members 4 one may"), "{made}");
    let start = |name: &'static str, options: &[&str]| {
        let data = dir.path().join("club").join(name).display().to_string();
        let peer = ["peer", "--dialect", "assembly", "--json", "--data", &data];
        Althing::start(name, peer.iter().chain(options))
    };
    let ann = start("ann", &["--listen", "127.0.0.1:0"]);
    let at = ann.wait_until("its port", |lines| {
        let said = lines.iter().find(|line| line.is("reachable"))?;
        said.said["address"].as_str().map(str::to_owned)
    });
    let bob = start("bob", &["--contact", &at]);
    bob.wait_until("its charter", |lines| {
        lines.iter().find(|line| line.is("charter_followed")).cloned()
    });
    let data = dir.path().join("club").join("bob").display().to_string();
    runs(&["chain", "add", "--data", &data, "hello"]);
    drop((ann, bob));
    let both = complaint_of_use(&[
        "peer",
        "--dialect",
        "assembly",
        "--data",
        &data,
        "--contact",
        &at,
        "--broker",
        "mqtt://localhost",
    ]);
    assert!(both.contains("leave --broker out"), "{both}");
}

/// Returns the complaint about options that do not fit together.
fn complaint_of_use(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).expect("it writes text")
}
