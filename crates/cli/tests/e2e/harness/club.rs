//! An assembly of processes: made in one command, over any transport.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use althing_testkit::{eventually_blocking, free_port};
use serde_json::Value;
use tempfile::TempDir;

use super::{Althing, command};

/// What members are called; the charter has them in this order.
pub(crate) const NAMES: [&str; 10] =
    ["ann", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy"];

/// How the members of an assembly reach each other.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Over a broker at this address.
    Broker(String),
    /// Each with each, over TCP.
    Mesh,
}

/// The members of an assembly, each a process or none.
pub(crate) struct Club {
    pub(crate) dir: TempDir,
    way: Way,
    names: Vec<&'static str>,
    /// Where each listens, if there is no broker.
    ports: BTreeMap<&'static str, u16>,
    pub(crate) members: BTreeMap<&'static str, Althing>,
}

/// Starts our own broker in a process of its own, and returns its address.
pub(crate) fn embedded_broker() -> (Althing, String) {
    let broker = Althing::start("broker", ["broker", "--listen", "127.0.0.1:0"]);
    let url = broker.wait_until("where it listens", |lines| {
        let said = lines.first()?.said.as_str()?;
        said.strip_prefix("listening on ").map(str::to_owned)
    });
    (broker, url)
}

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

/// Has the peer with these data get a note into the chain, and returns the height of its block, or
/// why there is none.
pub(crate) fn add(data: &Path, text: &str) -> Result<u64, String> {
    let data = data.to_str().expect("it is text");
    let output = run(&["chain", "add", "--data", data, text, "--json"]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let added: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&added["answer"], &added["held"]), (&"added".into(), &true.into()));
    Ok(added["height"].as_u64().expect("a height"))
}

impl Club {
    /// Makes an assembly of so many in one command, and starts all of its members.
    pub(crate) fn found(way: Way, members: usize) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let club = dir.path().join("club").display().to_string();
        let names = NAMES[..members].to_vec();
        let mut init = vec!["init", &club, "--network", "club"];
        names.iter().for_each(|name| init.extend(["--member", name]));
        let decide = members - (members - 1) / 3;
        let made = runs(&init);
        assert!(made.contains(&format!("{members} members, of which {decide} decide")), "{made}");
        let port = |name: &&'static str| (*name, free_port().expect("there are ports"));
        let ports = match way {
            Way::Broker(_) => BTreeMap::new(),
            Way::Mesh => names.iter().map(port).collect(),
        };
        let mut club = Self { dir, way, names, ports, members: BTreeMap::new() };
        club.names().into_iter().for_each(|name| club.start(name));
        club
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.names.clone()
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("club").join(name)
    }

    /// Returns where a member listens, if there is no broker.
    pub(crate) fn port(&self, name: &str) -> u16 {
        self.ports[name]
    }

    /// Returns the options with which a member reaches the others.
    pub(crate) fn way_of(&self, name: &str) -> Vec<String> {
        match &self.way {
            Way::Broker(url) => vec!["--broker".to_owned(), url.clone()],
            Way::Mesh => {
                let mut options = vec![];
                if let Some(port) = self.ports.get(name) {
                    options.extend(["--listen".to_owned(), format!("127.0.0.1:{port}")]);
                }
                for (_, port) in self.ports.iter().filter(|(other, _)| **other != name) {
                    options.extend(["--contact".to_owned(), format!("127.0.0.1:{port}")]);
                }
                options
            }
        }
    }

    pub(crate) fn start(&mut self, name: &'static str) {
        let data = self.data(name);
        let data = data.to_str().expect("it is text");
        let peer = ["peer", "--dialect", "assembly", "--json", "--data", data].map(str::to_owned);
        let process = Althing::start(name, peer.into_iter().chain(self.way_of(name)));
        // Only then can it be asked.
        process.wait_until("its charter", |lines| {
            lines.iter().find(|line| line.is("charter_followed")).cloned()
        });
        self.members.insert(name, process);
    }

    pub(crate) fn kill(&mut self, name: &str) {
        self.members.get_mut(name).expect("it was started").kill();
        self.members.remove(name);
    }

    /// Has a member leave as its user would have it.
    pub(crate) fn end(&mut self, name: &str) {
        let mut member = self.members.remove(name).expect("it was started");
        member.signal("TERM");
        assert!(member.ended().success(), "{name}");
    }

    /// Waits until a member that runs has committed the block at a height.
    pub(crate) fn reaches(&self, name: &str, height: u64) {
        eventually_blocking(&format!("{name} to have block {height}"), || {
            (self.status(name)["height"].as_u64() >= Some(height)).then_some(())
        });
    }

    /// Has a member get a note into the chain, and returns the height of its block.
    pub(crate) fn add(&self, name: &str, text: &str) -> u64 {
        add(&self.data(name), text).unwrap_or_else(|error| panic!("{name}: {error}"))
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
    pub(crate) fn leader(&self, name: &str) -> &'static str {
        self.members[name].wait_until("who leads", |lines| {
            let events = |event: &'static str| {
                lines.iter().map(|line| &line.said).filter(move |said| said["event"] == event)
            };
            let charter = events("charter_followed").next()?;
            let leader = &events("view_entered").next_back()?["leader"];
            let members = charter["members"].as_array()?;
            let place = members.iter().position(|member| member["id"] == *leader)?;
            self.names.get(place).copied()
        })
    }

    /// Returns the status of a member that runs.
    pub(crate) fn status(&self, name: &str) -> Value {
        let data = self.data(name).display().to_string();
        let status = runs(&["status", "--data", &data, "--json"]);
        serde_json::from_str(&status).expect("it is JSON")
    }

    /// Waits until a member tells of a refusal, and returns its reason.
    pub(crate) fn refuses(&self, name: &str, reason: &str) -> Value {
        self.members[name].wait_until(&format!("a refusal: {reason}"), |lines| {
            let refused = lines.iter().map(|line| &line.said);
            let is_it = |said: &&Value| {
                said["event"] == "message_refused"
                    && said["reason"].as_str().is_some_and(|told| told.contains(reason))
            };
            refused.clone().find(is_it).cloned()
        })
    }
}
