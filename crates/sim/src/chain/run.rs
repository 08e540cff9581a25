//! How the chain grows.

use std::time::Duration;

use althing_engine::nakamoto::Nakamoto;
use althing_ledger::{Ledger, Tip};
use althing_types::Address;

use super::{Simulation, Stuck};
use crate::simulated::Simulated;

impl Simulation {
    /// Returns the blocks that a peer knows, if it is up.
    pub fn ledger(&self, peer: usize) -> Option<&Ledger> {
        self.engine(peer).map(Nakamoto::ledger)
    }

    /// Returns the last block of the chain that a peer follows.
    pub fn tip(&self, peer: usize) -> Option<Tip> {
        self.ledger(peer)?.tip()
    }

    /// Returns the address of a peer.
    pub fn address(&self, peer: usize) -> &Address {
        self.kind().address(peer).expect("a network with a chain is a mesh")
    }

    /// Runs until all honest peers follow the same chain, and returns its end.
    pub fn run_until_one_chain(&mut self, limit: Duration) -> Result<Tip, Stuck> {
        self.run_until_all(limit, "common chain", |net, peer| {
            let first = net.honest().next();
            net.tip(peer).is_some() && net.tip(peer) == first.and_then(|first| net.tip(first))
        })?;
        let first = self.honest().next().and_then(|first| self.tip(first));
        Ok(first.expect("the run ends with a common chain"))
    }

    /// Runs until all honest peers have at least so many blocks.
    pub fn run_until_length(&mut self, limit: Duration, length: u64) -> Result<(), Stuck> {
        self.run_until_all(limit, &format!("{length} blocks everywhere"), |net, peer| {
            net.ledger(peer).is_some_and(|ledger| ledger.length() >= length)
        })
    }

    /// Runs until every entry that was in a block which no longer counts is in another one, or was
    /// refused, as far as honest miners know of it.
    pub fn run_until_returned(&mut self, limit: Duration) -> Result<(), Stuck> {
        self.run_until_all(limit, "return of disconnected entries", |net, peer| {
            !net.kind().is_miner(peer) || net.checker().returned(peer).is_empty()
        })
    }

    /// Returns the length of the longest chain of an honest peer that is up.
    pub fn longest(&self) -> u64 {
        let length = |peer| self.ledger(peer).map_or(0, Ledger::length);
        self.honest().map(length).max().unwrap_or(0)
    }
}
