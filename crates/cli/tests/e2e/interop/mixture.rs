//! One network of peers and programs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Broker, PEERS};
use crate::harness::{Network, Peer, Room, StandIn, command, row};

/// Rows of a session.
pub(super) const ROWS: u64 = 4;

/// A network of programs that a profile describes.
pub(super) struct Kind {
    /// A built-in profile, or a file among those of the tests.
    pub(super) profile: &'static str,
    /// What leaders ask for, so that it is found at once.
    pub(super) challenge: &'static str,
}

pub(super) const fn kind(profile: &'static str, challenge: &'static str) -> Kind {
    Kind { profile, challenge }
}

impl Kind {
    /// Returns how a peer is told the profile.
    fn given(&self) -> PathBuf {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/programs/profiles");
        match self.profile.ends_with(".toml") {
            true => Path::new(files).join(self.profile),
            false => self.profile.into(),
        }
    }
}

/// One network: how many of its peers are ours, and where its topics are.
pub(super) struct Mixture<'a> {
    pub(super) kind: &'a Kind,
    pub(super) ours: usize,
    broker: &'a Broker,
    /// Rows of a session.
    pub(super) rows: u64,
    /// Where the profile is, as JSON.
    file: PathBuf,
    pub(super) profile: Value,
    /// Stands before all topics.
    prefix: String,
}

/// What was seen of a session.
pub(super) struct Outcome {
    pub(super) rows: usize,
    /// Peers and programs whose tables were compared, and are equal.
    pub(super) tables: usize,
    /// Programs that have ended.
    pub(super) ended: usize,
}

impl<'a> Mixture<'a> {
    pub(super) fn new(kind: &'a Kind, ours: usize, broker: &'a Broker, home: &Path) -> Self {
        let mut show = command();
        show.args(["profile", "show", "--json"]).arg(kind.given());
        let shown = show.output().expect("the program has just been built").stdout;
        let file = home.join(format!("{}-{ours}.json", kind.profile));
        fs::write(&file, &shown).expect("there is room for files");
        let profile = serde_json::from_slice(&shown).expect("JSON");
        let prefix = format!("{}-{ours}/", kind.profile);
        Self { kind, ours, broker, rows: ROWS, file, profile, prefix }
    }

    /// Returns it in a place of its own, besides others of the same kind, with so many rows.
    pub(super) fn of_its_own(mut self, number: usize, rows: u64) -> Self {
        self.prefix = format!("{number}/{}", self.prefix);
        self.rows = rows;
        self
    }

    /// Returns the port of the broker.
    pub(super) fn port(&self) -> u16 {
        self.broker.port()
    }

    /// Returns the address of the broker.
    pub(super) fn url(&self) -> String {
        self.broker.url_at(self.broker.port())
    }

    pub(super) fn is_over_mqtt(&self) -> bool {
        matches!(self.broker, Broker::Mqtt(_))
    }

    /// Returns the room that they are in.
    pub(super) fn room(&self) -> String {
        self.prefix.trim_end_matches('/').to_owned()
    }

    /// Returns our peers.
    pub(super) fn network(&self) -> Network {
        self.network_at(self.broker.port())
    }

    /// Returns the options of one that only watches them.
    pub(super) fn watching(&self) -> Vec<String> {
        let own = self.profile["topics"]["prefix"].as_str().expect("a text");
        let options = [
            ("--broker", self.url()),
            ("--profile", self.kind.given().display().to_string()),
            ("--prefix", format!("{}{own}", self.prefix)),
            ("--peers", PEERS.to_string()),
        ];
        options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).collect()
    }

    /// Returns our peers, which reach the broker at another port.
    pub(super) fn network_at(&self, port: u16) -> Network {
        let own = self.profile["topics"]["prefix"].as_str().expect("a text");
        Network::of(PEERS, self.broker.url_at(port))
            .with("--profile", self.kind.given().display())
            .with("--prefix", format!("{}{own}", self.prefix))
            .with("--challenge", self.kind.challenge)
            .with("--rounds", self.rows)
            .with("--pause", "200ms")
    }

    /// Starts the programs, which listen when this returns, and say nothing yet.
    pub(super) fn programs(&self, seed: u64) -> Vec<StandIn> {
        self.programs_with(seed, &[])
    }

    /// Starts the programs, the last one with these options.
    pub(super) fn programs_with(&self, seed: u64, last: &[&str]) -> Vec<StandIn> {
        let room = Room {
            profile: &self.file,
            port: self.broker.port(),
            peers: PEERS,
            challenge: self.kind.challenge,
            rounds: self.rows,
            prefix: &self.prefix,
        };
        let count = (PEERS - self.ours) as u64;
        let options = |number| if number + 1 == count { last } else { &[] };
        let start = |number| StandIn::start(&room, seed + number, options(number));
        let programs: Vec<_> = (0..count).map(start).collect();
        programs.iter().for_each(StandIn::is_there);
        programs
    }

    /// Asserts that all have one table, and that no program has ended. Returns what was seen.
    pub(super) fn assert_one_table(&self, peers: &[Peer], programs: &[StandIn]) -> Outcome {
        let first = programs[0].rows(self.rows);
        for program in &programs[1..] {
            assert_eq!(program.rows(self.rows), first, "{}: {}", self.prefix, program.name());
        }
        for peer in peers {
            let what = format!("{} rows", self.rows);
            let rows = peer.wait_until(&what, |lines| {
                let decided = lines.iter().filter(|line| line.is("round_decided"));
                let rows: Vec<Value> = decided.map(|line| row(&line.said)).collect();
                (rows.len() as u64 >= self.rows).then_some(rows)
            });
            assert_eq!(rows, first, "{}: {}", self.prefix, peer.name());
        }
        let ended = programs.iter().filter(|program| !program.is_running()).count();
        assert_eq!(ended, 0, "{}: programs that have ended", self.prefix);
        Outcome { rows: first.len(), tables: peers.len() + programs.len(), ended }
    }

    /// Runs a session.
    pub(super) fn run(&self) -> Outcome {
        let mut programs = self.programs(10);
        let network = self.network();
        let peers = network.peers(self.ours);
        begin(&peers, &mut programs);
        self.assert_one_table(&peers, &programs)
    }
}

/// Has the programs begin once our peers listen: where an id is said once, all must hear it.
pub(super) fn begin(peers: &[Peer], programs: &mut [StandIn]) {
    for peer in peers {
        peer.first("connected");
    }
    programs.iter_mut().for_each(StandIn::begins);
}
