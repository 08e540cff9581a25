use std::time::Duration;

use althing_ledger::Entry;

use crate::conditions::{Conditions, Latency};

/// A network with a chain, as it is set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What all chance is drawn from.
    pub seed: u64,
    /// How many peers there are.
    pub peers: usize,
    /// How many of them mine: the first ones.
    pub miners: usize,
    /// Hashes that each miner tries in a second.
    pub hashes_per_second: f64,
    /// The peers start one after the other within this time. The first one starts at once, and
    /// the chain if it has to be mined; the others turn to it when they know nobody.
    pub start_within: Duration,
    /// What the network does to messages.
    pub conditions: Conditions,
    /// How often a miner is given an entry.
    pub entry_every: Duration,
    /// What the entry with a number is.
    pub entry: fn(u64) -> Entry,
}

impl Plan {
    /// Returns a network of so many peers over a local network: two of them mine, and have
    /// something to mine most of the time. A block of 256 hashes takes the two half a minute.
    pub fn new(seed: u64, peers: usize) -> Self {
        let [least, most] = [1, 40].map(Duration::from_millis);
        Self {
            seed,
            peers,
            miners: 2.min(peers),
            hashes_per_second: 4.0,
            start_within: Duration::from_secs(10),
            conditions: Conditions {
                latency: Latency::Uniform(least..=most),
                ..Conditions::good()
            },
            entry_every: Duration::from_secs(5),
            entry: numbered_word,
        }
    }
}

/// Returns a word that no other number gives.
pub fn numbered_word(number: u64) -> Entry {
    Entry::text(&format!("word {number}"))
}

/// Returns the ballot of a voter that no other number gives.
pub fn numbered_ballot(number: u64) -> Entry {
    let choice = if number.is_multiple_of(3) { "yes" } else { "no" };
    Entry::text(&format!(r#"{{"voter": "voter {number}", "choice": "{choice}"}}"#))
}
