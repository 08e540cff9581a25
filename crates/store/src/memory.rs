use std::ops::Range;

use althing_engine::rounds::{CertifiedRecord, Durable, Recovered};
use althing_types::Transaction;

use crate::Identity;
use crate::chain::Branch;

/// Rows whose votes are kept. Votes with seals are most of a row, and only a peer that is behind
/// asks for them; one that is further behind than this must ask a peer with a file.
pub(crate) const CERTIFICATES_MAX: usize = 4096;

/// A store without a file.
#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) identity: Option<Identity>,
    /// All but its `next`, which is how many rows there are.
    words: Recovered,
    rows: Vec<CertifiedRecord>,
    /// The height of the first block, and all blocks.
    first: u64,
    blocks: Vec<Vec<u8>>,
}

impl MemoryStore {
    pub(crate) fn commit(&mut self, durables: &[Durable]) {
        for durable in durables {
            match durable.clone() {
                Durable::Roster(roster) => self.words.roster = Some(roster),
                Durable::Promise(promise) => self.words.promise = Some(promise),
                Durable::Acceptance(acceptance) => self.words.accepted = Some(acceptance),
                Durable::Record(row) => self.record(row),
            }
        }
    }

    fn record(&mut self, row: CertifiedRecord) {
        let transaction = row.record.transaction;
        self.words.accepted.take_if(|accepted| accepted.record.transaction == transaction);
        self.rows.push(row);
        let first_certified = self.first_certified();
        if let Some(before) = first_certified.checked_sub(1) {
            self.rows[before].votes = Vec::new();
        }
    }

    pub(crate) fn commit_chain(&mut self, branches: &[Branch]) {
        for Branch { from, blocks } in branches {
            if self.blocks.is_empty() {
                self.first = from.number();
            }
            let kept = usize::try_from(from.number() - self.first).unwrap_or(usize::MAX);
            self.blocks.truncate(kept);
            self.blocks.extend_from_slice(blocks);
        }
    }

    pub(crate) fn heights(&self) -> Range<u64> {
        self.first..self.first + self.blocks.len() as u64
    }

    /// Returns the blocks at `heights`, which have some.
    pub(crate) fn blocks(&self, heights: Range<u64>) -> &[Vec<u8>] {
        let place = |height: u64| usize::try_from(height - self.first).unwrap_or(usize::MAX);
        &self.blocks[place(heights.start)..place(heights.end)]
    }

    pub(crate) fn recovered(&self) -> Recovered {
        Recovered { next: self.next(), ..self.words.clone() }
    }

    pub(crate) fn next(&self) -> Transaction {
        Transaction::new(self.rows.len() as u64)
    }

    /// Returns up to `count` rows beginning with `from`, the older ones without votes.
    pub(crate) fn rows(&self, from: Transaction, count: usize) -> &[CertifiedRecord] {
        let from = index(from).min(self.rows.len());
        let end = from.saturating_add(count).min(self.rows.len());
        &self.rows[from..end]
    }

    /// Returns up to `count` rows with their votes beginning with `from`; none if the votes of
    /// `from` are gone.
    pub(crate) fn records(&self, from: Transaction, count: usize) -> &[CertifiedRecord] {
        if index(from) < self.first_certified() { &[] } else { self.rows(from, count) }
    }

    /// Returns the place of the first row whose votes are kept.
    fn first_certified(&self) -> usize {
        self.rows.len().saturating_sub(CERTIFICATES_MAX)
    }
}

/// Returns the place of a row; one that memory cannot hold is past all that are there.
fn index(transaction: Transaction) -> usize {
    usize::try_from(transaction.number()).unwrap_or(usize::MAX)
}
