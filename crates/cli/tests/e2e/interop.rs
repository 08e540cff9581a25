//! Peers of ours among programs that a profile describes: one, half, and all but one of them ours.
//!
//! The programs are in Python, in `programs/`, and know what their profile says and nothing else.
//! What these tests show is in `docs/interop.md`, which `cargo xtask interop` writes.
//!
//! | file | question |
//! | --- | --- |
//! | `record` | what is written down of the runs? |
//! | `udp` | what of programs over UDP? |

mod record;
mod udp;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Network, Peer, Room, StandIn, command, mosquitto, row};

/// A network of programs over MQTT that a profile describes.
struct Kind {
    profile: &'static str,
    /// What leaders ask for, so that it is found at once.
    challenge: &'static str,
}

const fn kind(profile: &'static str, challenge: &'static str) -> Kind {
    Kind { profile, challenge }
}

/// Hexadecimal zeros count four times as much as bits.
const KINDS: [Kind; 9] = [
    kind("sheet", "1..6"),
    kind("elect-chain", "1..6"),
    kind("sd", "1..6"),
    kind("copy-a", "1..2"),
    kind("copy-b", "1..2"),
    kind("copy-c", "1..2"),
    kind("copy-d", "1..2"),
    kind("copy-e", "1..2"),
    kind("copy-f", "1..6"),
];

/// Members of each network.
const PEERS: usize = 4;

/// How many of them are ours.
const MIXTURES: [usize; 3] = [1, 2, 3];

/// Rows of a session.
const ROWS: u64 = 4;

/// Networks that run at the same time: most of the time each waits for what its programs wait for.
const AT_ONCE: usize = 14;

/// One network: how many of its peers are ours, and where its topics are.
struct Mixture<'a> {
    kind: &'a Kind,
    ours: usize,
    port: u16,
    /// Where the profile is, as JSON.
    file: PathBuf,
    profile: Value,
    prefix: String,
}

impl<'a> Mixture<'a> {
    fn new(kind: &'a Kind, ours: usize, port: u16, home: &Path) -> Self {
        let shown = command().args(["profile", "show", kind.profile, "--json"]).output();
        let shown = shown.expect("the program has just been built").stdout;
        let file = home.join(format!("{}-{ours}.json", kind.profile));
        fs::write(&file, &shown).expect("there is room for files");
        let profile = serde_json::from_slice(&shown).expect("JSON");
        let prefix = format!("{}-{ours}/", kind.profile);
        Self { kind, ours, port, file, profile, prefix }
    }

    /// Returns our peers.
    fn network(&self) -> Network {
        let own = self.profile["topics"]["prefix"].as_str().expect("a text");
        Network::of(PEERS, format!("mqtt://127.0.0.1:{}", self.port))
            .with("--profile", self.kind.profile)
            .with("--prefix", format!("{}{own}", self.prefix))
            .with("--challenge", self.kind.challenge)
            .with("--rounds", ROWS)
            .with("--pause", "200ms")
    }

    /// Starts the programs, which listen when this returns, and say nothing yet.
    fn programs(&self, seed: u64) -> Vec<StandIn> {
        let room = Room {
            profile: &self.file,
            port: self.port,
            peers: PEERS,
            challenge: self.kind.challenge,
            rounds: ROWS,
            prefix: &self.prefix,
        };
        let numbers = 0..(PEERS - self.ours) as u64;
        let programs: Vec<_> = numbers.map(|it| StandIn::start(&room, seed + it)).collect();
        programs.iter().for_each(StandIn::is_there);
        programs
    }

    /// Asserts that all have one table, and that no program has ended. Returns what was seen.
    fn assert_one_table(&self, peers: &[Peer], programs: &[StandIn]) -> Outcome {
        let first = programs[0].rows(ROWS);
        for program in &programs[1..] {
            assert_eq!(program.rows(ROWS), first, "{}", program.name());
        }
        for peer in peers {
            let what = format!("{ROWS} rows");
            let rows = peer.wait_until(&what, |lines| {
                let decided = lines.iter().filter(|line| line.is("round_decided"));
                let rows: Vec<Value> = decided.map(|line| row(&line.said)).collect();
                (rows.len() as u64 >= ROWS).then_some(rows)
            });
            assert_eq!(rows, first, "{} of {} ours: {}", self.ours, PEERS, peer.name());
        }
        let ended = programs.iter().filter(|program| !program.is_running()).count();
        assert_eq!(ended, 0, "programs that have ended, with {} of {} ours", self.ours, PEERS);
        Outcome { rows: first.len(), tables: peers.len() + programs.len(), ended }
    }

    /// Runs a session.
    fn run(&self) -> Outcome {
        let mut programs = self.programs(10);
        let network = self.network();
        let peers = network.peers(self.ours);
        begin(&peers, &mut programs);
        self.assert_one_table(&peers, &programs)
    }
}

/// What was seen of a session.
struct Outcome {
    rows: usize,
    /// Peers and programs whose tables were compared, and are equal.
    tables: usize,
    /// Programs that have ended.
    ended: usize,
}

/// Has the programs begin once our peers listen: where an id is said once, all must hear it.
fn begin(peers: &[Peer], programs: &mut [StandIn]) {
    for peer in peers {
        peer.first("connected");
    }
    programs.iter_mut().for_each(StandIn::begins);
}

#[test]
fn in_every_mixture_with_every_program_all_have_one_table_and_no_program_ends() {
    let broker = mosquitto();
    let home = TempDir::with_prefix("althing-interop-").expect("there is room for files");
    let all = KINDS.iter().flat_map(|kind| MIXTURES.map(|ours| (kind, ours)));
    let all: Vec<_> =
        all.map(|(kind, ours)| Mixture::new(kind, ours, broker.port(), home.path())).collect();
    let mut outcomes = Vec::new();
    for some in all.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let runs: Vec<_> = some.iter().map(|mixture| scope.spawn(|| mixture.run())).collect();
            let runs = runs.into_iter().map(|run| run.join().expect("all have one table"));
            outcomes.extend(runs);
        });
    }
    record::replace("MQTT", &table(&all, &outcomes));
}

/// Returns what the page says of these runs.
fn table(mixtures: &[Mixture<'_>], outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n| profile | ours | command of ours | came to |\n");
    text += "| --- | --- | --- | --- |\n";
    for (Mixture { kind, ours, .. }, Outcome { rows, tables, ended }) in
        mixtures.iter().zip(outcomes)
    {
        let Kind { profile, challenge } = kind;
        let command = format!(
            "althing peer --profile {profile} --peers {PEERS} --challenge {challenge} --rounds \
             {ROWS} --pause 200ms"
        );
        let result = format!("{rows} rows, the same in {tables} tables; {ended} programs ended");
        writeln!(text, "| `{profile}` | {ours} of {PEERS} | `{command}` | {result} |")
            .expect("a text takes all");
    }
    text.push('\n');
    text
}

#[test]
fn after_a_kill_the_next_session_begins_anew_for_all() {
    let broker = mosquitto();
    let home = TempDir::with_prefix("althing-interop-").expect("there is room for files");
    let mixture = Mixture::new(&KINDS[0], 2, broker.port(), home.path());
    let network = mixture.network();
    let mut programs = mixture.programs(10);
    let mut peers = network.peers(2);
    begin(&peers, &mut programs);
    peers[0].reaches(2);
    peers.iter_mut().for_each(|peer| peer.kill());
    drop(programs);
    let mut programs = mixture.programs(20);
    peers.iter_mut().for_each(|peer| network.restart(peer));
    begin(&peers, &mut programs);
    mixture.assert_one_table(&peers, &programs);
}
