//! Networks with a chain for these tests: where peers listen, and what their chains hold.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use althing_testkit::eventually_blocking;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Althing, Line, command};

/// What the peers of one network with a chain have in common, and where they keep their data.
pub(crate) struct Chains {
    options: Vec<String>,
    home: TempDir,
}

/// An `althing peer --json` of a network with a chain.
pub(crate) struct ChainPeer(Althing);

/// The options of a network of `aviary` that is quick to mine, and whose peers do not wait long.
pub(crate) const QUICK_AVIARY: &str = "--dialect aviary --difficulty 3 --gossip-every 200ms \
    --kick-after 1500ms --stats-every 200ms --request-timeout 500ms --shun-for 500ms";

/// The same of an open network, founded so that it is early, and in no hurry.
pub(crate) const QUICK_OPEN: &str = "--dialect open --founded 2026-01-01 --difficulty 12 \
    --block-time 1s --half-life 10 --gossip-every 200ms --kick-after 1500ms --stats-every 200ms \
    --request-timeout 500ms --shun-for 500ms";

/// The same of `cs60`, whose blocks need a few thousand hashes.
pub(crate) const QUICK_CS60: &str =
    "--dialect cs60 --stats-every 200ms --request-timeout 500ms --shun-for 500ms";

impl Chains {
    /// Returns a network with these options for all of its peers.
    pub(crate) fn with(options: &str) -> Self {
        let home = TempDir::with_prefix("althing-e2e-").expect("there is room for files");
        Self { options: words(options), home }
    }

    /// Starts a peer, and waits until it can be reached. Its name is that of its directory, so
    /// under one name it is one peer.
    pub(crate) fn peer(&self, name: &str, options: &str) -> ChainPeer {
        self.start("peer", name, &self.options, options)
    }

    /// Starts an `althing stratum`, in an open network.
    pub(crate) fn stratum(&self, name: &str, options: &str) -> ChainPeer {
        let [dialect, open, common @ ..] = &self.options[..] else {
            panic!("no network is chosen")
        };
        assert_eq!((dialect.as_str(), open.as_str()), ("--dialect", "open"));
        self.start("stratum", name, common, options)
    }

    fn start(&self, subcommand: &str, name: &str, common: &[String], options: &str) -> ChainPeer {
        let data = self.data(name).display().to_string();
        let mut arguments = vec![subcommand, "--json", "--threads", "1", "--data", &data];
        let own = words(options);
        arguments.extend(common.iter().chain(&own).map(String::as_str));
        let peer = ChainPeer(Althing::start(name, arguments));
        peer.first_event("connected");
        peer
    }

    /// Returns where a peer keeps its data.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file, and returns where it is.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).expect("there is room for files");
        path.display().to_string()
    }

    /// Returns the entries of the chain of a peer, whether it runs or not.
    pub(crate) fn entries(&self, name: &str) -> Vec<String> {
        let got = chain(&["get", "--json"], &self.data(name), &[]).expect("it has a chain");
        let entries = got["entries"].as_array().expect("a list").iter();
        entries.map(|entry| entry["entry"].as_str().expect("a text").to_owned()).collect()
    }
}

/// Runs `althing chain` with what comes before and after its directory, and returns its line of
/// JSON, or else its complaint. That an entry is only here so far is none.
pub(crate) fn chain(before: &[&str], data: &Path, after: &[&str]) -> Result<Value, String> {
    let mut chain = command();
    chain.arg("chain").args(before).arg("--data").arg(data).args(after);
    let output = chain.output().expect("the program has just been built");
    if !matches!(output.status.code(), Some(0 | 3)) {
        return Err(String::from_utf8(output.stderr).expect("complaints are a text"));
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
}

/// Has the peer with this name get an entry into the chain, and returns the height of its block.
pub(crate) fn add(chains: &Chains, name: &str, entry: &str) -> u64 {
    let added = chain(&["add", "--json"], &chains.data(name), &[entry]).expect("it is valid");
    added["height"].as_u64().expect("a number")
}

impl ChainPeer {
    /// Returns where it can be reached.
    pub(crate) fn address(&self) -> String {
        let connected = self.first_event("connected");
        connected["peer"].as_str().expect("an address").to_owned()
    }

    /// Waits until it knows so many others.
    pub(crate) fn meets(&self, others: u64) {
        self.wait_until(&format!("of {others} others"), |lines| {
            let mut found = lines.iter().filter(|line| line.is("peer_found"));
            found.any(|line| line.said["known"] == others).then_some(())
        });
    }

    /// Waits for an event of that kind of which `is_it` is true, and returns it.
    pub(crate) fn tells(&self, event: &str, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        self.wait_until(event, |lines| {
            let found = lines.iter().find(|line| line.is(event) && is_it(&line.said));
            found.map(|line| line.said.clone())
        })
    }

    /// Waits for its first event of that kind.
    pub(crate) fn first_event(&self, event: &str) -> Value {
        self.tells(event, |_| true)
    }

    /// Waits until its chain reaches a height.
    pub(crate) fn reaches(&self, height: u64) {
        self.wait_until(&format!("block {height}"), |lines| {
            (tip(lines)?.0 >= height).then_some(())
        });
    }

    /// Returns the height and the hash of its tip, if it has told of one.
    pub(crate) fn tip(&self) -> Option<(u64, String)> {
        tip(&self.lines())
    }

    /// Stops it as a user does, and waits for its end.
    pub(crate) fn stops(&mut self) {
        self.signal("TERM");
        self.ends_well();
    }
}

fn tip(lines: &[Line]) -> Option<(u64, String)> {
    let said = &lines.iter().rev().find(|line| line.is("tip_changed"))?.said;
    Some((said["height"].as_u64()?, said["hash"].as_str()?.to_owned()))
}

/// Waits until all of `peers` follow one chain that reaches a height, and returns its tip.
pub(crate) fn one_chain(peers: &[&ChainPeer], height: u64) -> (u64, String) {
    eventually_blocking("one chain", || {
        let tip = peers[0].tip().filter(|(found, _)| *found >= height)?;
        peers.iter().all(|peer| peer.tip().as_ref() == Some(&tip)).then_some(tip)
    })
}

fn words(options: &str) -> Vec<String> {
    options.split_whitespace().map(str::to_owned).collect()
}

impl Deref for ChainPeer {
    type Target = Althing;

    fn deref(&self) -> &Althing {
        &self.0
    }
}

impl DerefMut for ChainPeer {
    fn deref_mut(&mut self) -> &mut Althing {
        &mut self.0
    }
}
