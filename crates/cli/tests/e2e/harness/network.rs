//! A network with rounds for these tests: its broker, its peers and their tables.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use althing_testkit::{Mosquitto, RabbitMq, Settings, eventually_blocking};
use serde_json::Value;
use tempfile::TempDir;

use super::process::Trap;
use super::{Althing, Peer, command};

/// A trap for many peers at once.
type SharedTrap = Arc<dyn Fn(&Value) -> bool + Send + Sync>;

/// What the peers of one network have in common, and where they keep their data.
pub(crate) struct Network {
    broker: String,
    options: Vec<String>,
    home: TempDir,
    trap: Option<SharedTrap>,
}

/// Returns a Mosquitto that sends small messages at once.
pub(crate) fn mosquitto() -> Mosquitto {
    mosquitto_with(Settings { nodelay: true, ..Settings::default() })
}

pub(crate) fn mosquitto_with(settings: Settings) -> Mosquitto {
    Mosquitto::start(settings).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns a RabbitMQ. It takes seconds to start, so stories share one.
pub(crate) fn rabbitmq() -> RabbitMq {
    RabbitMq::start().unwrap_or_else(|error| panic!("{error}"))
}

impl Network {
    /// Returns a network of `peers` over a broker, with challenges that take no time.
    pub(crate) fn of(peers: usize, broker: impl Into<String>) -> Self {
        let home = TempDir::with_prefix("althing-e2e-").expect("there is room for files");
        let network = Self { broker: broker.into(), options: Vec::new(), home, trap: None };
        network.with("--peers", peers).with("--threads", 1).with("--challenge", "1..6")
    }

    /// Adds an option for all peers that are started from now on, or replaces it.
    pub(crate) fn with(mut self, option: &str, value: impl Display) -> Self {
        if let Some(at) = self.options.iter().position(|known| known == option) {
            self.options.drain(at..at + 2);
        }
        self.options.extend([option.to_owned(), value.to_string()]);
        self
    }

    /// Adds an option without a value for all peers that are started from now on.
    pub(crate) fn with_flag(mut self, flag: &str) -> Self {
        self.options.push(flag.to_owned());
        self
    }

    /// Lets die (`kill -9`) whichever peer is the first to say something that `is_moment` accepts,
    /// at that moment. See [`killed`].
    pub(crate) fn kill_first(
        mut self,
        is_moment: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        let is_over = AtomicBool::new(false);
        self.trap =
            Some(Arc::new(move |said| is_moment(said) && !is_over.swap(true, Ordering::SeqCst)));
        self
    }

    /// Starts a peer. Its name is that of its directory, so under one name it is one peer.
    pub(crate) fn peer(&self, name: &str) -> Peer {
        let data = self.data(name).display().to_string();
        let mut arguments = vec!["peer", "--json", "--broker", &self.broker, "--data", &data];
        arguments.extend(self.options.iter().map(String::as_str));
        let trap = self.trap.clone().map(|trap| Box::new(move |said: &Value| trap(said)) as Trap);
        Peer(Althing::start_in_trap(name, arguments, trap))
    }

    /// Starts `count` peers.
    pub(crate) fn peers(&self, count: usize) -> Vec<Peer> {
        (1..=count).map(|number| self.peer(&format!("peer-{number}"))).collect()
    }

    /// Starts a peer that has ended once more, with what it left behind. It is still the same.
    pub(crate) fn restart(&self, peer: &mut Peer) {
        let name = peer.called();
        *peer = self.peer(peer.name());
        assert_eq!(peer.called(), name, "{} comes back as who it was", peer.name());
    }

    /// Returns where a peer keeps its data.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Returns what `althing table --format json` says of a peer that has ended.
    pub(crate) fn table(&self, name: &str) -> String {
        let mut table = command();
        table.args(["table", "--format", "json", "--data"]).arg(self.data(name));
        let output = table.output().expect("the program has just been built");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the table of {name}: {complaints}");
        String::from_utf8(output.stdout).expect("JSON is a text")
    }

    /// Asserts that `peers`, which have ended, left behind the same table to the last byte, with
    /// so many rows.
    pub(crate) fn assert_identical_tables(&self, peers: &[Peer], rows: u64) {
        let first = self.table(peers[0].name());
        assert_eq!(rows_of(&first).len() as u64, rows, "{first}");
        for peer in &peers[1..] {
            assert_eq!(self.table(peer.name()), first, "{} and {}", peer.name(), peers[0].name());
        }
    }

    /// Stops `peers` at any moment, and asserts that each table they left is the beginning of the
    /// longest, with at least so many rows.
    pub(crate) fn assert_one_table(&self, peers: &mut [Peer], rows_min: u64) {
        for peer in &*peers {
            peer.reaches(rows_min);
        }
        for peer in &*peers {
            peer.signal("TERM");
        }
        for peer in &mut *peers {
            peer.ends_well();
        }
        let mut tables: Vec<_> = peers.iter().map(|peer| self.rows(peer.name())).collect();
        tables.sort_by_key(Vec::len);
        let longest = tables.last().expect("there are peers").clone();
        for table in tables {
            assert!(table.len() as u64 >= rows_min);
            assert_eq!(table, longest[..table.len()]);
        }
    }

    /// Returns the rows of the table that a peer left.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        rows_of(&self.table(name))
    }
}

fn rows_of(table: &str) -> Vec<Value> {
    serde_json::from_str(table).expect("a list of rows")
}

/// Waits until one of `peers` is killed, and returns its place among them, and when it was.
pub(crate) fn killed(peers: &mut [Peer]) -> (usize, Instant) {
    let (place, at) = eventually_blocking("the moment to kill a peer", || {
        peers.iter().enumerate().find_map(|(place, peer)| Some((place, peer.killed_at()?)))
    });
    peers[place].ended();
    (place, at)
}
