//! A program that a profile describes, as people write them, in Python: `programs/` has it.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::peer::row;
use super::{Althing, Line};

/// What the programs of one network have in common.
pub(crate) struct Room<'a> {
    /// Where the profile is, as JSON.
    pub(crate) profile: &'a Path,
    /// The port of the broker.
    pub(crate) port: u16,
    /// Members.
    pub(crate) peers: usize,
    /// What leaders ask for.
    pub(crate) challenge: &'a str,
    /// Rows of a session.
    pub(crate) rounds: u64,
    /// Stands before all topics.
    pub(crate) prefix: &'a str,
}

/// Where `cargo xtask test` installs the packages that programs over AMQP and those that sign need.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python");

/// Such a program as a process.
pub(crate) struct StandIn(Althing);

impl StandIn {
    /// Starts the program with this number, which decides what it draws, and further options.
    pub(crate) fn start(room: &Room<'_>, number: u64, options: &[&str]) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/programs/program.py");
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", PACKAGES);
        python.args(["-B", program]).arg(room.profile);
        let mut with = |option: &str, value: &dyn Display| {
            python.arg(option).arg(value.to_string());
        };
        with("--port", &room.port);
        with("--peers", &room.peers);
        with("--challenge", &room.challenge);
        with("--rounds", &room.rounds);
        with("--prefix", &room.prefix);
        with("--seed", &number);
        python.args(options);
        Self(Althing::launch(&format!("program-{number}"), python, None))
    }

    /// Waits until it listens; it says nothing before [`begins`](Self::begins).
    pub(crate) fn is_there(&self) {
        self.wait_until("that it is there", |lines| {
            lines.iter().any(|line| line.is("started")).then_some(())
        });
    }

    /// Has it begin.
    pub(crate) fn begins(&mut self) {
        self.types("");
    }

    /// Returns its rows, once it has so many.
    pub(crate) fn rows(&self, rows: u64) -> Vec<Value> {
        self.wait_until(&format!("its row {rows}"), |lines| {
            let reason = lines.iter().find(|line| line.is("ended"));
            assert_eq!(reason.map(|line| &line.said), None, "{} has ended", self.name());
            let table = lines.iter().filter(|line| line.is("row"));
            let table: Vec<Value> = table.map(|Line { said, .. }| row(said)).collect();
            (table.len() as u64 >= rows).then_some(table)
        })
    }
}

impl Deref for StandIn {
    type Target = Althing;

    fn deref(&self) -> &Althing {
        &self.0
    }
}

impl DerefMut for StandIn {
    fn deref_mut(&mut self) -> &mut Althing {
        &mut self.0
    }
}
