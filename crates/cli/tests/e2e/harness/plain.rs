//! A plain program of `elect-chain`, which knows none of our fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use althing_testkit::{Heard, Stranger};
use serde_json::{Value, json};

/// A program that knows only what the page of `elect-chain` says: no keys, no terms, no words
/// but the plain five. It announces itself, draws zero, and says yes to what the leader says yes
/// to. Ends when it is dropped.
pub(crate) struct Plain {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the program knows.
struct Mind {
    id: u64,
    peers: usize,
    stranger: Stranger,
    known: BTreeSet<u64>,
    draws: BTreeMap<u64, u64>,
    voted: BTreeSet<u64>,
    /// Whether it says yes to something else as well.
    is_liar: bool,
}

/// How often it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

impl Plain {
    /// Starts one with this id, in a network of `peers` over the broker on `port`.
    pub(crate) fn start(id: u64, peers: usize, port: u16) -> Self {
        Self::think(id, peers, port, false)
    }

    /// Starts one that says yes twice, to seeds of its own, as soon as a challenge is there.
    pub(crate) fn start_liar(id: u64, peers: usize, port: u16) -> Self {
        Self::think(id, peers, port, true)
    }

    fn think(id: u64, peers: usize, port: u16, is_liar: bool) -> Self {
        let topics = ["init", "election", "challenge", "voting"];
        let stranger = Stranger::meet(port, &topics).unwrap_or_else(|error| panic!("{error}"));
        let mut mind = Mind {
            id,
            peers,
            stranger,
            known: BTreeSet::new(),
            draws: BTreeMap::new(),
            voted: BTreeSet::new(),
            is_liar,
        };
        let is_over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            mind.announce();
            while !ends.load(Ordering::Relaxed) {
                if let Some(heard) = mind.stranger.hear(LOOK) {
                    mind.on_message(&heard);
                }
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it panicked, that has been shown.
            let _ = thread.join();
        }
    }
}

impl Mind {
    fn announce(&mut self) {
        self.stranger.say("init", json!({ "id": self.id }).to_string());
    }

    fn on_message(&mut self, heard: &Heard) {
        let Ok(said) = serde_json::from_str::<Value>(&heard.payload) else { return };
        let Some(id) = said["id"].as_u64() else { return };
        match heard.topic.as_str() {
            "init" if self.known.len() < self.peers && self.known.insert(id) => {
                self.announce();
                if self.known.len() == self.peers {
                    let draw = json!({ "election": 0, "id": self.id });
                    self.stranger.say("election", draw.to_string());
                }
            }
            "election" => {
                self.draws.entry(id).or_insert(said["election"].as_u64().unwrap_or_default());
            }
            "challenge" if self.is_liar && self.leader() == Some(id) => self.lie(&said),
            "voting" if self.leader() == Some(id) && said["vote"] == true => self.agree(&said),
            _ => {}
        }
    }

    /// Returns who has drawn the highest number; among equals, the smallest id.
    fn leader(&self) -> Option<u64> {
        if self.draws.len() < self.peers {
            return None;
        }
        let draws = self.draws.iter();
        draws.max_by_key(|(id, draw)| (**draw, u64::MAX - **id)).map(|(id, _)| *id)
    }

    fn agree(&mut self, said: &Value) {
        let Some(transaction) = said["transaction"].as_u64() else { return };
        if !self.is_liar && self.voted.insert(transaction) {
            let vote = json!({
                "id": self.id, "transaction": transaction, "seed": said["seed"], "vote": true,
            });
            self.stranger.say("voting", vote.to_string());
        }
    }

    /// Says yes to two solutions that it claims as its own, both of which are right up to five
    /// bits.
    fn lie(&mut self, challenge: &Value) {
        for seed in [11, 83] {
            let vote = json!({
                "id": self.id,
                "transaction": challenge["transaction"],
                "seed": seed,
                "vote": true,
                "term": challenge["term"],
                "challenge": challenge["challenge"],
                "winner": self.id,
            });
            self.stranger.say("voting", vote.to_string());
        }
    }
}
