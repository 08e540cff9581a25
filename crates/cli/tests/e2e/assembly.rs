//! Assemblies of processes: made, started, and short of a member.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Althing, command, mosquitto};

pub(crate) const MEMBERS: [&str; 4] = ["ann", "bob", "carol", "dave"];

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the program has just been built")
}

/// Runs a command that is to succeed, and returns what it has written.
pub(crate) fn runs(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it writes text")
}

pub(crate) fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).expect("it writes text")
}

/// The members of an assembly, each a process or none.
pub(crate) struct Club {
    pub(crate) dir: TempDir,
    broker: String,
    pub(crate) members: BTreeMap<&'static str, Althing>,
}

impl Club {
    /// Makes an assembly in one command, and starts all of its members.
    pub(crate) fn found(broker: String) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let club = dir.path().join("club").display().to_string();
        let mut init = vec!["init", &club, "--network", "club"];
        MEMBERS.iter().for_each(|name| init.extend(["--member", name]));
        assert!(runs(&init).contains("4 members, of which 3 decide"));
        let mut club = Self { dir, broker, members: BTreeMap::new() };
        MEMBERS.iter().for_each(|name| club.start(name));
        club
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("club").join(name)
    }

    pub(crate) fn start(&mut self, name: &'static str) {
        let data = self.data(name);
        let data = data.to_str().expect("it is text");
        let peer = ["peer", "--dialect", "assembly", "--json", "--data", data];
        let process = Althing::start(name, peer.into_iter().chain(["--broker", &self.broker]));
        // Only then can it be asked.
        process.wait_until("its charter", |lines| {
            lines.iter().find(|line| line.is("charter_followed")).cloned()
        });
        self.members.insert(name, process);
    }

    /// Has a member get a note into the chain, and returns the height of its block.
    fn add(&self, name: &str, text: &str) -> u64 {
        let data = self.data(name).display().to_string();
        let added = runs(&["chain", "add", "--data", &data, text, "--json"]);
        let added: Value = serde_json::from_str(&added).expect("it is JSON");
        assert_eq!((&added["answer"], &added["held"]), (&"added".into(), &true.into()));
        added["height"].as_u64().expect("a height")
    }

    /// Waits until a member that runs tells of the block at a height, and returns its hash.
    pub(crate) fn has(&self, name: &str, height: u64) -> String {
        self.members[name].wait_until(&format!("block {height}"), |lines| {
            let is_it =
                |said: &&Value| said["event"] == "block_committed" && said["height"] == height;
            let said = lines.iter().map(|line| &line.said).find(is_it)?;
            said["hash"].as_str().map(str::to_owned)
        })
    }

    /// Returns the member that leads the last view of which this one has told.
    fn leader(&self, name: &str) -> &'static str {
        self.members[name].wait_until("who leads", |lines| {
            let events = |event: &'static str| {
                lines.iter().map(|line| &line.said).filter(move |said| said["event"] == event)
            };
            let charter = events("charter_followed").next()?;
            let leader = &events("view_entered").next_back()?["leader"];
            let members = charter["members"].as_array()?;
            let place = members.iter().position(|member| member["id"] == *leader)?;
            MEMBERS.get(place).copied()
        })
    }
}

#[test]
fn an_assembly_made_in_one_command_goes_on_without_its_leader() {
    let broker = mosquitto();
    let mut club = Club::found(broker.url());
    let first = club.add("ann", "hello");
    let hash = club.has("ann", first);
    for name in MEMBERS {
        assert_eq!(club.has(name, first), hash, "{name}");
    }

    let leader = club.leader("ann");
    club.members.get_mut(leader).expect("it runs").kill();
    let others: Vec<_> = MEMBERS.into_iter().filter(|name| *name != leader).collect();
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
    club.members.get_mut(leader).expect("it runs").kill();
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
    let mut club = Club::found(broker.url());
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
            &club.broker,
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
