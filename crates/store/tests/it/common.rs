//! Helpers of all these tests.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::{env, fs, iter};

use althing_engine::Recovered;
use althing_engine::rounds::{
    Accepted, CertifiedRecord, Durable, Promised, PublicKey, Record, Signature, StartsDigest,
};
use althing_store::{Identity, Secret, Store as AnyStore};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};
use tempfile::TempDir;

/// The store of a peer with rounds.
pub(crate) type Store = AnyStore<Durable>;

/// Each test runs with a file that is closed and opened again, and with memory.
pub(crate) enum Place<D: althing_engine::Durable = Durable> {
    File(TempDir, Option<AnyStore<D>>),
    Memory(AnyStore<D>),
}

impl<D: althing_engine::Durable> Place<D> {
    pub(crate) fn both() -> [Self; 2] {
        let dir = directory();
        let store = AnyStore::open(dir.path()).expect("it is new");
        [Self::File(dir, Some(store)), Self::Memory(AnyStore::in_memory())]
    }

    pub(crate) fn store(&mut self) -> &mut AnyStore<D> {
        match self {
            Self::File(_, store) => store.as_mut().expect("it is open between the calls"),
            Self::Memory(store) => store,
        }
    }

    pub(crate) fn reopened(&mut self) -> &mut AnyStore<D> {
        if let Self::File(dir, store) = self {
            drop(store.take());
            *store = Some(AnyStore::open(dir.path()).expect("it was closed, and is whole"));
        }
        self.store()
    }

    pub(crate) fn commit(&mut self, durables: &[D]) {
        self.store().commit(durables).expect("the entries are in order, and there is room");
    }

    pub(crate) fn recovered(&mut self) -> Recovered<D> {
        self.reopened().recovered()
    }
}

/// Returns the seed of this run: `SEED`, or else a new one. Failures print it.
pub(crate) fn seed() -> u64 {
    match env::var("SEED") {
        Ok(text) => text.parse().expect("SEED is a number"),
        Err(_) => RandomState::new().build_hasher().finish(),
    }
}

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("there is room for temporary files")
}

pub(crate) fn file(dir: &Path) -> PathBuf {
    dir.join("althing.redb")
}

/// Returns the names in `dir`.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("it is a directory");
    let name = |entry: io::Result<fs::DirEntry>| entry.expect("it can be read").file_name();
    entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect()
}

pub(crate) fn identity() -> Identity {
    Identity {
        network: r#"{"dialect":"sd"}"#.into(),
        network_hash: [0x5d; 32],
        peer: PeerId::new(7),
        secret: Secret::new(vec![9; 32]),
    }
}

pub(crate) fn members() -> Vec<(PeerId, Option<PublicKey>)> {
    (0..10).map(|peer| (PeerId::new(peer), Some(PublicKey(Arc::new([3; 32]))))).collect()
}

pub(crate) fn record(number: u64) -> Record {
    Record {
        transaction: Transaction::new(number),
        difficulty: Difficulty::from_bits(20).expect("20 is in range"),
        seed: Seed::from(number * 7919),
        winner: PeerId::new(u128::from(number % 10)),
    }
}

/// Returns a row with six signed votes, no two of which are alike.
pub(crate) fn row(number: u64) -> CertifiedRecord {
    let signature = |voter: u128| {
        let mut bytes = vec![0xa5; 64];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes[8..24].copy_from_slice(&voter.to_le_bytes());
        Signature::new(bytes.into())
    };
    CertifiedRecord {
        record: record(number),
        term: Term::new(number / 100),
        votes: (0..6).map(|voter| (PeerId::new(voter), Some(signature(voter)))).collect(),
        noes: 1,
        starts: StartsDigest(0),
    }
}

pub(crate) fn accepted(number: u64) -> Accepted {
    Accepted { term: Term::new(number / 100), record: record(number) }
}

pub(crate) fn promised(term: u64) -> Promised {
    Promised { term: Term::new(term), draw: 1 << 100, leader: PeerId::new(u128::from(term % 10)) }
}

pub(crate) fn record_durables(numbers: Range<u64>) -> Vec<Durable> {
    numbers.map(|number| Durable::Record(row(number))).collect()
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir).expect("no other store has it open, and it is whole")
}

/// Another process: an ignored test of this binary, which gets a directory and answers in lines.
pub(crate) struct Child {
    process: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// Tells a child which directory it is for.
const DIRECTORY: &str = "ALTHING_STORE_TEST_DIRECTORY";

/// Begins each line that a child says, since the test harness prints lines of its own.
const SAID: &str = "said: ";

impl Child {
    pub(crate) fn start(test: &str, dir: &Path) -> Self {
        let mut process = Command::new(env::current_exe().expect("tests are files"))
            .args(["--exact", "--ignored", "--nocapture", test])
            .env(DIRECTORY, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this binary can be run again");
        let stdout = process.stdout.take().expect("it was asked for");
        Self { process, lines: BufReader::new(stdout).lines() }
    }

    /// Returns what the child says next, or `None` once it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        self.lines.find_map(|line| {
            let line = line.expect("the child says text");
            // The harness may have begun the line.
            line.split_once(SAID).map(|(_, said)| said.to_owned())
        })
    }

    pub(crate) fn read_until(&mut self, wanted: &str) {
        while self.line().expect("the child says it before it ends") != wanted {}
    }

    /// Kills the child, and returns its output that was not read before.
    pub(crate) fn kill(&mut self) -> Vec<String> {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
        iter::from_fn(|| self.line()).collect()
    }

    /// In a child: returns the directory it is for. `None` if it was not started by a test.
    pub(crate) fn directory() -> Option<PathBuf> {
        env::var_os(DIRECTORY).map(PathBuf::from)
    }

    /// In a child: says a line.
    pub(crate) fn say(line: &str) {
        writeln!(io::stdout(), "{SAID}{line}").expect("the parent listens");
    }

    /// In a child: waits until it is killed, or its parent is gone.
    pub(crate) fn wait_for_the_end() {
        io::copy(&mut io::stdin(), &mut io::sink()).expect("the parent says nothing");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
