//! How the table of a network with rounds grows.

use std::sync::RwLockReadGuard;
use std::time::Duration;

use althing_engine::rounds::CertifiedRecord;
use althing_types::PeerId;

use super::{Simulation, Stuck};
use crate::host::Entries;

impl Simulation {
    /// Returns a peer's table.
    pub fn rows(&self, peer: usize) -> RwLockReadGuard<'_, Entries<CertifiedRecord>> {
        self.disk(peer).entries()
    }

    /// Returns the id of a peer.
    pub fn id(&self, peer: usize) -> PeerId {
        self.kind().ids[peer]
    }

    /// Returns which peer has this id.
    pub fn peer_with(&self, id: PeerId) -> Option<usize> {
        self.kind().peer_with(id)
    }

    /// Runs until every honest peer has at least `rows` rows.
    pub fn run_until_recorded(&mut self, limit: Duration, rows: usize) -> Result<(), Stuck> {
        let what = format!("{rows} rows everywhere");
        self.run_until_all(limit, &what, |net, peer| net.length(peer) >= rows)
    }

    /// Runs until all honest peers have equally many rows.
    pub fn run_until_level(&mut self, limit: Duration) -> Result<(), Stuck> {
        self.run_until(limit, "common last row", |net| {
            let mut lengths = net.honest().map(|peer| net.length(peer));
            let first = lengths.next();
            lengths.all(|length| Some(length) == first)
        })
    }

    /// Returns the length of the longest table of an honest peer.
    pub fn longest(&self) -> usize {
        self.honest().map(|peer| self.length(peer)).max().unwrap_or(0)
    }

    /// Checks that all honest peers have the same table.
    ///
    /// # Panics
    /// If two of them differ.
    pub fn assert_one_table(&self) {
        let records =
            |peer| -> Vec<_> { self.rows(peer).iter().map(|row| row.record.clone()).collect() };
        let mut honest = self.honest();
        let Some(first) = honest.next() else { return };
        for other in honest {
            let is_same = records(first) == records(other);
            assert!(is_same, "seed {}: {first} and {other} have two tables", self.seed());
        }
    }

    fn length(&self, peer: usize) -> usize {
        let length = self.disk(peer).recovered().next();
        usize::try_from(length).expect("a table is in memory")
    }
}
